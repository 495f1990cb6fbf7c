//! `status`: what is staged, what is due, what is wrong.

use std::collections::BTreeSet;

use super::Error;
use super::commit::{Plan, plan};
use super::list::{Staged, list_server};
use super::publish::{Behind, behind as behind_at, left_over_at};
use super::standing::{self, Look, Standing, staged_pairs, standing};
use super::warning::covers;
use crate::model::{Generation, KeyBrief, NextBrief, ServerStateBrief, State};
use crate::name::{Endpoint, KeyPath, ServerName, ServicePath};
use crate::pki::SubjectAltName;
use crate::store::Snapshot;
use crate::timestamp::Timestamp;

/// Something about a key that a person should see to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Matter {
    /// Its current certificate has expired.
    Expired {
        /// When.
        not_after: Timestamp,
    },
    /// Less than a third of its current certificate's lifetime is left, and no next one is staged.
    Due {
        /// When it ends.
        not_after: Timestamp,
    },
    /// A request was made and its certificate has not come.
    Pending {
        /// When the last request was made.
        since: Timestamp,
    },
    /// The private key in use may be known to somebody else.
    Compromised {
        /// Why it was marked so.
        reason: String,
    },
    /// The private key that comes next may be known to somebody else: it gets no certificate.
    NextCompromised {
        /// Why it was marked so.
        reason: String,
    },
    /// The private key in use is weak.
    Weak {
        /// Why.
        what: String,
    },
    /// It has a private key and no request.
    New,
    /// It has a certificate, committed or staged, and no endpoint.
    Unbound,
    /// An endpoint is bound to it that its certificate's names do not cover.
    NotCovered {
        /// The endpoint.
        endpoint: Endpoint,
    },
}

/// What a key has to be seen to for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Concern {
    /// The key.
    pub key: KeyPath,
    /// What.
    pub matter: Matter,
}

/// The state of the keystore.
#[derive(Clone, Debug)]
pub struct Report {
    /// What a commit would do.
    pub plan: Plan,
    /// What to see to, by key.
    pub concerns: Vec<Concern>,
    /// Endpoints that were committed and are not published.
    pub unpublished: Vec<Behind>,
    /// Endpoints that are free and still have files under `live/`.
    pub left_over: Vec<Endpoint>,
    /// Endpoints whose staged, committed and published certificates are not the same; with [`Look::IntoFiles`] every endpoint
    /// that is bound.
    pub standings: Vec<Standing>,
}

/// Reports what is staged, due and wrong.
///
/// # Errors
/// When the keystore can't be read.
pub fn status(snapshot: &Snapshot<'_>, look: Look, now: Timestamp) -> Result<Report, Error> {
    let mut report = Report {
        plan: plan(snapshot, now)?,
        concerns: Vec::new(),
        unpublished: Vec::new(),
        left_over: Vec::new(),
        standings: Vec::new(),
    };
    let pairs = staged_pairs(&report.plan);
    let staged = Staged::of(snapshot)?;
    let servers: BTreeSet<ServerName> = snapshot.servers()?.into_iter().chain(snapshot.live_servers()?).collect();
    let found = snapshot.each_server(&Vec::from_iter(servers), |server, brief| {
        let left_over = left_over_at(snapshot, server, &brief.state)?;
        let (behind, elsewhere) = unpublished(snapshot, server, &brief.state)?;
        let standings = match look {
            Look::IntoFiles => standing::of_server(snapshot, server, &brief.state, &[], &pairs)?,
            Look::AtGenerations => Vec::new(),
        };
        let services = list_server(server, brief, &staged);
        let keys = services.iter().flat_map(|service| &service.keys);
        let concerns: Vec<_> = keys.flat_map(|key| concerns(key, staged.is_bound(key), now)).collect();
        Ok::<_, Error>((concerns, behind, elsewhere, left_over, standings))
    })?;
    for (concerns, behind, elsewhere, left_over, standings) in found {
        report.standings.extend(standings);
        report.concerns.extend(concerns);
        report.unpublished.extend(behind);
        for Elsewhere { endpoint, key, since } in elsewhere {
            let current = |state: &State| state.current(&key).map(|current| current.since);
            if let Some(current) = snapshot.look(key.server(), current)? {
                report.unpublished.extend(behind_at(snapshot, endpoint, &key, since.max(current))?);
            }
        }
        report.left_over.extend(left_over);
    }
    report.unpublished.sort_by(|a, b| a.endpoint.cmp(&b.endpoint));
    // those of which it is known that they differ, and that were not looked at above
    let behind = report.unpublished.iter().map(|behind| &behind.endpoint);
    let mut differing: BTreeSet<&Endpoint> = pairs.keys().chain(behind).collect();
    for standing in &report.standings {
        differing.remove(&standing.endpoint);
    }
    let differing = differing.into_iter().map(|endpoint| standing(snapshot, endpoint, &pairs, look));
    let differing = differing.collect::<Result<Vec<_>, _>>()?;
    report.standings.extend(differing);
    report.standings.sort_by(|a, b| a.endpoint.cmp(&b.endpoint));
    Ok(report)
}

