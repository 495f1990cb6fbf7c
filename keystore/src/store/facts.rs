//! Facts on disk: material in numbered folders to which files are only ever added, and an index per server.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::format::{decode, encode, load_checked};
use super::layout::{self, PRIVATE_FILE, PRIVATE_FOLDER, StorePath};
use super::{Disk, StoreError};
use crate::digest::Digest;
use crate::model::{
    CertificateNumber, Installed, KeyFacts, Origin, RequestFacts, ServerFacts, VersionFacts, VersionNumber,
};
use crate::name::{KeyName, KeyPath, Protocol, ServerName};

pub(super) fn load(disk: &dyn Disk, server: &ServerName) -> Result<ServerFacts, StoreError> {
    let path = layout::facts(server);
    disk.load_if_present(&path)?.map_or_else(|| Ok(ServerFacts::default()), |bytes| decode(disk, &path, &bytes))
}

/// The facts of one key, without a look at those of the others.
pub(super) fn load_key(disk: &dyn Disk, key: &KeyPath) -> Result<Option<KeyFacts>, StoreError> {
    #[derive(Deserialize)]
    struct Keys<'a> {
        #[serde(borrow)]
        protocols: BTreeMap<Protocol, BTreeMap<KeyName, &'a RawValue>>,
    }
    let path = layout::facts(key.server());
    let Some(bytes) = disk.load_if_present(&path)? else { return Ok(None) };
    let index: Keys<'_> = decode(disk, &path, &bytes)?;
    let facts = index.protocols.get(&key.service.protocol).and_then(|keys| keys.get(&key.name));
    facts.map(|facts| decode(disk, &path, facts.get().as_bytes())).transpose()
}

/// Writes the index durably.
pub(super) fn store(disk: &dyn Disk, server: &ServerName, facts: &ServerFacts) -> Result<(), StoreError> {
    Ok(disk.put_durably(&layout::facts(server), &encode(facts), PRIVATE_FILE)?)
}

/// The number for the next version of a key: above every folder there ever was, indexed or not.
pub(super) fn next_version(disk: &dyn Disk, key: &KeyPath, facts: &ServerFacts) -> Result<VersionNumber, StoreError> {
    let indexed = facts.key(key).and_then(|key| key.versions.last()).map_or(0, |version| version.number.0);
    let folders = disk.names(&layout::key(key))?;
    let on_disk = folders.iter().filter_map(|entry| entry.name.parse().ok()).max().unwrap_or(0);
    Ok(VersionNumber(indexed.max(on_disk)).next())
}

/// Writes a private key and what it is, durably, before any index names them.
pub(super) fn add_version(
    disk: &dyn Disk,
    key: &KeyPath,
    version: &VersionFacts,
    private_key: &[u8],
    known: &ServerFacts,
) -> Result<(), StoreError> {
    let folder = layout::version(key, version.number);
    let mut to_sync = disk.ensure_folder(&folder, PRIVATE_FOLDER)?.split_off(durable_folders(key, known));
    disk.add(&layout::private_key(key, version.number), private_key, PRIVATE_FILE, true)?;
    disk.add(&layout::version_facts(key, version.number), &encode(version), PRIVATE_FILE, true)?;
    to_sync.push(folder);
    // From the bottom up: a name is durable only after what it names.
    for folder in to_sync.iter().rev() {
        disk.sync_names(folder)?;
    }
    Ok(())
}

/// Writes a copy of a version, durably, before any index names it: the files of the other under a second name, where
/// the file system has such, as nobody ever writes to them again.
pub(super) fn copy_version(
    disk: &dyn Disk,
    from: &Origin,
    key: &KeyPath,
    version: &VersionFacts,
    known: &ServerFacts,
) -> Result<(), StoreError> {
    let (source, folder) = (layout::version(&from.key, from.version), layout::version(key, version.number));
    let mut to_sync = disk.ensure_folder(&folder, PRIVATE_FOLDER)?.split_off(durable_folders(key, known));
    for entry in disk.names(&source)? {
        if layout::is_material(&entry.name) {
            disk.link_or_copy(&source.join(&entry.name), &folder.join(&entry.name), PRIVATE_FILE)?;
        }
    }
    disk.add(&layout::version_facts(key, version.number), &encode(version), PRIVATE_FILE, true)?;
    to_sync.push(folder);
    for folder in to_sync.iter().rev() {
        disk.sync_names(folder)?;
    }
    Ok(())
}

