//! `mark-compromised`: a private key that somebody else may know. A fact: it takes effect at once.

use std::collections::BTreeMap;

use super::holders::{Holder, holders};
use super::{Error, find_key};
use crate::digest::Digest;
use crate::model::{Compromise, VersionNumber};
use crate::name::{KeyPath, ServerName};
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
/// When there is no such key or version, or when the disk refuses; what was marked on other servers by then stays
/// marked.
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
    let found = by_server(transaction.snapshot(), found.spki)?;
    let marked: Result<Vec<_>, Error> =
        found.into_iter().map(|(server, held)| mark(&mut transaction, &server, held, reason)).collect();
    transaction.finish()?;
    Ok(marked?.concat())
}

/// Every version of the keystore with this public key, by server.
fn by_server(snapshot: &Snapshot<'_>, spki: Digest) -> Result<BTreeMap<ServerName, Vec<Holder>>, Error> {
    let mut found: BTreeMap<ServerName, Vec<Holder>> = BTreeMap::new();
    for holder in holders(snapshot, &[spki].into())? {
        let holder = holder?;
        found.entry(holder.key.server().clone()).or_default().push(holder);
    }
    Ok(found)
}

/// Marks what a server holds of it, where that is not marked already.
fn mark(
    transaction: &mut Transaction<'_>,
    server: &ServerName,
    held: Vec<Holder>,
    reason: &str,
) -> Result<Vec<Marked>, Error> {
    let new = held.iter().filter(|holder| holder.version.compromised.is_none());
    let new: Vec<_> = new.map(|holder| (holder.key.clone(), holder.version.number)).collect();
    if !new.is_empty() {
        transaction.mark_compromised(server, &new, reason)?;
    }
    let marked = held.into_iter().map(|Holder { key, version }| {
        let (version, before) = (version.number, version.compromised);
        let view = transaction.snapshot().key(&key)?;
        let current = view.and_then(|view| view.current).is_some_and(|current| current.installed.version == version);
        Ok(Marked { key, version, before, current })
    });
    marked.collect()
}
