//! What a reader sees: one generation, the facts, and what is staged on top. Takes no lock and changes nothing.

mod bindings;
mod material;
mod published;
mod remembered;

use std::collections::{BTreeMap, BTreeSet};

use super::log::{self, Head, Record};
use super::tree::Tree;
use super::{Base, Disk, StoreError, authorities, facts, format, layout, staged};
use crate::change::Stage;
use crate::digest::Digest;
use crate::model::{AcmeAccount, Authority, Generation, KeyEntry, KeyFacts, KeyView, ServerFacts, ServerState, State};
use crate::name::{AuthorityName, KeyPath, ServerName};
use crate::pki::PrivateKey;
use crate::timestamp::Timestamp;

pub use published::PublishedFiles;
use remembered::Remembered;

/// One generation of a keystore, with its stage.
pub struct Snapshot<'k> {
    pub(super) disk: &'k dyn Disk,
    pub(super) head: Head,
    pub(super) tree: Tree,
    stage: Stage,
    /// The servers that were read: a generation never changes, and a writer has the facts forgotten that he writes.
    remembered: Remembered,
    /// When its record was made, for a generation that was asked for by its number: facts that came later are not seen.
    pub(super) until: Option<Timestamp>,
    /// How many threads may read it.
    pub(super) threads: usize,
}

impl<'k> Snapshot<'k> {
    /// Reads the newest generation and the stage that belongs to it.
    pub(super) fn take(disk: &'k dyn Disk, threads: usize) -> Result<Self, StoreError> {
        let mut before = staged::bytes(disk)?;
        loop {
            let head = Head::find(disk)?;
            let after = staged::bytes(disk)?;
            // The same stage on both sides of the head was the stage at the head.
            if before == after {
                let stage = staged::parse(disk, after.as_deref())?.without(&head.change_sets);
                match Tree::load(disk, head.state) {
                    Ok(tree) => {
                        let remembered = Remembered::default();
                        return Ok(Self { disk, head, tree, stage, remembered, until: None, threads });
                    }
                    // A commit and a prune came by meanwhile: there is a newer generation.
                    Err(_) if cut_off(disk, head.generation)?.is_some() => {}
                    Err(error) => return Err(error),
                }
            }
            before = after;
        }
    }

    /// An earlier generation: its committed state, the facts that there were, and nothing staged.
    ///
    /// # Errors
    /// When there is no such generation, or its record can't be read.
    pub fn at(&self, generation: Generation) -> Result<Self, StoreError> {
        let past = |head: Head, until| {
            let tree = Tree::load(self.disk, head.state)?;
            let (stage, remembered) = (Stage::default(), Remembered::default());
            Ok(Self { disk: self.disk, head, tree, stage, remembered, until, threads: self.threads })
        };
        if generation == Generation::EMPTY {
            return past(Head::EMPTY, Some(Timestamp::from_unix(i64::MIN)));
        }
        let missing = || StoreError::NoGeneration { generation, newest: self.generation() };
        let (record, hash) = self.record(generation)?.ok_or_else(missing)?;
        past(Head::of(&record, hash), Some(record.time))
    }

    /// The same generation with other changes staged on top of it.
    #[must_use]
    pub fn with_stage(self, stage: Stage) -> Self {
        Self { stage, ..self }
    }

