//! The states of a commit. Each consumes the one before: committing, prepared, switched, recorded or undone.

use std::collections::BTreeSet;

use zeroize::Zeroizing;

use super::format;
use super::intent::{Intent, Switch};
use super::layout::{self, PRIVATE_FILE, StorePath};
use super::live::{self, LiveFiles};
use super::lock::{self, Held};
use super::log::{self, EndpointChange, Record};
use super::{Keystore, Snapshot, StoreError, recovery};
use crate::change::Stage;
use crate::digest::Digest;
use crate::model::{Generation, State};
use crate::name::Endpoint;

/// What is to be committed.
pub struct Proposal {
    /// The generation it was planned on.
    pub base: Generation,
    /// The changes.
    pub stage: Stage,
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
}

/// A commit that failed, and how the undo went.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// It failed before anything was changed, or everything was put back.
    #[error("the commit failed and everything is as it was")]
    Undone(#[source] StoreError),
    /// It failed and could not be put back whole.
    #[error("the commit failed ({cause}) and could not be taken back whole")]
    UndoIncomplete {
        /// Why it failed.
        cause: StoreError,
        /// Why the undo failed.
        #[source]
        undo: StoreError,
    },
    /// It is recorded; clearing up behind it failed.
    #[error("generation {generation} is committed, but clearing up behind it failed")]
    Unfinished {
        /// The generation that was recorded.
        generation: Generation,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// Another commit, or a change of what is staged, came between the plan and now.
    #[error("the keystore changed while the commit was prepared")]
    Moved,
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
        let publishing = lock::acquire(keystore.disk(), keystore.world(), &layout::publish_lock())?;
        if Intent::load(keystore.disk())?.is_some() {
            let _writing = lock::acquire(keystore.disk(), keystore.world(), &layout::lock())?;
            recovery::recover(keystore.disk())?;
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

    /// Writes the intent, the state, the record as a temporary file and every endpoint's new version beside the
    /// live one. Readers see none of it. What is staged from here on goes into a change set of its own.
    ///
    /// # Errors
    /// When the keystore or its stage has moved on since the plan, when a writer holds the lock too long, or when
    /// the disk refuses; then everything is put back.
    pub fn prepare(self, proposal: &Proposal) -> Result<Prepared<'k>, CommitError> {
        let disk = self.keystore.disk();
        // The intent seals the change sets it names. A writer that has read none adds to them: none may be at work.
        let writing = lock::acquire(disk, self.keystore.world(), &layout::lock()).map_err(CommitError::Undone)?;
        let snapshot = self.snapshot().map_err(CommitError::Undone)?;
        if snapshot.generation() != proposal.base || *snapshot.stage() != proposal.stage {
            return Err(CommitError::Moved);
        }
        let intent = intend(self.keystore, proposal).map_err(CommitError::Undone)?;
        let work = Work { keystore: self.keystore, intent, _publishing: self.publishing };
        if let Err(cause) = work.intent.store(disk, !disk.can_sync_everything()) {
            return Err(work.take_back(cause));
        }
        drop(writing);
        match work.write(&snapshot, proposal) {
            Ok(hash) => Ok(Prepared { work, hash }),
            Err(cause) => Err(work.take_back(cause)),
        }
    }
}

fn intend(keystore: &Keystore, proposal: &Proposal) -> Result<Intent, StoreError> {
    let generation = proposal.base.next();
    let switch = |publication: &Publication| {
        let endpoint = publication.endpoint.clone();
        Ok(Switch { from: live::current(keystore.disk(), &endpoint)?, endpoint, to: generation.to_string() })
    };
    let switches = proposal.publications.iter().map(switch).collect::<Result<_, StoreError>>()?;
    Ok(Intent { generation, change_sets: proposal.stage.ids(), switches })
}

/// What a commit holds from its intent to its end.
struct Work<'k> {
    keystore: &'k Keystore,
    intent: Intent,
    _publishing: Held,
}

