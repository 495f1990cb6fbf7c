//! `self-sign`: a certificate that is signed by its own private key.

use clap::builder::{PossibleValue, TypedValueParser};
use keystore::model::{SelfSignedProfile, Text};
use keystore::ops::make_csr::MakeCsr;
use keystore::ops::self_sign::{self as op, SelfSign};
use serde::Serialize;

use super::passphrase::PassphraseArgs;
use super::subject::SubjectArgs;
use super::word::word;
use crate::context::Context;
use crate::error::Failure;
use crate::output::{CertificateJson, CodedJson, Page, Report, coded, or_none, style, until};

const HELP: &str = "\
Examples:
  keyring self-sign lab01/https/main --cn lab01.example.com --days 90
  keyring self-sign mail01.example.com/smtp/main --profile exchange
  keyring self-sign lab01/https/main --reuse-key

The certificate is for the key's next private key and staged, as a reply that
install-cert takes. What is not given is taken from the key's certificate where
that signs itself, else from its last request, else from keystore.toml. It says
CA:FALSE: who trusts it trusts this server and nothing else.

Like those that Exchange signs itself, one of --profile exchange is good for
five years, for an RSA key (create-key --algorithm rsa-2048) and for the
server's short and whole names.

Exit codes:
  0    done
  1    failed
  2    usage
  3    subject, name, days or passphrase refused, or no key for Exchange
  4    no keystore, no such key, or no version to make it with
  5    in use
  7    keystore damaged
  130  interrupted";

/// Make a certificate that is signed by its own key
///
/// Clients take it once they are told to trust it. It is staged: nothing changes for any service before a commit.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The key: SERVER/PROTOCOL/NAME
    key: String,
    /// For how many days it is good [default: 365, or of Exchange five years]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    days: Option<u32>,
    /// What kind of certificate
    #[arg(long, value_name = "PROFILE", default_value = "server", value_parser = profile())]
    profile: SelfSignedProfile,
    #[command(flatten)]
    subject: SubjectArgs,
    /// A name to be certified: dns:NAME, ip:ADDRESS, email:MAILBOX or uri:URI; repeatable
    #[arg(long, value_name = "KIND:VALUE")]
    san: Vec<String>,
    /// Certify the current private key again
    #[arg(long)]
    reuse_key: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// Reads a profile as it is typed.
pub(super) fn profile() -> impl TypedValueParser<Value = SelfSignedProfile> {
    word(SelfSignedProfile::ALL, |profile| PossibleValue::new(profile.as_str()))
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    key: String,
    version: u32,
    reused_key: bool,
    profile: SelfSignedProfile,
    days: u32,
    in_place_of: Option<CertificateJson<'static>>,
    certificate: CertificateJson<'static>,
    warnings: Vec<CodedJson>,
    #[serde(skip)]
    validity: String,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        let Self { key, version, certificate, validity, .. } = self;
        page.line(format_args!(
            "Staged a certificate for {key}, version {version}, {validity}. It is signed by its own key."
        ));
        if self.reused_key {
            page.line("It is for the private key in use, which is certified again.");
        }
        page.field(2, "subject", or_none(certificate.subject.as_str()));
        let names: Vec<_> = certificate.names.iter().map(Text::as_str).collect();
        page.field(2, "names", or_none(&names.join(", ")));
        page.field(2, "SHA-256", &certificate.sha256);
        if let Some(staged) = &self.in_place_of {
            page.field(2, "in place of", format_args!("one that was staged, serial {}", staged.serial));
        }
        for CodedJson { message, .. } in &self.warnings {
            page.tagged(style::WARN, "warning:", message);
        }
        page.line("`keyring status` shows what is staged; `keyring commit` makes it effective.");
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let keystore = context.keystore()?;
    let asked = args.asked()?;
    let snapshot = keystore.read()?;
    let plan = op::plan(&snapshot, &keystore.config().defaults.subject, &asked)?;
    let file = op::private_key_file(&keystore, &snapshot, &plan)?;
    let private_key = args.passphrase.open(context, &plan.request.key, file)?;
    let staged = op::self_sign(&keystore, &plan, &private_key)?;
    Ok(Outcome {
        key: staged.key.to_string(),
        version: staged.installed.version.0,
        reused_key: plan.request.reused,
        profile: args.profile,
        days: plan.days,
        in_place_of: staged.in_place_of.as_ref().map(CertificateJson::of),
        certificate: CertificateJson::of(&staged.installed),
        warnings: coded(&staged.warnings),
        validity: until(staged.installed.summary.not_after, keystore.world().now()),
    })
}

impl Args {
    fn asked(&self) -> Result<SelfSign, Failure> {
        let request = MakeCsr {
            key: self.key.parse()?,
            subject: self.subject.choice()?,
            names: self.san.iter().map(|name| name.parse()).collect::<Result<_, _>>()?,
            certificate_template: None,
            base: None,
            reuse_key: self.reuse_key,
        };
        Ok(SelfSign { request, profile: self.profile, days: self.days })
    }
}
