//! Where an endpoint stands: what a commit would make of it, what is committed, what lies in its folder. What it really
//! serves is seen from outside.

use std::collections::BTreeMap;

use super::Error;
use crate::digest::Digest;
use crate::model::{CertificateSummary, Current, Generation, ServerStateBrief, State, SummaryBrief};
use crate::name::{Endpoint, KeyPath, Protocol, ServerName, ServicePath};
use crate::pki::{Certificate, read_certificates};
use crate::store::{Pair, Snapshot, StoreError};
use crate::timestamp::Timestamp;

/// From when until when a certificate is good.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Validity {
    /// Its start.
    pub not_before: Timestamp,
    /// Its end.
    pub not_after: Timestamp,
}

impl From<&CertificateSummary> for Validity {
    fn from(summary: &CertificateSummary) -> Self {
        Self { not_before: summary.not_before, not_after: summary.not_after }
    }
}

impl From<&SummaryBrief<'_>> for Validity {
    fn from(summary: &SummaryBrief<'_>) -> Self {
        Self { not_before: summary.not_before, not_after: summary.not_after }
    }
}

impl From<&Certificate> for Validity {
    fn from(certificate: &Certificate) -> Self {
        Self { not_before: certificate.not_before(), not_after: certificate.not_after() }
    }
}

/// A certificate that was found somewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    /// SHA-256 of its DER encoding.
    pub fingerprint: Digest,
    /// How long it is good.
    pub validity: Validity,
}

impl Found {
    /// Sums a certificate up.
    #[must_use]
    pub fn of(certificate: &Certificate) -> Self {
        Self { fingerprint: certificate.fingerprint(), validity: certificate.into() }
    }
}

/// What is committed for an endpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Committed {
    /// The key with its certificate.
    pub pair: Pair,
    /// How long that is good.
    pub validity: Validity,
    /// The generation that the endpoint should be published from.
    pub generation: Generation,
}

/// How the files of an endpoint compare to what is committed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileState {
    /// They are from the generation that they should be from and, where they were read, the ones that were committed.
    Same,
    /// They are from an earlier generation.
    Behind,
    /// They are from a generation that has no record: a commit is under way, or was cut off.
    Ahead,
    /// They are not the ones that were written.
    Differs,
}

impl FileState {
    /// A short word for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Behind => "behind",
            Self::Ahead => "ahead",
            Self::Differs => "differs",
        }
    }
}

/// What lies in the folder of an endpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OnDisk {
    /// The generation that it is from.
    pub generation: Generation,
    /// How it compares to what is committed.
    pub state: FileState,
    /// Its certificate; none where that can't be read.
    pub certificate: Option<Found>,
}

/// Where an endpoint stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// What a commit of the stage would make of it, where that is something else: `Some(None)` when it would be free.
    pub staged: Option<Option<Pair>>,
    /// What is committed; none where it is bound to nothing, or to a key without a certificate.
    pub committed: Option<Committed>,
    /// What lies in its folder; none where nothing does.
    pub published: Option<OnDisk>,
}

impl Standing {
    /// Whether staged, committed and published are not all the same.
    #[must_use]
    pub fn differs(&self) -> bool {
        let is_published = self.published.as_ref().is_some_and(|on_disk| on_disk.state == FileState::Same);
        self.staged.is_some() || (self.committed.is_some() && !is_published)
    }
}

/// What the stage makes of endpoints.
pub type StagedPairs = BTreeMap<Endpoint, Option<Pair>>;

/// Whether the files of endpoints are read, or only the generation that they are from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// Every file is read, and compared with what was committed.
    IntoFiles,
    /// The generation alone tells.
    AtGenerations,
}

/// Where one endpoint stands.
///
/// # Errors
/// When the keystore can't be read.
pub fn standing(
    snapshot: &Snapshot<'_>,
    endpoint: &Endpoint,
    staged: &StagedPairs,
    look: Look,
) -> Result<Standing, Error> {
    let own = |state: &State| committed_in(state, endpoint);
    let committed = snapshot.look(endpoint.server(), own)?;
    one(snapshot, endpoint, committed, staged, look)
}

