//! What the keystore knows of all its private keys: of one whose own accounts are lost, those of the same elsewhere tell.

use std::collections::BTreeMap;

use super::super::{Disk, facts, layout};
use crate::digest::Digest;
use crate::model::{Compromise, Origin, VersionFacts, VersionNumber};
use crate::name::{KeyPath, ServerName};

/// What is known of private keys: what the indexes say, and what stands beside the keys.
pub(super) struct Elsewhere {
    by_file: BTreeMap<Digest, Vec<(KeyPath, VersionFacts)>>,
    marks: BTreeMap<Digest, Compromise>,
}

impl Elsewhere {
    /// Reads it. What can't be read is found by whoever looks at that server.
    pub(super) fn read(disk: &dyn Disk) -> Self {
        let servers: Vec<ServerName> = disk.folders(&layout::servers()).unwrap_or_default();
        let (mut by_file, mut marks) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::new());
        for (key, version) in servers.iter().flat_map(|server| of_server(disk, server)) {
            marks.extend(version.compromised.clone().map(|mark| (version.spki, mark)));
            by_file.entry(version.file).or_default().push((key, version));
        }
        Self { by_file, marks }
    }

    /// The mark that the same private key bears elsewhere.
    pub(super) fn mark(&self, spki: Digest) -> Option<Compromise> {
        self.marks.get(&spki).cloned()
    }

    /// What a version is whose private key's file is known: what others were copied from, or else perhaps a copy itself.
    pub(super) fn twin(&self, file: Digest, key: &KeyPath, number: VersionNumber) -> Option<VersionFacts> {
        let known = self.by_file.get(&file)?;
        let this = Origin { key: key.clone(), version: number };
        let (other, version) = known.iter().find(|(_, version)| version.copy_of.is_none()).or(known.first())?;
        let is_original = known.iter().any(|(_, version)| version.copy_of.as_ref() == Some(&this));
        let origin = Origin { key: other.clone(), version: version.number };
        Some(VersionFacts { number, copy_of: (!is_original).then_some(origin), ..version.clone() })
    }
}

/// Both accounts of each version, as an index may be an older one.
fn of_server(disk: &dyn Disk, server: &ServerName) -> Vec<(KeyPath, VersionFacts)> {
    let index = facts::load(disk, server).unwrap_or_default();
    let keys = index.keys(server);
    let mut known: Vec<_> =
        keys.flat_map(|(key, facts)| facts.versions.iter().map(move |it| (key.clone(), it.clone()))).collect();
    let folders = facts::folders(disk, server).unwrap_or_default();
    let whole = |folder: &facts::Folder| facts::whole(disk, &folder.key, folder.version).ok().flatten();
    known.extend(folders.iter().filter_map(|folder| Some((folder.key.clone(), whole(folder)?))));
    known
}
