//! What waits for a commit: change sets, and what they make of the state.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Change, Conflict, Target};
use crate::model::{Fate, Generation, Installed, KeyEntry, ServiceSettings, State, Upcoming};
use crate::name::{Endpoint, KeyPath, ServerName, ServicePath};
use crate::timestamp::Timestamp;

/// Changes that are committed together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChangeSet {
    /// Its identifier: a commit record that names it says that it took effect.
    pub id: String,
    /// When its first change was staged.
    pub since: Timestamp,
    /// The changes, each about something else.
    pub changes: Vec<Change>,
}

/// Everything that is staged. More than one change set stands here only while a commit runs: it takes the
/// ones it found, and what is staged meanwhile goes into a new one.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Stage {
    /// The change sets, oldest first.
    pub sets: Vec<ChangeSet>,
}

impl Stage {
    /// Every change, oldest first.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.sets.iter().flat_map(|set| &set.changes)
    }

    /// Whether nothing is staged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sets.iter().all(|set| set.changes.is_empty())
    }

    /// The identifiers of the change sets.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.sets.iter().map(|set| set.id.clone()).collect()
    }

    /// The stage without the change sets of these identifiers, which a commit has recorded.
    #[must_use]
    pub fn without(mut self, ids: &[String]) -> Self {
        self.sets.retain(|set| !ids.contains(&set.id));
        self
    }

    /// The certificate staged for a key.
    #[must_use]
    pub fn certificate(&self, path: &KeyPath) -> Option<&Installed> {
        self.changes()
            .filter_map(|change| match change {
                Change::InstallCertificate { key, installed, .. } if key == path => Some(&**installed),
                _ => None,
            })
            .last()
    }

    /// What becomes of one key, whose committed entry this is, but for what is bound to it.
    #[must_use]
    pub fn upcoming(&self, path: &KeyPath, committed: Option<&KeyEntry>) -> Upcoming {
        let mut upcoming = Upcoming { entry: committed.cloned().unwrap_or_default(), fate: Fate::Stays };
        for change in self.changes().filter(|change| change.key() == Some(path)) {
            // Which generation it will be matters to nobody who looks ahead.
            change.apply_to_entry(&mut upcoming.entry, Generation::EMPTY);
            upcoming.fate = change.fate(path).unwrap_or(upcoming.fate);
        }
        upcoming
    }

    /// What an endpoint will be bound to: `None` when no change says so, `Some(None)` when it will be free.
    #[must_use]
    pub fn binding(&self, wanted: &Endpoint) -> Option<Option<&KeyPath>> {
        self.changes()
            .filter_map(|change| match change {
                Change::Bind { endpoint, key } if endpoint == wanted => Some(Some(key)),
                Change::Unbind { endpoint } if endpoint == wanted => Some(None),
                _ => None,
            })
            .last()
    }

    /// What will be said of how a service is published to: `None` when no change says so.
    #[must_use]
    pub fn settings(&self, wanted: &ServicePath) -> Option<Option<&ServiceSettings>> {
        let said = self.changes().filter_map(Change::service).filter(|(service, _)| *service == wanted);
        said.map(|(_, settings)| settings).last()
    }

    /// Adds a change to the open change set, in place of an earlier one there about the same thing. Sets in
    /// `sealed` belong to a commit that runs; when the last one does, a new one with `id` is opened.
    pub fn put(&mut self, change: Change, sealed: &[String], id: impl FnOnce() -> String, now: Timestamp) {
        self.withdraw(&change.target(), sealed);
        match self.sets.last_mut() {
            Some(set) if !sealed.contains(&set.id) => set.changes.push(change),
            _ => self.sets.push(ChangeSet { id: id(), since: now, changes: vec![change] }),
        }
    }

    /// Takes back what the open change set says about something. Says whether there was anything.
    pub fn withdraw(&mut self, target: &Target, sealed: &[String]) -> bool {
        !self.remove(sealed, |change| change.is_about(target)).is_empty()
    }

    /// Takes changes out of the open change sets and returns them.
    pub fn remove(&mut self, sealed: &[String], mut which: impl FnMut(&Change) -> bool) -> Vec<Change> {
        let mut removed = Vec::new();
        for set in self.sets.iter_mut().filter(|set| !sealed.contains(&set.id)) {
            removed.extend(set.changes.extract_if(.., |change| which(change)));
        }
        self.sets.retain(|set| !set.changes.is_empty() || sealed.contains(&set.id));
        removed
    }

    /// The servers that must be loaded before [`Stage::apply`], as far as the loaded ones tell: load these and
    /// ask again until nothing is missing.
    #[must_use]
    pub fn missing_servers(&self, state: &State) -> BTreeSet<ServerName> {
        self.changes().flat_map(|change| change.servers(state)).filter(|server| !state.has(server)).collect()
    }

    /// The state after all changes.
    ///
    /// # Errors
    /// Every change that cannot be applied.
    pub fn apply(&self, mut state: State, generation: Generation) -> Result<State, Vec<Conflict>> {
        let mut conflicts: Vec<_> =
            self.changes().filter_map(|change| change.apply(&mut state, generation).err()).collect();
        conflicts.extend(self.changes().filter_map(|change| change.check(&state).err()));
        state.tidy();
        if conflicts.is_empty() { Ok(state) } else { Err(conflicts) }
    }
}
