//! What endpoints really serve, beside what is committed for them: for `check`, and for `status --live`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use keystore::model::Installed;
use keystore::name::{Address, Endpoint, Host, ProbeUrl, ServicePath};
use keystore::ops::probe::{self as op, Expected, Judged};
use keystore::ops::standing::{Found, Standing};
use keystore::pki::CertificateError;
use keystore::progress::Progress as _;
use keystore::store::Snapshot;
use keystore::timestamp::Timestamp;
use serde::Serialize;

use super::trust::Resolved;
use crate::context::Context;
use crate::error::Failure;
use crate::output::CodedJson;
use crate::probe::{self, Fault};
use crate::publish::{Door, Service};

/// Looks at every target, several at a time, and shows how far that has come where there are many.
pub(super) fn look_at_each<T: Sync, R: Send>(
    context: &Context,
    targets: &[T],
    look: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    const MANY: usize = 5;
    let bar = context.progress();
    if targets.len() >= MANY {
        bar.begin("probing", u64::try_from(targets.len()).unwrap_or(u64::MAX));
    }
    probe::each(targets, |target| {
        let seen = look(target);
        bar.advance(1);
        seen
    })
}

/// What was seen at one door of an endpoint.
pub(super) struct Live {
    pub(super) door: Door,
    /// The host that was asked for.
    pub(super) name: Host,
    pub(super) seen: Result<Result<Box<Judged>, CertificateError>, Fault>,
}

/// One door to be looked at.
struct Target<'a> {
    standing: &'a Standing,
    door: Door,
    name: Host,
    expected: Expected,
}

/// How to look.
pub(super) struct Eye<'a> {
    pub(super) context: &'a Context,
    pub(super) trust: &'a Resolved,
    pub(super) within: Duration,
}

impl Eye<'_> {
    /// Looks at every door of every endpoint, many at a time, and sorts what is seen by endpoint.
    pub(super) fn look(
        &self,
        snapshot: &Snapshot<'_>,
        standings: &[Standing],
    ) -> Result<BTreeMap<Endpoint, Vec<Live>>, Failure> {
        let targets = targets(snapshot, standings)?;
        let now = self.context.world().now();
        let seen = look_at_each(self.context, &targets, |target| self.one(target, now));
        let mut live: BTreeMap<Endpoint, Vec<Live>> = BTreeMap::new();
        for (Target { standing, door, name, .. }, seen) in targets.into_iter().zip(seen) {
            live.entry(standing.endpoint.clone()).or_default().push(Live { door, name, seen });
        }
        Ok(live)
    }

    fn one(&self, target: &Target<'_>, now: Timestamp) -> Result<Result<Box<Judged>, CertificateError>, Fault> {
        let observed = probe::handshake(&target.door.url, Some(&target.name), self.within)?;
        let question = op::Question {
            sent: &observed.chain,
            staple: observed.staple.as_deref(),
            host: &target.name,
            expected: Some(&target.expected),
            trust: self.trust.trust(),
        };
        Ok(op::judge(&question, now).map(Box::new))
    }
}

