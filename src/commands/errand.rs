//! What `submit`, `collect` and `renew` share: requests at authorities, and the installing of replies.

use keystore::change::Stage;
use keystore::ops::install_cert::{self, Input};
use keystore::store::Keystore;
use serde::Serialize;

use super::trust::Resolved;
use crate::authority::{Desk, Errand, Reply};
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{CertificateJson, CodedJson, Found, Page, Problem as _, coded, style, until};

/// Where replies are installed.
pub(super) enum Place {
    /// In what administrators have staged.
    Stage,
    /// In changes that go into a commit of their own.
    Apart(Stage),
}

impl Place {
    fn install(
        &mut self,
        keystore: &Keystore,
        errand: &Errand,
        inputs: &[Input],
        trust: &Resolved,
    ) -> Result<install_cert::Outcome, Failure> {
        let key = &errand.waiting.key;
        match self {
            Self::Stage => Ok(install_cert::install_cert(keystore, key, inputs, &trust.trust())?),
            Self::Apart(stage) => {
                let (outcome, changed) =
                    install_cert::install_apart(keystore, stage.clone(), key, inputs, &trust.trust())?;
                *stage = changed;
                Ok(outcome)
            }
        }
    }
}

/// What became of one request.
#[derive(Serialize)]
pub(super) struct ErrandJson {
    pub(super) key: String,
    authority: String,
    /// `installed`, `waiting` or `failed`.
    pub(super) state: &'static str,
    version: u32,
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
    fn of(errand: &Errand, state: &'static str, exit: Exit) -> Self {
        Self {
            key: errand.waiting.key.to_string(),
            authority: errand.authority.to_string(),
            state,
            version: errand.waiting.version.0,
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
        let Self { key, authority, ticket, .. } = self;
        let ticket = ticket.as_ref().map(|ticket| format!(" ({ticket})")).unwrap_or_default();
        match (self.state, &self.reason) {
            ("waiting", Some(reason)) => {
                page.tagged(style::WARN, "waiting:", format_args!("{key} at {authority}{ticket}: {}", reason.message))
            }
            (_, Some(reason)) => page.tagged(style::BAD, "failed:", format_args!("{key}: {}", reason.message)),
            _ => page.tagged(style::GOOD, "installed:", format_args!("{key} by {authority}, {}", self.validity)),
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
pub(super) struct Errands {
    pub(super) keys: Vec<ErrandJson>,
}

impl Errands {
    /// Takes requests to their authorities and installs the replies that come back.
    pub(super) fn run(
        keystore: &Keystore,
        errands: &[Errand],
        within: Option<std::time::Duration>,
        trust: &Resolved,
        place: &mut Place,
    ) -> Result<Self, Failure> {
        let desk = Desk::open(keystore)?;
        let mut keys = Vec::new();
        for (errand, reply) in errands.iter().zip(desk.run(errands, within)) {
            keys.push(match reply {
                Err(failure) => ErrandJson::failed(errand, &failure),
                Ok(Reply::Waiting(message)) => ErrandJson::waiting(errand, message),
                Ok(Reply::Issued(inputs)) => match place.install(keystore, errand, &inputs, trust) {
                    Ok(outcome) => ErrandJson::installed(errand, &outcome, keystore),
                    Err(failure) => {
                        desk.refuse(errand, &failure)?;
                        ErrandJson::failed(errand, &failure)
                    }
                },
            });
        }
        Ok(Self { keys })
    }

    pub(super) fn say(&self, page: &mut Page) {
        for key in &self.keys {
            key.say(page);
        }
    }

    fn count(&self, state: &str) -> usize {
        self.keys.iter().filter(|key| key.state == state).count()
    }

    /// 10 when something waits, 11 when a part failed; when all failed, the cause's own where there is one cause.
    pub(super) fn exit(&self) -> Exit {
        let failed: Vec<_> = self.keys.iter().filter(|key| key.state == "failed").collect();
        match failed.as_slice() {
            [] if self.count("waiting") > 0 => Exit::Waiting,
            [] => Exit::Done,
            failed if failed.len() < self.keys.len() => Exit::PartlyDone,
            [first, others @ ..] if others.iter().all(|other| other.exit == first.exit) => first.exit,
            _ => Exit::Remote,
        }
    }

    pub(super) fn found(&self) -> Option<Found> {
        let (failed, waiting, all) = (self.count("failed"), self.count("waiting"), self.keys.len());
        let failure = || self.keys.iter().find(|key| key.state == "failed")?.reason.clone();
        match (failed, waiting) {
            (0, 0) => None,
            (0, _) => Some(Found { code: "waiting", message: format!("{waiting} of {all} requests wait") }),
            (1, _) if all == 1 => failure().map(|CodedJson { code, message }| Found { code, message }),
            _ => Some(Found { code: "requests-failed", message: format!("{failed} of {all} requests failed") }),
        }
    }
}
