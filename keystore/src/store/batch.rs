//! Many private keys or certificates in one go: everything is written, made durable at once, and only then put into the indexes.
//!
//! A crash leaves, of each server, all of its new keys or none: the index of a server, which was written complete
//! beside the old one before the sync, takes its place in one rename. Folders that no index names are what a crash
//! leaves of keys that nobody was told of.

use std::collections::{BTreeMap, BTreeSet};

use super::format::{encode, successor};
use super::layout::{self, PRIVATE_FILE, PRIVATE_FOLDER, StorePath};
use super::transaction::{NewVersion, Transaction, WrittenCertificate};
use super::{Disk, Snapshot, StoreError, facts};
use crate::digest::Digest;
use crate::model::{CertificateNumber, RequestFacts, RequestNumber, ServerFacts, VersionFacts, VersionNumber};
use crate::name::{KeyPath, ServerName};
use crate::parallel;
use crate::pki::{CertificationRequest, Chain};
use crate::progress::Progress;
use crate::timestamp::Timestamp;
use crate::world::World;

/// A private key to be kept, with its first request.
pub struct NewKey<'a> {
    /// The key.
    pub key: KeyPath,
    /// The private key.
    pub version: NewVersion<'a>,
    /// The first request made with it.
    pub request: Option<&'a CertificationRequest>,
}

impl Transaction<'_> {
    /// Writes private keys, each for another key, with their requests, durably, and puts them into the indexes: facts
    /// from now on. Where everything can be synced at once, that is done twice, however many there are.
    ///
    /// # Errors
    /// When the disk refuses. Then no index names any of them; but when it refused while the indexes were put into
    /// their places, the servers whose turn had come have their keys.
    pub fn add_keys(&mut self, new: &[NewKey<'_>], progress: &dyn Progress) -> Result<Vec<VersionFacts>, StoreError> {
        let batch = Batch::plan(self, new)?;
        batch.indexes.keys().for_each(|server| self.snapshot().forget_index(server));
        match self.held.change(|| batch.write(progress).and_then(|()| batch.put_indexes())) {
            Ok(()) => Ok(batch.keys.into_iter().map(|(_, version)| version).collect()),
            Err(cause) => {
                batch.take_back();
                Err(cause)
            }
        }
    }
}

/// Writes certificates and their chains, all durable at once where the disk can do that.
pub(super) fn add_certificates(
    transaction: &Transaction<'_>,
    new: &[(&KeyPath, &VersionFacts, &Chain)],
) -> Result<Vec<WrittenCertificate>, StoreError> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let (disk, threads) = (transaction.keystore.disk(), transaction.keystore.world().threads);
    let sync_each = !disk.can_sync_everything();
    let mut taken: BTreeSet<(&KeyPath, VersionNumber, CertificateNumber)> = BTreeSet::new();
    let mut numbered = Vec::new();
    for (key, version, chain) in new {
        let mut number = transaction.snapshot().next_certificate(key, version.number)?;
        while !taken.insert((key, version.number, number)) {
            number = successor(disk, &layout::version(key, version.number), number.successor())?;
        }
        numbered.push((*key, version.number, number, *chain));
    }
    let written = parallel::each(threads, &numbered, |(key, version, number, chain)| {
        facts::write_certificate(disk, key, *version, *number, chain, sync_each)
    })?;
    let folders = numbered.iter().map(|(key, version, ..)| layout::version(key, *version));
    disk.sync_batch(&if sync_each { folders.collect() } else { BTreeSet::new() })?;
    Ok(written)
}

type Indexes = BTreeMap<ServerName, ServerFacts>;

struct Batch<'a> {
    disk: &'a dyn Disk,
    threads: usize,
    /// Whether each file is synced when it is made, and each folder after it.
    sync_each: bool,
    keys: Vec<(&'a NewKey<'a>, VersionFacts)>,
    /// The indexes as they will be.
    indexes: Indexes,
}

