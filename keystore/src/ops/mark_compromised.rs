//! `mark-compromised`: a private key that somebody else may know. A fact: it takes effect at once.

use std::collections::BTreeSet;

use super::{Error, find_key};
use crate::digest::Digest;
use crate::model::{Compromise, VersionNumber};
use crate::name::{KeyPath, ServicePath};
use crate::store::{Keystore, Snapshot, Transaction};

/// What was marked.
#[derive(Clone, Debug)]
pub struct Marked {
    /// A key.
    pub key: KeyPath,
    /// Its version that holds the private key.
    pub version: VersionNumber,
    /// The mark it had already, which stays.
    pub before: Option<Compromise>,
    /// Whether it is the version in use.
    pub current: bool,
}

/// Marks a version of a key, by default the one it works with, and every other version of the keystore that holds the
/// same private key.
///
/// # Errors
/// When there is no such key or version, or when the disk refuses; versions that were marked before then stay marked.
pub fn mark_compromised(
    keystore: &Keystore,
    key: &KeyPath,
    version: Option<VersionNumber>,
    reason: &str,
) -> Result<Vec<Marked>, Error> {
    let mut transaction = keystore.write()?;
    let view = find_key(transaction.snapshot(), key)?;
    let current = view.current.as_ref().map(|current| current.installed.version);
    let number = version.or(current).or_else(|| view.working_version().map(|version| version.number));
    let found = number.and_then(|number| view.facts.version(number));
    let found = found.ok_or_else(|| Error::VersionNotFound { key: key.clone(), version: number })?;
    let holders = holders(transaction.snapshot(), found.spki)?;
    let marked = holders.into_iter().map(|(key, version)| mark(&mut transaction, key, version, reason)).collect();
    transaction.finish()?;
    marked
}

/// Every version of the keystore with this public key, in the tree or not.
fn holders(snapshot: &Snapshot<'_>, spki: Digest) -> Result<BTreeSet<(KeyPath, VersionNumber)>, Error> {
    let mut holders = BTreeSet::new();
    for server in snapshot.servers()? {
        for (protocol, keys) in snapshot.facts(&server)?.protocols {
            for (name, facts) in keys {
                let service = ServicePath { server: server.clone(), protocol: protocol.clone() };
                let key = KeyPath { service, name };
                let same = facts.versions.iter().filter(|version| version.spki == spki);
                holders.extend(same.map(|version| (key.clone(), version.number)));
            }
        }
    }
    Ok(holders)
}

fn mark(
    transaction: &mut Transaction<'_>,
    key: KeyPath,
    version: VersionNumber,
    reason: &str,
) -> Result<Marked, Error> {
    let facts = transaction.snapshot().facts(key.server())?;
    let known = facts.key(&key).and_then(|facts| facts.version(version));
    let before = known.and_then(|version| version.compromised.clone());
    if before.is_none() {
        transaction.mark_compromised(&key, version, reason)?;
    }
    let view = transaction.snapshot().key(&key)?;
    let current = view.and_then(|view| view.current).is_some_and(|current| current.installed.version == version);
    Ok(Marked { key, version, before, current })
}
