//! What a writer does: facts at once, changes to the stage all together at the end.

mod wanted;

use std::collections::BTreeMap;

use super::intent::Intent;
use super::lock::{self, Held};
use super::{Keystore, Snapshot, StoreError, authorities, batch, facts, format, layout, recovery, staged};
use crate::change::{Change, Stage, Target};
use crate::digest::Digest;
use crate::model::{
    AcmeAccount, Authority, AuthoritySettings, CertificateNumber, Compromise, Generation, KeyView, Origin,
    RequestFacts, RequestNumber, ServerFacts, ServiceSettings, Submission, VersionFacts, VersionNumber,
};
use crate::name::{AuthorityName, Endpoint, KeyPath, ServerName, ServicePath};
use crate::pki::{CertificationRequest, Chain, KeyAlgorithm, PrivateKey};
use crate::timestamp::Timestamp;
use crate::world::World;

/// A writer's hold on the keystore: the lock, and what was there when it was obtained.
#[must_use = "staged changes are written by `finish`"]
pub struct Transaction<'k> {
    pub(super) keystore: &'k Keystore,
    snapshot: Snapshot<'k>,
    stage: Stage,
    /// Change sets that a running commit has taken.
    sealed: Vec<String>,
    pub(super) held: Held,
}

/// A private key to be kept.
pub struct NewVersion<'a> {
    /// What kind it is.
    pub algorithm: KeyAlgorithm,
    /// SHA-256 of its `SubjectPublicKeyInfo`.
    pub spki: Digest,
    /// Whether `file` needs a passphrase.
    pub encrypted: bool,
    /// Why it should not be used.
    pub weaknesses: &'a [String],
    /// The PEM file to be written.
    pub file: &'a [u8],
}

