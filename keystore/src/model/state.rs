//! The committed state, server by server. A [`State`] holds the servers that were loaded, no more.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{CommittedSettings, Generation, Installed, Renewal, VersionFacts, VersionNumber};
use crate::name::{Address, Endpoint, KeyName, KeyPath, Protocol, ServerName, ServicePath};

/// The certificate a key runs on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Current {
    /// The generation that made it current.
    pub since: Generation,
    /// Private key and certificate.
    pub installed: Installed,
}

/// One key in the committed state.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct KeyEntry {
    /// Its current version, once one was committed.
    pub current: Option<Current>,
    /// Every endpoint bound to it, on whatever server.
    pub bound: BTreeSet<Endpoint>,
    /// Its versions up to this one were deleted: they are not in the tree.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deleted: Option<VersionNumber>,
    /// Those of them whose certificates may still have come when they were deleted.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub waiting: BTreeSet<VersionNumber>,
    /// Its versions that were copied from another key.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub copied: BTreeSet<VersionNumber>,
    /// How it is renewed, where that was said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub renewal: Option<Box<Renewal>>,
}

impl KeyEntry {
    /// Whether a version is in the tree.
    #[must_use]
    pub fn has(&self, version: &VersionFacts) -> bool {
        self.deleted.is_none_or(|deleted| deleted < version.number)
            && (version.copy_of.is_none() || self.copied.contains(&version.number))
    }

    /// The newest version that it tells of.
    #[must_use]
    pub fn newest(&self) -> Option<VersionNumber> {
        let current = self.current.as_ref().map(|current| current.installed.version);
        current.max(self.deleted).max(self.copied.last().copied())
    }

    /// The newest version that is past: it left the tree, or a later one is current.
    #[must_use]
    pub fn past(&self) -> Option<VersionNumber> {
        let before = self.current.as_ref().map(|current| VersionNumber(current.installed.version.0.saturating_sub(1)));
        self.deleted.max(before)
    }

    /// Whether it says nothing.
    fn is_blank(&self) -> bool {
        *self == Self::default()
    }
}

/// What an endpoint is bound to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Binding {
    /// The key.
    pub key: KeyPath,
    /// The generation that bound it.
    pub since: Generation,
}

/// One protocol on one server.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ServiceState {
    /// Its keys.
    pub keys: BTreeMap<KeyName, KeyEntry>,
    /// Its endpoints that are bound.
    pub bindings: BTreeMap<Address, Binding>,
    /// How it is published to, where that was said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub settings: Option<Box<CommittedSettings>>,
}

impl ServiceState {
    /// The generation that bound an endpoint or, where that is newer, said how its service is published to. It should be
    /// published from there, or from where its key's certificate became current.
    #[must_use]
    pub fn bound_since(&self, binding: &Binding) -> Generation {
        binding.since.max(self.settings.as_ref().map_or(Generation::EMPTY, |settings| settings.since))
    }

    /// Whether it says nothing.
    fn is_blank(&self) -> bool {
        self.keys.is_empty() && self.bindings.is_empty() && self.settings.is_none()
    }
}

/// One server.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ServerState {
    /// Its services.
    pub services: BTreeMap<Protocol, ServiceState>,
}

impl ServerState {
    /// Every key of this server, which is called `server`.
    pub fn keys(&self, server: &ServerName) -> impl Iterator<Item = (KeyPath, &KeyEntry)> {
        self.services.iter().flat_map(move |(protocol, state)| {
            let service = ServicePath { server: server.clone(), protocol: protocol.clone() };
            state
                .keys
                .iter()
                .map(move |(name, entry)| (KeyPath { service: service.clone(), name: name.clone() }, entry))
        })
    }
}

/// The servers that were loaded.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct State {
    servers: BTreeMap<ServerName, ServerState>,
}

impl State {
    /// Puts one server in.
    pub fn load(&mut self, name: ServerName, server: ServerState) {
        self.servers.insert(name, server);
    }

    /// Whether this server was loaded.
    #[must_use]
    pub fn has(&self, server: &ServerName) -> bool {
        self.servers.contains_key(server)
    }

