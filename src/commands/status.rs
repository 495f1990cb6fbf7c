//! `status`: what is staged, due and wrong.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use keystore::name::{Endpoint, KeyPath};
use keystore::ops::commit::Plan;
use keystore::ops::publish::Behind;
use keystore::ops::standing::{Look, Standing};
use keystore::ops::status::{self as op, Concern, Matter};
use keystore::store::{Attempt, AttemptOutcome, FailedAttempt, PhaseOutcome, Snapshot};
use keystore::timestamp::Timestamp;
use serde::Serialize;

use super::live::{Eye, Live};
use super::standing::{StandingJson, say};
use super::trust::Resolved;
use crate::context::Context;
use crate::error::Failure;
use crate::output::{ChangeJson, CodedJson, Page, Report, RowJson, change_line, coded, style, until};

const HELP: &str = "\
Examples:
  keyring status
  keyring status --live
  keyring status --json | jq '.result.staged | length'

Endpoints whose certificate is not the same everywhere are listed with what is
staged for them, what is committed and what lies in their folder. That is told
by generations, and nothing is connected to; with --live the files are read and
compared too, and every service is asked what it serves.

Exit codes:
  0  done
  1  failed
  2  usage
  4  no keystore
  7  keystore damaged";

/// Show what is staged, what is due, what is wrong
///
/// A line per staged change, then every key that someone should see to, then the endpoints that are not the same everywhere.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// Read the published files, and ask services what they serve
    #[arg(long)]
    live: bool,
    /// How long to wait for each service altogether
    #[arg(long, requires = "live", value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

#[derive(Serialize)]
struct ConcernJson {
    key: KeyPath,
    code: &'static str,
    message: Cow<'static, str>,
}

#[derive(Serialize)]
struct UnpublishedJson {
    endpoint: String,
    key: String,
    committed: u64,
    published: Option<u64>,
}

/// The newest attempt to publish, where it failed.
#[derive(Serialize)]
struct AttemptJson {
    generation: u64,
    time: String,
    outcome: AttemptOutcome,
    services: Vec<RowJson>,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    generation: u64,
    staged: Vec<ChangeJson>,
    faults: Vec<CodedJson>,
    warnings: Vec<CodedJson>,
    concerns: Vec<ConcernJson>,
    unpublished: Vec<UnpublishedJson>,
    left_over: Vec<String>,
    to_be_told: Vec<String>,
    attempt: Option<AttemptJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    damaged_attempts: Vec<String>,
    drift: Vec<StandingJson>,
    #[serde(skip)]
    plan: Plan,
    #[serde(skip)]
    drifted: Drifted,
}

/// The endpoints that are not the same everywhere, with what they serve where that was asked.
struct Drifted {
    standings: Vec<Standing>,
    live: Option<BTreeMap<Endpoint, Vec<Live>>>,
}

impl Drifted {
    fn live_of(&self, standing: &Standing) -> Option<&[Live]> {
        let live = self.live.as_ref()?;
        Some(live.get(&standing.endpoint).map(Vec::as_slice).unwrap_or_default())
    }

    fn find(
        context: &Context,
        args: &Args,
        snapshot: &Snapshot<'_>,
        standings: Vec<Standing>,
    ) -> Result<Self, Failure> {
        if !args.live {
            return Ok(Self { standings, live: None });
        }
        let (trust, within) = (Resolved::no_roots(), Duration::from_secs(args.timeout));
        let live = Eye { context, trust: &trust, within }.look(snapshot, &standings)?;
        let mut drifted = Self { standings: Vec::new(), live: Some(live) };
        let serves_other = |standing: &Standing| {
            let live = drifted.live_of(standing).unwrap_or_default();
            live.iter().any(|live| !live.is_committed() && !live.is_nobody())
        };
        drifted.standings =
            standings.into_iter().filter(|standing| standing.differs() || serves_other(standing)).collect();
        Ok(drifted)
    }

