//! What a keystore says, and what services read, in a form that can be compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use keystore::change::Change;
use keystore::digest::Digest;
use keystore::model::{Authority, Generation, ServerFacts, ServerState};
use keystore::name::{AuthorityName, Endpoint, KeyPath, ServerName, ServicePath};
use keystore::pki::{PrivateKeyFile, read_certificates};
use keystore::store::Keystore;

/// Certificates by the folder that a service reads.
pub(crate) type Served = BTreeMap<PathBuf, Digest>;

/// Everything that a reader of the keystore sees.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Picture {
    pub(crate) generation: Generation,
    pub(crate) stage: Vec<Change>,
    pub(crate) facts: BTreeMap<ServerName, ServerFacts>,
    pub(crate) state: BTreeMap<ServerName, ServerState>,
    pub(crate) authorities: BTreeMap<AuthorityName, Authority>,
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
        Self { generation, stage, facts, state, authorities: snapshot.authorities().unwrap() }
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

/// The certificates that services read, by folder. Each folder must hold a private key and its certificate in
/// all the forms.
pub(crate) fn live(root: &Path) -> Served {
    let mut found = BTreeMap::new();
    collect(&root.join("live"), &mut found);
    found
}

fn collect(folder: &Path, found: &mut Served) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() && path.file_name().unwrap() == "current" {
            let fingerprint = pair(&path);
            found.insert(path, fingerprint);
        } else if path.is_dir() && !path.is_symlink() {
            collect(&path, found);
        }
    }
}

fn pair(folder: &Path) -> Digest {
    let file = |name: &str| fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{folder:?} {name}: {error}"));
    let (private_key, certificate, chain) = (file("private-key.pem"), file("certificate.pem"), file("chain.pem"));
    assert_eq!(file("fullchain.pem"), [&certificate[..], &chain].concat());
    assert_eq!(file("combined.pem"), [&private_key[..], &certificate, &chain].concat());
    // The same few pairs come by thousands of times.
    static KNOWN: Mutex<BTreeMap<Digest, Digest>> = Mutex::new(BTreeMap::new());
    let contents = Digest::of(&file("combined.pem"));
    if let Some(known) = KNOWN.lock().unwrap().get(&contents) {
        return *known;
    }
    let Ok(PrivateKeyFile::Plain(key)) = PrivateKeyFile::from_pem(&private_key) else {
        panic!("no readable private key in {folder:?}");
    };
    let [leaf] = &read_certificates(&certificate).unwrap()[..] else { panic!("not one certificate in {folder:?}") };
    assert_eq!(key.public_key().hash(), leaf.public_key().hash(), "a mixed pair in {folder:?}");
    KNOWN.lock().unwrap().insert(contents, leaf.fingerprint());
    leaf.fingerprint()
}
