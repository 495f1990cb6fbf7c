//! `show`: one key whole.

use keystore::model::{Generation, Installed, KeyBrief, KeyView, Next, VersionFacts};
use keystore::name::KeyPath;
use keystore::ops::find_key;
use keystore::store::Keystore;
use keystore::timestamp::Timestamp;
use serde::Serialize;

use crate::context::Context;
use crate::error::Failure;
use crate::output::{
    KeyJson, Page, PublishedJson, RenewalJson, Report, SubmissionJson, fate_line, or_none, renewal_line, style,
    submission_line, until,
};
use crate::prompt;

const HELP: &str = "\
Examples:
  keyring show mail01/imap/main
  keyring show mail01/imap/main --json | jq .result.key.current.certificate
  keyring show mail01/imap/main@41

Exit codes:
  0    done
  1    failed
  2    usage
  3    a name refused
  4    no keystore, or no such key
  7    keystore damaged
  130  interrupted";

/// Show one key whole
///
/// Its current and next version, its requests, its certificate, its endpoints and where its files are. With @GENERATION,
/// as it was when that was committed.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// The key: SERVER/PROTOCOL/NAME, or SERVER/PROTOCOL/NAME@GENERATION
    key: Option<String>,
}

#[derive(Serialize)]
struct RequestJson {
    version: u32,
    request: u32,
    made: String,
    subject: String,
    names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    submission: Option<SubmissionJson>,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    generation: u64,
    key: KeyJson<'static>,
    requests: Vec<RequestJson>,
    folders: Vec<String>,
    published: Vec<PublishedJson>,
    renewal: Option<RenewalJson>,
    staged_bindings: Vec<String>,
    #[serde(skip)]
    view: KeyView,
    #[serde(skip)]
    now: Timestamp,
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let keystore = context.keystore()?;
    let newest = keystore.read()?;
    let (key, generation) = match &args.key {
        Some(key) => key_at(key)?,
        None if context.can_ask() => (prompt::choose_key(&newest, "Key", |_| false)?, None),
        None => return Err(Failure::Missing { what: "the key to show", flag: "KEY" }),
    };
    let snapshot = match generation {
        Some(generation) => newest.at(generation)?,
        None => newest,
    };
    let view = find_key(&snapshot, &key)?;
    let mut published = Vec::new();
    // What services read now says nothing of an earlier generation.
    for endpoint in view.bound.iter().filter(|_| generation.is_none()) {
        if snapshot.published(endpoint)?.is_some() {
            published.push(PublishedJson::of(&keystore, endpoint));
        }
    }
    let staged = snapshot.stage().changes().filter_map(|change| match change {
        keystore::change::Change::Bind { endpoint, key } if *key == view.path => Some(endpoint.to_string()),
        _ => None,
    });
    Ok(Outcome {
        generation: snapshot.generation().0,
        key: KeyJson::of(KeyBrief::from(&view)),
        requests: view.facts.versions.iter().flat_map(requests).collect(),
        folders: folders(&keystore, &view),
        published,
        renewal: view.renewal.as_ref().map(RenewalJson::of),
        staged_bindings: staged.collect(),
        now: keystore.world().now(),
        view,
    })
}

/// `KEY` or `KEY@GENERATION`.
fn key_at(text: &str) -> Result<(KeyPath, Option<Generation>), Failure> {
    let Some((key, generation)) = text.split_once('@') else { return Ok((text.parse()?, None)) };
    let number = generation.parse().map_err(|_| Failure::Arguments {
        message: format!("{generation:?} is not the number of a generation"),
        hint: "`keyring log` shows the generations".to_owned(),
    })?;
    Ok((key.parse()?, Some(Generation(number))))
}

fn requests(version: &VersionFacts) -> impl Iterator<Item = RequestJson> {
    version.requests.iter().map(|request| RequestJson {
        version: version.number.0,
        request: request.number.0,
        made: request.made.to_string(),
        subject: request.subject.to_string(),
        names: request.names.iter().map(ToString::to_string).collect(),
        submission: request.submission.as_ref().map(SubmissionJson::of),
    })
}

