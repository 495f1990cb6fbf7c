//! What a keystore says, in a form that can be compared.

use std::collections::BTreeMap;

use keystore::change::Change;
use keystore::digest::Digest;
use keystore::model::{Authority, AuthoritySettings, Generation, IssuedBatch, Revocations, ServerFacts, ServerState};
use keystore::name::{AuthorityName, Endpoint, KeyPath, ServerName, ServicePath};
use keystore::store::Keystore;

use super::served::Served;

/// Everything that a reader of the keystore sees.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Picture {
    pub(crate) generation: Generation,
    pub(crate) stage: Vec<Change>,
    pub(crate) facts: BTreeMap<ServerName, ServerFacts>,
    pub(crate) state: BTreeMap<ServerName, ServerState>,
    pub(crate) authorities: BTreeMap<AuthorityName, Authority>,
    /// What private authorities have issued and revoked.
    pub(crate) lists: BTreeMap<AuthorityName, (Vec<IssuedBatch>, Revocations)>,
}

impl Picture {
    pub(crate) fn of(keystore: &Keystore) -> Self {
        let snapshot = keystore.read().unwrap();
        let servers = snapshot.servers().unwrap();
        let mut facts: BTreeMap<_, _> =
            servers.iter().map(|server| (server.clone(), snapshot.facts(server).unwrap())).collect();
        // Copies that were not staged are in no tree.
        for (server, facts) in &mut facts {
            let state = snapshot.server(server).unwrap();
            for (protocol, keys) in &mut facts.protocols {
                let path = ServicePath { server: server.clone(), protocol: protocol.clone() };
                for (name, key) in &mut *keys {
                    let path = KeyPath { service: path.clone(), name: name.clone() };
                    let committed = state.services.get(protocol).and_then(|service| service.keys.get(name));
                    let upcoming = snapshot.stage().upcoming(&path, committed).entry;
                    let committed = committed.cloned().unwrap_or_default();
                    key.versions.retain(|version| committed.has(version) || upcoming.has(version));
                }
                keys.retain(|_, key| !key.versions.is_empty());
            }
            facts.protocols.retain(|_, keys| !keys.is_empty());
        }
        // A crash leaves the folder of a server that has no key.
        facts.retain(|_, facts| *facts != ServerFacts::default());
        let mut state: BTreeMap<_, _> =
            servers.iter().map(|server| (server.clone(), snapshot.server(server).unwrap())).collect();
        state.retain(|_, state| *state != ServerState::default());
        // ECDSA signatures differ each time, and so do the files of requests.
        let keys = facts.values_mut().flat_map(|server| server.protocols.values_mut()).flat_map(BTreeMap::values_mut);
        for request in keys.flat_map(|key| &mut key.versions).flat_map(|version| &mut version.requests) {
            request.file = Digest::of(b"a request");
        }
        let (generation, stage) = (snapshot.generation(), snapshot.stage().changes().cloned().collect());
        let authorities = snapshot.authorities().unwrap();
        let is_local = |authority: &Authority| matches!(authority.settings, AuthoritySettings::LocalCa(_));
        let lists = authorities
            .iter()
            .filter(|(_, authority)| is_local(authority))
            .map(|(name, _)| (name.clone(), (snapshot.issued(name).unwrap(), snapshot.revocations(name).unwrap())));
        Self { generation, stage, facts, state, lists: lists.collect(), authorities }
    }

    /// The certificates that the committed state wants published, by the folder that the service reads.
    pub(crate) fn wanted_live(&self, keystore: &Keystore) -> Served {
        let mut wanted = BTreeMap::new();
        for (server, state) in &self.state {
            for (protocol, service) in &state.services {
                for (address, binding) in &service.bindings {
                    let path = ServicePath { server: server.clone(), protocol: protocol.clone() };
                    let endpoint = Endpoint { service: path, address: *address };
                    let key = &binding.key;
                    let entry = &self.state[key.server()].services[&key.service.protocol].keys[&key.name];
                    let fingerprint = entry.current.as_ref().unwrap().installed.summary.fingerprint;
                    wanted.insert(keystore.live_folder(&endpoint), fingerprint);
                }
            }
        }
        wanted
    }
}
