//! The only room that prints. Standard output carries what a command is asked for: an artifact, a report, or with
//! `--json` exactly one JSON document. Everything said besides goes to standard error.
#![expect(clippy::disallowed_methods, reason = "this is the room for it")]

mod authority;
mod page;
mod progress;
mod reading;
mod renewal;
mod service;
mod views;

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

pub(crate) use authority::{AuthorityJson, authority_line};
pub(crate) use page::{Page, steers, style};
pub(crate) use progress::Bar;
pub(crate) use reading::ReadingFaultJson;
pub(crate) use renewal::{RenewalJson, SubmissionJson, renewal_line, submission_line};
pub(crate) use service::{HookJson, RowJson, SettingsJson, form_name, hook_line, settings_line, software};
pub(crate) use views::{
    BindingJson, CertificateJson, ChangeJson, CodedJson, EndpointJson, KeyJson, PairJson, PublishedJson, change_line,
    coded, days_left, fate_line, or_none, until,
};

use crate::exit::Exit;
use crate::interrupt;

/// The version of the JSON documents.
const SCHEMA: u32 = 1;

/// What a command has to say in the end.
pub(crate) trait Report {
    /// For a person, on standard output: what was asked for.
    fn report(&self, _page: &mut Page) {}

    /// For a person, on standard error: what was done, and what to look at. `--quiet` leaves it out.
    fn notes(&self, _page: &mut Page) {}

    /// The exit code.
    fn exit(&self) -> Exit {
        Exit::Done
    }

    /// What was found to be wrong, where to find it was what was asked for: an error beside the result.
    fn found(&self) -> Option<Found> {
        None
    }
}

/// What a command found to be wrong. Its exit code is the report's.
pub(crate) struct Found {
    /// A word for programs.
    pub(crate) code: &'static str,
    /// A sentence for people.
    pub(crate) message: String,
}

/// What a command that failed has to say.
pub(crate) trait Problem {
    /// The exit code, which names the kind too.
    fn exit(&self) -> Exit;
    /// A word for programs, one per cause.
    fn code(&self) -> &'static str;
    /// What happened, with its causes.
    fn message(&self) -> String;
    /// What to do next.
    fn hint(&self) -> Option<String>;
    /// Every fault or warning behind it.
    fn details(&self) -> Vec<CodedJson>;
}

/// How to print.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Printer {
    /// For a person.
    Human,
    /// For a person who wants to hear no more than what was asked for.
    Quiet,
    /// One JSON document.
    Json,
    /// For a person, all of it on standard output: a step that is shown by something larger.
    Shown,
    /// Nothing: a step of something larger that reports on its own.
    Silent,
}

#[derive(Serialize)]
struct Success<'a, T> {
    schema: u32,
    command: &'a str,
    ok: bool,
    result: &'a T,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorJson<'a>>,
}

#[derive(Serialize)]
struct Refusal<'a> {
    schema: u32,
    command: &'a str,
    ok: bool,
    error: ErrorJson<'a>,
}

#[derive(Serialize)]
struct ErrorJson<'a> {
    kind: &'a str,
    code: &'a str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<CodedJson>,
}

