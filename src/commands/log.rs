//! `log`: the commits, and who read private keys.

use std::num::NonZeroUsize;

use keystore::model::Mark;
use keystore::name::KeyPath;
use keystore::ops::log as op;
use keystore::store::{Base, EndpointChange, Pair, Purpose, ReadKey, Reading, Record};
use keystore::world::Actor;
use serde::Serialize;

use crate::context::Context;
use crate::error::Failure;
use crate::output::{ChangeJson, EndpointJson, Page, Report, change_line, style};

const HELP: &str = "\
Examples:
  keyring log
  keyring log --limit 1 --json
  keyring log --head > head.txt
  keyring log --keys-read
  keyring log --keys-read mail01/imap/main --json

With --keys-read: who had private keys signed with, exported or backed up. Each
line of it was written down before the private key was read, and tells who asked
for it, not that all went well. What commits publish is in their records.

Exit codes:
  0  done
  1  failed
  2  usage
  3  a name refused
  4  no keystore
  7  a record is damaged";

/// Show the commits, newest first
///
/// When each was made, by whom, with which command, why, and what it changed. With --head, one line to keep elsewhere: `keyring doctor
/// --expect` verifies later that the history up to there is still the same.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// Show at most this many
    #[arg(short = 'n', long, value_name = "COUNT")]
    pub(crate) limit: Option<NonZeroUsize>,
    /// Print GENERATION:HASH of the newest commit and nothing else
    #[arg(long, conflicts_with = "limit")]
    pub(crate) head: bool,
    /// Show who read private keys: those of KEY, or all
    #[arg(long, value_name = "KEY", conflicts_with = "head")]
    pub(crate) keys_read: Option<Option<String>>,
}

#[derive(Serialize)]
struct CommitJson {
    generation: u64,
    hash: String,
    parent: Option<String>,
    time: String,
    user: String,
    sudo_user: Option<String>,
    host: String,
    command: String,
    message: Option<String>,
    changes: Vec<ChangeJson>,
    endpoints: Vec<EndpointJson>,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    commits: Vec<CommitJson>,
    cut_off_through: Option<u64>,
    #[serde(skip)]
    records: Vec<Record>,
    #[serde(skip)]
    base: Option<Base>,
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let keystore = context.keystore()?;
    let snapshot = keystore.read()?;
    let records = op::log(&snapshot, at_most(args.limit))?;
    let base = op::cut_off(&snapshot, records.last().map(|(record, _)| record))?;
    let commit = |(record, hash): &(Record, keystore::digest::Digest)| CommitJson {
        generation: record.generation.0,
        hash: hash.to_string(),
        parent: record.parent.map(|parent| parent.to_string()),
        time: record.time.to_string(),
        user: record.actor.user.clone(),
        sudo_user: record.actor.sudo_user.clone(),
        host: record.actor.host.clone(),
        command: record.actor.command.clone(),
        message: record.message.clone(),
        changes: record.changes.iter().map(ChangeJson::of).collect(),
        endpoints: record.endpoints.iter().map(EndpointJson::of).collect(),
    };
    let commits = records.iter().map(commit).collect();
    let cut_off_through = base.as_ref().map(|base| base.through.0);
    let records = records.into_iter().map(|(record, _)| record).collect();
    Ok(Outcome { commits, cut_off_through, records, base })
}

/// What an endpoint served and serves: the keys and their versions.
fn endpoint_line(EndpointChange { endpoint, from, to }: &EndpointChange) -> String {
    let side = |pair: &Option<Pair>| {
        pair.as_ref().map_or_else(|| "nothing".to_owned(), |pair| format!("{} version {}", pair.key, pair.version))
    };
    match from {
        Some(_) => format!("{endpoint}: {}, before: {}", side(to), side(from)),
        None => format!("{endpoint}: {}", side(to)),
    }
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        for (record, commit) in self.records.iter().zip(&self.commits) {
            page.gap();
            page.styled(style::STRONG, format_args!("generation {}", record.generation));
            let Actor { command, .. } = &record.actor;
            page.field(2, "made", format_args!("{} by {} (`keyring {command}`)", record.time, record.actor));
            page.field(2, "hash", &commit.hash);
            if let Some(message) = &record.message {
                page.field(2, "why", message);
            }
            for change in &record.changes {
                page.line(format_args!("    {}", change_line(change)));
            }
            for change in &record.endpoints {
                page.line(format_args!("    serves   {}", endpoint_line(change)));
            }
        }
    }

    fn notes(&self, page: &mut Page) {
        if self.records.is_empty() {
            page.line("Nothing has been committed yet.");
        }
        if let Some(Base { through, time, actor, .. }) = &self.base {
            let by = format_args!("at {time} by {actor} (`keyring {}`)", actor.command);
            page.line(format_args!("Those up to generation {through} were cut off {by}."));
        }
    }
}