/// The doors of endpoints: those that a publication proves at, and the addresses of endpoints that have one. Where `default`
/// listens, nobody knows unless it was said.
fn targets<'a>(snapshot: &Snapshot<'_>, standings: &'a [Standing]) -> Result<Vec<Target<'a>>, Failure> {
    let mut of_service: BTreeMap<&ServicePath, Vec<Endpoint>> = BTreeMap::new();
    for standing in standings {
        of_service.entry(&standing.endpoint.service).or_default().push(standing.endpoint.clone());
    }
    let mut services = BTreeMap::new();
    for path in of_service.keys() {
        let settings = snapshot.committed_settings(path)?;
        services.insert(*path, settings.map(|settings| Service::new(ServicePath::clone(path), settings)));
    }
    let mut targets = Vec::new();
    for standing in standings.iter().filter(|standing| standing.committed.is_some()) {
        let Standing { endpoint, .. } = standing;
        let service = services.get(&endpoint.service).and_then(Option::as_ref);
        let siblings = of_service.get(&endpoint.service).map(Vec::as_slice).unwrap_or_default();
        let mut doors = service.map(|service| service.doors(endpoint, siblings)).unwrap_or_default();
        if doors.is_empty() && endpoint.address != Address::Default {
            doors.extend(ProbeUrl::of_endpoint(endpoint).map(|url| Door { url, said: true }));
        }
        let mut seen = BTreeSet::new();
        doors.retain(|door| seen.insert(door.url.to_string()));
        if doors.is_empty() {
            continue;
        }
        let Some(expected) = expected(snapshot, standing)? else { continue };
        let hosts = expected.hosts();
        let name = match service {
            Some(service) => service.name(&hosts),
            None => hosts.first().cloned(),
        };
        for door in doors {
            let name = name.clone().unwrap_or_else(|| door.url.host().clone());
            targets.push(Target { standing, door, name, expected: expected.clone() });
        }
    }
    Ok(targets)
}

/// The certificate that is committed, with its chain.
fn expected(snapshot: &Snapshot<'_>, standing: &Standing) -> Result<Option<Expected>, Failure> {
    let Some(committed) = &standing.committed else { return Ok(None) };
    let key = &committed.pair.key;
    let installed: Option<Installed> =
        snapshot.look(key.server(), |state| state.current(key).map(|current| current.installed.clone()))?;
    Ok(installed.map(|installed| Expected::of(snapshot, key, &installed)).transpose()?)
}

/// What was seen at one door, for programs.
#[derive(Serialize)]
pub(crate) struct LiveJson {
    pub(crate) url: String,
    name: String,
    pub(crate) state: &'static str,
    pub(crate) sha256: Option<String>,
    pub(crate) not_after: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<CodedJson>,
}

impl Live {
    /// What is served, where anything is.
    pub(super) fn found(&self) -> Option<Found> {
        let judged = self.seen.as_ref().ok()?.as_ref().ok()?;
        Some(Found::of(&judged.leaf))
    }

    /// Whether it is the certificate that is committed.
    pub(super) fn is_committed(&self) -> bool {
        matches!(&self.seen, Ok(Ok(judged)) if judged.comparison == Some(op::Comparison::Same))
    }

    /// Nobody listens at the usual place, of which nobody said that somebody does.
    pub(super) fn is_nobody(&self) -> bool {
        !self.door.said && matches!(self.seen, Err(Fault::Refused { .. } | Fault::NotResolved { .. }))
    }

    pub(super) fn json(&self) -> LiveJson {
        let found = self.found();
        let (state, fault) = match &self.seen {
            Ok(Ok(judged)) => (judged.comparison.map_or("wrong", op::Comparison::as_str), None),
            Ok(Err(error)) => {
                let coded = CodedJson { code: "unreadable-certificate", message: error.to_string() };
                ("unreadable", Some(coded))
            }
            Err(fault) => {
                let coded = CodedJson { code: fault.code(), message: fault.to_string() };
                (if self.is_nobody() { "nobody-there" } else { "unreachable" }, Some(coded))
            }
        };
        LiveJson {
            url: self.door.url.to_string(),
            name: self.name.to_string(),
            state,
            sha256: found.map(|found| found.fingerprint.to_string()),
            not_after: found.map(|found| found.validity.not_after),
            fault,
        }
    }
}

impl LiveJson {
    /// What is served, in a line.
    pub(super) fn line(&self) -> String {
        let end = self.not_after.map(|end| format!(", until {}", end.date())).unwrap_or_default();
        let what = match (self.state, &self.fault) {
            ("same", _) => "as committed".to_owned(),
            ("old", _) => "an earlier certificate of the key".to_owned(),
            ("newer", _) => "a later certificate of the key".to_owned(),
            ("wrong", _) => "a certificate that is not of the key".to_owned(),
            (_, Some(fault)) => fault.message.clone(),
            (other, None) => other.to_owned(),
        };
        format!("{}: {what}{end}", self.url)
    }
}