fn folders(keystore: &Keystore, view: &KeyView) -> Vec<String> {
    let folder = |version: &VersionFacts| keystore.version_folder(&view.path, version.number).display().to_string();
    view.facts.versions.iter().map(folder).collect()
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        page.styled(style::STRONG, &self.view.path);
        if let Some(fate) = fate_line(&self.view.fate) {
            page.field(2, "staged", fate);
        }
        if let Some(renewal) = &self.view.upcoming_renewal {
            let staged = if self.view.renewal.as_ref() == Some(renewal) { "" } else { " (staged)" };
            page.field(2, "renewed", format_args!("{}{staged}", renewal_line(renewal)));
        }
        if let Some(current) = &self.view.current {
            page.line(format_args!(
                "  current: version {}, since generation {}",
                current.installed.version, current.since
            ));
            self.version(page, self.view.facts.version(current.installed.version));
            self.certificate(page, &current.installed);
        }
        match &self.view.next {
            None => {}
            Some(Next::New(version)) => {
                page.line(format_args!("  next: version {}, new: no request yet", version.number));
                self.version(page, Some(version));
            }
            Some(Next::Pending { version, reused }) => {
                let reused = if *reused { ", for the private key in use" } else { "" };
                page.line(format_args!("  next: version {}, pending{reused}", version.number));
                self.version(page, Some(version));
            }
            Some(Next::Installed(installed)) => {
                page.line(format_args!("  next: version {}, installed, staged", installed.version));
                self.version(page, self.view.facts.version(installed.version));
                self.certificate(page, installed);
            }
        }
        self.places(page);
    }
}

impl Outcome {
    fn version(&self, page: &mut Page, version: Option<&VersionFacts>) {
        let Some(version) = version else { return };
        let encrypted = if version.encrypted { ", encrypted" } else { "" };
        page.field(
            4,
            "private key",
            format_args!("{}{encrypted}, made {} by {}", version.algorithm, version.made, version.by),
        );
        page.field(4, "public key", format_args!("SHA-256 {}", version.spki));
        if let Some(mark) = &version.compromised {
            page.styled(style::BAD, format_args!("    compromised: {} ({} by {})", mark.reason, mark.marked, mark.by));
        }
        for what in &version.weaknesses {
            page.styled(style::BAD, format_args!("    weak: {what}"));
        }
        if let Some(origin) = &version.copy_of {
            page.field(4, "copy of", format_args!("{} version {}", origin.key, origin.version));
        }
        for request in &version.requests {
            page.field(
                4,
                &format!("request {}", request.number),
                format_args!("{} \"{}\"", request.made, request.subject),
            );
            if let Some(submission) = &request.submission {
                page.field(4, "handed to", submission_line(submission));
            }
        }
    }

    fn certificate(&self, page: &mut Page, installed: &Installed) {
        let summary = &installed.summary;
        let names: Vec<_> = summary.names.iter().map(ToString::to_string).collect();
        page.field(4, "subject", or_none(&summary.subject.to_string()));
        page.field(4, "names", or_none(&names.join(", ")));
        page.field(4, "issuer", &summary.issuer);
        page.field(4, "serial", &summary.serial);
        page.field(
            4,
            "valid",
            format_args!("from {} {}", summary.not_before.date(), until(summary.not_after, self.now)),
        );
        page.field(4, "certificate", format_args!("SHA-256 {}", summary.fingerprint));
        page.field(4, "chain", format_args!("{} intermediate(s)", installed.chain_length));
    }

    fn places(&self, page: &mut Page) {
        for folder in &self.folders {
            page.field(2, "kept in", folder);
        }
        for PublishedJson { endpoint, folder } in &self.published {
            page.field(2, "published", format_args!("{endpoint} in {folder}"));
        }
        let published = |endpoint: &String| self.published.iter().any(|it| it.endpoint == *endpoint);
        for endpoint in self.key.bound.iter().filter(|endpoint| !published(endpoint)) {
            page.field(2, "bound", format_args!("to {endpoint}"));
        }
        for endpoint in &self.staged_bindings {
            page.field(2, "staged", format_args!("{endpoint} to be bound"));
        }
        if self.key.bound.is_empty() && self.staged_bindings.is_empty() {
            page.field(2, "bound", "to nothing");
        }
    }
}
