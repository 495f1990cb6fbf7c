//! `diff`: what a commit would do, endpoint by endpoint, or what two generations differ in.

mod generations;

use keystore::ops::commit as op;
use keystore::ops::commit::Plan;
use keystore::store::Pair;
use serde::Serialize;

use crate::context::Context;
use crate::error::Failure;
use crate::output::{ChangeJson, CodedJson, EndpointJson, Page, Report, change_line, coded, style};

const HELP: &str = "\
Examples:
  keyring diff
  keyring diff --json | jq -r '.result.endpoints[].endpoint'
  keyring diff 41
  keyring diff 41 42

Exit codes:
  0  done
  1  failed
  2  usage
  4  no keystore, or no such generation
  7  keystore damaged";

/// Show what a commit would do, endpoint by endpoint
///
/// For each endpoint that would serve something else: what it serves now, and what it would serve. With the number of a
/// generation, what changed since; with two, what they differ in.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// A generation
    #[arg(value_name = "GENERATION")]
    from: Option<u64>,
    /// Another one [default: the newest]
    #[arg(value_name = "GENERATION")]
    to: Option<u64>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Outcome {
    /// What a commit would do.
    Staged(Staged),
    /// What two generations differ in.
    Generations(generations::Outcome),
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        match self {
            Self::Staged(staged) => staged.report(page),
            Self::Generations(generations) => generations.report(page),
        }
    }

    fn notes(&self, page: &mut Page) {
        match self {
            Self::Staged(staged) => staged.notes(page),
            Self::Generations(generations) => generations.notes(page),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct Staged {
    generation: u64,
    changes: Vec<ChangeJson>,
    endpoints: Vec<EndpointJson>,
    faults: Vec<CodedJson>,
    #[serde(skip)]
    plan: Plan,
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let keystore = context.keystore()?;
    let snapshot = keystore.read()?;
    if let Some(from) = args.from {
        return Ok(Outcome::Generations(generations::compare(&snapshot, from, args.to)?));
    }
    let plan = op::plan(&snapshot, keystore.world().now())?;
    Ok(Outcome::Staged(Staged {
        generation: plan.base.0,
        changes: plan.stage.changes().map(ChangeJson::of).collect(),
        endpoints: plan.endpoints.iter().map(EndpointJson::of).collect(),
        faults: coded(&plan.faults),
        plan,
    }))
}

impl Report for Staged {
    fn report(&self, page: &mut Page) {
        for change in self.plan.stage.changes() {
            page.line(change_line(change));
        }
        for change in &self.plan.endpoints {
            page.gap();
            page.styled(style::STRONG, &change.endpoint);
            if let Some(pair) = &change.from {
                page.styled(style::BAD, format_args!("  - {}", pair_line(pair)));
            }
            match &change.to {
                Some(pair) => page.styled(style::GOOD, format_args!("  + {}", pair_line(pair))),
                None => page.line("  the files that are published stay; nothing renews them"),
            };
        }
        for CodedJson { message, .. } in &self.faults {
            page.tagged(style::BAD, "refused:", message);
        }
    }

    fn notes(&self, page: &mut Page) {
        if self.plan.is_empty() {
            page.line("Nothing is staged: a commit would do nothing.");
        }
    }
}

fn pair_line(pair: &Pair) -> String {
    let Pair { key, version, fingerprint, not_after, .. } = pair;
    format!("{key} version {version}, certificate {} until {}", fingerprint.short(), not_after.date())
}
