//! What must hold of every keystore, whatever happened to it: nothing that it names is missing or another, and the
//! doctor knows a remedy for whatever else it finds.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::{LazyLock, Mutex};

use keystore::change::Change;
use keystore::digest::Digest;
use keystore::model::{Installed, ServerState};
use keystore::name::{KeyPath, ServerName};
use keystore::ops::doctor::{Finding, Remedy, Severity};
use keystore::store::{Keystore, Snapshot};
use serde::Deserialize;

use super::Machine;
use super::image::Image;

/// The committed state's root, read as anybody could who has the documentation.
#[derive(Deserialize)]
struct Root {
    servers: BTreeMap<ServerName, Digest>,
}

/// Checks what a keystore in memory names: private keys, requests, staged and committed certificates, every
/// generation's state, the chain of records.
pub(crate) fn assert_healthy(machine: &Machine) {
    // The same few come by thousands of times.
    static SEEN: LazyLock<Mutex<HashSet<u64>>> = LazyLock::new(Mutex::default);
    if !SEEN.lock().unwrap().insert(machine.live_fingerprint()) {
        return;
    }
    let image = machine.image();
    let keystore = machine.open();
    let snapshot = keystore.read().unwrap();
    facts_are_there(&snapshot);
    for change in snapshot.stage().changes() {
        if let Change::InstallCertificate { key, installed, .. } = change {
            material_is_there(&snapshot, key, installed);
        }
    }
    history_is_there(&image, &keystore, &snapshot);
    let needs_a_person =
        |finding: &&Finding| finding.severity() != Severity::Note && !matches!(finding.remedy, Remedy::Automatic(_));
    let findings = machine.diagnosis().findings;
    assert_eq!(findings.iter().find(needs_a_person), None);
}

fn facts_are_there(snapshot: &Snapshot<'_>) {
    for server in snapshot.servers().unwrap() {
        for (key, facts) in snapshot.facts(&server).unwrap().keys(&server) {
            for version in &facts.versions {
                snapshot.private_key_file(&key, version).unwrap();
                for request in &version.requests {
                    snapshot.request_file(&key, version, request).unwrap();
                }
            }
        }
    }
}

fn material_is_there(snapshot: &Snapshot<'_>, key: &KeyPath, installed: &Installed) {
    snapshot.installed_key_file(key, installed).unwrap();
    snapshot.certificate_files(key, installed).unwrap();
    let index = snapshot.facts(key.server()).unwrap();
    let facts = index.key(key).unwrap_or_else(|| panic!("the index lacks {key}"));
    assert!(facts.version(installed.version).is_some(), "the index lacks version {} of {key}", installed.version);
}

/// Every generation can be gone back to.
fn history_is_there(image: &Image, keystore: &Keystore, snapshot: &Snapshot<'_>) {
    let records = snapshot.records(usize::MAX).unwrap();
    let cut_off = snapshot.base().unwrap().map_or(0, |base| base.through.0);
    let generations = snapshot.generation().0 - cut_off;
    assert_eq!(u64::try_from(records.len()).unwrap(), generations, "of each generation a record");
    for (record, _) in records {
        assert_eq!(record.keystore, keystore.config().id);
        let root: Root = object(image, record.state);
        for (server, digest) in root.servers {
            let state: ServerState = object(image, digest);
            for (key, entry) in state.keys(&server) {
                if let Some(current) = &entry.current {
                    material_is_there(snapshot, &key, &current.installed);
                }
            }
        }
    }
}

/// A part of the committed state, which is named by its content.
fn object<T: for<'de> Deserialize<'de>>(image: &Image, digest: Digest) -> T {
    let path = format!("state/{digest}.json");
    let bytes = image.read(Path::new(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(Digest::of(&bytes), digest, "{path}");
    serde_json::from_slice(&bytes).unwrap()
}
