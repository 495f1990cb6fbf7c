//! What `submit`, `collect` and `renew` share: requests at authorities, and the installing of replies.

use std::time::{Duration, Instant};

use keystore::name::KeyPath;
use keystore::ops::desk::{Errand, Reply, Settled};
use keystore::ops::install_cert::{self, Place};
use keystore::store::Keystore;
use serde::Serialize;

use super::trust::Resolved;
use crate::authority::Desk;
use crate::error::Failure;
use crate::exit::Exit;
use crate::interrupt;
use crate::output::{CertificateJson, CodedJson, Found, Page, Problem as _, Report, coded, style, until};

/// The word for programs when a request failed; the cause stands with its key.
const FAILED: &str = "requests-failed";

/// What became of one request.
#[derive(Serialize)]
pub(super) struct ErrandJson {
    pub(super) key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    authority: Option<String>,
    /// `installed`, `waiting` or `failed`; of a renewal that is committed, `renewed`.
    pub(super) state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<CertificateJson<'static>>,
    /// Why it waits or failed.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    reason: Option<CodedJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    warnings: Vec<CodedJson>,
    #[serde(skip)]
    exit: Exit,
    #[serde(skip)]
    validity: String,
}

impl ErrandJson {
    /// A key that came no further than this.
    pub(super) fn stuck(key: &KeyPath, failure: &Failure) -> Self {
        Self {
            key: key.to_string(),
            authority: None,
            state: "failed",
            version: None,
            ticket: None,
            certificate: None,
            reason: Some(CodedJson { code: failure.code(), message: failure.message() }),
            hint: failure.hint(),
            warnings: Vec::new(),
            exit: failure.exit(),
            validity: String::new(),
        }
    }

    /// A key that waits for a person.
    pub(super) fn by_hand(key: &KeyPath, message: String) -> Self {
        Self {
            key: key.to_string(),
            authority: None,
            state: "waiting",
            version: None,
            ticket: None,
            certificate: None,
            reason: Some(CodedJson { code: "waiting", message }),
            hint: None,
            warnings: Vec::new(),
            exit: Exit::Waiting,
            validity: String::new(),
        }
    }

    /// The same key once its certificate is committed.
    pub(super) fn renewed(self) -> Self {
        Self { state: "renewed", ..self }
    }

    /// The same key, whose certificate could not be committed.
    pub(super) fn not_committed(self, failure: &Failure) -> Self {
        let reason = Some(CodedJson { code: failure.code(), message: failure.message() });
        Self { state: "failed", reason, hint: failure.hint(), exit: failure.exit(), ..self }
    }

    fn of(errand: &Errand, state: &'static str, exit: Exit) -> Self {
        Self {
            key: errand.waiting.key.to_string(),
            authority: Some(errand.authority.to_string()),
            state,
            version: Some(errand.waiting.version.0),
            ticket: errand.ticket(),
            certificate: None,
            reason: None,
            hint: None,
            warnings: Vec::new(),
            exit,
            validity: String::new(),
        }
    }

    fn failed(errand: &Errand, failure: &Failure) -> Self {
        let reason = CodedJson { code: failure.code(), message: failure.message() };
        Self { reason: Some(reason), hint: failure.hint(), ..Self::of(errand, "failed", failure.exit()) }
    }

    fn waiting(errand: &Errand, message: String) -> Self {
        Self { reason: Some(CodedJson { code: "waiting", message }), ..Self::of(errand, "waiting", Exit::Waiting) }
    }

    fn installed(errand: &Errand, outcome: &install_cert::Outcome, keystore: &Keystore) -> Self {
        let installed = &outcome.staged.installed;
        let mut warnings = coded(&outcome.staged.warnings);
        let faults = outcome.examined.findings.iter().filter(|finding| finding.is_fault());
        warnings.extend(faults.map(|finding| CodedJson { code: finding.code(), message: finding.to_string() }));
        Self {
            certificate: Some(CertificateJson::of(installed)),
            warnings,
            validity: until(installed.summary.not_after, keystore.world().now()),
            ..Self::of(errand, "installed", Exit::Done)
        }
    }

