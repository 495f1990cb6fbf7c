//! `list`: the tree of servers, protocols and keys.

use std::collections::{BTreeMap, BTreeSet};

use super::Error;
use crate::change::{Change, ChangeSet, Stage};
use crate::model::{ByName, EntryBrief, KeyBrief, KeyFacts, KeyFactsBrief, KeyView, ServiceBrief};
use crate::name::{Address, Endpoint, KeyName, KeyPath, Protocol, ServerName, ServicePath};
use crate::store::{ServerBrief, Snapshot};
use crate::timestamp::Timestamp;

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
pub struct ListedService<'a> {
    /// Its address.
    pub path: ServicePath,
    /// Its keys.
    pub keys: Vec<KeyBrief<'a>>,
    /// Its endpoints.
    pub bindings: BTreeMap<Address, ListedBinding>,
}

/// Gives away the services in scope, server by server, some servers at the same time. What `look` makes of them stands
/// in the order of the servers.
///
/// # Errors
/// When the keystore can't be read, or when the named part of the tree is not there.
pub fn list<R: Send>(
    snapshot: &Snapshot<'_>,
    scope: &Scope,
    look: impl Fn(Vec<ListedService<'_>>, &Staged) -> R + Sync,
) -> Result<Vec<R>, Error> {
    let servers = match scope {
        Scope::All => Vec::from_iter(snapshot.servers()?),
        Scope::Server(server) => vec![server.clone()],
        Scope::Service(service) => vec![service.server.clone()],
        Scope::Key(key) => vec![key.server().clone()],
    };
    let staged = Staged::of(snapshot)?;
    let listed = snapshot.each_server(&servers, |server, brief| {
        let mut services = list_server(server, brief, &staged);
        services.retain_mut(|service| narrow(service, scope));
        Ok::<_, Error>((!services.is_empty()).then(|| look(services, &staged)))
    })?;
    let listed: Vec<R> = listed.into_iter().flatten().collect();
    match scope {
        Scope::All => {}
        _ if !listed.is_empty() => {}
        Scope::Key(key) => return Err(Error::KeyNotFound { key: key.clone() }),
        Scope::Service(service) => return Err(Error::NothingThere { place: service.to_string() }),
        Scope::Server(server) => return Err(Error::NothingThere { place: server.to_string() }),
    }
    Ok(listed)
}

fn narrow(service: &mut ListedService<'_>, scope: &Scope) -> bool {
    match scope {
        Scope::All | Scope::Server(_) => true,
        Scope::Service(path) => service.path == *path,
        Scope::Key(key) => {
            service.keys.retain(|brief| brief.path == *key);
            service.bindings.clear();
            !service.keys.is_empty()
        }
    }
}

/// What the stage makes of keys and endpoints, found without a search through all changes.
#[derive(Debug)]
pub struct Staged {
    /// The keys that it changes, as they are with it; none for one that is in no tree.
    keys: BTreeMap<KeyPath, Option<KeyBrief<'static>>>,
    /// The endpoints that it binds or frees, by server.
    bindings: BTreeMap<ServerName, BTreeMap<Endpoint, Option<KeyPath>>>,
    /// The endpoints that it binds to a key.
    bound: BTreeMap<KeyPath, BTreeSet<Endpoint>>,
}

impl Staged {
    pub(super) fn of(snapshot: &Snapshot<'_>) -> Result<Self, Error> {
        let mut changes: BTreeMap<&ServerName, BTreeMap<&KeyPath, Vec<Change>>> = BTreeMap::new();
        let mut bindings: BTreeMap<ServerName, BTreeMap<_, _>> = BTreeMap::new();
        for change in snapshot.stage().changes() {
            if let Some(key) = change.key() {
                changes.entry(key.server()).or_default().entry(key).or_default().push(change.clone());
            }
            let (endpoint, key) = match change {
                Change::Bind { endpoint, key } => (endpoint, Some(key.clone())),
                Change::Unbind { endpoint } => (endpoint, None),
                _ => continue,
            };
            bindings.entry(endpoint.server().clone()).or_default().insert(endpoint.clone(), key);
        }
        let mut keys = BTreeMap::new();
        for (server, changes) in changes {
            let facts = snapshot.facts(server)?;
            for (key, changes) in changes {
                let facts = facts.key(key).cloned().unwrap_or_default();
                keys.insert(key.clone(), key_with(snapshot, key, facts, changes)?);
            }
        }
        let mut bound: BTreeMap<KeyPath, BTreeSet<Endpoint>> = BTreeMap::new();
        let binds = |(endpoint, key): (_, &Option<KeyPath>)| Some((key.clone()?, Endpoint::clone(endpoint)));
        for (key, endpoint) in bindings.values().flatten().filter_map(binds) {
            bound.entry(key).or_default().insert(endpoint);
        }
        Ok(Self { keys, bindings, bound })
    }

    /// What it binds an endpoint to: `None` when it says nothing of it, `Some(None)` when it frees it.
    #[must_use]
    pub fn binding(&self, endpoint: &Endpoint) -> Option<Option<&KeyPath>> {
        Some(self.bindings.get(endpoint.server())?.get(endpoint)?.as_ref())
    }

    /// The endpoints that it binds to a key.
    pub fn bound_to(&self, key: &KeyPath) -> impl Iterator<Item = &Endpoint> {
        self.bound.get(key).into_iter().flatten()
    }

    /// Whether anything is bound to a key once it is committed.
    pub(super) fn is_bound(&self, key: &KeyBrief<'_>) -> bool {
        let stays = |endpoint| self.binding(endpoint).is_none_or(|staged| staged == Some(&key.path));
        self.bound.contains_key(&key.path) || key.bound.iter().any(stays)
    }

    fn key<'a>(&self, path: KeyPath, facts: KeyFactsBrief<'a>, entry: EntryBrief<'a>) -> Option<KeyBrief<'a>> {
        match self.keys.get(&path) {
            Some(staged) => staged.clone(),
            None => KeyBrief::of_files(path, facts, entry),
        }
    }

    /// What the endpoints of a server are bound to, now and once the stage is committed.
    fn add_to(&self, server: &ServerName, bindings: &mut Bindings) {
        for (endpoint, key) in self.bindings.get(server).into_iter().flatten() {
            let service = bindings.entry(endpoint.service.protocol.clone()).or_default();
            service.entry(endpoint.address).or_default().upcoming.clone_from(key);
        }
    }
}

/// A key with some changes.
fn key_with(
    snapshot: &Snapshot<'_>,
    key: &KeyPath,
    facts: KeyFacts,
    changes: Vec<Change>,
) -> Result<Option<KeyBrief<'static>>, Error> {
    let stage = Stage { sets: vec![ChangeSet { id: String::new(), since: Timestamp::from_unix(0), changes }] };
    Ok(snapshot.look(key.server(), |state| {
        let entry = state.key(key);
        let view = KeyView::join(key.clone(), facts, entry, stage.upcoming(key, entry));
        view.as_ref().map(KeyBrief::from)
    })?)
}

