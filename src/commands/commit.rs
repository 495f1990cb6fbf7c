//! `commit`: the staged changes take effect.

use keystore::change::Stage;
use keystore::name::ServicePath;
use keystore::ops::Error;
use keystore::ops::commit::{self as op, Plan};
use keystore::ops::publish::Unlocked;
use keystore::store::{CommitError, Keystore, Recorded, Snapshot};
use serde::Serialize;

use super::passphrase::{PassphraseArgs, unlock};
use super::publish::{Each, publish_each};
use crate::context::Context;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{ChangeJson, CodedJson, Found, Page, PairJson, Report, change_line, coded, style};
use crate::publish;

const HELP: &str = "\
Examples:
  keyring commit
  keyring commit -m \"yearly renewal of mail01\"
  keyring commit --dry-run --json
  keyring commit --each

Everything that is staged takes effect, or nothing. Each endpoint's files are
made beside the live ones in live/SERVER/PROTOCOL/ENDPOINT/ and switched by
one rename of the link `current`. Then every service of which something is
said (`keyring set-service`) is tested, reloaded once and proven by handshakes
that show the new certificate. When one of them fails, all of them are taken
back, what they served before is proven, and nothing is recorded.

Exit codes:
  0    done, or nothing was staged
  1    failed
  2    usage
  3    refused: every fault is named
  4    no keystore, or it changes all the time
  5    in use
  6    failed, and everything is as it was
  7    keystore damaged
  8    failed, and could not be taken back whole
  11   with --each: recorded; some services failed and are as they were
  130  interrupted";

/// Make the staged changes effective, all at once
///
/// A new generation is recorded and every endpoint that changes is published.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// Why: kept in the record
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Refuse what would only be warned of
    #[arg(long)]
    strict: bool,
    /// Record the commit and leave the services' files as they are, for `keyring publish`
    #[arg(long)]
    no_publish: bool,
    /// Record the commit first, then let each service succeed or be taken back on its own
    #[arg(long, conflicts_with = "no_publish")]
    each: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

#[derive(Serialize)]
struct CommittedJson {
    endpoint: String,
    published: bool,
    from: Option<PairJson>,
    to: Option<PairJson>,
    folder: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    committed: bool,
    generation: u64,
    hash: Option<String>,
    changes: Vec<ChangeJson>,
    endpoints: Vec<CommittedJson>,
    warnings: Vec<CodedJson>,
    #[serde(flatten)]
    each: Each,
    #[serde(skip)]
    lines: Vec<String>,
    /// What is said of an endpoint.
    #[serde(skip)]
    doing: &'static str,
}

impl Outcome {
    fn of(keystore: &Keystore, plan: &Plan, args: &Args) -> Self {
        let endpoints = plan.endpoints.iter().map(|change| CommittedJson {
            endpoint: change.endpoint.to_string(),
            published: false,
            from: change.from.as_ref().map(PairJson::of),
            to: change.to.as_ref().map(PairJson::of),
            folder: change.to.as_ref().map(|_| keystore.live_folder(&change.endpoint).display().to_string()),
        });
        Self {
            committed: false,
            generation: plan.base.0,
            hash: None,
            changes: plan.stage.changes().map(ChangeJson::of).collect(),
            endpoints: endpoints.collect(),
            warnings: coded(&plan.warnings),
            each: Each::default(),
            lines: plan.stage.changes().map(change_line).collect(),
            doing: match args {
                Args { dry_run: true, .. } => "would publish",
                Args { no_publish: true, .. } => "to be published by `keyring publish`:",
                _ => "published",
            },
        }
    }

    /// The generation that was made; none when nothing was done.
    pub(super) fn generation(&self) -> Option<u64> {
        self.committed.then_some(self.generation)
    }

    fn recorded(self, Recorded { generation, hash }: Recorded) -> Self {
        Self { committed: true, generation: generation.0, hash: Some(hash.to_string()), ..self }
    }

    /// With what became of the services.
    fn published(mut self, each: Each) -> Self {
        for endpoint in &mut self.endpoints {
            endpoint.published = each.endpoints.iter().any(|published| published.to_string() == endpoint.endpoint);
        }
        Self { each, ..self }
    }
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        if self.lines.is_empty() {
            page.line("Nothing is staged: nothing to commit.");
            return;
        }
        for CodedJson { message, .. } in &self.warnings {
            page.tagged(style::WARN, "warning:", message);
        }
        if self.committed {
            page.tagged(style::GOOD, "Committed", format_args!("generation {}:", self.generation));
        } else {
            page.line("A commit would do this:");
        }
        for line in &self.lines {
            page.line(format_args!("  {line}"));
        }
        for CommittedJson { endpoint, folder, published, .. } in &self.endpoints {
            let failed = self.committed && self.doing == "published" && !published;
            match folder {
                Some(_) if failed => page.line(format_args!("  {endpoint} is as it was")),
                Some(folder) => page.line(format_args!("  {} {endpoint} in {folder}", self.doing)),
                None => page.line(format_args!("  {endpoint} is free; its files stay")),
            };
        }
        self.each.say(page);
    }

    fn exit(&self) -> Exit {
        self.each.exit()
    }

    fn found(&self) -> Option<Found> {
        self.each.found()
    }
}