/// Writes again what a version is, durably.
pub(super) fn rewrite_version(disk: &dyn Disk, key: &KeyPath, version: &VersionFacts) -> Result<(), StoreError> {
    Ok(disk.put_durably(&layout::version_facts(key, version.number), &encode(version), PRIVATE_FILE)?)
}

/// How many of the folders above a version, from the keystore's own downwards, are durable: those above what the
/// index names, as it was written after them. A folder that merely stands there may be what a crash left.
fn durable_folders(key: &KeyPath, known: &ServerFacts) -> usize {
    if known.key(key).is_some() {
        4
    } else if known.protocols.contains_key(&key.service.protocol) {
        3
    } else if known.protocols.is_empty() {
        1
    } else {
        2
    }
}

/// Writes a request beside its private key. `version` lists it already.
pub(super) fn add_request(
    disk: &dyn Disk,
    key: &KeyPath,
    version: &VersionFacts,
    request: &RequestFacts,
    pem: &str,
) -> Result<(), StoreError> {
    let path = layout::request(key, version.number, request.number);
    // A file of this number that no index names is what a crash left; the numbers it could have had are spent.
    disk.put(&path, pem.as_bytes(), PRIVATE_FILE, true)?;
    disk.put(&layout::version_facts(key, version.number), &encode(version), PRIVATE_FILE, true)?;
    Ok(disk.sync_names(&layout::version(key, version.number))?)
}

/// Writes a certificate and its chain beside their private key, under a number that was never used.
pub(super) fn add_certificate(
    disk: &dyn Disk,
    key: &KeyPath,
    version: VersionNumber,
    certificate: &str,
    chain: &str,
) -> Result<CertificateNumber, StoreError> {
    let folder = layout::version(key, version);
    let used = disk.names(&folder)?;
    let last = used.iter().filter_map(|entry| layout::certificate_number(&entry.name)).max();
    let number = last.unwrap_or(CertificateNumber(0)).next();
    // The chain first: where a certificate stands, its chain does too.
    disk.put(&layout::chain(key, version, number), chain.as_bytes(), PRIVATE_FILE, true)?;
    disk.add(&layout::certificate(key, version, number), certificate.as_bytes(), PRIVATE_FILE, true)?;
    disk.sync_names(&folder)?;
    Ok(number)
}

/// The private key file of a version, checked against its hash.
pub(super) fn private_key(
    disk: &dyn Disk,
    key: &KeyPath,
    version: VersionNumber,
    digest: Digest,
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    load_checked(disk, &layout::private_key(key, version), digest)
}

/// The certificate and chain files of what is installed, checked against their hashes.
pub(super) fn certificate(
    disk: &dyn Disk,
    key: &KeyPath,
    installed: &Installed,
) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
    let read = |path: StorePath, digest| load_checked(disk, &path, digest).map(|bytes| bytes.to_vec());
    let certificate = layout::certificate(key, installed.version, installed.certificate);
    let chain = layout::chain(key, installed.version, installed.certificate);
    Ok((read(certificate, installed.certificate_file)?, read(chain, installed.chain_file)?))
}

/// One request file, checked against its hash.
pub(super) fn request(
    disk: &dyn Disk,
    key: &KeyPath,
    version: VersionNumber,
    request: &RequestFacts,
) -> Result<Vec<u8>, StoreError> {
    let path = layout::request(key, version, request.number);
    load_checked(disk, &path, request.file).map(|bytes| bytes.to_vec())
}
