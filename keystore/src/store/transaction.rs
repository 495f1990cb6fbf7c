//! What a writer does: facts at once, changes to the stage all together at the end.

use super::intent::Intent;
use super::lock::{self, Held};
use super::{Keystore, Snapshot, StoreError, facts, format, layout, recovery, staged};
use crate::change::{Change, Stage, Target};
use crate::digest::Digest;
use crate::model::{CertificateNumber, KeyView, RequestFacts, VersionFacts};
use crate::name::{Endpoint, KeyPath};
use crate::pki::{CertificationRequest, Chain, KeyAlgorithm};

/// A writer's hold on the keystore: the lock, and what was there when it was obtained.
#[must_use = "staged changes are written by `finish`"]
pub struct Transaction<'k> {
    keystore: &'k Keystore,
    snapshot: Snapshot<'k>,
    stage: Stage,
    /// Change sets that a running commit has taken.
    sealed: Vec<String>,
    held: Held,
}

/// A private key to be kept.
pub struct NewVersion<'a> {
    /// What kind it is.
    pub algorithm: KeyAlgorithm,
    /// SHA-256 of its `SubjectPublicKeyInfo`.
    pub spki: Digest,
    /// Whether `file` needs a passphrase.
    pub encrypted: bool,
    /// The PEM file to be written.
    pub file: &'a [u8],
}

impl<'k> Transaction<'k> {
    /// Takes the lock. A commit that a crash interrupted is recovered first, unless one still runs.
    pub(super) fn begin(keystore: &'k Keystore) -> Result<Self, StoreError> {
        let (disk, world) = (keystore.disk(), keystore.world());
        keystore.check_writable()?;
        let held = lock::writing(disk, world)?;
        let mut running = None;
        if Intent::load(disk)?.is_some() {
            match lock::try_publishing(disk, world)? {
                Some(_publishing) => held.change(|| recovery::recover(disk))?,
                None => running = Intent::load(disk)?,
            }
        }
        let snapshot = Snapshot::take(disk)?;
        if running.as_ref().is_some_and(|intent| snapshot.generation() == intent.generation) {
            // The record of the commit that runs is there and need not be durable yet. The stage that is written here has
            // lost what it committed, and must not be all that a loss of power leaves of that.
            held.change(|| disk.sync_names(&layout::commits()))?;
        }
        let stage = snapshot.stage().clone();
        let sealed = running.map(|intent| intent.change_sets).unwrap_or_default();
        Ok(Self { keystore, snapshot, stage, sealed, held })
    }

    /// The keystore as it was when the lock was obtained.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot<'k> {
        &self.snapshot
    }

    /// Writes a private key, durably, and puts it into the index: a fact from now on.
    ///
    /// # Errors
    /// When the disk refuses; then no index names the key.
    pub fn add_version(&mut self, key: &KeyPath, new: &NewVersion<'_>) -> Result<VersionFacts, StoreError> {
        let disk = self.keystore.disk();
        let mut facts = self.snapshot.facts(key.server())?;
        let version = VersionFacts {
            number: facts::next_version(disk, key, &facts)?,
            algorithm: new.algorithm,
            spki: new.spki,
            file: Digest::of(new.file),
            encrypted: new.encrypted,
            made: self.keystore.world().now(),
            by: self.keystore.world().actor.clone(),
            requests: Vec::new(),
        };
        self.held.change(|| {
            facts::add_version(disk, key, &version, new.file, &facts)?;
            facts.key_mut(key).versions.push(version.clone());
            facts::store(disk, key.server(), &facts)?;
            Ok(version)
        })
    }

    /// Writes a request made with one of the key's private keys, durably: a fact from now on.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn add_request(
        &mut self,
        key: &KeyPath,
        version: &VersionFacts,
        request: &CertificationRequest,
    ) -> Result<RequestFacts, StoreError> {
        let disk = self.keystore.disk();
        let pem = request.to_pem();
        let made = RequestFacts {
            number: version.next_request(),
            made: self.keystore.world().now(),
            file: Digest::of(pem.as_bytes()),
            subject: request.subject().clone(),
            names: request.names().to_vec(),
            certificate_template: request.certificate_template().map(ToString::to_string),
        };
        let mut facts = self.snapshot.facts(key.server())?;
        let mut versions = facts.key_mut(key).versions.iter_mut();
        let known = versions.find(|known| known.number == version.number).ok_or_else(|| {
            format::damaged(disk, &layout::facts(key.server()), format!("it lacks version {} of {key}", version.number))
        })?;
        known.requests.push(made.clone());
        let known = known.clone();
        self.held.change(|| {
            facts::add_request(disk, key, &known, &made, &pem)?;
            facts::store(disk, key.server(), &facts)?;
            Ok(made)
        })
    }

    /// Writes a certificate and its chain beside their private key. Nothing uses them before a change says so.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn add_certificate(
        &mut self,
        key: &KeyPath,
        version: &VersionFacts,
        chain: &Chain,
    ) -> Result<WrittenCertificate, StoreError> {
        let leaf = chain.leaf.to_pem();
        let rest = chain.intermediates_pem();
        let disk = self.keystore.disk();
        let number = self.held.change(|| facts::add_certificate(disk, key, version.number, &leaf, &rest))?;
        let certificate_file = Digest::of(leaf.as_bytes());
        Ok(WrittenCertificate { number, certificate_file, chain_file: Digest::of(rest.as_bytes()) })
    }

    /// What is staged, with the changes of this transaction.
    #[must_use]
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Stages a change, in place of an earlier one about the same thing.
    pub fn put(&mut self, change: Change) {
        let world = self.keystore.world();
        self.stage.put(change, &self.sealed, || world.new_id(), world.now());
    }

    /// Takes back what is staged about something. Says whether there was anything.
    pub fn withdraw(&mut self, target: &Target) -> bool {
        self.stage.withdraw(target, &self.sealed)
    }

    /// Takes staged changes back and returns them.
    pub fn remove(&mut self, which: impl FnMut(&Change) -> bool) -> Vec<Change> {
        self.stage.remove(&self.sealed, which)
    }

    /// Whether a commit that runs has taken some of what is staged.
    #[must_use]
    pub fn commit_is_running(&self) -> bool {
        self.stage.sets.iter().any(|set| self.sealed.contains(&set.id))
    }

    /// One key, with the changes of this transaction.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn key(&self, path: &KeyPath) -> Result<Option<KeyView>, StoreError> {
        self.snapshot.key_with(path, &self.stage)
    }

    /// What an endpoint is bound to once the stage, with the changes of this transaction, is committed.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn upcoming_binding(&self, endpoint: &Endpoint) -> Result<Option<KeyPath>, StoreError> {
        self.snapshot.binding_with(endpoint, &self.stage)
    }

    /// Writes the stage, if this transaction changed it, and releases the lock.
    ///
    /// # Errors
    /// When the disk refuses; then the stage is as it was.
    pub fn finish(self) -> Result<(), StoreError> {
        if self.stage == *self.snapshot.stage() {
            return Ok(());
        }
        self.held.change(|| staged::store(self.keystore.disk(), &self.stage))
    }
}

/// Where a certificate was written.
#[derive(Clone, Copy, Debug)]
pub struct WrittenCertificate {
    /// Its number beside its private key.
    pub number: CertificateNumber,
    /// SHA-256 of its file.
    pub certificate_file: Digest,
    /// SHA-256 of its chain's file.
    pub chain_file: Digest,
}
