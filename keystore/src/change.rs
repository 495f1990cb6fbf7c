//! Changes that wait for a commit, and what they do to the state. Pure.

mod stage;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use stage::{ChangeSet, Stage};

use crate::model::{
    Binding, CommittedSettings, Current, Fate, Generation, Installed, KeyEntry, Renewal, ServiceSettings, State,
    VersionNumber,
};
use crate::name::{Endpoint, KeyPath, ServerName, ServicePath};

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
        /// Since when that was current which it takes the place of, 0 for nothing. Another commit that renews the key
        /// in the meantime is not to be undone by this.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        after: Option<Generation>,
    },
    /// Says how a key is renewed, or that nothing is said of it any more.
    SetRenewal {
        /// The key.
        key: KeyPath,
        /// How; none takes it away.
        renewal: Option<Box<Renewal>>,
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
    /// Says how a service is published to, or that nothing is said of it any more.
    SetService {
        /// The service.
        service: ServicePath,
        /// Its settings; none takes them away.
        settings: Option<Box<ServiceSettings>>,
    },
    /// Brings copies of another key's versions into the tree.
    CopyKey {
        /// What they are copies of.
        from: KeyPath,
        /// The key.
        to: KeyPath,
        /// Its versions that are copies.
        versions: BTreeSet<VersionNumber>,
        /// The current one among them.
        current: Option<Box<Installed>>,
    },
    /// Takes a key out of the tree.
    DeleteKey {
        /// The key.
        key: KeyPath,
        /// Its newest version.
        through: VersionNumber,
        /// The version whose certificate may still come.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        waiting: Option<VersionNumber>,
        /// The key that goes on in its place.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        renamed_to: Option<KeyPath>,
        /// As of a certificate that is installed.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        after: Option<Generation>,
    },
    /// Makes a key what it was at an earlier generation.
    RestoreKey {
        /// The key.
        key: KeyPath,
        /// Private key and certificate that were current.
        current: Option<Box<Installed>>,
        /// Its newest version that was deleted.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        deleted: Option<VersionNumber>,
        /// Its versions that were copies.
        #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
        copied: BTreeSet<VersionNumber>,
        /// Whether it is wanted although its certificate has expired or its private key is compromised.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        forced: bool,
        /// As of a certificate that is installed.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        after: Option<Generation>,
    },
}

/// What a change is about. A later change about the same thing takes the place of an earlier one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Target {
    /// The certificate of a key.
    Certificate(KeyPath),
    /// The place of a key in the tree.
    Place(KeyPath),
    /// The binding of an endpoint.
    Binding(Endpoint),
    /// The settings of a service.
    Service(ServicePath),
    /// How a key is renewed.
    Renewal(KeyPath),
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
    /// A key that shall leave the tree is still bound.
    #[error("{key} is to be deleted and is bound to {}", joined(.endpoints))]
    StillBound {
        /// The key.
        key: KeyPath,
        /// Where it is bound.
        endpoints: BTreeSet<Endpoint>,
    },
    /// A key was given another certificate since something was staged for it.
    #[error("{key} got another certificate by generation {since}, after this was staged for it: discard it first")]
    Overtaken {
        /// The key.
        key: KeyPath,
        /// The generation that did it.
        since: Generation,
    },
    /// A key was made under a name that something staged is to have.
    #[error("{key} got a certificate by generation {since}, after a copy to this name was staged: discard that first")]
    Taken {
        /// The key.
        key: KeyPath,
        /// The generation that did it.
        since: Generation,
    },
    /// A key was deleted since something was staged for it.
    #[error("{key} was deleted by another commit, after this was staged for it: `keyring discard {key}`")]
    Deleted {
        /// The key.
        key: KeyPath,
    },
}

