//! Facts on disk: material in numbered folders to which files are only ever added, and an index per server.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::format::{decode, encode, load_checked, successor};
use super::layout::{self, PRIVATE_FILE, PRIVATE_FOLDER, StorePath};
use super::{Disk, StoreError, WrittenCertificate};
use crate::digest::Digest;
use crate::model::{
    CertificateNumber, Installed, KeyFacts, Origin, RequestFacts, ServerFacts, VersionFacts, VersionNumber,
};
use crate::name::{KeyName, KeyPath, Protocol, ServerName, ServicePath};
use crate::pki::Chain;

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

/// The number for the next version of a key: above every folder there ever was, indexed or not, and above what is
/// committed: a folder that got lost is not to be taken for another one.
pub(super) fn next_version(
    disk: &dyn Disk,
    key: &KeyPath,
    facts: &ServerFacts,
    committed: Option<VersionNumber>,
) -> Result<VersionNumber, StoreError> {
    let indexed = facts.key(key).and_then(KeyFacts::newest);
    let folders = disk.names(&layout::key(key))?;
    let on_disk = folders.iter().filter_map(|entry| layout::version_number(&entry.name)).max();
    let newest = indexed.max(on_disk).max(committed).unwrap_or(VersionNumber(0));
    successor(disk, &layout::version(key, newest), newest.successor())
}

/// A version's folder as it stands on the disk, whatever the index says.
pub(super) struct Folder {
    pub(super) key: KeyPath,
    pub(super) version: VersionNumber,
    /// The names in it.
    pub(super) names: BTreeSet<String>,
}

impl Folder {
    /// Whether a file stands in it.
    pub(super) fn has(&self, path: &StorePath) -> bool {
        path.file_name().is_some_and(|name| self.names.contains(name))
    }

    /// Whether a mark says that its number is spent.
    pub(super) fn is_marked(&self) -> bool {
        self.has(&layout::pruned(&self.key, self.version))
    }

    /// Whether its private key, which no index names, was given up. A mark may be of a prune that never came to its end:
    /// where the index itself is lost, it tells nothing of a private key that is still there.
    pub(super) fn is_given_up(&self, is_indexed: bool) -> bool {
        self.is_marked() && (is_indexed || !self.has(&layout::private_key(&self.key, self.version)))
    }

    /// Whether its number stays known as spent without its mark: the index names a higher one, or one of the folders that
    /// come `later` is marked. Anything else with a higher number may be what a crash left, and be set aside.
    pub(super) fn is_outranked(&self, later: &[Self], index: &ServerFacts) -> bool {
        let newest = index.key(&self.key).and_then(KeyFacts::newest);
        newest.is_some_and(|newest| newest > self.version)
            || later.iter().take_while(|other| other.key == self.key).any(Self::is_marked)
    }

    /// The certificates in it.
    pub(super) fn certificates(&self) -> BTreeSet<CertificateNumber> {
        self.names.iter().filter_map(|name| layout::certificate_number(name)).collect()
    }
}

/// One version's folder.
pub(super) fn folder(disk: &dyn Disk, key: &KeyPath, version: VersionNumber) -> Result<Folder, StoreError> {
    let names = disk.names(&layout::version(key, version))?;
    Ok(Folder { key: key.clone(), version, names: names.into_iter().map(|entry| entry.name).collect() })
}

/// Every version's folder of a server, in order.
pub(super) fn folders(disk: &dyn Disk, server: &ServerName) -> Result<Vec<Folder>, StoreError> {
    let mut folders = Vec::new();
    for protocol in disk.folders(&layout::server(server))? {
        let service = ServicePath { server: server.clone(), protocol };
        for name in disk.folders(&layout::service(&service))? {
            let key = KeyPath { service: service.clone(), name };
            let names = disk.names(&layout::key(&key))?;
            let mut versions: Vec<_> = names.iter().filter_map(|it| layout::version_number(&it.name)).collect();
            versions.sort_unstable();
            for version in versions {
                folders.push(folder(disk, &key, version)?);
            }
        }
    }
    Ok(folders)
}

