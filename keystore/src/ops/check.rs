//! `check`: one verdict for monitoring. What the keystore holds is looked at here; what services really serve is seen by
//! the front of the house and judged by [`served`].

mod finding;
mod limits;

use std::collections::BTreeSet;

use time::Duration;

use super::commit::plan;
use super::list::{Staged, list_server};
use super::probe::{self, ChainFinding, Comparison, Judged};
use super::standing::{self, FileState, Found, StagedPairs, Standing, Validity, staged_pairs};
use super::{Error, list};
use crate::model::{KeyBrief, NextBrief};
use crate::name::{Endpoint, KeyPath, ServerName, ServicePath};
use crate::store::{Attempt, AttemptOutcome, FailedAttempt, Snapshot};
use crate::timestamp::Timestamp;

pub use finding::{Finding, Matter, Severity, Source, span};
pub use limits::{Limits, Share, Threshold, ThresholdError};

/// How long changes may be staged before they are spoken of.
const FORGOTTEN: Duration = Duration::DAY;

/// The certificate that a key runs on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// The key.
    pub key: KeyPath,
    /// How long it is good.
    pub validity: Validity,
    /// Whether anything is bound to the key.
    pub is_bound: bool,
}

/// What was found without a connection.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Findings, in no order.
    pub findings: Vec<Finding>,
    /// Every endpoint that is bound, in order.
    pub standings: Vec<Standing>,
    /// Every certificate that a key runs on, by key.
    pub stored: Vec<Stored>,
}

/// Looks at the certificates of keys, at what lies in the folders of endpoints and at how publishing went: of these
/// services and the keys that they are bound to, or of all when none is named.
///
/// # Errors
/// When the keystore can't be read, or there is nothing of a named service.
pub fn check(
    snapshot: &Snapshot<'_>,
    services: &[ServicePath],
    limits: &Limits,
    now: Timestamp,
) -> Result<Report, Error> {
    let look = Look { snapshot, services, limits, now, listed: Staged::of(snapshot)? };
    let staged = staged_pairs(&plan(snapshot, now)?);
    let mut report = Report::default();
    let servers: BTreeSet<ServerName> = match services {
        [] => snapshot.servers()?,
        named => named.iter().map(|service| service.server.clone()).collect(),
    };
    look.add(&servers, Some(&staged), &|_| services.is_empty(), &mut report)?;
    if let Some(missing) = services.iter().find(|service| !look.has_anything(&report, service)) {
        return Err(Error::NothingThere { place: missing.to_string() });
    }
    // keys that named services are bound to, wherever they are
    let bound = report.standings.iter().filter_map(|standing| Some(standing.committed.as_ref()?.pair.key.clone()));
    let known: BTreeSet<&KeyPath> = report.stored.iter().map(|stored| &stored.key).collect();
    let elsewhere: BTreeSet<KeyPath> = bound.filter(|key| !known.contains(key)).collect();
    let servers = elsewhere.iter().map(|key| key.server().clone()).collect();
    look.add(&servers, None, &|key| elsewhere.contains(key), &mut report)?;
    report.stored.sort_by(|a, b| a.key.cmp(&b.key));
    report.findings.extend(report.standings.iter().flat_map(|standing| of_standing(standing, limits, now)));
    report.findings.extend(look.publishing()?);
    Ok(report)
}

struct Look<'a> {
    snapshot: &'a Snapshot<'a>,
    services: &'a [ServicePath],
    limits: &'a Limits,
    now: Timestamp,
    listed: Staged,
}