impl Printer {
    /// The printer that the flags ask for.
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        match (json, quiet) {
            (true, _) => Self::Json,
            (false, true) => Self::Quiet,
            (false, false) => Self::Human,
        }
    }

    /// Whether standard output carries a JSON document and nothing else.
    pub(crate) fn is_json(self) -> bool {
        self == Self::Json
    }

    /// A bar for long work, to be seen by a person who wants to hear more than what was asked for.
    pub(crate) fn progress(self) -> Bar {
        Bar::new(self == Self::Human)
    }

    /// Prints what a command reports.
    pub(crate) fn finish<T: Report + Serialize>(self, command: &str, report: &T) -> io::Result<Exit> {
        if self == Self::Json {
            let (exit, found) = (settled(report.exit()), report.found());
            let error = found.map(|Found { code, message }| ErrorJson {
                kind: exit.kind(),
                code,
                message,
                hint: None,
                details: Vec::new(),
            });
            json(&Success { schema: SCHEMA, command, ok: error.is_none(), result: report, error })?;
            return Ok(exit);
        }
        self.tell(report)
    }

    /// Prints a result that is JSON already, in pieces: for one that is larger than it should be twice in memory.
    pub(crate) fn finish_written(self, command: &str, result: &[Vec<u8>]) -> io::Result<Exit> {
        let mut start = serde_json::to_vec(&Success { schema: SCHEMA, command, ok: true, result: &(), error: None })?;
        // `null}`, in whose place the result comes
        start.truncate(start.len() - 5);
        begin();
        // not through the buffer of standard output, which searches what passes through it for ends of lines
        let mut out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        out.write_all(&start)?;
        result.iter().try_for_each(|piece| out.write_all(piece))?;
        out.write_all(b"}\n")?;
        Ok(Exit::Done)
    }

    /// Tells a person.
    pub(crate) fn tell(self, report: &impl Report) -> io::Result<Exit> {
        let exit = settled(report.exit());
        if self == Self::Silent {
            return Ok(exit);
        }
        let mut page = Page::default();
        report.report(&mut page);
        print(&page)?;
        let mut notes = Page::default();
        report.notes(&mut notes);
        match self {
            Self::Human => say(&notes)?,
            Self::Shown => print(&notes)?,
            Self::Quiet | Self::Json | Self::Silent => {}
        }
        Ok(exit)
    }

    /// Prints why a command failed.
    pub(crate) fn fail(self, command: &str, problem: &impl Problem) -> io::Result<Exit> {
        let exit = settled(problem.exit());
        if self == Self::Json {
            let error = ErrorJson {
                kind: exit.kind(),
                code: problem.code(),
                message: problem.message(),
                hint: problem.hint(),
                details: problem.details(),
            };
            json(&Refusal { schema: SCHEMA, command, ok: false, error })?;
        } else {
            let mut page = Page::default();
            page.tagged(style::BAD, "error:", problem.message());
            for CodedJson { message, .. } in problem.details() {
                page.line(format_args!("  - {message}"));
            }
            if let Some(hint) = problem.hint() {
                page.tagged(style::GOOD, "hint:", hint);
            }
            anstream::stderr().write_all(page.as_bytes())?;
        }
        Ok(exit)
    }
}

/// Whether what a command says on standard output has begun.
static BEGUN: AtomicBool = AtomicBool::new(false);

/// Whether a command says already what it came to.
pub(crate) fn has_begun() -> bool {
    BEGUN.load(Ordering::Acquire)
}

/// What Ctrl-C kept from its end was interrupted, however that showed; what was done all the same is done.
fn settled(exit: Exit) -> Exit {
    if exit != Exit::Done && interrupt::requested() { Exit::Interrupted } else { exit }
}

/// Begins the one JSON document. Where Ctrl-C was told of instead, the process is about to end.
fn begin() {
    if BEGUN.swap(true, Ordering::AcqRel) && interrupt::requested() {
        loop {
            std::thread::park();
        }
    }
}

/// The JSON document of a command that Ctrl-C ends, unless it has begun its own.
pub(crate) fn tell_interrupted(command: &str) {
    if BEGUN.swap(true, Ordering::AcqRel) {
        return;
    }
    let (kind, message) = (Exit::Interrupted.kind(), "interrupted by Ctrl-C".to_owned());
    let hint = Some("nothing is half done: run it again, or see `keyring status`".to_owned());
    let error = ErrorJson { kind, code: kind, message, hint, details: Vec::new() };
    // nobody is left to be told that it can't be told
    let _ = write_json(&Refusal { schema: SCHEMA, command, ok: false, error });
}

fn json(document: &impl Serialize) -> io::Result<()> {
    begin();
    write_json(document)
}

fn write_json(document: &impl Serialize) -> io::Result<()> {
    // standard output itself searches every piece for ends of lines
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    serde_json::to_writer(&mut out, document)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Prints a page on standard output.
pub(crate) fn print(page: &Page) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(page.as_bytes())?;
    out.flush()
}

/// Standard output for an artifact of any size; none when that is a terminal.
pub(crate) fn artifact() -> Option<io::StdoutLock<'static>> {
    use std::io::IsTerminal as _;
    let out = io::stdout();
    (!out.is_terminal()).then(|| out.lock())
}

/// Prints a page on standard error while a command is still at work.
pub(crate) fn say(page: &Page) -> io::Result<()> {
    anstream::stderr().write_all(page.as_bytes())
}

/// Whether standard error takes colours.
pub(crate) fn has_colour() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}