/// What a version's own folder says of it; none where it says nothing that can be read.
pub(super) fn stated(
    disk: &dyn Disk,
    key: &KeyPath,
    number: VersionNumber,
) -> Result<Option<VersionFacts>, StoreError> {
    let written = disk.load_if_present(&layout::version_facts(key, number))?;
    Ok(written.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// The same, when that is true of the private key beside it.
pub(super) fn whole(disk: &dyn Disk, key: &KeyPath, number: VersionNumber) -> Result<Option<VersionFacts>, StoreError> {
    let Some(facts) = stated(disk, key, number)? else { return Ok(None) };
    let Some(file) = disk.load_if_present(&layout::private_key(key, number))?.map(Zeroizing::new) else {
        return Ok(None);
    };
    Ok((facts.number == number && facts.file == Digest::of(&file)).then_some(facts))
}

/// Writes a private key and what it is, durably, before any index names them. The private key last: where one stands,
/// what it is does too.
pub(super) fn add_version(
    disk: &dyn Disk,
    key: &KeyPath,
    version: &VersionFacts,
    private_key: &[u8],
    known: &ServerFacts,
) -> Result<(), StoreError> {
    let folder = layout::version(key, version.number);
    let mut to_sync = disk.ensure_folder(&folder, PRIVATE_FOLDER)?.split_off(durable_folders(key, known));
    disk.add(&layout::version_facts(key, version.number), &encode(version), PRIVATE_FILE, true)?;
    disk.add(&layout::private_key(key, version.number), private_key, PRIVATE_FILE, true)?;
    to_sync.push(folder);
    // From the bottom up: a name is durable only after what it names.
    for folder in to_sync.iter().rev() {
        disk.sync_names(folder)?;
    }
    Ok(())
}

/// Removes versions of a server's keys that could not be made, as far as the disk allows: what is left is what a crash
/// would leave. An index that names them may have got its place although that failed.
pub(super) fn take_back<'k>(
    disk: &dyn Disk,
    server: &ServerName,
    versions: impl IntoIterator<Item = (&'k KeyPath, VersionNumber)>,
) {
    let Ok(known) = load(disk, server) else { return };
    let is_named = |key: &KeyPath, version| known.key(key).is_some_and(|known| known.version(version).is_some());
    for (key, version) in versions {
        if !is_named(key, version) {
            let _ = disk.discard_folder(&layout::version(key, version));
        }
    }
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

/// A number that no certificate of a private key ever had: neither what is there, a chain alone perhaps, nor what is
/// committed and got lost.
pub(super) fn next_certificate(
    disk: &dyn Disk,
    key: &KeyPath,
    version: VersionNumber,
    committed: Option<CertificateNumber>,
) -> Result<CertificateNumber, StoreError> {
    let used = disk.names(&layout::version(key, version))?;
    let number = |name: &str| layout::certificate_number(name).or_else(|| layout::chain_number(name));
    let last = used.iter().filter_map(|entry| number(&entry.name)).max();
    let last = last.max(committed).unwrap_or(CertificateNumber(0));
    successor(disk, &layout::certificate(key, version, last), last.successor())
}

/// Writes a certificate and its chain beside their private key. Their names are not durable before the folder is synced.
pub(super) fn write_certificate(
    disk: &dyn Disk,
    key: &KeyPath,
    version: VersionNumber,
    number: CertificateNumber,
    chain: &Chain,
    sync: bool,
) -> Result<WrittenCertificate, StoreError> {
    let (leaf, rest) = (chain.leaf.to_pem(), chain.intermediates_pem());
    // The chain first: where a certificate stands, its chain does too.
    disk.add(&layout::chain(key, version, number), rest.as_bytes(), PRIVATE_FILE, sync)?;
    disk.add(&layout::certificate(key, version, number), leaf.as_bytes(), PRIVATE_FILE, sync)?;
    let (certificate_file, chain_file) = (Digest::of(leaf.as_bytes()), Digest::of(rest.as_bytes()));
    Ok(WrittenCertificate { number, certificate_file, chain_file })
}

/// Writes a certificate and its chain beside their private key, durably, under a number that was never used.
pub(super) fn add_certificate(
    disk: &dyn Disk,
    key: &KeyPath,
    version: VersionNumber,
    chain: &Chain,
    number: CertificateNumber,
) -> Result<WrittenCertificate, StoreError> {
    let written = write_certificate(disk, key, version, number, chain, true)?;
    disk.sync_names(&layout::version(key, version))?;
    Ok(written)
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