    /// The generation.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.head.generation
    }

    /// Whether it was taken of a generation by its number, and says nothing of what came later.
    #[must_use]
    pub fn is_past(&self) -> bool {
        self.until.is_some()
    }

    /// The hash of its record; none for the empty keystore.
    #[must_use]
    pub fn head_hash(&self) -> Option<Digest> {
        self.head.hash
    }

    /// What is staged on top of it.
    #[must_use]
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Every server that has a key or a binding.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn servers(&self) -> Result<BTreeSet<ServerName>, StoreError> {
        let with_facts: Vec<_> = self.disk.folders(&layout::servers())?;
        let staged = self.stage.changes().filter_map(|change| match change.target() {
            crate::change::Target::Binding(endpoint) => Some(endpoint.server().clone()),
            crate::change::Target::Place(key) | crate::change::Target::Renewal(key) => Some(key.server().clone()),
            crate::change::Target::Service(service) => Some(service.server),
            crate::change::Target::Certificate(_) => None,
        });
        Ok(self.tree.servers().cloned().chain(with_facts).chain(staged).collect())
    }

    /// The facts of a server.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn facts(&self, server: &ServerName) -> Result<ServerFacts, StoreError> {
        let mut facts = facts::load(self.disk, server)?;
        if let Some(until) = self.until {
            self.look(server, |state| facts.forget_after(server, until, state))?;
        }
        Ok(facts)
    }

    /// Every authority.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn authorities(&self) -> Result<BTreeMap<AuthorityName, Authority>, StoreError> {
        authorities::load_all(self.disk)
    }

    /// One authority; none when nothing is said of it.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn authority(&self, name: &AuthorityName) -> Result<Option<Authority>, StoreError> {
        authorities::load(self.disk, name)
    }

    /// The private key of the account at an authority; none before there is one.
    ///
    /// # Errors
    /// When it can't be read, or is damaged.
    pub fn account_key(&self, name: &AuthorityName) -> Result<Option<PrivateKey>, StoreError> {
        authorities::account_key(self.disk, name)
    }

    /// The account at an authority; none before it is registered.
    ///
    /// # Errors
    /// When it can't be read, or is damaged.
    pub fn account(&self, name: &AuthorityName) -> Result<Option<AcmeAccount>, StoreError> {
        authorities::account(self.disk, name)
    }

    /// The servers whose committed state differs from that of another generation.
    #[must_use]
    pub fn differing_servers(&self, other: &Self) -> BTreeSet<ServerName> {
        self.tree.differing(&other.tree)
    }

    /// The committed state of a server.
    ///
    /// # Errors
    /// When it can't be read, or is damaged.
    pub fn server(&self, server: &ServerName) -> Result<ServerState, StoreError> {
        self.tree.server(self.disk, server).map_err(|error| self.explain(error))
    }

    /// Why something of this generation can't be read: it may have been cut off since.
    pub(super) fn explain(&self, error: StoreError) -> StoreError {
        cut_off(self.disk, self.generation()).ok().flatten().unwrap_or(error)
    }

    /// What is to be said where the index lacks a key that the committed state has: not that there is none.
    pub(super) fn not_indexed(&self, key: &KeyPath) -> StoreError {
        let reason = format!("it lacks {key}, which runs on a certificate since an earlier commit");
        self.explain(format::damaged(self.disk, &layout::facts(key.server()), reason))
    }

    /// Whether the index of a server has every key that the committed state has.
    pub(super) fn check_index(&self, server: &ServerName, facts: &ServerFacts) -> Result<(), StoreError> {
        let lost = self.look(server, |state| {
            let keys = state.servers().filter(|(name, _)| *name == server).flat_map(|(name, state)| state.keys(name));
            let mut committed = keys.filter(|(_, entry)| entry.current.is_some()).map(|(key, _)| key);
            committed.find(|key| facts.key(key).is_none())
        })?;
        lost.map_or(Ok(()), |key| Err(self.not_indexed(&key)))
    }

    /// Looks at a state in which this server is loaded.
    ///
    /// # Errors
    /// As [`Snapshot::server`].
    pub fn look<T>(&self, server: &ServerName, look: impl FnOnce(&State) -> T) -> Result<T, StoreError> {
        self.remembered.state(server, || self.server(server), look)
    }

    /// What is known of a key, of a deleted one too; none when no private key was ever made for it.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn facts_of(&self, key: &KeyPath) -> Result<Option<KeyFacts>, StoreError> {
        if self.until.is_none() && self.remembered.is_index_too_much(key) {
            return facts::load_key(self.disk, key);
        }
        self.remembered.index(key.server(), || self.facts(key.server()), |index| index.key(key).cloned())
    }

    fn entry(&self, key: &KeyPath) -> Result<Option<KeyEntry>, StoreError> {
        if self.remembered.is_state_too_much(key) {
            return self.tree.key(self.disk, key).map_err(|error| self.explain(error));
        }
        self.look(key.server(), |state| state.key(key).cloned())
    }

    /// The index of a server is about to be written by whoever has this snapshot.
    pub(super) fn forget_index(&self, server: &ServerName) {
        self.remembered.forget_index(server);
    }

    /// One key whole; none when it is not in the tree: nobody ever made a private key for it, or it was deleted.
    ///
    /// # Errors
    /// When the keystore can't be read.
    pub fn key(&self, path: &KeyPath) -> Result<Option<KeyView>, StoreError> {
        self.key_with(path, &self.stage)
    }

    /// One key whole, with another stage than the one on disk.
    pub(super) fn key_with(&self, path: &KeyPath, stage: &Stage) -> Result<Option<KeyView>, StoreError> {
        let (facts, entry) = (self.facts_of(path)?, self.entry(path)?);
        let Some(facts) = facts else {
            let is_committed = self.until.is_none() && entry.is_some_and(|entry| entry.current.is_some());
            return if is_committed { Err(self.not_indexed(path)) } else { Ok(None) };
        };
        Ok(KeyView::join(path.clone(), facts, entry.as_ref(), stage.upcoming(path, entry.as_ref())))
    }

    /// The record of a generation; none for the empty one, and for one that is newer than this.
    ///
    /// # Errors
    /// When it was cut off, can't be read or is damaged.
    pub fn record(&self, generation: Generation) -> Result<Option<(Record, Digest)>, StoreError> {
        if generation == Generation::EMPTY || generation > self.generation() {
            return Ok(None);
        }
        log::load(self.disk, generation).map(Some)
    }

    /// The newest records with their hashes, newest first, at most `limit`.
    ///
    /// # Errors
    /// When one can't be read or is damaged, or when a record is not its successor's parent.
    pub fn records(&self, limit: usize) -> Result<Vec<(Record, Digest)>, StoreError> {
        log::chain(self.disk, &self.head, limit)
    }

    /// What stands in for the records that were cut off; none when all are there.
    ///
    /// # Errors
    /// When it can't be read or is damaged.
    pub fn base(&self) -> Result<Option<Base>, StoreError> {
        Base::load(self.disk)
    }
}

/// The error that tells why something of a generation is not there, when that generation was cut off.
fn cut_off(disk: &dyn Disk, generation: Generation) -> Result<Option<StoreError>, StoreError> {
    let base = Base::load(disk)?.filter(|base| generation > Generation::EMPTY && base.covers(generation));
    Ok(base.map(|base| base.refuse(generation)))
}
