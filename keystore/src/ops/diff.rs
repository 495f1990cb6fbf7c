//! `diff A B`: what is different between two generations.

use std::collections::{BTreeMap, BTreeSet};

use super::Error;
use crate::model::{Installed, KeyEntry, Renewal, ServiceSettings, ServiceState};
use crate::name::{Endpoint, KeyPath, Protocol, ServerName, ServicePath};
use crate::store::{EndpointChange, Pair, Snapshot, StoreError};

/// One key that is not the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyChange {
    /// The key.
    pub key: KeyPath,
    /// What it ran on.
    pub from: Option<Pair>,
    /// What it runs on.
    pub to: Option<Pair>,
    /// Whether it left the tree.
    pub deleted: bool,
}

/// One service that is not published to as it was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceChange {
    /// The service.
    pub service: ServicePath,
    /// What was said of it.
    pub from: Option<ServiceSettings>,
    /// What is said of it.
    pub to: Option<ServiceSettings>,
}

/// One key that is not renewed as it was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RenewalChange {
    /// The key.
    pub key: KeyPath,
    /// What was said of it.
    pub from: Option<Box<Renewal>>,
    /// What is said of it.
    pub to: Option<Box<Renewal>>,
}

/// What is different.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Differences {
    /// Keys.
    pub keys: Vec<KeyChange>,
    /// Endpoints.
    pub endpoints: Vec<EndpointChange>,
    /// Services.
    pub services: Vec<ServiceChange>,
    /// How keys are renewed.
    pub renewals: Vec<RenewalChange>,
}

/// Compares two generations.
///
/// # Errors
/// When one can't be read.
pub fn diff(before: &Snapshot<'_>, after: &Snapshot<'_>) -> Result<Differences, Error> {
    let mut differences = Differences::default();
    let mut endpoints = BTreeSet::new();
    for server in before.differing_servers(after) {
        differences.services.extend(changed_services(before, after, &server)?);
        for (key, from, to) in changed_keys(before, after, &server)? {
            endpoints.extend(from.bound.iter().chain(&to.bound).cloned());
            if from.renewal != to.renewal {
                let (from, to) = (from.renewal.clone(), to.renewal.clone());
                differences.renewals.push(RenewalChange { key: key.clone(), from, to });
            }
            let deleted = to.deleted.is_some() && from.deleted != to.deleted;
            let (from, to) = (pair(&key, &from), pair(&key, &to));
            if from != to || deleted {
                differences.keys.push(KeyChange { key, from, to, deleted });
            }
        }
    }
    for endpoint in endpoints {
        let (from, to) = (served(before, &endpoint)?, served(after, &endpoint)?);
        if from != to {
            differences.endpoints.push(EndpointChange { endpoint, from, to });
        }
    }
    Ok(differences)
}

/// The services of a server whose settings are not the same.
pub(super) fn changed_services(
    before: &Snapshot<'_>,
    after: &Snapshot<'_>,
    server: &ServerName,
) -> Result<Vec<ServiceChange>, StoreError> {
    let (mut before, mut after) = (before.server(server)?.services, after.server(server)?.services);
    let protocols: BTreeSet<Protocol> = before.keys().chain(after.keys()).cloned().collect();
    let mut settings = |protocol: &Protocol| {
        let of = |services: &mut BTreeMap<Protocol, ServiceState>| {
            services.remove(protocol)?.settings.map(|committed| committed.settings)
        };
        (of(&mut before), of(&mut after))
    };
    let change = |protocol: Protocol| {
        let (from, to) = settings(&protocol);
        let service = ServicePath { server: server.clone(), protocol };
        (from != to).then_some(ServiceChange { service, from, to })
    };
    Ok(protocols.into_iter().filter_map(change).collect())
}

/// The keys of a server whose entries are not the same, with both entries.
pub(super) fn changed_keys(
    before: &Snapshot<'_>,
    after: &Snapshot<'_>,
    server: &ServerName,
) -> Result<Vec<(KeyPath, KeyEntry, KeyEntry)>, StoreError> {
    let mut keys = BTreeSet::new();
    for state in [before.server(server)?, after.server(server)?] {
        keys.extend(state.keys(server).map(|(key, _)| key));
    }
    let mut changed = Vec::new();
    for key in keys {
        let entry =
            |snapshot: &Snapshot<'_>| snapshot.look(server, |state| state.key(&key).cloned().unwrap_or_default());
        let (from, to) = (entry(before)?, entry(after)?);
        if from != to {
            changed.push((key, from, to));
        }
    }
    Ok(changed)
}

fn pair(key: &KeyPath, entry: &KeyEntry) -> Option<Pair> {
    entry.current.as_ref().map(|current| Pair::of(key, &current.installed))
}

fn served(snapshot: &Snapshot<'_>, endpoint: &Endpoint) -> Result<Option<Pair>, StoreError> {
    let Some(key) = snapshot.committed_binding(endpoint)? else { return Ok(None) };
    Ok(current(snapshot, &key)?.map(|installed| Pair::of(&key, &installed)))
}

/// What a key runs on.
pub(super) fn current(snapshot: &Snapshot<'_>, key: &KeyPath) -> Result<Option<Installed>, StoreError> {
    snapshot.look(key.server(), |state| state.current(key).map(|current| current.installed.clone()))
}
