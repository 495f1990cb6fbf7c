//! `commit`: the staged changes take effect.

use std::collections::BTreeMap;

use keystore::ops::commit::{self as op, LockedKey, Plan};
use keystore::pki::PrivateKey;
use keystore::store::{Keystore, Recorded};
use serde::Serialize;

use super::passphrase::PassphraseArgs;
use crate::context::Context;
use crate::error::Failure;
use crate::output::{ChangeJson, CodedJson, Page, PairJson, Report, change_line, coded, style};
use crate::publish;

const HELP: &str = "\
Examples:
  keyring commit
  keyring commit -m \"yearly renewal of mail01\"
  keyring commit --dry-run --json

Everything that is staged takes effect, or nothing. Each endpoint's files are
made beside the live ones in live/SERVER/PROTOCOL/ENDPOINT/ and switched by
one rename of the link `current`. Services that read them are to be reloaded
by you.

Exit codes:
  0  done, or nothing was staged
  2  usage
  3  refused: every fault is named
  4  the keystore changed meanwhile
  5  in use
  6  failed, and everything is as it was
  7  keystore damaged
  8  failed, and could not be taken back whole";

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
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

#[derive(Serialize)]
struct PublishedJson {
    endpoint: String,
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
    endpoints: Vec<PublishedJson>,
    warnings: Vec<CodedJson>,
    #[serde(skip)]
    lines: Vec<String>,
    #[serde(skip)]
    dry_run: bool,
}

impl Outcome {
    fn of(keystore: &Keystore, plan: &Plan, dry_run: bool) -> Self {
        let endpoints = plan.endpoints.iter().map(|change| PublishedJson {
            endpoint: change.endpoint.to_string(),
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
            lines: plan.stage.changes().map(change_line).collect(),
            dry_run,
        }
    }

    fn recorded(self, Recorded { generation, hash }: Recorded) -> Self {
        Self { committed: true, generation: generation.0, hash: Some(hash.to_string()), ..self }
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
        for PublishedJson { endpoint, folder, .. } in &self.endpoints {
            let done = if self.dry_run { "would publish" } else { "published" };
            match folder {
                Some(folder) => page.line(format_args!("  {done} {endpoint} in {folder}")),
                None => page.line(format_args!("  {endpoint} is free; its files stay")),
            };
        }
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let keystore = context.keystore()?;
    let snapshot = keystore.read()?;
    let plan = op::plan(&snapshot, keystore.world().now())?;
    if plan.is_empty() {
        return Ok(Outcome::of(&keystore, &plan, args.dry_run));
    }
    plan.check(args.strict)?;
    if args.dry_run {
        return Ok(Outcome::of(&keystore, &plan, true));
    }
    let unlocked = unlock(context, &keystore, &plan, &args.passphrase)?;
    commit(&keystore, &unlocked, args)
}

/// Opens every private key that must be opened, before any lock is taken.
fn unlock(
    context: &Context,
    keystore: &Keystore,
    plan: &Plan,
    passphrases: &PassphraseArgs,
) -> Result<BTreeMap<LockedKey, PrivateKey>, Failure> {
    let snapshot = keystore.read()?;
    let mut unlocked = BTreeMap::new();
    for locked in plan.locked_keys() {
        let file = op::locked_key_file(&snapshot, plan, &locked)?;
        let private_key = passphrases.open(context, &locked.0, file)?;
        unlocked.insert(locked, private_key);
    }
    Ok(unlocked)
}

fn commit(keystore: &Keystore, unlocked: &BTreeMap<LockedKey, PrivateKey>, args: &Args) -> Result<Outcome, Failure> {
    let committing = keystore.begin_commit()?;
    let snapshot = committing.snapshot()?;
    // Planned again, as what is staged may have changed before the lock was there.
    let plan = op::plan(&snapshot, keystore.world().now())?;
    plan.check(args.strict)?;
    let outcome = Outcome::of(keystore, &plan, false);
    if plan.is_empty() {
        return Ok(outcome);
    }
    let proposal = plan.propose(&snapshot, unlocked, args.message.clone())?;
    Ok(outcome.recorded(publish::publish(committing, &proposal)?))
}
