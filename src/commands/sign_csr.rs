//! `sign-csr`: a private authority certifies a request.

use std::path::PathBuf;

use keystore::name::AuthorityName;
use keystore::ops;
use keystore::ops::local_ca::Asked;
use keystore::ops::sign_csr as op;
use keystore::pki::{CertificateProfile, CertificationRequest};
use serde::Serialize;

use super::destination::destination;
use super::local_ca::open;
use super::opening::shown;
use super::passphrase::OnePassphraseArgs;
use crate::context::Context;
use crate::error::Failure;
use crate::output::{Page, Report, or_none, style, until};
use crate::outside;

const HELP: &str = "\
Examples:
  keyring sign-csr router.csr --ca lab --out router.pem
  keyring sign-csr jan.csr --ca lab --profile client --days 30
  openssl req -new ... | keyring sign-csr - --ca lab

The certificate and its issuer's go to standard output, or to a file with --out.
Subject and names are the request's; what it is good for is the profile's:
server (the common name is added to the names when it is a host) or client. A
certificate that would outlast the authority ends with it. Names that the
authority may not certify are refused, all at once. It is on the authority's
list (`keyring list-issued`) before anybody has it.

Exit codes:
  0    done
  1    FILE can't be written, or something else failed
  2    usage
  3    the request, its names, days or the passphrase refused
  4    no keystore, no such authority, or FILE is there
  5    in use
  7    keystore damaged
  130  interrupted";

/// Have a private authority certify a request
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The request: PEM, base64 or DER; - is standard input
    #[arg(value_name = "FILE")]
    request: String,
    /// The authority, made by `keyring create-ca`
    #[arg(long, value_name = "NAME")]
    ca: String,
    /// What the certificate is for: server or client
    #[arg(long, value_name = "PROFILE", default_value = "server")]
    profile: String,
    /// For how many days it is valid [default: as the authority's settings say]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    days: Option<u32>,
    /// Write the certificate and its issuer's to FILE; - is standard output
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace FILE when it is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    passphrase: OnePassphraseArgs,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    ca: String,
    serial: String,
    profile: String,
    subject: String,
    names: Vec<String>,
    not_before: String,
    not_after: String,
    sha256: String,
    /// When it would have ended, had it not been shortened to its issuer's end.
    shortened_from: Option<String>,
    /// What the request asks for and the profile does not give.
    left_out: Vec<String>,
    certificate_pem: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
    #[serde(skip)]
    validity: String,
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        if self.out.is_none() {
            page.block(&self.certificate_pem);
        }
    }

    fn notes(&self, page: &mut Page) {
        let Self { ca, serial, profile, validity, .. } = self;
        page.line(format_args!("{ca} issued a {profile}'s certificate, {validity}."));
        page.field(2, "serial", serial);
        page.field(2, "subject", or_none(&self.subject));
        page.field(2, "names", or_none(&self.names.join(", ")));
        if !self.left_out.is_empty() {
            page.field(2, "not given", self.left_out.join(", "));
        }
        if let Some(out) = &self.out {
            page.field(2, "written to", out);
        }
        if self.shortened_from.is_some() {
            page.tagged(
                style::WARN,
                "warning:",
                "the authority itself ends then: it certifies nothing beyond its own end",
            );
        }
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let name: AuthorityName = args.ca.parse()?;
    let profile: CertificateProfile = args.profile.parse()?;
    let keystore = context.keystore()?;
    let out = destination(context, args.out.as_deref(), args.force)?;
    let read = CertificationRequest::read(&outside::read(&args.request)?);
    let request = read.map_err(|source| ops::Error::NotARequest { file: shown(&args.request), source })?;
    let (ca, key) = open(context, &keystore, &name, &args.passphrase)?;
    let asked = Asked { request: &request, profile, days: args.days, key: None };
    let issued = op::sign_csr(&keystore, &ca, &key, &asked)?;
    let certificate = &issued.certificate;
    let certificate_pem = certificate.to_pem() + &ca.issuing.to_pem();
    if let Some(out) = out {
        outside::write(out, certificate_pem.as_bytes(), args.force)?;
    }
    Ok(Outcome {
        ca: name.to_string(),
        serial: certificate.serial(),
        profile: profile.to_string(),
        subject: certificate.subject().to_string(),
        names: certificate.names().iter().map(ToString::to_string).collect(),
        not_before: certificate.not_before().to_string(),
        not_after: certificate.not_after().to_string(),
        sha256: certificate.fingerprint().to_string(),
        shortened_from: issued.shortened_from.map(|time| time.to_string()),
        validity: until(certificate.not_after(), keystore.world().now()),
        left_out: issued.left_out,
        certificate_pem,
        out: out.map(|out| out.display().to_string()),
    })
}