    /// The servers that were loaded.
    pub fn servers(&self) -> impl Iterator<Item = (&ServerName, &ServerState)> {
        self.servers.iter()
    }

    fn service(&self, path: &ServicePath) -> Option<&ServiceState> {
        self.servers.get(&path.server)?.services.get(&path.protocol)
    }

    fn service_mut(&mut self, path: &ServicePath) -> &mut ServiceState {
        self.servers.entry(path.server.clone()).or_default().services.entry(path.protocol.clone()).or_default()
    }

    /// One key.
    #[must_use]
    pub fn key(&self, key: &KeyPath) -> Option<&KeyEntry> {
        self.service(&key.service)?.keys.get(&key.name)
    }

    /// One key, made when there is none.
    pub fn key_mut(&mut self, key: &KeyPath) -> &mut KeyEntry {
        self.service_mut(&key.service).keys.entry(key.name.clone()).or_default()
    }

    /// The current version of a key.
    #[must_use]
    pub fn current(&self, key: &KeyPath) -> Option<&Current> {
        self.key(key)?.current.as_ref()
    }

    /// What an endpoint is bound to.
    #[must_use]
    pub fn binding(&self, endpoint: &Endpoint) -> Option<&Binding> {
        self.service(&endpoint.service)?.bindings.get(&endpoint.address)
    }

    /// Every endpoint of the loaded servers that is bound, with its binding.
    pub fn bindings(&self) -> impl Iterator<Item = (Endpoint, &Binding)> {
        self.servers.iter().flat_map(|(server, state)| {
            state.services.iter().flat_map(move |(protocol, service)| {
                let path = ServicePath { server: server.clone(), protocol: protocol.clone() };
                let endpoint = move |address: &Address| Endpoint { service: path.clone(), address: *address };
                service.bindings.iter().map(move |(address, binding)| (endpoint(address), binding))
            })
        })
    }

    /// How a service is published to.
    #[must_use]
    pub fn settings(&self, service: &ServicePath) -> Option<&CommittedSettings> {
        self.service(service)?.settings.as_deref()
    }

    /// Says how a service is published to, or nothing of it.
    pub fn set_settings(&mut self, service: &ServicePath, settings: Option<CommittedSettings>) {
        self.service_mut(service).settings = settings.map(Box::new);
    }

    /// Since when an endpoint is bound and published to as it is, as far as its own service tells.
    #[must_use]
    pub fn bound_since(&self, endpoint: &Endpoint) -> Option<Generation> {
        let service = self.service(&endpoint.service)?;
        Some(service.bound_since(service.bindings.get(&endpoint.address)?))
    }

    /// Every endpoint of one service that is bound, with its binding.
    pub fn bindings_of(&self, service: &ServicePath) -> impl Iterator<Item = (Endpoint, &Binding)> {
        let endpoint = |address: &Address| Endpoint { service: service.clone(), address: *address };
        let bindings = self.service(service).into_iter().flat_map(|service| &service.bindings);
        bindings.map(move |(address, binding)| (endpoint(address), binding))
    }

    /// Binds an endpoint, or frees it, on both sides of the relation.
    pub fn set_binding(&mut self, endpoint: &Endpoint, binding: Option<Binding>) {
        let bindings = &mut self.service_mut(&endpoint.service).bindings;
        let before = match &binding {
            Some(binding) => bindings.insert(endpoint.address, binding.clone()),
            None => bindings.remove(&endpoint.address),
        };
        if let Some(before) = before {
            self.key_mut(&before.key).bound.remove(endpoint);
        }
        if let Some(after) = binding {
            self.key_mut(&after.key).bound.insert(endpoint.clone());
        }
    }

    /// Drops entries that say nothing, so that equal states have equal bytes.
    pub fn tidy(&mut self) {
        for server in self.servers.values_mut() {
            for service in server.services.values_mut() {
                service.keys.retain(|_, key| !key.is_blank());
            }
            server.services.retain(|_, service| !service.is_blank());
        }
    }
}