    fn say(&self, page: &mut Page) {
        let Self { key, ticket, .. } = self;
        let authority = self.authority.as_deref().unwrap_or("nobody");
        let at = self.authority.as_ref().map(|authority| format!(" at {authority}")).unwrap_or_default();
        let ticket = ticket.as_ref().map(|ticket| format!(" ({ticket})")).unwrap_or_default();
        match (self.state, &self.reason) {
            ("waiting", Some(reason)) => {
                page.tagged(style::WARN, "waiting:", format_args!("{key}{at}{ticket}: {}", reason.message))
            }
            (_, Some(reason)) => page.tagged(style::BAD, "failed:", format_args!("{key}: {}", reason.message)),
            (state, None) => {
                page.tagged(style::GOOD, &format!("{state}:"), format_args!("{key} by {authority}, {}", self.validity))
            }
        };
        if let Some(hint) = &self.hint {
            page.field(2, "hint", hint);
        }
        for CodedJson { message, .. } in &self.warnings {
            page.tagged(style::WARN, "warning:", message);
        }
    }
}

/// What became of requests.
#[derive(Serialize, Default)]
pub(crate) struct Errands {
    pub(super) keys: Vec<ErrandJson>,
}

impl Errands {
    /// Takes requests to their authorities and installs the replies that come back: at once, or within the time that is
    /// given.
    pub(super) fn run(
        keystore: &Keystore,
        desk: &Desk<'_>,
        errands: &[Errand],
        within: Option<Duration>,
        trust: &Resolved,
        place: &mut Place,
    ) -> Result<Self, Failure> {
        // what authorities have been shown is taken down again before Ctrl-C ends the process; they look for it
        let replies = interrupt::critical(|| {
            let mut replies = desk.run(errands);
            if let Some(within) = within {
                wait(desk, errands, &mut replies, Instant::now() + within);
            }
            replies
        });
        let settled = desk.settle(errands, replies, &trust.trust(), place)?;
        let json = |(errand, settled)| match settled {
            Settled::Failed(failure) => ErrandJson::failed(errand, &failure),
            Settled::Waiting(why) => ErrandJson::waiting(errand, why),
            Settled::Installed(outcome) => ErrandJson::installed(errand, &outcome, keystore),
        };
        Ok(Self { keys: errands.iter().zip(settled).map(json).collect() })
    }

    /// Says what became of each.
    pub(super) fn say(&self, page: &mut Page) {
        for key in &self.keys {
            key.say(page);
        }
    }

    fn count(&self, state: &str) -> usize {
        self.keys.iter().filter(|key| key.state == state).count()
    }
}

impl Report for Errands {
    fn notes(&self, page: &mut Page) {
        if self.keys.is_empty() {
            page.line("No authority has a request: nothing to collect.");
        }
        self.say(page);
    }

    /// 10 when something waits, 11 when a part failed; when all failed, the cause's own where there is one cause.
    fn exit(&self) -> Exit {
        let failed: Vec<_> = self.keys.iter().filter(|key| key.state == "failed").collect();
        match failed.as_slice() {
            [] if self.count("waiting") > 0 => Exit::Waiting,
            [] => Exit::Done,
            failed if failed.len() < self.keys.len() => Exit::PartlyDone,
            [first, others @ ..] if others.iter().all(|other| other.exit == first.exit) => first.exit,
            _ => Exit::Remote,
        }
    }

    fn found(&self) -> Option<Found> {
        let (failed, waiting, all) = (self.count("failed"), self.count("waiting"), self.keys.len());
        let failure = || self.keys.iter().find(|key| key.state == "failed")?.reason.clone();
        match (failed, waiting) {
            (0, 0) => None,
            (0, _) => Some(Found { code: "waiting", message: format!("{waiting} of {all} requests wait") }),
            (1, _) if all == 1 => failure().map(|reason| Found { code: FAILED, message: reason.message }),
            _ => Some(Found { code: FAILED, message: format!("{failed} of {all} requests failed") }),
        }
    }
}

/// Asks again for the replies that are not there, until they are or the time is over.
fn wait(desk: &Desk<'_>, errands: &[Errand], replies: &mut [Result<Reply, Failure>], deadline: Instant) {
    loop {
        let waits =
            |(at, reply): (usize, &Result<Reply, Failure>)| matches!(reply, Ok(Reply::Waiting(_))).then_some(at);
        let waiting: Vec<_> = replies.iter().enumerate().filter_map(waits).collect();
        let pause = |at: &usize| desk.authority(&errands[*at].authority).map(|authority| authority.pause());
        let Some(pause) = waiting.iter().filter_map(|at| pause(at).ok()).min() else { return };
        if !interrupt::rest(pause, deadline) {
            return;
        }
        for at in waiting {
            if let Some(reply) = desk.run(&errands[at..=at]).pop() {
                replies[at] = reply;
            }
        }
    }
}
