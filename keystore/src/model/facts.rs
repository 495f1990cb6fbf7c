//! Facts: private keys and the requests made with them. They took effect when they were made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{KeyEntry, RequestNumber, State, Submission, VersionNumber};
use crate::digest::Digest;
use crate::name::{KeyName, KeyPath, Protocol, ServerName, ServicePath};
use crate::pki::{CertificationRequest, Extensions, KeyAlgorithm, Subject, SubjectAltName};
use crate::timestamp::Timestamp;
use crate::world::Actor;

/// One certification request (PKCS#10, RFC 2986) that was made with a private key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RequestFacts {
    /// Its number among the requests of this private key.
    pub number: RequestNumber,
    /// When it was made.
    pub made: Timestamp,
    /// SHA-256 of the request file.
    pub file: Digest,
    /// The subject it asks for.
    pub subject: Subject,
    /// The names it asks for.
    pub names: Vec<SubjectAltName>,
    /// The Microsoft certificate template it asks for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub certificate_template: Option<String>,
    /// What the certificate shall be used for, where that is not what a TLS server needs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub extensions: Option<Extensions>,
    /// The authority that it was handed to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub submission: Option<Submission>,
}

impl RequestFacts {
    /// What a request says of itself; `file` is the hash of its file.
    #[must_use]
    pub fn of(number: RequestNumber, made: Timestamp, file: Digest, request: &CertificationRequest) -> Self {
        let extensions = &request.extensions().extensions;
        let algorithm = request.public_key().algorithm();
        let usual = algorithm.map(|algorithm| Extensions::of_tls_server().fit_for(algorithm));
        Self {
            number,
            made,
            file,
            extensions: (usual.as_ref() != Some(extensions)).then(|| extensions.clone()),
            subject: request.subject().clone(),
            names: request.names().to_vec(),
            certificate_template: request.certificate_template().map(ToString::to_string),
            submission: None,
        }
    }
}

/// That a private key may be known to somebody else.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Compromise {
    /// When it was marked.
    pub marked: Timestamp,
    /// Who marked it.
    pub by: Actor,
    /// Why, in the words of whoever marked it.
    pub reason: String,
}

/// Where a copied version came from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Origin {
    /// The key.
    pub key: KeyPath,
    /// Its version.
    pub version: VersionNumber,
}

/// One private key and the requests made with it. Stands in `version.json` beside the private key too.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VersionFacts {
    /// Its number among the versions of the key.
    pub number: VersionNumber,
    /// What kind of key it is.
    pub algorithm: KeyAlgorithm,
    /// SHA-256 of the `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7).
    pub spki: Digest,
    /// SHA-256 of the private key file.
    pub file: Digest,
    /// Whether the private key file needs a passphrase.
    pub encrypted: bool,
    /// When it was made.
    pub made: Timestamp,
    /// Who made it.
    pub by: Actor,
    /// The requests made with it, oldest first.
    pub requests: Vec<RequestFacts>,
    /// The version that it is a copy of. A copy is in the tree once a commit says so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub copy_of: Option<Origin>,
    /// Whether somebody else may know it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub compromised: Option<Compromise>,
    /// Why it should not be used: it came from elsewhere and is weak, or what was known of it is lost. Never forgotten.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub weaknesses: Vec<String>,
}

impl VersionFacts {
    /// The number the next request gets; none where the last one there can be is given.
    #[must_use]
    pub fn next_request(&self) -> Option<RequestNumber> {
        self.requests.last().map_or(Some(RequestNumber(1)), |request| request.number.successor())
    }
}

/// The versions of one key, oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct KeyFacts {
    /// Every private key ever made for it.
    pub versions: Vec<VersionFacts>,
}

impl KeyFacts {
    /// One version.
    #[must_use]
    pub fn version(&self, number: VersionNumber) -> Option<&VersionFacts> {
        self.versions.iter().find(|version| version.number == number)
    }

    /// The number of the newest version.
    #[must_use]
    pub fn newest(&self) -> Option<VersionNumber> {
        self.versions.last().map(|version| version.number)
    }

