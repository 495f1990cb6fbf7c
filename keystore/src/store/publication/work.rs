//! The steps of a commit or publication, and their undoing.

use std::collections::BTreeSet;

use super::{CommitError, Proposal, Publication};
use crate::digest::Digest;
use crate::model::Generation;
use crate::parallel;
use crate::store::intent::{Intent, Switch};
use crate::store::layout::{self, PRIVATE_FILE, StorePath};
use crate::store::live;
use crate::store::lock::{self, Held};
use crate::store::log::{self, Record};
use crate::store::{Keystore, Snapshot, StoreError, format, install, recovery, told};

/// What a commit or publication holds from its intent to its end.
pub(super) struct Work<'k> {
    pub(super) keystore: &'k Keystore,
    pub(super) intent: Intent,
    pub(super) publishing: Held,
}

impl<'k> Work<'k> {
    /// Begins it: the intent names what will be switched, and from what.
    pub(super) fn begin(
        keystore: &'k Keystore,
        publishing: Held,
        generation: Generation,
        change_sets: Vec<String>,
        publications: &[Publication],
    ) -> Result<Self, CommitError> {
        let disk = keystore.disk();
        let outside = install::plan(disk, publications).map_err(CommitError::NotBegun)?;
        let switch = |(publication, outside): (&Publication, _)| {
            let (endpoint, told) = (publication.endpoint.clone(), publication.told);
            let from = live::current(disk, &endpoint)?;
            Ok(Switch { to: live::next_name(from.as_deref(), generation), from, endpoint, told, outside })
        };
        let switches = publications.iter().zip(outside).map(switch).collect::<Result<_, StoreError>>();
        let switches = switches.map_err(CommitError::Undone)?;
        let intent = Intent { generation, change_sets, switches, kept: false };
        let work = Self { keystore, intent, publishing };
        match work.intent.store(disk) {
            Ok(()) => Ok(work),
            Err(cause) => Err(work.take_back(cause)),
        }
    }

    pub(super) fn undo(&self) -> Result<(), StoreError> {
        recovery::undo(self.keystore.disk(), self.keystore.world().threads, &self.intent)
    }

    /// Writes everything that readers don't see yet, durably. Returns the hash of the record to be.
    pub(super) fn write(&self, snapshot: &Snapshot<'_>, proposal: &Proposal) -> Result<Digest, StoreError> {
        let disk = self.keystore.disk();
        let sync = !disk.can_sync_everything();
        let mut folders = self.build(&proposal.publications, sync)?;
        folders.extend([layout::state(), layout::commits()]);
        let threads = self.keystore.world().threads;
        let state = snapshot.tree.clone().store(disk, threads, &proposal.state, sync)?;
        let (bytes, hash) = log::seal(&self.record(snapshot, proposal, state));
        let temporary = layout::commit(self.intent.generation).temporary();
        disk.discard(&temporary)?;
        disk.add(&temporary, &bytes, PRIVATE_FILE, sync)?;
        disk.sync_batch(&folders)?;
        Ok(hash)
    }

    /// Makes every endpoint's new version, and the files outside the keystore; returns the folders whose names are not durable yet.
    fn build(&self, publications: &[Publication], sync: bool) -> Result<BTreeSet<StorePath>, StoreError> {
        let (disk, threads) = (self.keystore.disk(), self.keystore.world().threads);
        let each: Vec<_> = publications.iter().zip(&self.intent.switches).collect();
        let folders = parallel::each_at_disk(threads, &each, |(publication, switch)| {
            live::build(disk, publication, &switch.to, sync)
        })?;
        install::prepare(disk, threads, publications, &self.intent.switches)?;
        Ok(folders.into_iter().flatten().chain([StorePath::root()]).collect())
    }

    /// Makes every endpoint's new version, durably, when there is nothing to record.
    pub(super) fn write_publications(&self, publications: &[Publication]) -> Result<(), StoreError> {
        let disk = self.keystore.disk();
        let folders = self.build(publications, !disk.can_sync_everything())?;
        Ok(disk.sync_batch(&folders)?)
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

    pub(super) fn switch(&self) -> Result<(), StoreError> {
        let (disk, threads) = (self.keystore.disk(), self.keystore.world().threads);
        // One after the other: each link needs room for a moment, and a full disk may have it for one.
        for Switch { endpoint, to, .. } in &self.intent.switches {
            live::switch(disk, endpoint, to)?;
        }
        install::switch(disk, threads, &self.intent.switches)?;
        let folders = self.intent.switches.iter().map(|switch| layout::live_endpoint(&switch.endpoint)).collect();
        Ok(disk.sync_batch(&folders)?)
    }

    /// Says in the intent that what was switched is kept: what a record is for a commit. From then on, and not before,
    /// it is not taken back.
    pub(super) fn keep(&self) -> Result<(), CommitError> {
        let disk = self.keystore.disk();
        let kept = Intent { kept: true, ..self.intent.clone() };
        let Err(cause) = kept.store(disk) else { return Ok(()) };
        // As with a record: what stands there decides.
        match Intent::load(disk) {
            Ok(Some(Intent { kept: true, .. })) => Ok(()),
            Ok(_) => Err(outcome(cause, self.undo_to_tell())),
            Err(undo) => Err(CommitError::UndoIncomplete { cause, undo }),
        }
    }

    /// Links the record into its place. From then on, and not before, the commit is there.
    pub(super) fn record_it(&self) -> Result<(), CommitError> {
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
            Ok(false) => Err(outcome(cause, self.undo_to_tell())),
            Err(undo) => Err(CommitError::UndoIncomplete { cause, undo }),
        }
    }

    /// Forgets what it could have been taken back to. What was decided is durable.
    pub(super) fn clear_up(&self) -> Result<(), StoreError> {
        let disk = self.keystore.disk();
        let world = self.keystore.world();
        let writing = lock::writing_to_finish(disk, world)?;
        writing.change(|| recovery::finish(disk, world.threads, &self.intent))
    }

    pub(super) fn take_back(&self, cause: StoreError) -> CommitError {
        outcome(cause, self.undo())
    }

    /// Takes back what services may have been told of, and writes down that somebody has to tell them again.
    ///
    /// # Errors
    /// When the files are not back. A disk that takes no note is none: whoever takes back tells the services next, and
    /// the note is for the case that it does not live to do so.
    pub(super) fn undo_to_tell(&self) -> Result<(), StoreError> {
        let owe = || told::owe(self.keystore.disk(), self.intent.told());
        let owed = owe();
        self.undo()?;
        // What went may have made room.
        let _ = owed.or_else(|_| owe());
        Ok(())
    }
}

/// What is to be said of a commit that failed, by how its undo went.
fn outcome(cause: StoreError, undone: Result<(), StoreError>) -> CommitError {
    match undone {
        Ok(()) => CommitError::Undone(cause),
        Err(undo) => CommitError::UndoIncomplete { cause, undo },
    }
}
