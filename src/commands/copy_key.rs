//! `copy-key`: a key under a second name.

use keystore::name::KeyPath;
use keystore::ops::copy_key as op;
use serde::Serialize;

use crate::context::Context;
use crate::error::Failure;
use crate::output::{Page, Report};
use crate::prompt::places;

const HELP: &str = "\
Examples:
  keyring copy-key mail01/imap/main mail01/smtp/main
  keyring copy-key mail01/imap/main mail02/imap/main --json

Endpoints stay with the key that was copied. To serve one certificate at more
endpoints, bind them to one key instead: `keyring bind`.

Exit codes:
  0    done
  1    failed
  2    usage
  3    a name refused
  4    no keystore, no such key, the new name is taken, or changes of the key
       are staged
  5    in use
  7    keystore damaged
  130  interrupted";

/// Copy a key to another name, server or protocol
///
/// With its private keys, requests and certificates. Staged until a commit.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The key: SERVER/PROTOCOL/NAME
    #[arg(value_name = "KEY")]
    from: Option<String>,
    /// Its copy: SERVER/PROTOCOL/NAME
    #[arg(value_name = "NEW-KEY")]
    to: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    key: String,
    new_key: String,
    versions: Vec<VersionJson>,
}

/// Which version a version was copied to.
#[derive(Serialize)]
pub(super) struct VersionJson {
    version: u32,
    new_version: u32,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        page.line(format_args!("Staged: {} is copied to {}.", self.key, self.new_key));
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let keystore = context.keystore()?;
    let (from, to) = pair(context, &keystore, args.from.as_deref(), args.to.as_deref())?;
    let copied = op::copy_key(&keystore, &from, &to)?;
    Ok(Outcome { key: from.to_string(), new_key: to.to_string(), versions: versions(&copied) })
}

/// Both names, asked for as far as they are missing.
pub(super) fn pair(
    context: &Context,
    keystore: &keystore::store::Keystore,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<(KeyPath, KeyPath), Failure> {
    match (from, to) {
        (Some(from), Some(to)) => Ok((from.parse()?, to.parse()?)),
        _ if context.can_ask() => places::ask_pair(context, keystore, from),
        (None, _) => Err(Failure::Missing { what: "the key", flag: "KEY" }),
        (Some(_), None) => Err(Failure::Missing { what: "the new name of the key", flag: "NEW-KEY" }),
    }
}

pub(super) fn versions(copied: &op::Outcome) -> Vec<VersionJson> {
    let versions = copied.versions.iter();
    versions.map(|(from, to)| VersionJson { version: from.0, new_version: to.0 }).collect()
}
