//! `rollback`: what an earlier generation had, staged again.

use keystore::model::Generation;
use keystore::ops::rollback as op;
use serde::Serialize;

use crate::context::Context;
use crate::error::Failure;
use crate::output::{ChangeJson, CodedJson, Page, Report, change_line, coded, style};

const HELP: &str = "\
Examples:
  keyring log
  keyring rollback 41
  keyring diff
  keyring commit -m 'back to 41: the new chain is not trusted'

It is staged like any change, and a commit makes it a new generation: nothing
of the history is lost. Private keys made since then stay as they are.

Exit codes:
  0    done, or nothing to do
  1    failed
  2    usage
  3    a certificate that would come back has expired, or its private key is
       marked compromised
  4    no keystore, no such generation, or changes are staged
  5    in use
  7    keystore damaged
  130  interrupted";

/// Stage what an earlier generation had
///
/// Its bindings and its certificates, with their private keys.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The generation, as `keyring log` shows it
    generation: u64,
    /// Bring back what has expired or is marked compromised too
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    generation: u64,
    back_to: u64,
    changes: Vec<ChangeJson>,
    forced: Vec<CodedJson>,
    pruned: Vec<String>,
    #[serde(skip)]
    lines: Vec<String>,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        for key in &self.pruned {
            page.tagged(style::WARN, "warning:", format_args!("{key} stays gone: its private key was pruned"));
        }
        if self.lines.is_empty() {
            let (now, then) = (self.generation, self.back_to);
            match self.pruned[..] {
                [] => page.line(format_args!("Nothing to do: generation {now} is as {then} was.")),
                [_, ..] => page.line(format_args!("Nothing else is different from generation {then}.")),
            };
            return;
        }
        page.line(format_args!("Staged, to be as generation {} was:", self.back_to));
        for line in &self.lines {
            page.line(format_args!("  {line}"));
        }
        for CodedJson { message, .. } in &self.forced {
            page.tagged(style::WARN, "warning:", message);
        }
        page.line("`keyring commit` makes it effective.");
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let outcome = op::rollback(&context.keystore()?, Generation(args.generation), args.force)?;
    Ok(Outcome {
        generation: outcome.from.0,
        back_to: outcome.to.0,
        changes: outcome.changes.iter().map(ChangeJson::of).collect(),
        forced: coded(&outcome.forced),
        pruned: outcome.pruned.iter().map(ToString::to_string).collect(),
        lines: outcome.changes.iter().map(change_line).collect(),
    })
}
