//! What the program said was done, and what a command that was killed may have done.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use keystore::model::VersionNumber;
use keystore::name::{Endpoint, KeyPath};
use keystore::store::Snapshot;
use serde_json::Value;

use super::inspection::check_key;

/// What must be there, of one writer whose keys and endpoints nobody else changes.
#[derive(Default)]
pub(crate) struct Promises {
    /// Private keys, each with how many requests were reported.
    versions: BTreeMap<KeyPath, BTreeMap<VersionNumber, u64>>,
    /// What each endpoint may be bound to, once everything is committed.
    bindings: BTreeMap<Endpoint, BTreeSet<Option<KeyPath>>>,
    /// Which certificates each key may have, once everything is committed.
    certificates: BTreeMap<KeyPath, BTreeSet<Option<String>>>,
}

fn number(result: &Value, field: &str) -> u64 {
    result[field].as_u64().unwrap_or_else(|| panic!("no {field} in {result}"))
}

impl Promises {
    /// `create-key` reported a private key.
    pub(crate) fn made(&mut self, key: &KeyPath, result: &Value) {
        let version = VersionNumber(number(result, "version").try_into().unwrap());
        self.versions.entry(key.clone()).or_default().insert(version, 0);
    }

    /// `make-csr` reported a request.
    pub(crate) fn requested(&mut self, key: &KeyPath, result: &Value) {
        let version = VersionNumber(number(result, "version").try_into().unwrap());
        // the private key may be one whose maker was killed before it could report it
        self.versions.entry(key.clone()).or_default().insert(version, number(result, "request"));
    }

    /// A command began that gives a key this certificate.
    pub(crate) fn may_have(&mut self, key: &KeyPath, certificate: Option<String>) {
        self.certificates.entry(key.clone()).or_default().insert(certificate);
    }

    /// The command ended well.
    pub(crate) fn has(&mut self, key: &KeyPath, certificate: Option<String>) {
        self.certificates.insert(key.clone(), BTreeSet::from([certificate]));
    }

    /// A command began that binds endpoints to a key, or frees them.
    pub(crate) fn may_bind(&mut self, endpoints: &[Endpoint], to: Option<&KeyPath>) {
        for endpoint in endpoints {
            self.bindings.entry(endpoint.clone()).or_default().insert(to.cloned());
        }
    }

    /// The command ended well.
    pub(crate) fn bound(&mut self, endpoints: &[Endpoint], to: Option<&KeyPath>) {
        for endpoint in endpoints {
            self.bindings.insert(endpoint.clone(), BTreeSet::from([to.cloned()]));
        }
    }

    /// A command began that may take back whatever is staged for this key.
    pub(crate) fn may_discard(&mut self, snapshot: &Snapshot<'_>, key: &KeyPath) {
        let view = snapshot.key(key).unwrap().unwrap();
        self.may_have(key, view.current.map(|current| current.installed.summary.fingerprint.to_string()));
        for (endpoint, allowed) in &mut self.bindings {
            allowed.insert(snapshot.committed_binding(endpoint).unwrap());
        }
    }

    /// What an endpoint is promised to be bound to. After a check there is but one answer.
    pub(crate) fn binding(&self, endpoint: &Endpoint) -> Option<&KeyPath> {
        self.bindings.get(endpoint)?.first()?.as_ref()
    }

    /// Every endpoint that was ever bound.
    pub(crate) fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.bindings.keys()
    }

    /// The keys with a private key that was reported.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &KeyPath> {
        self.versions.keys()
    }

    /// Whether all of it is kept. From now on what is there is promised: who was killed does nothing any more.
    pub(crate) fn check(&mut self, snapshot: &Snapshot<'_>) {
        for (endpoint, allowed) in &mut self.bindings {
            let found = snapshot.upcoming_binding(endpoint).unwrap();
            assert!(allowed.contains(&found), "{endpoint} is bound to {found:?}, not to one of {allowed:?}");
            *allowed = BTreeSet::from([found]);
        }
        for (key, allowed) in &mut self.certificates {
            let view = snapshot.key(key).unwrap().unwrap_or_else(|| panic!("{key} is lost"));
            let found = view.upcoming().map(|installed| installed.summary.fingerprint.to_string());
            assert!(allowed.contains(&found), "{key} has the certificate {found:?}, not one of {allowed:?}");
            *allowed = BTreeSet::from([found]);
        }
    }

    /// Whether every private key that was reported is there with its requests, and whole.
    pub(crate) fn check_keys<'a>(
        &self,
        store: &Path,
        snapshot: &Snapshot<'_>,
        keys: impl IntoIterator<Item = &'a KeyPath>,
    ) {
        for key in keys {
            let Some(versions) = self.versions.get(key) else { continue };
            let view = snapshot.key(key).unwrap().unwrap_or_else(|| panic!("{key} is lost"));
            for (number, requests) in versions {
                let version =
                    view.facts.version(*number).unwrap_or_else(|| panic!("version {number} of {key} is lost"));
                let found = version.requests.len() as u64;
                assert!(found >= *requests, "request {requests} of {key}, version {number}, is lost");
            }
            check_key(store, snapshot, key);
        }
    }
}