/// Every endpoint of a server that is bound by the last commit, of these services, or of all when none is named; with the
/// whole state of that server, which is read for nothing else.
pub(super) fn of_server(
    snapshot: &Snapshot<'_>,
    server: &ServerName,
    brief: &ServerStateBrief<'_>,
    services: &[ServicePath],
    staged: &StagedPairs,
) -> Result<Vec<Standing>, Error> {
    let is_wanted = |protocol: &Protocol| {
        let is_it = |service: &ServicePath| service.server == *server && service.protocol == *protocol;
        services.is_empty() || services.iter().any(is_it)
    };
    let has_bindings = |(protocol, service): (&Protocol, &crate::model::ServiceBrief<'_>)| {
        !service.bindings.is_empty() && is_wanted(protocol)
    };
    if !brief.services.iter().any(has_bindings) {
        return Ok(Vec::new());
    }
    let mut state = State::default();
    state.load(server.clone(), snapshot.server(server)?);
    let bound: Vec<Endpoint> = state.bindings().map(|(endpoint, _)| endpoint).collect();
    let wanted = bound.iter().filter(|endpoint| is_wanted(&endpoint.service.protocol));
    wanted.map(|endpoint| one(snapshot, endpoint, committed_in(&state, endpoint), staged, Look::IntoFiles)).collect()
}

/// What an endpoint is bound to, and from which generation on; with the certificate, where the key's server is loaded.
struct Bound {
    key: KeyPath,
    since: Generation,
    current: Option<Option<Current>>,
}

fn committed_in(state: &State, endpoint: &Endpoint) -> Option<Bound> {
    let binding = state.binding(endpoint)?;
    let current = state.has(binding.key.server()).then(|| state.current(&binding.key).cloned());
    Some(Bound { key: binding.key.clone(), since: state.bound_since(endpoint)?, current })
}

fn one(
    snapshot: &Snapshot<'_>,
    endpoint: &Endpoint,
    bound: Option<Bound>,
    staged: &StagedPairs,
    look: Look,
) -> Result<Standing, Error> {
    let bound = match bound {
        None => None,
        Some(Bound { key, since, current: Some(current) }) => current.map(|current| (key, since, current)),
        Some(Bound { key, since, current: None }) => {
            let current = snapshot.look(key.server(), |state| state.current(&key).cloned())?;
            current.map(|current| (key, since, current))
        }
    };
    let published = on_disk(snapshot, endpoint, bound.as_ref(), look)?;
    let committed = bound.map(|(key, since, current)| {
        let validity = Validity::from(&current.installed.summary);
        Committed { pair: Pair::of(&key, &current.installed), validity, generation: since.max(current.since) }
    });
    Ok(Standing { endpoint: endpoint.clone(), staged: staged.get(endpoint).cloned(), committed, published })
}

fn on_disk(
    snapshot: &Snapshot<'_>,
    endpoint: &Endpoint,
    bound: Option<&(KeyPath, Generation, Current)>,
    look: Look,
) -> Result<Option<OnDisk>, StoreError> {
    let Some(generation) = snapshot.published(endpoint)? else { return Ok(None) };
    let state = match bound {
        Some(_) if generation > snapshot.generation() => FileState::Ahead,
        Some((_, since, current)) if generation < (*since).max(current.since) => FileState::Behind,
        Some((_, _, current)) if look == Look::IntoFiles && !snapshot.serves(endpoint, &current.installed)? => {
            FileState::Differs
        }
        Some(_) | None => FileState::Same,
    };
    let certificate = match (state, bound) {
        (FileState::Same, Some((_, _, current))) => {
            let summary = &current.installed.summary;
            Some(Found { fingerprint: summary.fingerprint, validity: summary.into() })
        }
        _ => {
            let file = snapshot.published_certificate(endpoint)?;
            file.and_then(|file| read_certificates(&file).ok()?.first().map(Found::of))
        }
    };
    Ok(Some(OnDisk { generation, state, certificate }))
}

/// What the stage makes of endpoints, as the plan of its commit tells.
#[must_use]
pub fn staged_pairs(plan: &super::commit::Plan) -> StagedPairs {
    plan.endpoints.iter().map(|change| (change.endpoint.clone(), change.to.clone())).collect()
}
