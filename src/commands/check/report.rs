//! What was found: for people, and for programs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use keystore::name::Endpoint;
use keystore::ops::check::{Finding, Severity, Source, Stored, span, verdict};
use keystore::ops::standing::{FileState, Standing, Validity};
use keystore::timestamp::Timestamp;
use serde::{Serialize, Serializer};

use crate::commands::live::Live;
use crate::commands::standing::StandingJson;
use crate::exit::Exit;
use crate::output::{Found, Page, Report, style};

/// What was looked at, and what was found.
pub(crate) struct Outcome {
    /// The worst first.
    pub(super) findings: Vec<Finding>,
    pub(super) standings: Vec<Standing>,
    pub(super) stored: Vec<Stored>,
    /// None where nobody connected.
    pub(super) live: Option<BTreeMap<Endpoint, Vec<Live>>>,
    pub(super) now: Timestamp,
    pub(super) roots: Option<(&'static str, Option<String>)>,
    /// The file that metrics were written to.
    pub(super) metrics: Option<PathBuf>,
}

/// The certificate that ends before all others in use.
pub(super) struct First {
    /// The key, or the endpoint.
    pub(super) of: String,
    pub(super) source: Source,
    pub(super) not_after: Timestamp,
}

impl Outcome {
    /// What was seen of an endpoint.
    pub(super) fn live_of(&self, endpoint: &Endpoint) -> Option<&[Live]> {
        let live = self.live.as_ref()?;
        Some(live.get(endpoint).map(Vec::as_slice).unwrap_or_default())
    }

    /// Every certificate in use, with where it was found: those that keys run on which are bound, and of endpoints those that
    /// are published and served in place of it.
    pub(super) fn first(&self) -> Option<First> {
        let stored = self.stored.iter().filter(|stored| stored.is_bound);
        let stored = stored.map(|stored| (stored.validity, Source::Stored, stored.key.to_string()));
        let of_endpoint = |standing: &Standing| {
            let on_disk = standing.published.as_ref().filter(|on_disk| on_disk.state != FileState::Same);
            let published = on_disk.and_then(|on_disk| Some((on_disk.certificate?.validity, Source::Published)));
            let live = self.live_of(&standing.endpoint).unwrap_or_default().iter();
            let live = live.filter(|live| !live.is_committed()).filter_map(Live::found);
            let live = live.map(|found| (found.validity, Source::Live));
            let of = standing.endpoint.to_string();
            published.into_iter().chain(live).map(move |(validity, source)| (validity, source, of.clone())).collect()
        };
        let others =
            self.standings.iter().flat_map(|standing| -> Vec<(Validity, Source, String)> { of_endpoint(standing) });
        let first = stored.chain(others).min_by_key(|(validity, source, _)| (validity.not_after, *source));
        first.map(|(validity, source, of)| First { of, source, not_after: validity.not_after })
    }

    pub(super) fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// `ok`, or the worst of what was found.
    pub(super) fn verdict(&self) -> &'static str {
        verdict(&self.findings).map_or("ok", Severity::as_str)
    }

    /// How much was looked at, and what ends first.
    pub(super) fn summary(&self) -> String {
        let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let all =
            format!("{} and {}", count(self.standings.len(), "endpoint"), count(self.stored.len(), "certificate"));
        match self.first() {
            None => format!("{all}, none in use"),
            Some(First { of, not_after, .. }) if not_after < self.now => {
                format!("{all}; the first expired {} ago, {not_after} ({of})", span(self.now.since(not_after)))
            }
            Some(First { of, not_after, .. }) => {
                format!("{all}; the first expires in {}, {not_after} ({of})", span(not_after.since(self.now)))
            }
        }
    }
}

#[derive(Serialize)]
struct FindingJson {
    severity: &'static str,
    code: &'static str,
    key: Option<String>,
    endpoint: Option<String>,
    service: Option<String>,
    message: String,
}

#[derive(Serialize)]
struct FirstJson {
    of: String,
    source: &'static str,
    not_after: Timestamp,
}

#[derive(Serialize)]
struct OutcomeJson {
    verdict: &'static str,
    findings: Vec<FindingJson>,
    endpoints: Vec<StandingJson>,
    certificates: usize,
    first_expiry: Option<FirstJson>,
    probed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    roots: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roots_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prometheus: Option<String>,
}

impl FindingJson {
    fn of(finding: &Finding) -> Self {
        Self {
            severity: finding.severity.as_str(),
            code: finding.matter.code(),
            key: finding.key.as_ref().map(ToString::to_string),
            endpoint: finding.endpoint.as_ref().map(ToString::to_string),
            service: finding.service.as_ref().map(ToString::to_string),
            message: finding.matter.to_string(),
        }
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let standing = |standing: &Standing| StandingJson::of(standing, self.live_of(&standing.endpoint));
        let first = |First { of, source, not_after }| FirstJson { of, source: source.as_str(), not_after };
        let json = OutcomeJson {
            verdict: self.verdict(),
            findings: self.findings.iter().map(FindingJson::of).collect(),
            endpoints: self.standings.iter().map(standing).collect(),
            certificates: self.stored.len(),
            first_expiry: self.first().map(first),
            probed: self.live.is_some(),
            roots: self.roots.as_ref().map(|(roots, _)| *roots),
            roots_file: self.roots.as_ref().and_then(|(_, file)| file.clone()),
            prometheus: self.metrics.as_ref().map(|file| file.display().to_string()),
        };
        json.serialize(serializer)
    }
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        if self.metrics.is_some() {
            return;
        }
        for finding in &self.findings {
            let style = match finding.severity {
                Severity::Critical | Severity::Unknown => style::BAD,
                Severity::Warning => style::WARN,
                Severity::Note => style::PLAIN,
            };
            page.tagged(style, &format!("{}:", finding.severity.as_str()), finding);
        }
        let style = match verdict(&self.findings) {
            None => style::GOOD,
            Some(Severity::Warning) => style::WARN,
            Some(_) => style::BAD,
        };
        page.tagged(style, &format!("{}:", self.verdict().to_uppercase()), self.summary());
    }

    fn notes(&self, page: &mut Page) {
        if let Some(file) = &self.metrics {
            page.line(format_args!("Wrote {}. {}: {}", file.display(), self.verdict().to_uppercase(), self.summary()));
        }
    }

    fn exit(&self) -> Exit {
        match verdict(&self.findings) {
            Some(_) if self.metrics.is_none() => Exit::Findings,
            _ => Exit::Done,
        }
    }

    fn found(&self) -> Option<Found> {
        if self.exit() == Exit::Done {
            return None;
        }
        let told = self.findings.iter().filter(|finding| finding.severity > Severity::Note);
        let messages: Vec<_> = told.map(ToString::to_string).collect();
        Some(Found { code: "findings", message: messages.join("; ") })
    }
}