impl Look<'_> {
    /// Looks at servers: with what is staged at their endpoints, and at the keys of the named services and those of
    /// which `too` says so.
    fn add(
        &self,
        servers: &BTreeSet<ServerName>,
        staged: Option<&StagedPairs>,
        too: &(dyn Fn(&KeyPath) -> bool + Sync),
        report: &mut Report,
    ) -> Result<(), Error> {
        let servers = Vec::from_iter(servers.iter().cloned());
        let found = self.snapshot.each_server(&servers, |server, brief| {
            let standings = match staged {
                Some(staged) => standing::of_server(self.snapshot, server, &brief.state, self.services, staged)?,
                None => Vec::new(),
            };
            let listed = list_server(server, brief, &self.listed);
            let is_wanted = |key: &KeyPath| match staged {
                Some(_) => too(key) || self.services.contains(&key.service),
                None => too(key),
            };
            let keys = listed.iter().flat_map(|service| &service.keys).filter(|key| is_wanted(&key.path));
            let (mut findings, mut stored) = (Vec::new(), Vec::new());
            for key in keys {
                stored.extend(stored_of(key));
                findings.extend(of_key(key, self.limits, self.now));
            }
            Ok::<_, Error>((standings, stored, findings))
        })?;
        for (standings, stored, findings) in found {
            report.standings.extend(standings);
            report.stored.extend(stored);
            report.findings.extend(findings);
        }
        Ok(())
    }

    /// Whether a service has an endpoint that is bound or a key.
    fn has_anything(&self, report: &Report, service: &ServicePath) -> bool {
        report.standings.iter().any(|standing| standing.endpoint.service == *service)
            || list::list(self.snapshot, &list::Scope::Service(service.clone()), |_, _| ()).is_ok()
    }

    /// How publishing went, whom nobody has told yet, and what waits for a commit.
    fn publishing(&self) -> Result<Vec<Finding>, Error> {
        let is_wanted = |service: &ServicePath| self.services.is_empty() || self.services.contains(service);
        let FailedAttempt { attempt, damaged } = self.snapshot.failed_attempt()?;
        let mut findings = attempt.map(|attempt| of_attempt(&attempt)).unwrap_or_default();
        findings.retain(|finding| finding.service.as_ref().is_none_or(is_wanted));
        let untold = |path| Finding::of_service(Severity::Warning, None, Matter::AttemptDamaged { path });
        findings.extend(damaged.into_iter().map(untold));
        let owed = self.snapshot.to_be_told()?;
        let tell = |service| Finding::of_service(Severity::Warning, Some(service), Matter::ToBeTold);
        findings.extend(owed.iter().filter(|service| is_wanted(service)).map(tell));
        let sets = &self.snapshot.stage().sets;
        let forgotten = sets.iter().filter(|set| !set.changes.is_empty() && self.now.since(set.since) > FORGOTTEN);
        let (changes, since) =
            forgotten.fold((0, self.now), |(changes, since), set| (changes + set.changes.len(), since.min(set.since)));
        if changes > 0 {
            findings.push(Finding::of_service(Severity::Note, None, Matter::Staged { changes, since }));
        }
        Ok(findings)
    }
}

fn validity_of(key: &KeyBrief<'_>) -> Option<Validity> {
    Some(Validity::from(&key.current.as_ref()?.1.installed.summary))
}

fn stored_of(key: &KeyBrief<'_>) -> Option<Stored> {
    Some(Stored { key: key.path.clone(), validity: validity_of(key)?, is_bound: !key.bound.is_empty() })
}

/// What is to be said of the certificate that a key runs on. Nobody is woken for one that nothing serves.
fn of_key(key: &KeyBrief<'_>, limits: &Limits, now: Timestamp) -> Vec<Finding> {
    let Some(validity) = validity_of(key) else { return Vec::new() };
    let level = |severity| if key.bound.is_empty() { Severity::Note } else { severity };
    let mut findings = Vec::new();
    if let Some(severity) = limits.severity(validity, now) {
        let has_successor = matches!(key.next, Some(NextBrief::Installed(..)));
        let matter = Matter::Expiry { source: Source::Stored, validity, now, has_successor };
        findings.push(Finding::of_key(level(severity), &key.path, matter));
    }
    if validity.not_before > now {
        let matter = Matter::NotYetValid { not_before: validity.not_before };
        findings.push(Finding::of_key(level(Severity::Critical), &key.path, matter));
    }
    let version = key.current.as_ref().and_then(|(version, _)| version.as_ref());
    if let Some(mark) = version.and_then(|version| version.compromised.as_ref()) {
        let matter = Matter::Compromised { reason: mark.reason.to_string() };
        findings.push(Finding::of_key(level(Severity::Critical), &key.path, matter));
    }
    findings
}