impl<'a> Batch<'a> {
    fn plan(transaction: &Transaction<'a>, new: &'a [NewKey<'a>]) -> Result<Self, StoreError> {
        let (disk, world) = (transaction.keystore.disk(), transaction.keystore.world());
        let snapshot = transaction.snapshot();
        let servers: BTreeSet<_> = new.iter().map(|new| new.key.server().clone()).collect();
        let servers = Vec::from_iter(servers);
        let loaded = parallel::each(world.threads, &servers, |server| facts::load(disk, server))?;
        let mut indexes: Indexes = servers.into_iter().zip(loaded).collect();
        let now = world.now();
        let versions = parallel::each(world.threads, new, |new| describe(snapshot, world, now, new, &indexes))?;
        for (new, version) in new.iter().zip(&versions) {
            let index = indexes.entry(new.key.server().clone()).or_default();
            index.key_mut(&new.key).versions.push(version.clone());
        }
        Ok(Self {
            disk,
            threads: world.threads,
            sync_each: !disk.can_sync_everything(),
            keys: new.iter().zip(versions).collect(),
            indexes,
        })
    }

    /// Writes everything but the last rename of each index, and makes it durable.
    fn write(&self, progress: &dyn Progress) -> Result<(), StoreError> {
        progress.begin("Keeping private keys", self.keys.len() as u64);
        let services: BTreeSet<_> = self.keys.iter().filter_map(|(new, _)| layout::key(&new.key).parent()).collect();
        let services = Vec::from_iter(services);
        parallel::each(self.threads, &services, |service| self.disk.ensure_folder(service, PRIVATE_FOLDER))?;
        parallel::each(self.threads, &self.keys, |(new, version)| {
            let written = self.write_key(new, version);
            progress.advance(1);
            written
        })?;
        let indexes: Vec<_> = self.indexes.iter().collect();
        parallel::each(self.threads, &indexes, |(server, index)| {
            self.disk.prepare(&layout::facts(server), &encode(index), PRIVATE_FILE, self.sync_each)
        })?;
        Ok(self.disk.sync_batch(&self.folders())?)
    }

    /// The private key last: whoever is killed leaves a key that is whole, or one that never was.
    fn write_key(&self, new: &NewKey<'_>, version: &VersionFacts) -> Result<(), StoreError> {
        let (disk, key, number) = (self.disk, &new.key, version.number);
        disk.ensure_folder(&layout::key(key), PRIVATE_FOLDER)?;
        disk.ensure_folder(&layout::version(key, number), PRIVATE_FOLDER)?;
        disk.add(&layout::version_facts(key, number), &encode(version), PRIVATE_FILE, self.sync_each)?;
        if let (Some(request), Some(facts)) = (new.request, version.requests.first()) {
            let path = layout::request(key, number, facts.number);
            disk.add(&path, request.to_pem().as_bytes(), PRIVATE_FILE, self.sync_each)?;
        }
        Ok(disk.add(&layout::private_key(key, number), new.version.file, PRIVATE_FILE, self.sync_each)?)
    }

    /// Every folder with a new name in it, and those above it. Only wanted where each is synced by itself.
    fn folders(&self) -> BTreeSet<StorePath> {
        let versions = self.keys.iter().map(|(new, version)| layout::version(&new.key, version.number));
        let above = |path: StorePath| std::iter::successors(Some(path), StorePath::parent);
        if self.sync_each { versions.flat_map(above).collect() } else { BTreeSet::new() }
    }

    /// Puts the indexes into their places: from then on, and not before, there are the keys that they name.
    fn put_indexes(&self) -> Result<(), StoreError> {
        for server in self.indexes.keys() {
            self.disk.replace(&layout::facts(server))?;
        }
        let folders = self.indexes.keys().filter_map(|server| layout::facts(server).parent());
        Ok(self.disk.sync_batch(&folders.collect())?)
    }

    /// Removes what was made for servers whose new index did not get its place.
    fn take_back(&self) {
        let mut made: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (new, version) in &self.keys {
            made.entry(new.key.server()).or_default().push((&new.key, version.number));
        }
        for (server, versions) in made {
            facts::take_back(self.disk, server, versions);
            let _ = self.disk.discard(&layout::facts(server).temporary());
        }
    }
}

/// What will be known of a new private key.
fn describe(
    snapshot: &Snapshot<'_>,
    world: &World,
    now: Timestamp,
    new: &NewKey<'_>,
    indexes: &Indexes,
) -> Result<VersionFacts, StoreError> {
    let index = indexes.get(new.key.server());
    let number = snapshot.next_version(&new.key, index.unwrap_or(&ServerFacts::default()))?;
    let request = |request: &CertificationRequest| {
        RequestFacts::of(RequestNumber(1), now, Digest::of(request.to_pem().as_bytes()), request)
    };
    Ok(VersionFacts {
        requests: new.request.map(request).into_iter().collect(),
        ..new.version.facts(number, world, now)
    })
}
