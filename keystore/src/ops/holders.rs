//! Who has a private key: keys are told apart by their public halves.

use std::collections::BTreeSet;

use super::Error;
use crate::digest::Digest;
use crate::model::VersionFacts;
use crate::name::{KeyPath, ServerName};
use crate::store::Snapshot;

/// A version of a key.
pub(super) struct Holder {
    pub(super) key: KeyPath,
    pub(super) version: VersionFacts,
}

/// Every version of the keystore with one of these public keys (SHA-256 of `SubjectPublicKeyInfo`), in the tree or not,
/// server by server. The facts of a server are read when its turn comes.
pub(super) fn holders<'s>(
    snapshot: &'s Snapshot<'_>,
    spkis: &'s BTreeSet<Digest>,
) -> Result<impl Iterator<Item = Result<Holder, Error>> + 's, Error> {
    let servers = snapshot.servers()?.into_iter();
    Ok(servers.flat_map(move |server| match of_server(snapshot, &server, spkis) {
        Ok(holders) => holders.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    }))
}

fn of_server(snapshot: &Snapshot<'_>, server: &ServerName, spkis: &BTreeSet<Digest>) -> Result<Vec<Holder>, Error> {
    let facts = snapshot.facts(server)?;
    let versions = facts.keys(server).flat_map(|(key, facts)| facts.versions.iter().map(move |it| (key.clone(), it)));
    let held = versions.filter(|(_, version)| spkis.contains(&version.spki));
    Ok(held.map(|(key, version)| Holder { key, version: version.clone() }).collect())
}