    /// The version whose public key has this hash.
    #[must_use]
    pub fn version_of(&self, spki: Digest) -> Option<&VersionFacts> {
        self.versions.iter().rev().find(|version| version.spki == spki)
    }

    /// The versions that are in the tree by what is committed, or would be: neither deleted nor a mere copy.
    #[must_use]
    pub fn in_tree(self, entry: &KeyEntry) -> Self {
        let mut versions = self.versions;
        versions.retain(|version| entry.has(version));
        Self { versions }
    }

    /// Drops what came after a commit that was made at this time and left this entry. Times are whole seconds: of what
    /// was made in the same one, what the entry does not tell of is taken to have come later.
    fn forget_after(&mut self, time: Timestamp, entry: Option<&KeyEntry>) {
        let current = entry.and_then(|entry| Some(&entry.current.as_ref()?.installed));
        let is_before = |number| current.is_some_and(|current| number <= current.version);
        let is_copied = |number: &VersionNumber| entry.is_some_and(|entry| entry.copied.contains(number));
        self.versions.retain(|version| version.made < time || is_before(version.number) || is_copied(&version.number));
        for version in &mut self.versions {
            let answered = current.filter(|current| current.version == version.number);
            let answered = answered.map_or(0, |current| current.requests);
            let mut number = 0;
            version.requests.retain(|request| {
                number += 1;
                number <= answered || request.made < time
            });
            version.compromised.take_if(|mark| mark.marked > time);
            for request in &mut version.requests {
                request.submission.take_if(|submission| submission.submitted > time);
            }
        }
    }

    /// The newest request of the newest version that has one.
    #[must_use]
    pub fn last_request(&self) -> Option<&RequestFacts> {
        self.versions.iter().rev().find_map(|version| version.requests.last())
    }
}

/// The facts of one server: the index that stands in `servers/SERVER/facts.json`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ServerFacts {
    /// Keys by protocol and name.
    pub protocols: BTreeMap<Protocol, BTreeMap<KeyName, KeyFacts>>,
}

impl ServerFacts {
    /// The facts of one key of this server.
    #[must_use]
    pub fn key(&self, key: &KeyPath) -> Option<&KeyFacts> {
        self.protocols.get(&key.service.protocol)?.get(&key.name)
    }

    /// Drops what came after a commit, made at this time, that left this server, called `server`, in this state.
    pub fn forget_after(&mut self, server: &ServerName, time: Timestamp, state: &State) {
        for (protocol, keys) in &mut self.protocols {
            let service = ServicePath { server: server.clone(), protocol: protocol.clone() };
            for (name, facts) in keys {
                let key = KeyPath { service: service.clone(), name: name.clone() };
                facts.forget_after(time, state.key(&key));
            }
        }
    }

    /// The facts of one key of this server, made when there are none.
    pub fn key_mut(&mut self, key: &KeyPath) -> &mut KeyFacts {
        self.protocols.entry(key.service.protocol.clone()).or_default().entry(key.name.clone()).or_default()
    }

    /// Every key of this server, which is called `server`.
    pub fn keys(&self, server: &ServerName) -> impl Iterator<Item = (KeyPath, &KeyFacts)> {
        self.protocols.iter().flat_map(move |(protocol, keys)| {
            let service = ServicePath { server: server.clone(), protocol: protocol.clone() };
            keys.iter().map(move |(name, facts)| (KeyPath { service: service.clone(), name: name.clone() }, facts))
        })
    }

    /// Forgets one version of a key, and the key with its last version.
    pub fn forget(&mut self, key: &KeyPath, version: VersionNumber) {
        let Some(keys) = self.protocols.get_mut(&key.service.protocol) else { return };
        if let Some(facts) = keys.get_mut(&key.name) {
            facts.versions.retain(|known| known.number != version);
        }
        keys.retain(|_, facts| !facts.versions.is_empty());
        self.protocols.retain(|_, keys| !keys.is_empty());
    }
}
