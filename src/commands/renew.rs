//! `renew`: keys that are due get a new certificate, from the private key to the commit.

use std::cell::RefCell;
use std::sync::Arc;

use keystore::change::{ChangeSet, Stage};
use keystore::model::Renewal;
use keystore::name::KeyPath;
use keystore::ops::desk::{Errand, Window};
use keystore::ops::install_cert::Place;
use keystore::ops::renew::{self as op, Ground, Scope, Secrets, Step, Task};
use keystore::ops::submit::Waiting;
use keystore::pki::{Passphrase, Pbes2, PrivateKeyFile};
use keystore::store::Keystore;
use keystore::timestamp::Timestamp;
use serde::Serialize;

use super::commit::commit_apart;
use super::errand::{ErrandJson, Errands};
use super::passphrase::PassphraseArgs;
use super::submit::WaitArgs;
use super::trust::TrustArgs;
use crate::authority::{Desk, desk};
use crate::context::Context;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{CodedJson, Found, Page, Problem as _, Report, style};
use crate::prompt;

const HELP: &str = "\
Examples:
  keyring renew --due --commit
  keyring renew mail01/imap/main
  keyring renew mail01/imap/main --commit --wait 300
  keyring renew --due --commit --json | jq '.result.keys[]'

The first line is the one for cron or a timer: it can be run every hour. Keys of
which `keyring set-renewal` said by whom they are renewed get a new private key
or, where that was said, another certificate for the one in use; the request
goes to the authority, the reply is installed and committed: published, proven,
or taken back. What is in use stays until then. A request that waits for its
reply is asked after and never handed in twice. A key that fails keeps none of
the others.

With --commit, what is renewed goes into a commit of its own: what
administrators have staged stays staged. Where they staged something for the
same key, their next commit says so. Without it, it is staged.

Exit codes:
  0    done, or nothing is due
  1    failed
  2    usage
  3    a name refused, or a reply
  4    no keystore, no such key, or nothing is said of how it is renewed
  5    in use
  6    publishing failed, and was undone
  7    keystore damaged
  8    publishing failed, and could not be taken back whole
  9    the authority failed or refused
  10   some wait for a person or an authority
  11   some failed
  130  interrupted";

/// Renew keys
///
/// Those that are named, or those that are due, by the authority that `keyring set-renewal` said.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The keys: SERVER/PROTOCOL/NAME
    #[arg(value_name = "KEY", required_unless_present = "due")]
    keys: Vec<String>,
    /// Those that are due, and those whose request waits for a reply
    #[arg(long)]
    due: bool,
    /// Commit what was renewed
    #[arg(long)]
    commit: bool,
    /// Why: kept in the record
    #[arg(short, long, value_name = "TEXT", requires = "commit", default_value = "renewal")]
    message: String,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    #[serde(flatten)]
    errands: Errands,
    /// What was committed.
    generations: Vec<u64>,
    warnings: Vec<CodedJson>,
}

impl Report for Outcome {
    fn notes(&self, page: &mut Page) {
        for CodedJson { message, .. } in &self.warnings {
            page.tagged(style::WARN, "warning:", message);
        }
        if self.errands.keys.is_empty() {
            page.line("Nothing is due.");
        }
        self.errands.say(page);
        for generation in &self.generations {
            page.tagged(style::GOOD, "Committed", format_args!("generation {generation}."));
        }
    }

    fn exit(&self) -> Exit {
        self.errands.exit()
    }

    fn found(&self) -> Option<Found> {
        self.errands.found()
    }
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let keys: Vec<KeyPath> = args.keys.iter().map(|key| key.parse()).collect::<Result<_, _>>()?;
    let scope = if args.due { Scope::Due(keys) } else { Scope::Now(keys) };
    let keystore = context.keystore()?;
    let trust = args.trust.resolve(false)?;
    let open = |key: &KeyPath, file| args.passphrase.open(context, key, file);
    let desk = desk(&keystore, &open)?;
    let warnings = RefCell::new(Vec::new());
    let suggested = |key: &KeyPath, renewal: &Renewal| suggested(&desk, key, renewal, &warnings);
    let ground = Ground { keystore: &keystore, apart: args.commit, suggested: &suggested };
    let mut done = Outcome { errands: Errands::default(), generations: Vec::new(), warnings: Vec::new() };
    let mut tasks = Vec::new();
    for (key, task) in op::plan(&ground, &scope)? {
        match task {
            Ok(task) => tasks.push(task),
            Err(error) => done.errands.keys.push(ErrandJson::stuck(&key, &error.into())),
        }
    }
    done.warnings = warnings.take();
    let errands = make(context, &keystore, args, tasks, &mut done.errands)?;
    let mut place = if args.commit { Place::Apart(Stage::default()) } else { Place::Stage };
    let run = Errands::run(&keystore, &desk, &errands, args.wait.within(), &trust, &mut place)?;
    let rows = match place {
        Place::Apart(changes) => commit(context, &keystore, args, &changes, run, &mut done.generations)?,
        Place::Stage => run,
    };
    done.errands.keys.extend(rows.keys);
    Ok(done)
}

