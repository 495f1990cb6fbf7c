//! `inspect`: what is in some files, what belongs together, and what is wrong with it. Changes nothing, and needs no
//! keystore.

mod chains;
mod finding;
mod limits;
mod lint;

use std::collections::{BTreeMap, BTreeSet};

use super::Error;
use super::holders::holders;
use crate::digest::Digest;
use crate::name::KeyPath;
use crate::pki::{Content, Item};
use crate::store::Snapshot;
use crate::timestamp::Timestamp;

pub use chains::FoundChain;
pub use finding::Finding;

/// More objects than these are not related to each other: it would take long, and nobody means it.
const MAX_RELATED: usize = 1_000;
/// More certificates than these are not put into chains: that takes a signature check for each two of one name.
const MAX_CHAINED: usize = 250;

/// One file and what was recognised in it.
pub struct File {
    /// Its name, as the user gave it.
    pub name: String,
    /// What is in it, opened as far as there were passphrases.
    pub items: Vec<Item>,
}

/// One thing that was found.
#[derive(Debug)]
pub struct Object {
    /// The file.
    pub file: String,
    /// What it is.
    pub item: Item,
    /// The other objects with the same public key, by their index.
    pub belongs_with: Vec<usize>,
    /// The keys of the keystore with the same public key.
    pub keys: BTreeSet<KeyPath>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// Everything that was found.
#[derive(Debug)]
pub struct Inspection {
    /// In the order of the files and of what is in them.
    pub objects: Vec<Object>,
    /// A chain for each certificate that issued none of the others.
    pub chains: Vec<FoundChain>,
}

impl Inspection {
    /// How much is wrong.
    #[must_use]
    pub fn count(&self) -> usize {
        self.objects.iter().map(|object| object.findings.len()).sum()
    }
}

/// Looks at everything: alone, beside the rest, and beside the keystore when there is one.
///
/// # Errors
///
/// When the keystore cannot be read.
pub fn inspect(files: Vec<File>, keystore: Option<&Snapshot<'_>>, now: Timestamp) -> Result<Inspection, Error> {
    let items =
        files.into_iter().flat_map(|File { name, items }| items.into_iter().map(move |item| (name.clone(), item)));
    let object = |(file, item): (String, Item)| {
        let findings = lint::lint(&item, now);
        Object { file, item, belongs_with: Vec::new(), keys: BTreeSet::new(), findings }
    };
    let mut objects: Vec<Object> = items.map(object).collect();
    relate(&mut objects);
    if let Some(keystore) = keystore {
        find_in_keystore(&mut objects, keystore)?;
    }
    let certificates = objects.iter().filter(|object| matches!(object.item.content, Content::Certificate(_))).count();
    let chains = if certificates <= MAX_CHAINED { chains::find(&mut objects) } else { Vec::new() };
    Ok(Inspection { objects, chains })
}

/// Finds what has the same public key, and private keys that none of the certificates is for.
fn relate(objects: &mut [Object]) {
    let mut owners: BTreeMap<Digest, Vec<usize>> = BTreeMap::new();
    for (index, object) in objects.iter().enumerate() {
        if let Some(key) = object.item.public_key() {
            owners.entry(key.hash()).or_default().push(index);
        }
    }
    let is_end_certificate =
        |object: &Object| matches!(&object.item.content, Content::Certificate(found) if !found.is_ca());
    let certificates = objects.iter().filter(|object| is_end_certificate(object)).count();
    for (hash, owners) in owners {
        let certified = owners.iter().any(|&index| matches!(objects[index].item.content, Content::Certificate(_)));
        for &index in &owners {
            let object = &mut objects[index];
            object.belongs_with = owners.iter().copied().filter(|&other| other != index).take(MAX_RELATED).collect();
            let lonely = matches!(object.item.content, Content::PrivateKey(_)) && !certified && certificates > 0;
            if lonely {
                object.findings.push(Finding::KeyMismatch { spki: hash });
            }
        }
    }
}

/// Finds the keys of the keystore with the same public keys.
fn find_in_keystore(objects: &mut [Object], keystore: &Snapshot<'_>) -> Result<(), Error> {
    let wanted: BTreeSet<Digest> = objects.iter().filter_map(|object| Some(object.item.public_key()?.hash())).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let mut keys: BTreeMap<Digest, BTreeSet<KeyPath>> = BTreeMap::new();
    let holders: BTreeSet<KeyPath> =
        holders(keystore, &wanted)?.map(|holder| Ok(holder?.key)).collect::<Result<_, Error>>()?;
    for path in holders {
        // what was deleted has facts, but is not in the tree
        let Some(view) = keystore.key(&path)? else { continue };
        for version in view.facts.versions.iter().filter(|version| wanted.contains(&version.spki)) {
            keys.entry(version.spki).or_default().insert(path.clone());
        }
    }
    for object in objects {
        let found = object.item.public_key().and_then(|key| keys.get(&key.hash()));
        object.keys = found.cloned().unwrap_or_default();
        if object.keys.len() > 1 {
            object.findings.push(Finding::SharedKey { keys: object.keys.clone() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
