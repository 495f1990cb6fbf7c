//! The states of a commit. Each consumes the one before: committing, prepared, switched, recorded or undone. A
//! publication goes the same way and has nothing to record.

mod error;
mod work;

use std::collections::BTreeSet;

use zeroize::Zeroizing;

pub use error::CommitError;
use work::Work;

use super::intent::Intent;
use super::layout::{self, PRIVATE_FILE, StorePath};
use super::lock::{self, Held};
use super::log::EndpointChange;
use super::{Keystore, Snapshot, StoreError, format, recovery, told};
use crate::change::Stage;
use crate::digest::Digest;
use crate::model::{AbsolutePath, FileForm, Generation, State};
use crate::name::{Endpoint, ServicePath};

/// What is to be committed.
pub struct Proposal {
    /// The generation it was planned on.
    pub base: Generation,
    /// The changes.
    pub stage: Stage,
    /// Whether these are changes of their own, which stand in no stage: what administrators have staged stays.
    pub apart: bool,
    /// The servers they touch, as they are afterwards.
    pub state: State,
    /// What happens to each endpoint.
    pub endpoints: Vec<EndpointChange>,
    /// The files for each endpoint that is published anew.
    pub publications: Vec<Publication>,
    /// Why.
    pub message: Option<String>,
}

/// The files to be published at one endpoint.
pub struct Publication {
    /// Where.
    pub endpoint: Endpoint,
    /// The private key, PEM.
    pub private_key: Zeroizing<Vec<u8>>,
    /// The certificate, PEM.
    pub certificate: Vec<u8>,
    /// The intermediates, PEM, possibly none.
    pub chain: Vec<u8>,
    /// Whose the files are, and who may read the private key.
    pub ownership: Ownership,
    /// Files outside the keystore that change with it.
    pub installs: Vec<Install>,
    /// Whether the endpoint's service is told of its new files, by a reload or in any other way: once a crash has
    /// been recovered from, somebody has to tell it again.
    pub told: bool,
}

impl Publication {
    /// The file of a form. The private key comes first in the one that holds all: Postfix wants it so, others take any
    /// order.
    #[must_use]
    pub fn form(&self, form: FileForm) -> Zeroizing<Vec<u8>> {
        let Self { private_key, certificate, chain, .. } = self;
        let parts: &[&[u8]] = match form {
            FileForm::PrivateKey => &[private_key],
            FileForm::Certificate => &[certificate],
            FileForm::Chain => &[chain],
            FileForm::FullChain => &[certificate, chain],
            FileForm::Combined => &[private_key, certificate, chain],
        };
        Zeroizing::new(parts.concat())
    }
}

/// Whose published files are, and who may read those with the private key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ownership {
    /// A user id; none for the keystore's owner.
    pub owner: Option<u32>,
    /// A group id; none for that of whoever publishes.
    pub group: Option<u32>,
    /// The permission bits of files with the private key.
    pub mode: u32,
}

impl Default for Ownership {
    fn default() -> Self {
        Self { owner: None, group: None, mode: PRIVATE_FILE }
    }
}

/// A file outside the keystore. It belongs to whom the endpoint's files belong to.
pub struct Install {
    /// Where. Its folder must be there, and nobody but root and us may write to it.
    pub path: AbsolutePath,
    /// What it holds, the private key perhaps.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Its permission bits.
    pub mode: u32,
}

/// The hold on publishing: no other commit runs until this is dropped.
#[must_use]
pub struct Committing<'k> {
    keystore: &'k Keystore,
    publishing: Held,
}

impl<'k> Committing<'k> {
    pub(super) fn begin(keystore: &'k Keystore) -> Result<Self, StoreError> {
        keystore.check_writable()?;
        let (disk, world) = (keystore.disk(), keystore.world());
        let publishing = lock::publishing(disk, world)?;
        if Intent::load(disk)?.is_some() {
            let writing = lock::writing(disk, world)?;
            writing.change(|| recovery::recover(disk, world.threads))?;
        }
        Ok(Self { keystore, publishing })
    }

    /// What is there now, and stays the newest generation until this commit is recorded.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn snapshot(&self) -> Result<Snapshot<'k>, StoreError> {
        self.keystore.read()
    }

    /// Takes note that these services have been told what they read: they are off [`Snapshot::to_be_told`].
    ///
    /// # Errors
    /// When the disk refuses; then they are to be told again.
    pub fn told(&self, services: &BTreeSet<ServicePath>) -> Result<(), StoreError> {
        told::settle(self.keystore.disk(), services)
    }

    /// Takes note that somebody has to tell these services what they read: they are on [`Snapshot::to_be_told`].
    ///
    /// # Errors
    /// When the disk refuses; then nothing remembers them.
    pub fn owe(&self, services: impl IntoIterator<Item = ServicePath>) -> Result<(), StoreError> {
        told::owe(self.keystore.disk(), services.into_iter())
    }

    /// Writes the intent, the state, the record as a temporary file and every endpoint's new version beside the
    /// live one. Readers see none of it. What is staged from here on goes into a change set of its own.
    ///
    /// # Errors
    /// When the keystore or its stage has moved on since the plan, when a writer holds the lock too long, when a file
    /// outside the keystore can't go where it shall, or when the disk refuses; then everything is put back.
    pub fn prepare(self, proposal: &Proposal) -> Result<Prepared<'k, Recording>, CommitError> {
        let disk = self.keystore.disk();
        // The intent seals the change sets it names. A writer that has read none adds to them: none may be at work.
        let writing = lock::writing(disk, self.keystore.world()).map_err(CommitError::NotBegun)?;
        let snapshot = self.snapshot().map_err(CommitError::NotBegun)?;
        let is_staged = || proposal.apart || *snapshot.stage() == proposal.stage;
        if snapshot.generation() != proposal.base || !is_staged() {
            return Err(CommitError::Moved);
        }
        let generation = format::successor(disk, &layout::commit(proposal.base), proposal.base.successor());
        let (generation, change_sets) = (generation.map_err(CommitError::NotBegun)?, proposal.stage.ids());
        let work = Work::begin(self.keystore, self.publishing, generation, change_sets, &proposal.publications)?;
        drop(writing);
        match work.write(&snapshot, proposal) {
            Ok(hash) => Ok(Prepared { work, goal: Recording(hash) }),
            Err(cause) => Err(work.take_back(cause)),
        }
    }

    /// Writes the intent and every endpoint's new version beside the live one, for what is committed already.
    ///
    /// # Errors
    /// When a file outside the keystore can't go where it shall, or when the disk refuses; then everything is put back.
    pub fn prepare_publication(
        self,
        generation: Generation,
        publications: &[Publication],
    ) -> Result<Prepared<'k, Publishing>, CommitError> {
        let work = Work::begin(self.keystore, self.publishing, generation, Vec::new(), publications)?;
        match work.write_publications(publications) {
            Ok(()) => Ok(Prepared { work, goal: Publishing }),
            Err(cause) => Err(work.take_back(cause)),
        }
    }
}