/// When the authority of a key suggests to renew it: at a time in its window that is the key's own, so that not all
/// come at once (RFC 9773 section 4.2).
fn suggested(
    desk: &Desk<'_>,
    key: &KeyPath,
    renewal: &Renewal,
    warnings: &RefCell<Vec<CodedJson>>,
) -> Option<Timestamp> {
    match desk.suggested(&renewal.authority, key) {
        Ok(window) => window.map(|Window { start, end }| {
            let share = i64::from(keystore::digest::Digest::of(key.to_string().as_bytes()).as_bytes()[0]);
            Timestamp::from_unix(start.unix() + (end.unix() - start.unix()).max(0) * share / 256)
        }),
        Err(failure) => {
            let message = format!("when to renew {key} is not known from its authority: {}", failure.message());
            warnings.borrow_mut().push(CodedJson { code: "no-suggestion", message });
            None
        }
    }
}

/// Makes the private keys and requests that are needed.
fn make(
    context: &Context,
    keystore: &Keystore,
    args: &Args,
    tasks: Vec<Task>,
    rows: &mut Errands,
) -> Result<Vec<Errand>, Failure> {
    let steps: Vec<_> = tasks.iter().map(|task| (&task.key, &task.step)).collect();
    let made = make_requests(context, keystore, &args.passphrase, &steps)?;
    let mut errands = Vec::new();
    for (task, made) in tasks.into_iter().zip(made) {
        match made {
            Ok(waiting) => errands.push(Errand::new(waiting, task.renewal.authority)),
            Err(failure) => rows.keys.push(ErrandJson::stuck(&task.key, &failure)),
        }
    }
    Ok(errands)
}

/// Makes private keys and requests, many at once. What is wrong with one keeps none of the others.
pub(super) fn make_requests(
    context: &Context,
    keystore: &Keystore,
    passphrases: &PassphraseArgs,
    steps: &[(&KeyPath, &Step)],
) -> Result<Vec<Result<Waiting, Failure>>, Failure> {
    let passphrase = |key: &KeyPath| -> Result<Arc<Passphrase>, Failure> {
        match passphrases.get(key)? {
            Some(passphrase) => Ok(passphrase),
            None if context.can_ask() => Ok(Arc::new(prompt::passphrase(&format!("Passphrase of {key}"))?)),
            None => Err(Failure::PassphraseMissing { key: key.clone() }),
        }
    };
    let secrets = Secrets {
        open: &|key: &KeyPath, file: PrivateKeyFile| passphrases.open(context, key, file),
        passphrase: &passphrase,
        pbes2: &|| Pbes2::random(Pbes2::ROUNDS, &mut rand::rng()),
    };
    op::make(keystore, steps, &secrets, &context.progress())
}

/// Commits what is installed: all of it, or where that fails for the services of one, each key by itself.
fn commit(
    context: &Context,
    keystore: &Keystore,
    args: &Args,
    changes: &Stage,
    rows: Errands,
    generations: &mut Vec<u64>,
) -> Result<Errands, Failure> {
    if changes.is_empty() {
        return Ok(rows);
    }
    let mut commit = |changes: &Stage| -> Result<(), Failure> {
        let outcome = commit_apart(context, keystore, changes, &args.message, &args.passphrase)?;
        generations.extend(outcome.generation());
        Ok(())
    };
    let several = changes.changes().nth(1).is_some();
    let all = match commit(changes) {
        Err(failure) if several && is_ones_own(&failure) => None,
        result => Some(result),
    };
    let mut fate = |row: ErrandJson| match (&all, row.state) {
        (Some(Ok(())), "installed") => row.renewed(),
        (Some(Err(failure)), "installed") => row.not_committed(failure),
        (None, "installed") => match commit(&of_key(keystore, changes, &row.key)) {
            Ok(()) => row.renewed(),
            Err(failure) => row.not_committed(&failure),
        },
        _ => row,
    };
    Ok(Errands { keys: rows.keys.into_iter().map(&mut fate).collect() })
}

/// Whether a failure may be of one key alone.
fn is_ones_own(failure: &Failure) -> bool {
    matches!(failure.exit(), Exit::Publishing | Exit::Rejected | Exit::Usage)
}

/// The changes of one key, to be committed by themselves.
fn of_key(keystore: &Keystore, changes: &Stage, key: &str) -> Stage {
    let of_key = changes.changes().filter(|change| change.key().is_some_and(|other| other.to_string() == key));
    let (id, since) = (keystore.world().new_id(), keystore.world().now());
    Stage { sets: vec![ChangeSet { id, since, changes: of_key.cloned().collect() }] }
}
