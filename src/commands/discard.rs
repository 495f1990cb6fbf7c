//! `discard`: staged changes thrown away.

use keystore::name::KeyPath;
use keystore::ops::discard as op;
use serde::Serialize;

use crate::context::Context;
use crate::error::Failure;
use crate::output::{ChangeJson, Page, Report, change_line};

const HELP: &str = "\
Examples:
  keyring discard
  keyring discard mail01/imap/main

Private keys and requests are not staged: they stay, and can take their
certificate later.

Exit codes:
  0    done, or nothing was staged
  1    failed
  2    usage
  3    a name refused
  4    no keystore, or no such key
  5    in use, or being committed
  7    keystore damaged
  130  interrupted";

/// Throw staged changes away
///
/// All of them, or those that name one of the keys: its certificate and the bindings to it.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// Keys: SERVER/PROTOCOL/NAME
    #[arg(value_name = "KEY")]
    keys: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    discarded: Vec<ChangeJson>,
    #[serde(skip)]
    lines: Vec<String>,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        if self.lines.is_empty() {
            page.line("Nothing was staged.");
        }
        for line in &self.lines {
            page.line(format_args!("Discarded: {line}"));
        }
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let keys = args.keys.iter().map(|key| key.parse()).collect::<Result<Vec<KeyPath>, _>>()?;
    let removed = op::discard(&context.keystore()?, &keys)?;
    Ok(Outcome {
        discarded: removed.iter().map(ChangeJson::of).collect(),
        lines: removed.iter().map(change_line).collect(),
    })
}