/// How often a commit is planned again when others stage changes or commit while it is prepared.
const ATTEMPTS: usize = 100;

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    commit(context, &context.keystore()?, args, None)
}

/// Commits changes of their own, and nothing that administrators have staged.
pub(super) fn commit_apart(
    context: &Context,
    keystore: &Keystore,
    changes: &Stage,
    message: &str,
    passphrase: &PassphraseArgs,
) -> Result<Outcome, Failure> {
    let args = Args {
        message: Some(message.to_owned()),
        dry_run: false,
        strict: false,
        no_publish: false,
        each: false,
        passphrase: passphrase.clone(),
    };
    commit(context, keystore, &args, Some(changes))
}

fn commit(context: &Context, keystore: &Keystore, args: &Args, changes: Option<&Stage>) -> Result<Outcome, Failure> {
    // What was opened once is not asked for again.
    let mut unlocked = Unlocked::new();
    let mut attempts = ATTEMPTS;
    loop {
        attempts -= 1;
        match attempt(context, keystore, args, changes, &mut unlocked) {
            Err(Failure::Keystore(error)) if attempts > 0 && is_moved(&error) => {}
            outcome => return outcome,
        }
    }
}

fn is_moved(error: &Error) -> bool {
    matches!(error, Error::Commit(CommitError::Moved) | Error::NotUnlocked { .. })
}

/// The keystore with what is to be committed staged on top of it.
fn with_changes<'k>(snapshot: Snapshot<'k>, changes: Option<&Stage>) -> Snapshot<'k> {
    match changes {
        Some(changes) => snapshot.with_stage(changes.clone()),
        None => snapshot,
    }
}

fn attempt(
    context: &Context,
    keystore: &Keystore,
    args: &Args,
    changes: Option<&Stage>,
    unlocked: &mut Unlocked,
) -> Result<Outcome, Failure> {
    let snapshot = with_changes(keystore.read()?, changes);
    let plan = plan(keystore, &snapshot, args)?;
    if args.dry_run && !args.no_publish {
        plan.publish.check(&snapshot)?;
        publish::refuse_shared(&snapshot, &plan.publish)?;
    }
    if plan.is_empty() || args.dry_run {
        return Ok(Outcome::of(keystore, &plan, args));
    }
    if !args.no_publish {
        unlock(context, &snapshot, &plan.publish, &args.passphrase, unlocked)?;
    }
    publish_and_record(keystore, unlocked, args, changes)
}

fn plan(keystore: &Keystore, snapshot: &Snapshot<'_>, args: &Args) -> Result<Plan, Failure> {
    let plan = op::plan(snapshot, keystore.world().now())?;
    plan.check(args.strict)?;
    Ok(plan)
}

fn publish_and_record(
    keystore: &Keystore,
    unlocked: &Unlocked,
    args: &Args,
    changes: Option<&Stage>,
) -> Result<Outcome, Failure> {
    let committing = keystore.begin_commit()?;
    let snapshot = with_changes(committing.snapshot()?, changes);
    // Planned again, as what is staged may have changed before the lock was there.
    let plan = plan(keystore, &snapshot, args)?;
    let outcome = Outcome::of(keystore, &plan, args);
    if plan.is_empty() {
        return Ok(outcome);
    }
    let services: Vec<ServicePath> = plan.publish.services().cloned().collect();
    if args.each {
        // what would be refused service by service once it is recorded
        publish::refuse_shared(&snapshot, &plan.publish)?;
    }
    let plan = if args.no_publish || args.each { plan.without_publishing() } else { plan };
    let mut proposal = plan.propose(&snapshot, unlocked, args.message.clone())?;
    proposal.apart = changes.is_some();
    let (recorded, told) = publish::commit(keystore, committing, &mut proposal)?;
    let outcome = outcome.recorded(recorded);
    if args.each && !services.is_empty() {
        return Ok(outcome.published(publish_each(keystore, &services, unlocked)?));
    }
    let endpoints = proposal.publications.into_iter().map(|publication| publication.endpoint).collect();
    Ok(outcome.published(Each::all(endpoints, told)))
}
