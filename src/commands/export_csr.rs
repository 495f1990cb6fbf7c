//! `export-csr`: a request that was made before, once more.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use keystore::model::{RequestNumber, VersionNumber};
use keystore::ops::export_csr::{self as op, ExportCsr, Exported};
use serde::Serialize;

use super::destination::destination;
use crate::context::Context;
use crate::error::Failure;
use crate::output::{Page, Report, artifact, or_none, style};
use crate::{outside, prompt};

const HELP: &str = "\
Examples:
  keyring export-csr mail01/imap/main > mail.csr
  keyring export-csr mail01/imap/main --out mail.csr --force
  keyring export-csr mail01/imap/main --version 1 --der --out mail.der

Without --version, it is the newest request that waits for its certificate,
else the newest there is. Nothing in the keystore changes: a new request is made
by make-csr.

Exit codes:
  0    done
  1    FILE can't be written, or something else failed
  2    usage
  3    a name refused
  4    no keystore, no such key, no such request, or FILE is there
  7    keystore damaged
  130  interrupted";

/// Write out a request that was made before
///
/// The request goes to standard output, or to a file with --out, exactly as it was made.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The key: SERVER/PROTOCOL/NAME
    key: Option<String>,
    /// The version of the private key that made it
    #[arg(long, value_name = "NUMBER")]
    version: Option<u32>,
    /// Its number among the requests of that version [default: the newest]
    #[arg(long, value_name = "NUMBER")]
    request: Option<u32>,
    /// Write DER instead of PEM
    #[arg(long)]
    der: bool,
    /// Write the request to FILE; - is standard output
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace FILE when it is there
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    key: String,
    version: u32,
    request: u32,
    made: String,
    subject: String,
    names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compromised: Option<String>,
    request_pem: String,
    kept: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
    /// Whether it is on standard output already.
    #[serde(skip)]
    written: bool,
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        if self.out.is_none() && !self.written {
            page.block(&self.request_pem);
        }
    }

    fn notes(&self, page: &mut Page) {
        let Self { key, version, request, made, subject, .. } = self;
        page.line(format_args!("Request {request} with version {version} of {key}, made {made}."));
        page.field(2, "subject", or_none(subject));
        page.field(2, "names", or_none(&self.names.join(", ")));
        page.field(2, "kept in", &self.kept);
        if let Some(out) = &self.out {
            page.field(2, "written to", out);
        }
        if let Some(reason) = &self.compromised {
            let why = format_args!("its private key is marked compromised, and takes no certificate: {reason}");
            page.tagged(style::WARN, "warning:", why);
        }
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let out = destination(context, args.out.as_deref(), args.force)?;
    let keystore = context.keystore()?;
    let key = match &args.key {
        Some(key) => key.parse()?,
        None if context.can_ask() => prompt::choose_key(&keystore.read()?, "Key", |_| false)?,
        None => return Err(Failure::Missing { what: "the key to export a request of", flag: "KEY" }),
    };
    let asked = ExportCsr { key, version: args.version.map(VersionNumber), request: args.request.map(RequestNumber) };
    let exported = op::export_csr(&keystore, &asked)?;
    let mut written = false;
    if let Some(out) = out {
        let pem = exported.request.to_pem();
        let bytes = if args.der { exported.request.as_der() } else { pem.as_bytes() };
        outside::write(out, bytes, args.force)?;
    } else if args.der && !context.printer.is_json() {
        to_stdout(&exported)?;
        written = true;
    }
    Ok(outcome(exported, out, written))
}

fn to_stdout(exported: &Exported) -> Result<(), Failure> {
    let Some(mut out) = artifact() else {
        return Err(Failure::Usage {
            message: "DER does not go to a terminal".to_owned(),
            hint: "send standard output to a file or a program, or name a file with --out",
        });
    };
    out.write_all(exported.request.as_der())?;
    Ok(out.flush()?)
}

fn outcome(exported: Exported, out: Option<&Path>, written: bool) -> Outcome {
    let Exported { key, version, facts, request, kept } = exported;
    Outcome {
        key: key.to_string(),
        version: version.number.0,
        request: facts.number.0,
        made: facts.made.to_string(),
        subject: facts.subject.to_string(),
        names: facts.names.iter().map(ToString::to_string).collect(),
        template: facts.certificate_template,
        compromised: version.compromised.map(|mark| mark.reason),
        request_pem: request.to_pem(),
        kept: kept.display().to_string(),
        out: out.map(|out| out.display().to_string()),
        written,
    }
}
