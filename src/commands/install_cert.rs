//! `install-cert`: an authority's reply.

use keystore::model::Text;
use keystore::name::KeyPath;
use keystore::ops::Warning;
use keystore::ops::install_cert::{self as op, Input};
use keystore::ops::verify::Finding;
use serde::Serialize;

use super::opening;
use super::trust::{DifferenceJson, TrustArgs, TrustJson};
use crate::context::Context;
use crate::error::Failure;
use crate::output::{CertificateJson, CodedJson, Page, Report, coded, or_none, style, until};
use crate::{outside, prompt};

const HELP: &str = "\
Examples:
  keyring install-cert mail01/imap/main reply.pem
  keyring install-cert mail01/imap/main mail.cer --chain intermediates.p7b
  keyring install-cert mail01/imap/main mail.cer --fetch-issuers
  certbot-or-any-other-tool | keyring install-cert mail01/imap/main -

PEM, base64 without armour, DER and PKCS#7 are read, from any number of files,
leaf and chain in any order. The leaf is found by the key it certifies.
Nothing serves it before `keyring commit`.

A chain that leads to no trusted root is warned of, as authorities of one's own
are common; `keyring verify` judges it. One that is revoked is refused.

Exit codes:
  0    done, or installed already
  1    a file can't be read, or something else failed
  2    usage
  3    the certificate is refused
  4    no keystore, or no such key
  5    in use
  7    keystore damaged
  130  interrupted";

/// Install the certificate that the authority sent back
///
/// It is staged: nothing changes for any service before a commit. A refused certificate changes nothing at all.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The key: SERVER/PROTOCOL/NAME
    key: Option<String>,
    /// Files with the certificate and its chain; - is standard input
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// A file with intermediates; repeatable
    #[arg(long, value_name = "FILE")]
    chain: Vec<String>,
    #[command(flatten)]
    trust: TrustArgs,
}

/// What is asked for, with nothing left open.
pub(crate) struct Request {
    pub(crate) key: KeyPath,
    pub(crate) files: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    key: String,
    version: u32,
    changed: bool,
    in_place_of: Option<CertificateJson<'static>>,
    certificate: CertificateJson<'static>,
    root_left_out: Option<String>,
    left_out: Vec<String>,
    reordered: bool,
    trust: TrustJson,
    differences: Vec<DifferenceJson>,
    warnings: Vec<CodedJson>,
    #[serde(skip)]
    validity: String,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        let Self { key, version, certificate, validity, .. } = self;
        if self.changed {
            page.line(format_args!("Staged a certificate for {key}, version {version}, {validity}."));
        } else {
            page.line(format_args!("{key} has this certificate already: nothing to do."));
        }
        page.field(2, "subject", or_none(certificate.subject.as_str()));
        let names: Vec<_> = certificate.names.iter().map(Text::as_str).collect();
        page.field(2, "names", or_none(&names.join(", ")));
        page.field(2, "issuer", &certificate.issuer);
        if let Some(staged) = &self.in_place_of {
            page.field(2, "in place of", format_args!("one that was staged, serial {}", staged.serial));
        }
        page.field(2, "chain", format_args!("{} intermediate(s)", certificate.chain_length));
        if let Some(root) = &self.root_left_out {
            page.field(2, "left out", format_args!("the root \"{root}\": clients have their own"));
        }
        for subject in &self.left_out {
            page.field(2, "left out", format_args!("\"{subject}\": it has no part in this chain"));
        }
        if self.reordered {
            page.field(2, "order", "put right: the certificates came in another order than that of the chain");
        }
        self.trust.say(page);
        DifferenceJson::say(&self.differences, page);
        self.trust.say_findings(page, false);
        for CodedJson { message, .. } in &self.warnings {
            page.tagged(style::WARN, "warning:", message);
        }
        if self.changed {
            page.line("`keyring status` shows what is staged; `keyring commit` makes it effective.");
        }
    }
}

impl Args {
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The flags that no question is about, for a command line that does the same.
    pub(crate) fn trust_flags(&self) -> Vec<String> {
        self.trust.flags()
    }

    pub(crate) fn files(&self) -> Vec<String> {
        self.files.iter().chain(&self.chain).cloned().collect()
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let keystore = context.keystore()?;
    let request = match &args.key {
        Some(key) if !args.files().is_empty() => Request { key: key.parse()?, files: args.files() },
        _ if context.can_ask() => prompt::install_cert::ask(context, &keystore, args)?,
        Some(_) => return Err(Failure::Missing { what: "the certificate's file", flag: "FILE" }),
        None => return Err(Failure::Missing { what: "the key to install a certificate for", flag: "KEY and FILE" }),
    };
    opening::refuse_two_inputs(&request.files)?;
    let read = |name: &String| Ok(Input { name: opening::shown(name), bytes: outside::read(name)? });
    let inputs = request.files.iter().map(read).collect::<Result<Vec<_>, Failure>>()?;
    let resolved = args.trust.resolve(false)?;
    let op::Outcome { staged, reordered, mut examined } =
        op::install_cert(&keystore, &request.key, &inputs, &resolved.trust())?;
    // the chain's own warning says it with what to do
    let says_missing = |warning: &Warning| matches!(warning, Warning::IssuerMissing { .. });
    if staged.warnings.iter().any(says_missing) {
        examined.findings.retain(|finding| !matches!(finding, Finding::MissingIssuer { .. }));
    }
    Ok(Outcome {
        key: staged.key.to_string(),
        version: staged.installed.version.0,
        changed: !staged.unchanged,
        in_place_of: staged.in_place_of.as_ref().map(CertificateJson::of),
        certificate: CertificateJson::of(&staged.installed),
        root_left_out: staged.root.map(|root| root.to_string()),
        left_out: staged.foreign.iter().map(ToString::to_string).collect(),
        reordered,
        trust: resolved.json(&examined),
        differences: DifferenceJson::all(&staged.differences),
        warnings: coded(&staged.warnings),
        validity: until(staged.installed.summary.not_after, keystore.world().now()),
    })
}