/// An endpoint that is bound to a key of another server, of which its own does not tell.
struct Elsewhere {
    endpoint: Endpoint,
    key: KeyPath,
    /// The generation that bound it, or said how its service is published to.
    since: Generation,
}

/// The endpoints of a server that were committed and are not published, and those that others have to tell of.
fn unpublished(
    snapshot: &Snapshot<'_>,
    server: &ServerName,
    state: &ServerStateBrief<'_>,
) -> Result<(Vec<Behind>, Vec<Elsewhere>), Error> {
    let (mut behind, mut elsewhere) = (Vec::new(), Vec::new());
    for (protocol, service) in &state.services {
        for (address, binding) in &service.bindings {
            let path = ServicePath { server: server.clone(), protocol: protocol.clone() };
            let endpoint = Endpoint { service: path, address: *address };
            let KeyPath { service: ServicePath { server: of, protocol }, name } = &binding.key;
            let from = |current| service.to_be_published_from(binding, current);
            if of != server {
                elsewhere.push(Elsewhere { endpoint, key: binding.key.clone(), since: from(Generation::EMPTY) });
            } else if let Some(since) = state.services.get(protocol).and_then(|keys| keys.keys.get(name)?.since()) {
                behind.extend(behind_at(snapshot, endpoint, &binding.key, from(since))?);
            }
        }
    }
    Ok((behind, elsewhere))
}

fn concerns(key: &KeyBrief<'_>, bound: bool, now: Timestamp) -> Vec<Concern> {
    let mut matters = Vec::new();
    let summary = key.current.as_ref().map(|(_, current)| &current.installed.summary);
    let replaced = matches!(key.next, Some(NextBrief::Installed(..)));
    match summary {
        Some(summary) if summary.not_after < now => matters.push(Matter::Expired { not_after: summary.not_after }),
        Some(summary) if summary.is_due(now) && !replaced => {
            matters.push(Matter::Due { not_after: summary.not_after });
        }
        _ => {}
    }
    if let Some(mark) = key.upcoming().and_then(|version| version.compromised.as_ref()) {
        matters.push(Matter::Compromised { reason: mark.reason.to_string() });
    }
    let coming = match &key.next {
        Some(NextBrief::New(version) | NextBrief::Pending { version, .. }) => Some(version),
        Some(NextBrief::Installed(..)) | None => None,
    };
    if let Some(version) = key.upcoming().or(coming).filter(|version| !version.weaknesses.is_empty()) {
        let what: Vec<String> = version.weaknesses.iter().map(ToString::to_string).collect();
        matters.push(Matter::Weak { what: what.join("; ") });
    }
    matters.extend(of_next(key));
    if key.has_upcoming && !bound {
        matters.push(Matter::Unbound);
    }
    // of what is staged a commit's plan tells
    if let Some(summary) = summary.filter(|_| !replaced && !key.bound.is_empty()) {
        let names: Vec<SubjectAltName> = summary.names.iter().filter_map(|name| name.as_str().parse().ok()).collect();
        let uncovered = key.bound.iter().filter(|endpoint| !covers(&names, endpoint));
        matters.extend(uncovered.map(|endpoint| Matter::NotCovered { endpoint: endpoint.clone() }));
    }
    matters.into_iter().map(|matter| Concern { key: key.path.clone(), matter }).collect()
}

/// What is to be seen to about the version that comes next.
fn of_next(key: &KeyBrief<'_>) -> Option<Matter> {
    let (version, reused) = match &key.next {
        Some(NextBrief::New(version)) => (version, false),
        Some(NextBrief::Pending { version, reused }) => (version, *reused),
        Some(NextBrief::Installed(..)) | None => return None,
    };
    match &version.compromised {
        // of the private key in use it is said already
        Some(mark) if !reused => Some(Matter::NextCompromised { reason: mark.reason.to_string() }),
        _ if version.requests.count == 0 => Some(Matter::New),
        _ => version.requests.last.map(|since| Matter::Pending { since }),
    }
}