/// What is to be said of the folder of an endpoint. The certificate in it is spoken of where it is another than the one
/// that is committed: of that, its key tells.
fn of_standing(standing: &Standing, limits: &Limits, now: Timestamp) -> Vec<Finding> {
    let Some(committed) = &standing.committed else { return Vec::new() };
    let finding = |severity, matter| Finding::of_endpoint(severity, &committed.pair.key, &standing.endpoint, matter);
    let unpublished =
        |published| finding(Severity::Warning, Matter::Unpublished { committed: committed.generation, published });
    let Some(published) = &standing.published else { return vec![unpublished(None)] };
    let generation = published.generation;
    let mut findings = match published.state {
        FileState::Same => return Vec::new(),
        FileState::Behind => vec![unpublished(Some(generation))],
        FileState::Ahead => vec![finding(Severity::Warning, Matter::Unrecorded { published: generation })],
        FileState::Differs => vec![finding(Severity::Critical, Matter::FilesDiffer)],
    };
    let other = published.certificate.filter(|found| found.fingerprint != committed.pair.fingerprint);
    if let Some(Found { validity, .. }) = other
        && let Some(severity) = limits.severity(validity, now)
    {
        let matter = Matter::Expiry { source: Source::Published, validity, now, has_successor: false };
        findings.push(finding(severity, matter));
    }
    findings
}

/// What is to be said of an attempt to publish that failed: of each service, what failed first.
fn of_attempt(attempt: &Attempt) -> Vec<Finding> {
    let severity = match attempt.outcome {
        AttemptOutcome::UndoIncomplete => Severity::Critical,
        AttemptOutcome::Published | AttemptOutcome::PartlyPublished | AttemptOutcome::Undone => Severity::Warning,
    };
    let matter = |phase| Matter::PublicationFailed {
        generation: attempt.generation,
        time: attempt.time,
        outcome: attempt.outcome,
        phase,
    };
    let mut findings = Vec::new();
    for service in &attempt.services {
        if let Some(failed) = service.phases.iter().find(|did| did.has_failed()) {
            let phase = Some((failed.phase, failed.message.as_deref().map(in_one_line)));
            findings.push(Finding::of_service(severity, Some(&service.service), matter(phase)));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::of_service(severity, None, matter(None)));
    }
    findings
}

/// What was said, in one line that is not too long: programs say more, and `status` shows all of it.
fn in_one_line(said: &str) -> String {
    const LONGEST: usize = 200;
    let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}...", &line[..at]),
        None => line,
    }
}

/// What is to be said of what an endpoint serves at a URL. Where it is the certificate that is committed, its key tells when
/// that ends.
#[must_use]
pub fn served(
    key: &KeyPath,
    endpoint: &Endpoint,
    url: &str,
    judged: &Judged,
    limits: &Limits,
    now: Timestamp,
) -> Vec<Finding> {
    let is_committed = judged.comparison == Some(Comparison::Same);
    let finding = |severity, matter| Finding::of_endpoint(severity, key, endpoint, matter);
    let mut findings = Vec::new();
    for one in &judged.findings {
        let severity = match one {
            // told below, by the limits, or by its key
            probe::Finding::Due { .. } => continue,
            probe::Finding::Chain(ChainFinding::Expired { subject, .. }) if subject == judged.leaf.subject() => {
                continue;
            }
            probe::Finding::Chain(ChainFinding::NotYetValid { subject, .. })
                if is_committed && subject == judged.leaf.subject() =>
            {
                continue;
            }
            // clients are content for now
            probe::Finding::Old { .. } | probe::Finding::Newer { .. } => Severity::Warning,
            probe::Finding::StapleUnknown | probe::Finding::StapleStale { .. } => Severity::Warning,
            fault if fault.is_fault() => Severity::Critical,
            _ => Severity::Note,
        };
        findings.push(finding(severity, Matter::Served { url: url.to_owned(), finding: one.clone() }));
    }
    let validity = Validity::from(&judged.leaf);
    if let Some(severity) = limits.severity(validity, now).filter(|_| !is_committed) {
        let matter = Matter::Expiry { source: Source::Live, validity, now, has_successor: false };
        findings.push(finding(severity, matter));
    }
    findings
}

/// The worst of what was found; none when there is nothing that anybody needs to be told.
#[must_use]
pub fn verdict(findings: &[Finding]) -> Option<Severity> {
    findings.iter().map(|finding| finding.severity).max().filter(|severity| *severity > Severity::Note)
}

/// Puts what is worst first, and else in the order of what it is about.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by_cached_key(|finding| {
        let about = (finding.endpoint.clone(), finding.key.clone(), finding.service.clone());
        (std::cmp::Reverse(finding.severity), about, finding.matter.code())
    });
}

#[cfg(test)]
mod tests;
