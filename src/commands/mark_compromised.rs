//! `mark-compromised`: a private key that somebody else may know.

use clap::builder::NonEmptyStringValueParser;
use keystore::model::VersionNumber;
use keystore::ops::mark_compromised as op;
use serde::Serialize;

use crate::context::Context;
use crate::error::Failure;
use crate::output::{Page, Report, style};
use crate::prompt::places;

const HELP: &str = "\
Examples:
  keyring mark-compromised mail01/imap/main --reason 'backup tape lost'
  keyring mark-compromised mail01/imap/main --version 1 --reason 'mailed'

A mark takes effect at once and is never taken back. Every copy of the private
key in the keystore is marked with it. It stays in use until another one takes
its place; from then on no request, certificate, commit or rollback uses it.
Have its certificate revoked by the authority.

Exit codes:
  0    done, or marked already
  1    failed
  2    usage
  3    a name refused
  4    no keystore, no such key or version
  5    in use
  7    keystore damaged
  130  interrupted";

/// Mark a private key that somebody else may know
///
/// Nothing makes it current again but `keyring rollback --force`.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The key: SERVER/PROTOCOL/NAME
    key: Option<String>,
    /// Which version of it [default: the current one, else the next]
    #[arg(long, value_name = "NUMBER")]
    version: Option<u32>,
    /// Why, for those who read it later
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    reason: Option<String>,
}

#[derive(Serialize)]
struct MarkedJson {
    key: String,
    version: u32,
    changed: bool,
    current: bool,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    reason: String,
    marked: Vec<MarkedJson>,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        for MarkedJson { key, version, changed, current } in &self.marked {
            let how = if *changed { "is marked compromised" } else { "was marked compromised already" };
            page.line(format_args!("{key} version {version} {how}."));
            if *current {
                let text = format_args!("{key} runs on it: `keyring make-csr {key} --new-key` begins its replacement");
                page.tagged(style::WARN, "warning:", text);
            }
        }
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let keystore = context.keystore()?;
    let (key, reason) = match (&args.key, &args.reason) {
        (Some(key), Some(reason)) => (key.parse()?, reason.clone()),
        (key, reason) if context.can_ask() => {
            places::ask_compromise(context, &keystore, key.as_deref(), args.version, reason.as_deref())?
        }
        (None, _) => return Err(Failure::Missing { what: "the key to mark", flag: "KEY" }),
        (_, None) => return Err(Failure::Missing { what: "the reason", flag: "--reason" }),
    };
    let marked = op::mark_compromised(&keystore, &key, args.version.map(VersionNumber), &reason)?;
    let json = |marked: &op::Marked| MarkedJson {
        key: marked.key.to_string(),
        version: marked.version.0,
        changed: marked.before.is_none(),
        current: marked.current,
    };
    Ok(Outcome { reason, marked: marked.iter().map(json).collect() })
}