impl NewVersion<'_> {
    /// What will be known of it.
    pub(super) fn facts(&self, number: VersionNumber, world: &World, now: Timestamp) -> VersionFacts {
        VersionFacts {
            number,
            algorithm: self.algorithm,
            spki: self.spki,
            file: Digest::of(self.file),
            encrypted: self.encrypted,
            made: now,
            by: world.actor.clone(),
            requests: Vec::new(),
            copy_of: None,
            compromised: None,
            weaknesses: self.weaknesses.to_vec(),
        }
    }
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
                Some(_publishing) => held.change(|| recovery::recover(disk, world.threads))?,
                None => running = Intent::load(disk)?,
            }
        }
        let snapshot = Snapshot::take(disk, world.threads)?;
        if running.as_ref().is_some_and(|intent| snapshot.generation() == intent.generation) {
            // The record of the commit that runs is there and need not be durable yet. The stage that is written here has
            // lost what it committed, and must not be all that a loss of power leaves of that.
            held.change(|| disk.sync_names(&layout::commits()))?;
        }
        let stage = snapshot.stage().clone();
        let sealed = running.map(|intent| intent.change_sets).unwrap_or_default();
        Ok(Self { keystore, snapshot, stage, sealed, held })
    }

    /// The same, for changes that go into a commit of their own: it sees what is committed and `stage`, and nothing of
    /// what administrators have staged. What it stages is never written: [`Transaction::into_stage`] returns it.
    pub(super) fn begin_apart(keystore: &'k Keystore, stage: Stage) -> Result<Self, StoreError> {
        let Self { keystore, snapshot, held, .. } = Self::begin(keystore)?;
        Ok(Self { keystore, snapshot: snapshot.with_stage(stage.clone()), stage, sealed: Vec::new(), held })
    }

    /// What is staged with the changes of this transaction, which goes into a commit of its own. Releases the lock.
    #[must_use]
    pub fn into_stage(self) -> Stage {
        self.stage
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
        let world = self.keystore.world();
        let version = new.facts(self.snapshot.next_version(key, &facts)?, world, world.now());
        self.held.change(|| {
            let written = facts::add_version(disk, key, &version, new.file, &facts).and_then(|()| {
                facts.key_mut(key).versions.push(version.clone());
                self.store_index(key.server(), &facts)
            });
            if let Err(cause) = written {
                facts::take_back(disk, key.server(), [(key, version.number)]);
                return Err(cause);
            }
            Ok(version)
        })
    }

    /// Writes copies of another key's versions, durably, and puts them into the index. They are not in the tree
    /// before a commit says so. Returns each old number with its new one.
    ///
    /// # Errors
    /// When the disk refuses; what is left then is in no tree.
    pub fn copy_versions(
        &mut self,
        from: &KeyView,
        to: &KeyPath,
    ) -> Result<BTreeMap<VersionNumber, VersionNumber>, StoreError> {
        let disk = self.keystore.disk();
        let mut index = self.snapshot.facts(to.server())?;
        let mut numbers = BTreeMap::new();
        self.held.change(|| {
            for version in &from.facts.versions {
                let number = self.snapshot.next_version(to, &index)?;
                let origin = Origin { key: from.path.clone(), version: version.number };
                let copy = VersionFacts { number, copy_of: Some(origin.clone()), ..version.clone() };
                facts::copy_version(disk, &origin, to, &copy, &index)?;
                index.key_mut(to).versions.push(copy);
                numbers.insert(version.number, number);
            }
            self.store_index(to.server(), &index)?;
            Ok(numbers)
        })
    }

    /// Marks private keys of one server as known to somebody else: a fact from now on, for all of them at once.
    ///
    /// # Errors
    /// When the disk refuses; then the index has marked none.
    pub fn mark_compromised(
        &mut self,
        server: &ServerName,
        versions: &[(KeyPath, VersionNumber)],
        reason: &str,
    ) -> Result<(), StoreError> {
        let disk = self.keystore.disk();
        let world = self.keystore.world();
        let mark = Compromise { marked: world.now(), by: world.actor.clone(), reason: reason.to_owned() };
        let mut index = self.snapshot.facts(server)?;
        self.held.change(|| {
            for (key, number) in versions {
                let known = self.known_version(&mut index, key, *number)?;
                known.compromised = Some(mark.clone());
                facts::rewrite_version(disk, key, known)?;
            }
            self.store_index(server, &index)
        })
    }

    fn store_index(&self, server: &ServerName, index: &ServerFacts) -> Result<(), StoreError> {
        self.snapshot.forget_index(server);
        facts::store(self.keystore.disk(), server, index)
    }

    fn known_version<'f>(
        &self,
        index: &'f mut ServerFacts,
        key: &KeyPath,
        number: VersionNumber,
    ) -> Result<&'f mut VersionFacts, StoreError> {
        let disk = self.keystore.disk();
        let known = index.key_mut(key).versions.iter_mut().find(|known| known.number == number).ok_or_else(|| {
            format::damaged(disk, &layout::facts(key.server()), format!("it lacks version {number} of {key}"))
        })?;
        if known.compromised.is_none() {
            // Whoever marked it may not have come as far as the index.
            let stated = facts::stated(disk, key, number)?.filter(|stated| stated.spki == known.spki);
            known.compromised = stated.and_then(|stated| stated.compromised);
        }
        Ok(known)
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
        let now = self.keystore.world().now();
        let number = format::successor(disk, &layout::version_facts(key, version.number), version.next_request())?;
        let made = RequestFacts::of(number, now, Digest::of(pem.as_bytes()), request);
        let mut facts = self.snapshot.facts(key.server())?;
        let known = self.known_version(&mut facts, key, version.number)?;
        known.requests.push(made.clone());
        let known = known.clone();
        self.held.change(|| {
            facts::add_request(disk, key, &known, &made, &pem)?;
            self.store_index(key.server(), &facts)?;
            Ok(made)
        })
    }

    /// Takes note of what became of requests that were handed to authorities: facts from now on.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn submitted(
        &mut self,
        key: &KeyPath,
        version: VersionNumber,
        request: RequestNumber,
        submission: &Submission,
    ) -> Result<(), StoreError> {
        let disk = self.keystore.disk();
        let mut index = self.snapshot.facts(key.server())?;
        let known = self.known_version(&mut index, key, version)?;
        let made = known.requests.iter_mut().find(|made| made.number == request).ok_or_else(|| {
            format::damaged(disk, &layout::facts(key.server()), format!("it lacks request {request} of {key}"))
        })?;
        made.submission = Some(submission.clone());
        let known = known.clone();
        self.held.change(|| {
            facts::rewrite_version(disk, key, &known)?;
            self.store_index(key.server(), &index)
        })
    }

    /// Says something of an authority: a fact from now on.
    ///
    /// # Errors
    /// When the disk refuses; then what was said before still holds.
    pub fn set_authority(&mut self, name: &AuthorityName, settings: &AuthoritySettings) -> Result<(), StoreError> {
        let (disk, world) = (self.keystore.disk(), self.keystore.world());
        let authority = Authority { set: world.now(), by: world.actor.clone(), settings: settings.clone() };
        self.held.change(|| authorities::store(disk, name, &authority))
    }

    /// Keeps the private key of an account at an authority, durably: a fact from now on.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn keep_account_key(&mut self, name: &AuthorityName, key: &PrivateKey) -> Result<(), StoreError> {
        let disk = self.keystore.disk();
        self.held.change(|| authorities::store_account_key(disk, name, key))
    }

    /// Keeps what is known of an account at an authority, durably: a fact from now on.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn keep_account(&mut self, name: &AuthorityName, account: &AcmeAccount) -> Result<(), StoreError> {
        let disk = self.keystore.disk();
        self.held.change(|| authorities::store_account(disk, name, account))
    }

    /// Forgets an authority.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove_authority(&mut self, name: &AuthorityName) -> Result<(), StoreError> {
        let disk = self.keystore.disk();
        self.held.change(|| authorities::remove(disk, name))
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
        let disk = self.keystore.disk();
        let number = self.snapshot.next_certificate(key, version.number)?;
        self.held.change(|| facts::add_certificate(disk, key, version.number, chain, number))
    }

    /// Writes certificates and their chains beside their private keys, all durable at once. Nothing uses them before a
    /// change says so.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn add_certificates(
        &mut self,
        new: &[(&KeyPath, &VersionFacts, &Chain)],
    ) -> Result<Vec<WrittenCertificate>, StoreError> {
        self.held.change(|| batch::add_certificates(self, new))
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

    /// Since when that is current which something staged for a key takes the place of. What a commit that runs makes
    /// current is not known to anybody yet.
    #[must_use]
    pub fn after(&self, view: &KeyView) -> Option<Generation> {
        let since = view.current.as_ref().map_or(Generation::EMPTY, |current| current.since);
        (!self.commit_is_running()).then_some(since)
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

    /// How a service is published to once the stage, with the changes of this transaction, is committed.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn upcoming_settings(&self, service: &ServicePath) -> Result<Option<ServiceSettings>, StoreError> {
        self.snapshot.settings_with(service, &self.stage)
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
