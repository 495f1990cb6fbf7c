//! `delete-key`: a key out of the tree.

use keystore::ops::delete_key as op;
use serde::Serialize;

use crate::context::Context;
use crate::error::Failure;
use crate::output::{Page, Report, style};
use crate::prompt::places;

const HELP: &str = "\
Examples:
  keyring delete-key mail01/imap/old
  keyring delete-key mail01/imap/old --unbind

Its private keys stay on disk, for `keyring rollback`.

Exit codes:
  0    done
  1    failed
  2    usage
  3    a name refused
  4    no keystore, no such key, it is bound, or changes of it are staged
  5    in use
  7    keystore damaged
  130  interrupted";

/// Take a key out of the tree
///
/// Staged until a commit. A key that is bound is not deleted, unless its endpoints are freed with it.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The key: SERVER/PROTOCOL/NAME
    key: Option<String>,
    /// Free the endpoints that are bound to it
    #[arg(long)]
    unbind: bool,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    key: String,
    unbound: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<u32>,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        page.line(format_args!("Staged: {} is deleted.", self.key));
        for endpoint in &self.unbound {
            page.line(format_args!("  {endpoint} is no longer bound"));
        }
        if let Some(version) = self.pending {
            let text = format_args!("version {version} still waits for its certificate, which could not be installed");
            page.tagged(style::WARN, "warning:", text);
        }
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let keystore = context.keystore()?;
    let key = match &args.key {
        Some(key) => key.parse()?,
        None if context.can_ask() => places::ask_deletion(context, &keystore, args.unbind)?,
        None => return Err(Failure::Missing { what: "the key to delete", flag: "KEY" }),
    };
    let deleted = op::delete_key(&keystore, &key, args.unbind)?;
    Ok(Outcome {
        key: key.to_string(),
        unbound: deleted.unbound.iter().map(ToString::to_string).collect(),
        pending: deleted.pending.map(|version| version.0),
    })
}
