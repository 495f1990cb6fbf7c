//! `log`: the commits.

use keystore::model::Mark;
use keystore::ops::log as op;
use keystore::store::{Base, EndpointChange, Pair, Record};
use serde::Serialize;

use crate::context::Context;
use crate::error::Failure;
use crate::output::{ChangeJson, EndpointJson, Page, Report, change_line, style};

const HELP: &str = "\
Examples:
  keyring log
  keyring log --limit 1 --json
  keyring log --head > head.txt

Exit codes:
  0  done
  1  failed
  2  usage
  4  no keystore
  7  a record is damaged";

/// Show the commits, newest first
///
/// When each was made, by whom, why, and what it changed. With --head, one line to keep elsewhere: `keyring doctor
/// --expect` verifies later that the history up to there is still the same.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// Show at most this many
    #[arg(short = 'n', long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Print GENERATION:HASH of the newest commit and nothing else
    #[arg(long, conflicts_with = "limit")]
    pub(crate) head: bool,
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
    let records = op::log(&snapshot, args.limit.unwrap_or(usize::MAX))?;
    let base = op::cut_off(&snapshot, records.last().map(|(record, _)| record))?;
    let commit = |(record, hash): &(Record, keystore::digest::Digest)| CommitJson {
        generation: record.generation.0,
        hash: hash.to_string(),
        parent: record.parent.map(|parent| parent.to_string()),
        time: record.time.to_string(),
        user: record.actor.user.clone(),
        sudo_user: record.actor.sudo_user.clone(),
        host: record.actor.host.clone(),
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
            page.field(2, "made", format_args!("{} by {}", record.time, record.actor));
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
