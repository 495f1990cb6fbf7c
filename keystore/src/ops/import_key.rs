//! `import-key`: a private key from elsewhere, durable before this returns, and its certificate, staged.

mod error;
mod find;

use std::collections::BTreeSet;

pub use error::ImportError;
pub use find::{Found, Importable, find};

use super::create_key::{CreateKey, Created, Material, check_view};
use super::holders::{Holder, holders};
use super::install_cert::{self, Staged, check_validity};
use super::{Error, Warning, lasting};
use crate::digest::Digest;
use crate::model::{KeyView, VersionFacts};
use crate::name::KeyPath;
use crate::pki::Chain;
use crate::store::{Keystore, Snapshot};

/// What was imported.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The key, its version, and where it is kept.
    pub kept: Created,
    /// Whether the key had this private key before.
    pub was_there: bool,
    /// What became of its certificate, where there was one.
    pub certificate: Option<Staged>,
    /// What to look at.
    pub warnings: Vec<Warning>,
}

/// Says whether a private key may be kept under a name, before anybody is asked what to encrypt it with.
///
/// # Errors
/// As `create-key`, unless the key has this private key already; and when it is marked compromised.
pub fn check(snapshot: &Snapshot<'_>, asked: &CreateKey, spki: Digest) -> Result<(), Error> {
    elsewhere(snapshot, &asked.key, spki)?;
    known_version(snapshot.key(&asked.key)?, asked, spki).map(drop)
}

/// Keeps a private key, unless the key has it already, and stages its certificate. A crash between the two leaves the
/// private key without the certificate; the same again goes on from there.
///
/// # Errors
/// As [`check`], when the certificate is not valid now, and when the disk refuses.
pub fn import_key(
    keystore: &Keystore,
    asked: &CreateKey,
    material: &Material,
    chain: Option<&Chain>,
) -> Result<Imported, Error> {
    let key = &asked.key;
    if let Some(chain) = chain {
        check_validity(key, &chain.leaf, keystore.world().now())?;
    }
    let shared_with = elsewhere(&keystore.read()?, key, material.spki())?;
    let mut transaction = keystore.write()?;
    let known = known_version(transaction.key(key)?, asked, material.spki())?;
    let was_there = known.is_some();
    let version = match known {
        Some(version) => version,
        None => transaction.add_version(key, &material.to_keep())?,
    };
    let certificate = chain.map(|chain| install_cert::stage(&mut transaction, key, chain)).transpose()?;
    transaction.finish()?;
    let mut warnings = Vec::new();
    if !shared_with.is_empty() {
        warnings.push(Warning::SharedKey { key: key.clone(), keys: shared_with });
    }
    warnings.extend(version.weaknesses.iter().map(|what| Warning::WeakKey { key: key.clone(), what: what.clone() }));
    let of_certificate = certificate.iter().flat_map(|outcome| outcome.warnings.clone());
    // what is weak about the private key was said
    warnings.extend(of_certificate.filter(|warning| match warning {
        Warning::Weak { what, .. } => !version.weaknesses.contains(what),
        _ => true,
    }));
    let folder = keystore.version_folder(key, version.number);
    Ok(Imported { kept: Created { key: key.clone(), version, folder }, was_there, certificate, warnings })
}

/// The version of the key that has this private key; none when it may become a new one.
fn known_version(view: Option<KeyView>, asked: &CreateKey, spki: Digest) -> Result<Option<VersionFacts>, Error> {
    let known = view.as_ref().and_then(|view| view.facts.version_of(spki)).cloned();
    match (view, known) {
        (Some(view), Some(version)) => lasting(view).map(|_| Some(version)),
        (view, _) => check_view(view.as_ref(), asked).map(|()| None),
    }
}

/// The other keys in the tree that have this private key.
fn elsewhere(snapshot: &Snapshot<'_>, key: &KeyPath, spki: Digest) -> Result<BTreeSet<KeyPath>, Error> {
    let mut others = BTreeSet::new();
    for holder in holders(snapshot, &[spki].into())? {
        let Holder { key: path, version } = holder?;
        if let Some(mark) = version.compromised {
            return Err(Error::Compromised { key: path, version: version.number, reason: mark.reason });
        }
        if path != *key && snapshot.key(&path)?.is_some_and(|view| view.facts.version_of(spki).is_some()) {
            others.insert(path);
        }
    }
    Ok(others)
}