#[derive(Serialize)]
struct ReadKeyJson {
    key: String,
    version: u32,
}

#[derive(Serialize)]
struct ReadingJson {
    number: u64,
    time: String,
    user: String,
    sudo_user: Option<String>,
    host: String,
    command: String,
    purpose: &'static str,
    all_keys: bool,
    keys: Vec<ReadKeyJson>,
    to: Option<String>,
}

impl ReadingJson {
    fn of(Reading { number, time, actor, disclosure, .. }: &Reading) -> Self {
        let key = |read: &ReadKey| ReadKeyJson { key: read.key.to_string(), version: read.version.0 };
        Self {
            number: *number,
            time: time.to_string(),
            user: actor.user.clone(),
            sudo_user: actor.sudo_user.clone(),
            host: actor.host.clone(),
            command: actor.command.clone(),
            purpose: disclosure.purpose.as_str(),
            all_keys: disclosure.purpose == Purpose::Backup,
            keys: disclosure.keys.iter().map(key).collect(),
            to: disclosure.to.clone(),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct ReadOutcome {
    keys_read: Vec<ReadingJson>,
    #[serde(skip)]
    readings: Vec<Reading>,
}

fn at_most(limit: Option<NonZeroUsize>) -> usize {
    limit.map_or(usize::MAX, NonZeroUsize::get)
}

/// `log --keys-read`.
pub(crate) fn keys_read(
    context: &Context,
    key: Option<&str>,
    limit: Option<NonZeroUsize>,
) -> Result<ReadOutcome, Failure> {
    let key: Option<KeyPath> = key.map(str::parse).transpose()?;
    let keystore = context.keystore()?;
    let readings = op::readings(&keystore.read()?, key.as_ref(), at_most(limit))?;
    Ok(ReadOutcome { keys_read: readings.iter().map(ReadingJson::of).collect(), readings })
}

impl Report for ReadOutcome {
    fn report(&self, page: &mut Page) {
        for Reading { number, time, actor, disclosure, .. } in &self.readings {
            page.gap();
            page.styled(style::STRONG, format_args!("reading {number}: {}", disclosure.purpose.as_str()));
            page.field(2, "asked for", format_args!("{time} by {actor} (`keyring {}`)", actor.command));
            if disclosure.purpose == Purpose::Backup {
                page.field(2, "keys", "all");
            }
            for ReadKey { key, version } in &disclosure.keys {
                page.field(2, "key", format_args!("{key} version {version}"));
            }
            if let Some(to) = &disclosure.to {
                page.field(2, "to", to);
            }
        }
    }

    fn notes(&self, page: &mut Page) {
        if self.readings.is_empty() {
            page.line("Nobody has read a private key.");
        }
    }
}

#[derive(Serialize)]
struct HeadJson {
    generation: u64,
    hash: String,
}

#[derive(Serialize)]
pub(crate) struct HeadOutcome {
    head: Option<HeadJson>,
    #[serde(skip)]
    mark: Option<Mark>,
}

/// `log --head`.
pub(crate) fn head(context: &Context) -> Result<HeadOutcome, Failure> {
    let mark = op::head(&context.keystore()?.read()?);
    let head = mark.map(|Mark { generation, hash }| HeadJson { generation: generation.0, hash: hash.to_string() });
    Ok(HeadOutcome { head, mark })
}

impl Report for HeadOutcome {
    fn report(&self, page: &mut Page) {
        if let Some(mark) = self.mark {
            page.line(mark);
        }
    }

    fn notes(&self, page: &mut Page) {
        if self.mark.is_none() {
            page.line("Nothing has been committed yet.");
        }
    }
}
