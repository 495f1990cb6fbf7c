//! Changes that wait for a commit, and what they do to the state. Pure.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::{Binding, Current, Generation, Installed, State};
use crate::name::{Endpoint, KeyPath, ServerName};
use crate::timestamp::Timestamp;

/// One staged change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// Makes a private key with its certificate current.
    InstallCertificate {
        /// The key.
        key: KeyPath,
        /// Private key and certificate.
        installed: Box<Installed>,
    },
    /// Binds an endpoint to a key, in place of what was bound there.
    Bind {
        /// The endpoint.
        endpoint: Endpoint,
        /// The key.
        key: KeyPath,
    },
    /// Frees an endpoint.
    Unbind {
        /// The endpoint.
        endpoint: Endpoint,
    },
}

/// What a change is about. A later change about the same thing takes the place of an earlier one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Target {
    /// The certificate of a key.
    Certificate(KeyPath),
    /// The binding of an endpoint.
    Binding(Endpoint),
}

/// Why a change cannot be applied to the state as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// There is nothing to unbind.
    #[error("{endpoint} is not bound")]
    NotBound {
        /// The endpoint.
        endpoint: Endpoint,
    },
}

impl Change {
    /// What it is about.
    #[must_use]
    pub fn target(&self) -> Target {
        match self {
            Self::InstallCertificate { key, .. } => Target::Certificate(key.clone()),
            Self::Bind { endpoint, .. } | Self::Unbind { endpoint } => Target::Binding(endpoint.clone()),
        }
    }

    /// Whether it is about this.
    fn is_about(&self, target: &Target) -> bool {
        match (self, target) {
            (Self::InstallCertificate { key, .. }, Target::Certificate(other)) => key == other,
            (Self::Bind { endpoint, .. } | Self::Unbind { endpoint }, Target::Binding(other)) => endpoint == other,
            _ => false,
        }
    }

    /// Whether it names this key.
    #[must_use]
    pub fn names_key(&self, path: &KeyPath) -> bool {
        match self {
            Self::InstallCertificate { key, .. } | Self::Bind { key, .. } => key == path,
            Self::Unbind { .. } => false,
        }
    }

    /// The servers whose state it changes. Freeing an endpoint changes the server of the key it was bound
    /// to as well, which only the endpoint's own server tells.
    fn servers(&self, state: &State) -> Vec<ServerName> {
        let freed = |endpoint: &Endpoint| state.binding(endpoint).map(|binding| binding.key.server().clone());
        match self {
            Self::InstallCertificate { key, .. } => vec![key.server().clone()],
            Self::Bind { endpoint, key } => {
                [endpoint.server().clone(), key.server().clone()].into_iter().chain(freed(endpoint)).collect()
            }
            Self::Unbind { endpoint } => [endpoint.server().clone()].into_iter().chain(freed(endpoint)).collect(),
        }
    }

    /// Does it to the state, as part of the commit `generation`.
    ///
    /// # Errors
    /// When the state is not one that it can be done to.
    pub fn apply(&self, state: &mut State, generation: Generation) -> Result<(), Conflict> {
        match self {
            Self::InstallCertificate { key, installed } => {
                state.key_mut(key).current = Some(Current { since: generation, installed: (**installed).clone() });
            }
            Self::Bind { endpoint, key } => {
                state.set_binding(endpoint, Some(Binding { key: key.clone(), since: generation }));
            }
            Self::Unbind { endpoint } => {
                if state.binding(endpoint).is_none() {
                    return Err(Conflict::NotBound { endpoint: endpoint.clone() });
                }
                state.set_binding(endpoint, None);
            }
        }
        Ok(())
    }
}

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
                Change::InstallCertificate { key, installed } if key == path => Some(&**installed),
                _ => None,
            })
            .last()
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
        let conflicts: Vec<_> =
            self.changes().filter_map(|change| change.apply(&mut state, generation).err()).collect();
        state.tidy();
        if conflicts.is_empty() { Ok(state) } else { Err(conflicts) }
    }
}

#[cfg(test)]
mod tests;
