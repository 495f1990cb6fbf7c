//! `verify`: whether clients will trust a key's certificate.

use keystore::model::Text;
use keystore::ops::verify as op;
use serde::Serialize;

use super::trust::{DifferenceJson, TrustArgs, TrustJson};
use crate::context::Context;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{CertificateJson, CodedJson, Found, Page, Report, coded, or_none, style, until};
use crate::prompt;

const HELP: &str = "\
Examples:
  keyring verify mail01/imap/main
  keyring verify mail01/imap/main --roots company-root.pem --crl company.crl
  keyring verify web01/https/main --fetch-issuers --name www.example.com

The certificate that is staged is looked at, else the current one, with the
chain that services send: whether it leads to a trusted root today, what is
missing, superfluous, out of order, expired or revoked on the way, and where it
is not what was requested. Nothing is changed. With --fetch-issuers, missing
issuers are fetched to see what would be found; `install-cert --fetch-issuers`
puts them into the chain.

Exit codes:
  0    clients will trust it
  1    a file can't be read, or something else failed
  2    usage
  3    a name, the roots or a revocation list refused
  4    no keystore, no such key, or no certificate
  7    keystore damaged
  12   clients will not trust it
  130  interrupted";

/// Check whether clients will trust a key's certificate and its chain
///
/// The path is built and checked as TLS clients do, to the roots of this machine or to others, with revocation lists
/// when some are given.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The key: SERVER/PROTOCOL/NAME
    key: Option<String>,
    /// A host name or address that the certificate must be good for; repeatable
    #[arg(long, value_name = "HOST")]
    name: Vec<String>,
    #[command(flatten)]
    trust: TrustArgs,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    key: String,
    version: u32,
    certificate: CertificateJson<'static>,
    trust: TrustJson,
    differences: Vec<DifferenceJson>,
    warnings: Vec<CodedJson>,
    #[serde(skip)]
    validity: String,
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        let Self { key, version, certificate, validity, trust, .. } = self;
        page.styled(style::STRONG, format_args!("{key}, version {version}"));
        page.field(2, "subject", or_none(certificate.subject.as_str()));
        let names: Vec<_> = certificate.names.iter().map(Text::as_str).collect();
        page.field(2, "names", or_none(&names.join(", ")));
        page.field(2, "issuer", &certificate.issuer);
        page.field(2, "valid", validity);
        page.field(2, "chain", format_args!("{} intermediate(s)", certificate.chain_length));
        trust.say(page);
        DifferenceJson::say(&self.differences, page);
        trust.say_findings(page, true);
        for CodedJson { message, .. } in &self.warnings {
            page.tagged(style::WARN, "warning:", message);
        }
        match trust.good {
            true => page.styled(style::GOOD, "Nothing was found that makes clients refuse it."),
            false => page.styled(style::BAD, "Clients will refuse it."),
        };
    }

    fn exit(&self) -> Exit {
        if self.trust.good { Exit::Done } else { Exit::Findings }
    }

    fn found(&self) -> Option<Found> {
        let faults = self.trust.findings.iter().filter(|finding| finding.fault);
        let messages: Vec<_> = faults.map(|finding| finding.coded.message.as_str()).collect();
        (!self.trust.good).then(|| Found { code: "findings", message: messages.join("; ") })
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let keystore = context.keystore()?;
    let key = match &args.key {
        Some(key) => key.parse()?,
        None if context.can_ask() => prompt::choose_key(&keystore.read()?, "Key", |_| false)?,
        None => return Err(Failure::Missing { what: "the key to verify", flag: "KEY" }),
    };
    let resolved = args.trust.resolve(true)?;
    let outcome = op::verify(&keystore, &key, &args.name, &resolved.trust())?;
    Ok(Outcome {
        key: outcome.key.to_string(),
        version: outcome.installed.version.0,
        certificate: CertificateJson::of(&outcome.installed),
        trust: resolved.json(&outcome.examined),
        differences: DifferenceJson::all(&outcome.differences),
        warnings: coded(&outcome.warnings),
        validity: until(outcome.installed.summary.not_after, keystore.world().now()),
    })
}
