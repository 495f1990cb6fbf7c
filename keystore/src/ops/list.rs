//! `list`: the tree of servers, protocols and keys.

use std::collections::{BTreeMap, BTreeSet};

use super::Error;
use crate::change::{Change, Stage};
use crate::model::{KeyView, State};
use crate::name::{Address, KeyName, KeyPath, Protocol, ServerName, ServicePath};
use crate::store::Snapshot;

/// Which part of the tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scope {
    /// All of it.
    All,
    /// One server.
    Server(ServerName),
    /// One service.
    Service(ServicePath),
    /// One key.
    Key(KeyPath),
}

/// What an endpoint is bound to: by the last commit, and once the stage is committed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ListedBinding {
    /// By the last commit.
    pub committed: Option<KeyPath>,
    /// Once the stage is committed.
    pub upcoming: Option<KeyPath>,
}

/// One service.
#[derive(Clone, Debug)]
pub struct ListedService {
    /// Its address.
    pub path: ServicePath,
    /// Its keys.
    pub keys: Vec<KeyView>,
    /// Its endpoints.
    pub bindings: BTreeMap<Address, ListedBinding>,
}

/// The services in scope, in order.
///
/// # Errors
/// When the keystore can't be read, or when the named part of the tree is not there.
pub fn list(snapshot: &Snapshot<'_>, scope: &Scope) -> Result<Vec<ListedService>, Error> {
    let servers = match scope {
        Scope::All => snapshot.servers()?,
        Scope::Server(server) => BTreeSet::from([server.clone()]),
        Scope::Service(service) => BTreeSet::from([service.server.clone()]),
        Scope::Key(key) => BTreeSet::from([key.server().clone()]),
    };
    let mut services = Vec::new();
    for server in servers {
        services.extend(list_server(snapshot, &server)?);
    }
    services.retain_mut(|service| narrow(service, scope));
    match scope {
        Scope::All => {}
        _ if !services.is_empty() => {}
        Scope::Key(key) => return Err(Error::KeyNotFound { key: key.clone() }),
        Scope::Service(service) => return Err(Error::NothingThere { place: service.to_string() }),
        Scope::Server(server) => return Err(Error::NothingThere { place: server.to_string() }),
    }
    Ok(services)
}

fn narrow(service: &mut ListedService, scope: &Scope) -> bool {
    match scope {
        Scope::All | Scope::Server(_) => true,
        Scope::Service(path) => service.path == *path,
        Scope::Key(key) => {
            service.keys.retain(|view| view.path == *key);
            service.bindings.clear();
            !service.keys.is_empty()
        }
    }
}

type Bindings = BTreeMap<Protocol, BTreeMap<Address, ListedBinding>>;

fn list_server(snapshot: &Snapshot<'_>, server: &ServerName) -> Result<Vec<ListedService>, Error> {
    let mut state = State::default();
    state.load(server.clone(), snapshot.server(server)?);
    let mut facts = snapshot.facts(server)?;
    let mut bindings = bindings(&state, snapshot.stage(), server);
    let protocols: BTreeSet<Protocol> = facts.protocols.keys().chain(bindings.keys()).cloned().collect();
    let service = |protocol: Protocol| {
        let path = ServicePath { server: server.clone(), protocol };
        let view = |(name, facts): (KeyName, _)| {
            let key = KeyPath { service: path.clone(), name };
            let entry = state.key(&key);
            KeyView::join(key.clone(), facts, entry, snapshot.stage().upcoming(&key, entry))
        };
        let keys = facts.protocols.remove(&path.protocol).unwrap_or_default().into_iter().filter_map(view).collect();
        let bindings = bindings.remove(&path.protocol).unwrap_or_default();
        ListedService { path, keys, bindings }
    };
    // Nothing is left of a service whose keys were all deleted.
    let is_there = |service: &ListedService| !(service.keys.is_empty() && service.bindings.is_empty());
    Ok(protocols.into_iter().map(service).filter(is_there).collect())
}

/// What the endpoints of a server are bound to, now and once the stage is committed.
fn bindings(state: &State, stage: &Stage, server: &ServerName) -> Bindings {
    let mut bindings = Bindings::new();
    for (endpoint, binding) in state.bindings() {
        let key = Some(binding.key.clone());
        let listed = ListedBinding { committed: key.clone(), upcoming: key };
        bindings.entry(endpoint.service.protocol).or_default().insert(endpoint.address, listed);
    }
    for change in stage.changes() {
        let (endpoint, key) = match change {
            Change::Bind { endpoint, key } => (endpoint, Some(key.clone())),
            Change::Unbind { endpoint } => (endpoint, None),
            _ => continue,
        };
        if endpoint.server() == server {
            let service = bindings.entry(endpoint.service.protocol.clone()).or_default();
            service.entry(endpoint.address).or_default().upcoming = key;
        }
    }
    bindings
}
