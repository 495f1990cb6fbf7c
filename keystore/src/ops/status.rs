//! `status`: what is staged, what is due, what is wrong.

use super::Error;
use super::commit::{Plan, plan};
use super::list::{ListedService, Scope, list};
use super::publish::{Unpublished, left_over, unpublished};
use crate::model::{CertificateSummary, KeyView, Next};
use crate::name::{Endpoint, KeyPath};
use crate::store::Snapshot;
use crate::timestamp::Timestamp;

/// Something about a key that a person should see to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Matter {
    /// Its current certificate has expired.
    Expired(CertificateSummary),
    /// Less than a third of its current certificate's lifetime is left, and no next one is staged.
    Due(CertificateSummary),
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
    /// It has a private key and no request.
    New,
    /// It has a certificate, committed or staged, and no endpoint.
    Unbound,
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
    pub unpublished: Vec<Unpublished>,
    /// Endpoints that are free and still have files under `live/`.
    pub left_over: Vec<Endpoint>,
}

/// Reports what is staged, due and wrong.
///
/// # Errors
/// When the keystore can't be read.
pub fn status(snapshot: &Snapshot<'_>, now: Timestamp) -> Result<Report, Error> {
    let plan = plan(snapshot, now)?;
    let services = list(snapshot, &Scope::All)?;
    let upcoming: std::collections::BTreeSet<&KeyPath> = services.iter().flat_map(bound_keys).collect();
    let views = services.iter().flat_map(|service| &service.keys);
    let concerns = views.flat_map(|view| concerns(view, upcoming.contains(&view.path), now)).collect();
    let (unpublished, left_over) = (unpublished(snapshot, &[])?, left_over(snapshot)?);
    Ok(Report { plan, concerns, unpublished, left_over })
}

fn bound_keys(service: &ListedService) -> impl Iterator<Item = &KeyPath> {
    service.bindings.values().filter_map(|binding| binding.upcoming.as_ref())
}

fn concerns(view: &KeyView, bound: bool, now: Timestamp) -> Vec<Concern> {
    let mut matters = Vec::new();
    let summary = view.current.as_ref().map(|current| &current.installed.summary);
    let replaced = matches!(view.next, Some(Next::Installed(_)));
    match summary {
        Some(summary) if summary.not_after < now => matters.push(Matter::Expired(summary.clone())),
        Some(summary) if summary.is_due(now) && !replaced => matters.push(Matter::Due(summary.clone())),
        _ => {}
    }
    let in_use = view.upcoming().and_then(|installed| view.facts.version(installed.version));
    if let Some(mark) = in_use.and_then(|version| version.compromised.as_ref()) {
        matters.push(Matter::Compromised { reason: mark.reason.clone() });
    }
    match &view.next {
        Some(Next::Pending { version, .. }) => {
            matters.extend(version.requests.last().map(|request| Matter::Pending { since: request.made }));
        }
        Some(Next::New(_)) => matters.push(Matter::New),
        Some(Next::Installed(_)) | None => {}
    }
    if view.upcoming().is_some() && !bound {
        matters.push(Matter::Unbound);
    }
    matters.into_iter().map(|matter| Concern { key: view.path.clone(), matter }).collect()
}