    fn json(&self) -> Vec<StandingJson> {
        self.standings.iter().map(|standing| StandingJson::of(standing, self.live_of(standing))).collect()
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let keystore = context.keystore()?;
    let now = keystore.world().now();
    let snapshot = keystore.read()?;
    let look = if args.live { Look::IntoFiles } else { Look::AtGenerations };
    let report = op::status(&snapshot, look, now)?;
    let drifted = Drifted::find(context, args, &snapshot, report.standings)?;
    let FailedAttempt { attempt, damaged } = snapshot.failed_attempt()?;
    Ok(Outcome {
        generation: report.plan.base.0,
        staged: report.plan.stage.changes().map(ChangeJson::of).collect(),
        faults: coded(&report.plan.faults),
        warnings: coded(&report.plan.warnings),
        concerns: report.concerns.into_iter().map(|concern| concern_json(concern, now)).collect(),
        unpublished: report.unpublished.iter().map(unpublished_json).collect(),
        left_over: report.left_over.iter().map(ToString::to_string).collect(),
        to_be_told: snapshot.to_be_told()?.iter().map(ToString::to_string).collect(),
        attempt: attempt.as_ref().map(attempt_json),
        damaged_attempts: damaged.iter().map(ToString::to_string).collect(),
        drift: drifted.json(),
        plan: report.plan,
        drifted,
    })
}

fn attempt_json(attempt: &Attempt) -> AttemptJson {
    AttemptJson {
        generation: attempt.generation.0,
        time: attempt.time.to_string(),
        outcome: attempt.outcome,
        services: attempt.services.iter().flat_map(RowJson::of_service).collect(),
    }
}

fn unpublished_json(it: &Behind) -> UnpublishedJson {
    UnpublishedJson {
        endpoint: it.endpoint.to_string(),
        key: it.key.to_string(),
        committed: it.committed.0,
        published: it.published.map(|generation| generation.0),
    }
}

fn concern_json(Concern { key, matter }: Concern, now: Timestamp) -> ConcernJson {
    let code = match &matter {
        Matter::Expired { .. } => "expired",
        Matter::Due { .. } => "due",
        Matter::Pending { .. } => "pending",
        Matter::Compromised { .. } => "compromised",
        Matter::NextCompromised { .. } => "next-compromised",
        Matter::Weak { .. } => "weak",
        Matter::New => "new",
        Matter::Unbound => "unbound",
        Matter::NotCovered { .. } => "endpoint-not-covered",
    };
    let message = match matter {
        Matter::Expired { not_after } => format!("its certificate {}", until(not_after, now)).into(),
        Matter::Due { not_after } => {
            format!("its certificate is good {}: time to renew it", until(not_after, now)).into()
        }
        Matter::Pending { since } => format!("requested {}, its certificate has not come", since.date()).into(),
        Matter::Compromised { reason } => format!("its private key is compromised ({reason}): replace it").into(),
        Matter::NextCompromised { reason } => {
            format!("its next private key is compromised ({reason}): `keyring make-csr {key} --new-key` makes another")
                .into()
        }
        Matter::Weak { what } => format!("its private key is weak ({what}): replace it").into(),
        Matter::New => "it has a private key and no request".into(),
        Matter::Unbound => "it has a certificate and no endpoint: nothing serves it".into(),
        Matter::NotCovered { endpoint } => format!("its certificate does not cover {endpoint}").into(),
    };
    ConcernJson { key, code, message }
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        match self.staged.len() {
            0 => page.line(format_args!("Generation {}. Nothing is staged.", self.generation)),
            1 => page.line(format_args!("Generation {}. 1 change is staged:", self.generation)),
            count => page.line(format_args!("Generation {}. {count} changes are staged:", self.generation)),
        };
        for change in self.plan.stage.changes() {
            page.line(format_args!("  {}", change_line(change)));
        }
        for CodedJson { message, .. } in &self.faults {
            page.tagged(style::BAD, "refused:", message);
        }
        for CodedJson { message, .. } in &self.warnings {
            page.tagged(style::WARN, "warning:", message);
        }
        let told = self.to_be_told.is_empty() && self.attempt.is_none() && self.damaged_attempts.is_empty();
        if !(told && self.concerns.is_empty() && self.unpublished.is_empty() && self.left_over.is_empty()) {
            page.line("To see to:");
        }
        for UnpublishedJson { endpoint, committed, .. } in &self.unpublished {
            let text = format_args!("  {endpoint}: committed in generation {committed} and not published");
            page.styled(style::WARN, text);
        }
        for service in &self.to_be_told {
            let text =
                format_args!("  {service}: may still serve what was taken back: `keyring publish` tells it again");
            page.styled(style::BAD, text);
        }
        if let Some(AttemptJson { generation, time, services, .. }) = &self.attempt {
            page.styled(style::BAD, format_args!("  publishing generation {generation} failed at {time}:"));
            for RowJson { service, phase, message, .. } in
                services.iter().filter(|row| row.outcome == PhaseOutcome::Failed)
            {
                page.line(format_args!("    {service}  {phase}  {}", message.as_deref().unwrap_or_default()));
            }
        }
        for path in &self.damaged_attempts {
            let text = format_args!(
                "  {path} is damaged: it should say how the newest publication went; `keyring doctor --repair` sets it aside"
            );
            page.styled(style::WARN, text);
        }
        for endpoint in &self.left_over {
            page.line(format_args!("  {endpoint}: bound to nothing, and its files are still there"));
        }
        for ConcernJson { key, message, code } in &self.concerns {
            let style = if matches!(*code, "expired" | "compromised" | "weak") { style::BAD } else { style::PLAIN };
            page.styled(style, format_args!("  {key}: {message}"));
        }
        if !self.drifted.standings.is_empty() {
            page.line("Not the same everywhere:");
        }
        for standing in &self.drifted.standings {
            say(standing, self.drifted.live_of(standing), page);
        }
    }
}