/// The goal of a commit: the record with this hash.
#[derive(Clone, Copy, Debug)]
pub struct Recording(Digest);

/// The goal of a publication: files that services read, and no record.
#[derive(Clone, Copy, Debug)]
pub struct Publishing;

/// Everything is written; no reader has seen any of it.
#[must_use = "what is prepared is switched or undone"]
pub struct Prepared<'k, Goal> {
    work: Work<'k>,
    goal: Goal,
}

impl<'k, Goal> Prepared<'k, Goal> {
    /// Points every endpoint at its new version, and puts the files outside the keystore in place.
    ///
    /// # Errors
    /// When the disk refuses; then everything is put back.
    pub fn switch(self) -> Result<Switched<'k, Goal>, CommitError> {
        match self.work.switch() {
            Ok(()) => Ok(Switched { work: self.work, goal: self.goal, told: BTreeSet::new() }),
            Err(cause) => Err(self.work.take_back(cause)),
        }
    }

    /// Puts everything back.
    ///
    /// # Errors
    /// When the disk refuses; the next writer tries again.
    pub fn undo(self) -> Result<(), StoreError> {
        self.work.undo()
    }
}

/// Services read the new versions; nothing is recorded yet, and all of it can still be undone.
#[must_use = "what is switched is finished or undone"]
pub struct Switched<'k, Goal> {
    work: Work<'k>,
    goal: Goal,
    /// Whom it settles.
    told: BTreeSet<ServicePath>,
}

impl<'k, Goal> Switched<'k, Goal> {
    /// Points every endpoint back at what it served before, and puts back the files outside the keystore.
    ///
    /// # Errors
    /// When the disk refuses; the next writer tries again.
    pub fn undo(self) -> Result<(), StoreError> {
        self.work.undo()
    }

    /// The same, and keeps hold: the caller tells the services, and then says so with [`Committing::told`]. Should it
    /// not live to do that, they are on [`Snapshot::to_be_told`], unless the disk was too full to take note of them.
    ///
    /// # Errors
    /// When the files are not back; the next writer tries again.
    pub fn undo_to_tell(self) -> Result<Committing<'k>, StoreError> {
        self.work.undo_to_tell()?;
        let Work { keystore, publishing, .. } = self.work;
        Ok(Committing { keystore, publishing })
    }

    /// Once this is recorded or kept, these services have been told all that they read: they are off
    /// [`Snapshot::to_be_told`] with it.
    pub fn settling(self, told: BTreeSet<ServicePath>) -> Self {
        Self { told, ..self }
    }

    /// Makes what was decided durable, its name being in this folder, and forgets what it could have been taken back to.
    fn clear_up(&self, decided_in: &StorePath) -> Result<(), CommitError> {
        let generation = self.work.intent.generation;
        let disk = self.work.keystore.disk();
        let durable = disk.sync_names(decided_in).map_err(StoreError::from);
        durable.map_err(|source| CommitError::NotDurable { generation, source })?;
        // whoever stays on the list is told once more
        let _ = told::settle(disk, &self.told);
        self.work.clear_up().map_err(|source| CommitError::Unfinished { generation, source })
    }
}

/// A commit that is recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// Its number.
    pub generation: Generation,
    /// The hash of its record.
    pub hash: Digest,
}

impl Switched<'_, Recording> {
    /// Makes the commit: its record appears, the stage is cleared.
    ///
    /// # Errors
    /// When the disk refuses: before the record, everything is put back; after it, only clearing up is left, and
    /// the next writer does it.
    pub fn record(self) -> Result<Recorded, CommitError> {
        self.work.record_it()?;
        self.clear_up(&layout::commits())?;
        Ok(Recorded { generation: self.work.intent.generation, hash: self.goal.0 })
    }
}

impl Switched<'_, Publishing> {
    /// Keeps what was switched.
    ///
    /// # Errors
    /// When the disk refuses: before it is said that they are kept, everything is put back; after it, only clearing
    /// up is left, and the next writer does it.
    pub fn keep(self) -> Result<(), CommitError> {
        self.work.keep()?;
        self.clear_up(&StorePath::root())
    }
}