impl Work<'_> {
    /// Writes everything that readers don't see yet, durably. Returns the hash of the record to be.
    fn write(&self, snapshot: &Snapshot<'_>, proposal: &Proposal) -> Result<Digest, StoreError> {
        let disk = self.keystore.disk();
        let sync = !disk.can_sync_everything();
        let mut folders = BTreeSet::from([StorePath::root(), layout::state(), layout::commits()]);
        for publication in &proposal.publications {
            let Publication { endpoint, private_key, certificate, chain } = publication;
            let files = LiveFiles { private_key, certificate, chain };
            folders.extend(live::build(disk, endpoint, &self.intent.generation.to_string(), &files, sync)?);
        }
        let state = snapshot.tree.clone().store(disk, &proposal.state, sync)?;
        let (bytes, hash) = log::seal(&self.record(snapshot, proposal, state));
        let temporary = layout::commit(self.intent.generation).temporary();
        disk.discard(&temporary)?;
        disk.add(&temporary, &bytes, PRIVATE_FILE, sync)?;
        disk.sync_batch(&folders)?;
        Ok(hash)
    }

    fn record(&self, snapshot: &Snapshot<'_>, proposal: &Proposal, state: Digest) -> Record {
        Record {
            format: format::VERSION,
            keystore: self.keystore.config().id.clone(),
            generation: self.intent.generation,
            parent: snapshot.head_hash(),
            time: self.keystore.world().now(),
            actor: self.keystore.world().actor.clone(),
            message: proposal.message.clone(),
            change_sets: self.intent.change_sets.clone(),
            state,
            changes: proposal.stage.changes().cloned().collect(),
            endpoints: proposal.endpoints.clone(),
        }
    }

    fn switch(&self) -> Result<(), StoreError> {
        let disk = self.keystore.disk();
        for Switch { endpoint, to, .. } in &self.intent.switches {
            live::switch(disk, endpoint, to)?;
        }
        let folders = self.intent.switches.iter().map(|switch| layout::live_endpoint(&switch.endpoint)).collect();
        Ok(disk.sync_batch(&folders)?)
    }

    /// Links the record into its place. From then on, and not before, the commit is there.
    fn record_it(&self) -> Result<(), CommitError> {
        let disk = self.keystore.disk();
        let path = layout::commit(self.intent.generation);
        let cause = match disk.claim(&path.temporary(), &path) {
            Ok(true) => return Ok(()),
            Ok(false) => format::damaged(disk, &path, "it appeared while this commit held the lock for publishing"),
            Err(error) => error.into(),
        };
        // A link can be made although its maker is told otherwise: over a network the reply is lost, and the same
        // link, asked for again, is there already. What stands there decides.
        match recovery::is_recorded(disk, &self.intent) {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.take_back(cause)),
            Err(undo) => Err(CommitError::UndoIncomplete { cause, undo }),
        }
    }

    fn clear_up(&self) -> Result<(), StoreError> {
        let disk = self.keystore.disk();
        disk.sync_names(&layout::commits())?;
        let _writing = lock::acquire_to_finish(disk, self.keystore.world(), &layout::lock())?;
        recovery::finish(disk, &self.intent)
    }

    fn take_back(&self, cause: StoreError) -> CommitError {
        match recovery::undo(self.keystore.disk(), &self.intent) {
            Ok(()) => CommitError::Undone(cause),
            Err(undo) => CommitError::UndoIncomplete { cause, undo },
        }
    }
}

/// Everything is written; no reader has seen any of it.
#[must_use = "a prepared commit is switched or undone"]
pub struct Prepared<'k> {
    work: Work<'k>,
    hash: Digest,
}

impl<'k> Prepared<'k> {
    /// Points every endpoint at its new version.
    ///
    /// # Errors
    /// When the disk refuses; then everything is put back.
    pub fn switch(self) -> Result<Switched<'k>, CommitError> {
        match self.work.switch() {
            Ok(()) => Ok(Switched { work: self.work, hash: self.hash }),
            Err(cause) => Err(self.work.take_back(cause)),
        }
    }

    /// Puts everything back.
    ///
    /// # Errors
    /// When the disk refuses; the next writer tries again.
    pub fn undo(self) -> Result<(), StoreError> {
        recovery::undo(self.work.keystore.disk(), &self.work.intent)
    }
}

/// Services read the new versions; the commit is not recorded yet and can still be undone.
#[must_use = "a switched commit is recorded or undone"]
pub struct Switched<'k> {
    work: Work<'k>,
    hash: Digest,
}

/// A commit that is recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// Its number.
    pub generation: Generation,
    /// The hash of its record.
    pub hash: Digest,
}

impl Switched<'_> {
    /// Makes the commit: its record appears, the stage is cleared.
    ///
    /// # Errors
    /// When the disk refuses: before the record, everything is put back; after it, only clearing up is left, and
    /// the next writer does it.
    pub fn record(self) -> Result<Recorded, CommitError> {
        self.work.record_it()?;
        let generation = self.work.intent.generation;
        match self.work.clear_up() {
            Ok(()) => Ok(Recorded { generation, hash: self.hash }),
            Err(source) => Err(CommitError::Unfinished { generation, source }),
        }
    }

    /// Points every endpoint back at what it served before.
    ///
    /// # Errors
    /// When the disk refuses; the next writer tries again.
    pub fn undo(self) -> Result<(), StoreError> {
        recovery::undo(self.work.keystore.disk(), &self.work.intent)
    }
}
