//! What the files do not name, on the servers that they name.

use std::collections::{BTreeMap, BTreeSet};

use super::desired::Desired;
use crate::model::Fate;
use crate::name::{Endpoint, KeyPath, ServerName, ServicePath};
use crate::ops::Error;
use crate::store::Snapshot;

/// What is there and not named.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Surplus {
    /// Keys in the tree.
    pub(super) keys: BTreeSet<KeyPath>,
    /// Services of which something is said.
    pub(super) services: BTreeSet<ServicePath>,
    /// Endpoints that are bound, and to what: those that are not named, and those of keys that are not.
    pub(super) endpoints: BTreeMap<Endpoint, KeyPath>,
}

/// Finds it.
pub(super) fn surplus(snapshot: &Snapshot<'_>, desired: &Desired) -> Result<Surplus, Error> {
    let of_keys = desired.keys.keys().map(|key| key.server().clone());
    let of_services = desired.services.keys().map(|service| service.server.clone());
    let of_endpoints = desired.bindings.keys().map(|endpoint| endpoint.server().clone());
    let servers: BTreeSet<ServerName> = of_keys.chain(of_services).chain(of_endpoints).collect();
    let mut surplus = Surplus::default();
    for server in servers {
        on(snapshot, desired, &server, &mut surplus)?;
    }
    Ok(surplus)
}

fn on(snapshot: &Snapshot<'_>, desired: &Desired, server: &ServerName, surplus: &mut Surplus) -> Result<(), Error> {
    let (facts, state) = (snapshot.facts(server)?, snapshot.server(server)?);
    for (key, _) in facts.keys(server).filter(|(key, _)| !desired.keys.contains_key(key)) {
        let Some(view) = snapshot.key(&key)?.filter(|view| !matches!(view.fate, Fate::Goes { .. })) else { continue };
        let bound = snapshot.upcoming_endpoints_of(&view)?;
        let bound = bound.into_iter().filter(|endpoint| !desired.bindings.contains_key(endpoint));
        surplus.endpoints.extend(bound.map(|endpoint| (endpoint, key.clone())));
        surplus.keys.insert(key);
    }
    for protocol in state.services.keys() {
        let service = ServicePath { server: server.clone(), protocol: protocol.clone() };
        for endpoint in snapshot.upcoming_endpoints(&service)? {
            if let (false, Some(key)) =
                (desired.bindings.contains_key(&endpoint), snapshot.upcoming_binding(&endpoint)?)
            {
                surplus.endpoints.insert(endpoint, key);
            }
        }
        if !desired.services.contains_key(&service) && snapshot.upcoming_settings(&service)?.is_some() {
            surplus.services.insert(service);
        }
    }
    Ok(())
}
