//! `rename-key`: a key under another name, with what is bound to it.

use keystore::ops::rename_key as op;
use serde::Serialize;

use super::copy_key::{VersionJson, pair, versions};
use crate::context::Context;
use crate::error::Failure;
use crate::output::{Page, Report};

const HELP: &str = "\
Examples:
  keyring rename-key mail01/imap/main mail01/imap/2026
  keyring rename-key mail01/imap/main mail02/imap/main

The endpoints that are bound to it go with it, under their own names. Its old
folder stays, for history.

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

/// Give a key another name, server or protocol
///
/// With its private keys, requests, certificates and bindings. Staged until a commit.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The key: SERVER/PROTOCOL/NAME
    #[arg(value_name = "KEY")]
    from: Option<String>,
    /// What it is called from then on: SERVER/PROTOCOL/NAME
    #[arg(value_name = "NEW-KEY")]
    to: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    key: String,
    new_key: String,
    versions: Vec<VersionJson>,
    endpoints: Vec<String>,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        page.line(format_args!("Staged: {} is renamed to {}.", self.key, self.new_key));
        for endpoint in &self.endpoints {
            page.line(format_args!("  {endpoint} goes with it"));
        }
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let keystore = context.keystore()?;
    let (from, to) = pair(context, &keystore, args.from.as_deref(), args.to.as_deref())?;
    let renamed = op::rename_key(&keystore, &from, &to)?;
    Ok(Outcome {
        key: from.to_string(),
        new_key: to.to_string(),
        versions: versions(&renamed.copy),
        endpoints: renamed.moved.iter().map(ToString::to_string).collect(),
    })
}