fn joined(endpoints: &BTreeSet<Endpoint>) -> String {
    endpoints.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl Change {
    /// What it is about.
    #[must_use]
    pub fn target(&self) -> Target {
        match self {
            Self::InstallCertificate { key, .. } | Self::RestoreKey { key, .. } => Target::Certificate(key.clone()),
            Self::CopyKey { to: key, .. } | Self::DeleteKey { key, .. } => Target::Place(key.clone()),
            Self::Bind { endpoint, .. } | Self::Unbind { endpoint } => Target::Binding(endpoint.clone()),
            Self::SetService { service, .. } => Target::Service(service.clone()),
            Self::SetRenewal { key, .. } => Target::Renewal(key.clone()),
        }
    }

    /// The key whose entry it changes; none when it changes a binding or a service.
    #[must_use]
    pub fn key(&self) -> Option<&KeyPath> {
        match self {
            Self::InstallCertificate { key, .. }
            | Self::CopyKey { to: key, .. }
            | Self::DeleteKey { key, .. }
            | Self::RestoreKey { key, .. }
            | Self::SetRenewal { key, .. } => Some(key),
            Self::Bind { .. } | Self::Unbind { .. } | Self::SetService { .. } => None,
        }
    }

    /// The private key and certificate that it makes current, and of which key.
    #[must_use]
    pub fn installed(&self) -> Option<(&KeyPath, &Installed)> {
        let (key, installed) = match self {
            Self::InstallCertificate { key, installed, .. } => (key, Some(installed)),
            Self::CopyKey { to: key, current, .. } | Self::RestoreKey { key, current, .. } => (key, current.as_ref()),
            _ => return None,
        };
        installed.map(|installed| (key, &**installed))
    }

    /// The versions that are copies and that it brings into the tree, and of which key.
    #[must_use]
    pub fn copies(&self) -> Option<(&KeyPath, &BTreeSet<VersionNumber>)> {
        match self {
            Self::CopyKey { to, versions, .. } => Some((to, versions)),
            Self::RestoreKey { key, copied, .. } => Some((key, copied)),
            _ => None,
        }
    }

    /// Whether it brings a copy of a version into the tree.
    #[must_use]
    pub fn brings(&self, key: &KeyPath, version: VersionNumber) -> bool {
        self.copies().is_some_and(|(to, versions)| to == key && versions.contains(&version))
    }

    /// The endpoint whose binding it changes.
    #[must_use]
    pub fn endpoint(&self) -> Option<&Endpoint> {
        match self {
            Self::Bind { endpoint, .. } | Self::Unbind { endpoint } => Some(endpoint),
            _ => None,
        }
    }

    /// The service whose settings it changes, and what to.
    #[must_use]
    pub fn service(&self) -> Option<(&ServicePath, Option<&ServiceSettings>)> {
        match self {
            Self::SetService { service, settings } => Some((service, settings.as_deref())),
            _ => None,
        }
    }

    /// Whether it is about this.
    fn is_about(&self, target: &Target) -> bool {
        match (self, target) {
            (Self::InstallCertificate { key, .. } | Self::RestoreKey { key, .. }, Target::Certificate(other))
            | (Self::CopyKey { to: key, .. } | Self::DeleteKey { key, .. }, Target::Place(other)) => key == other,
            (Self::Bind { endpoint, .. } | Self::Unbind { endpoint }, Target::Binding(other)) => endpoint == other,
            (Self::SetService { service, .. }, Target::Service(other)) => service == other,
            (Self::SetRenewal { key, .. }, Target::Renewal(other)) => key == other,
            _ => false,
        }
    }

    /// Whether it names this key.
    #[must_use]
    pub fn names_key(&self, path: &KeyPath) -> bool {
        match self {
            Self::InstallCertificate { key, .. }
            | Self::Bind { key, .. }
            | Self::RestoreKey { key, .. }
            | Self::SetRenewal { key, .. } => key == path,
            Self::CopyKey { from, to, .. } => from == path || to == path,
            Self::DeleteKey { key, renamed_to, .. } => key == path || renamed_to.as_ref() == Some(path),
            Self::Unbind { .. } | Self::SetService { .. } => false,
        }
    }

    /// The servers whose state it changes. Freeing an endpoint changes the server of the key it was bound
    /// to as well, which only the endpoint's own server tells.
    fn servers(&self, state: &State) -> Vec<ServerName> {
        let bound = match self {
            Self::Bind { key, .. } => Some(key.server().clone()),
            _ => self.key().map(|key| key.server().clone()),
        };
        let freed = self.endpoint().and_then(|endpoint| state.binding(endpoint));
        let freed = freed.map(|binding| binding.key.server().clone());
        let service = self.service().map(|(service, _)| service.server.clone());
        let own = self.endpoint().map(|endpoint| endpoint.server().clone());
        own.into_iter().chain(bound).chain(freed).chain(service).collect()
    }

    /// What it makes of the entry of its key, but for what is bound to it.
    fn apply_to_entry(&self, entry: &mut KeyEntry, generation: Generation) {
        let since = |installed: &Installed| Current { since: generation, installed: installed.clone() };
        match self {
            Self::InstallCertificate { installed, .. } => entry.current = Some(since(installed)),
            Self::CopyKey { versions, current, .. } => {
                entry.copied.extend(versions);
                entry.current = current.as_deref().map(since);
            }
            Self::DeleteKey { through, waiting, .. } => {
                entry.deleted = Some(*through);
                entry.waiting.extend(waiting);
                entry.copied.retain(|version| version > through);
                (entry.current, entry.renewal) = (None, None);
            }
            Self::RestoreKey { current, deleted, copied, .. } => {
                // One that was current all along stays so.
                if entry.current.as_ref().map(|current| &current.installed) != current.as_deref() {
                    entry.current = current.as_deref().map(since);
                }
                (entry.deleted, entry.copied) = (*deleted, copied.clone());
                entry.waiting.retain(|version| Some(*version) <= *deleted);
            }
            Self::SetRenewal { renewal, .. } => entry.renewal.clone_from(renewal),
            Self::Bind { .. } | Self::Unbind { .. } | Self::SetService { .. } => {}
        }
    }

    /// Does it to the state, as part of the commit `generation`.
    ///
    /// # Errors
    /// When the state is not one that it can be done to.
    pub fn apply(&self, state: &mut State, generation: Generation) -> Result<(), Conflict> {
        if let Some(key) = self.key() {
            let entry = state.key_mut(key);
            self.check_not_overtaken(entry, generation)?;
            self.apply_to_entry(entry, generation);
        }
        match self {
            Self::Bind { endpoint, key } => {
                state.set_binding(endpoint, Some(Binding { key: key.clone(), since: generation }));
            }
            Self::Unbind { endpoint } => {
                if state.binding(endpoint).is_none() {
                    return Err(Conflict::NotBound { endpoint: endpoint.clone() });
                }
                state.set_binding(endpoint, None);
            }
            Self::SetService { service, settings } => {
                let settings = settings.as_deref().cloned();
                state.set_settings(service, settings.map(|settings| CommittedSettings { since: generation, settings }));
            }
            _ => {}
        }
        Ok(())
    }

    /// Refuses what was staged for a key that got another certificate since, but by `generation` itself, or was deleted.
    fn check_not_overtaken(&self, entry: &KeyEntry, generation: Generation) -> Result<(), Conflict> {
        let current = entry.current.as_ref();
        let since = current.map_or(Generation::EMPTY, |current| current.since);
        let overtaken = |key: &KeyPath| Err(Conflict::Overtaken { key: key.clone(), since });
        match self {
            Self::InstallCertificate { key, after: Some(after), .. }
            | Self::DeleteKey { key, after: Some(after), .. }
            | Self::RestoreKey { key, after: Some(after), .. }
                if since != *after && since != generation =>
            {
                overtaken(key)
            }
            Self::DeleteKey { key, through, .. } if current.is_some_and(|it| it.installed.version > *through) => {
                overtaken(key)
            }
            Self::CopyKey { to, .. } if current.is_some() => Err(Conflict::Taken { key: to.clone(), since }),
            Self::InstallCertificate { key, installed, .. } if entry.deleted >= Some(installed.version) => {
                Err(Conflict::Deleted { key: key.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Whether it leaves a key in the tree that it should have taken out: one that is bound after all changes.
    fn check(&self, state: &State) -> Result<(), Conflict> {
        let Self::DeleteKey { key, .. } = self else { return Ok(()) };
        match state.key(key) {
            Some(entry) if !entry.bound.is_empty() => {
                Err(Conflict::StillBound { key: key.clone(), endpoints: entry.bound.clone() })
            }
            _ => Ok(()),
        }
    }

    fn fate(&self, path: &KeyPath) -> Option<Fate> {
        match self {
            Self::CopyKey { from, to, .. } if to == path => Some(Fate::Arrives { from: from.clone() }),
            Self::DeleteKey { key, renamed_to, .. } if key == path => {
                Some(Fate::Goes { renamed_to: renamed_to.clone() })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
