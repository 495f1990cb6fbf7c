//! `diff`: what a commit would do, endpoint by endpoint.

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

Exit codes:
  0  done
  1  failed
  2  usage
  4  no keystore
  7  keystore damaged";

/// Show what a commit would do, endpoint by endpoint
///
/// For each endpoint that would serve something else: what it serves now, and what it would serve.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {}

#[derive(Serialize)]
pub(crate) struct Outcome {
    generation: u64,
    changes: Vec<ChangeJson>,
    endpoints: Vec<EndpointJson>,
    faults: Vec<CodedJson>,
    #[serde(skip)]
    plan: Plan,
}

pub(crate) fn run(context: &Context, _args: &Args) -> Result<Outcome, Failure> {
    let keystore = context.keystore()?;
    let plan = op::plan(&keystore.read()?, keystore.world().now())?;
    Ok(Outcome {
        generation: plan.base.0,
        changes: plan.stage.changes().map(ChangeJson::of).collect(),
        endpoints: plan.endpoints.iter().map(EndpointJson::of).collect(),
        faults: coded(&plan.faults),
        plan,
    })
}

impl Report for Outcome {
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