type Bindings = BTreeMap<Protocol, BTreeMap<Address, ListedBinding>>;

pub(super) fn list_server<'a>(
    server: &ServerName,
    ServerBrief { facts, state }: ServerBrief<'a>,
    staged: &Staged,
) -> Vec<ListedService<'a>> {
    let mut bindings = Bindings::new();
    let mut entries: BTreeMap<Protocol, ByName<EntryBrief<'a>>> = BTreeMap::new();
    for (protocol, ServiceBrief { keys, bindings: bound, .. }) in state.services {
        let listed = bound.into_iter().map(|(address, binding)| {
            (address, ListedBinding { upcoming: Some(binding.key.clone()), committed: Some(binding.key) })
        });
        bindings.insert(protocol.clone(), listed.collect());
        entries.insert(protocol, keys);
    }
    staged.add_to(server, &mut bindings);
    let mut facts = facts.protocols;
    let protocols: BTreeSet<Protocol> = facts.keys().chain(bindings.keys()).cloned().collect();
    let service = |protocol: Protocol| {
        let path = ServicePath { server: server.clone(), protocol };
        // Both in the order of their names; an entry without facts is of a key that is gone.
        let mut entries = entries.remove(&path.protocol).unwrap_or_default().into_iter().peekable();
        let brief = |(name, facts): (KeyName, _)| {
            while entries.next_if(|(known, _)| *known < name).is_some() {}
            let entry = entries.next_if(|(known, _)| *known == name).map(|(_, entry)| entry).unwrap_or_default();
            staged.key(KeyPath { service: path.clone(), name }, facts, entry)
        };
        let keys = facts.remove(&path.protocol).unwrap_or_default().into_iter().filter_map(brief).collect();
        let bindings = bindings.remove(&path.protocol).unwrap_or_default();
        ListedService { path, keys, bindings }
    };
    // Nothing is left of a service whose keys were all deleted.
    let is_there = |service: &ListedService<'_>| !(service.keys.is_empty() && service.bindings.is_empty());
    protocols.into_iter().map(service).filter(is_there).collect()
}
