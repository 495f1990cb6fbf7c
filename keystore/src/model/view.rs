//! One key whole: its facts, what is committed, what is staged.

use std::collections::BTreeSet;

use super::{Current, Installed, KeyEntry, KeyFacts, Renewal, RequestFacts, Submission, VersionFacts};
use crate::name::{Endpoint, KeyPath};

/// The next version of a key: what will take the place of the current one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// A private key without a request.
    New(VersionFacts),
    /// A private key whose request waits for its certificate.
    Pending {
        /// The private key.
        version: VersionFacts,
        /// Whether it is the current private key, asked to be certified again.
        reused: bool,
    },
    /// A certificate that is staged.
    Installed(Installed),
}

/// What the stage makes of a key's place in the tree.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Fate {
    /// Nothing.
    #[default]
    Stays,
    /// It is a copy that comes into the tree.
    Arrives {
        /// What it is a copy of.
        from: KeyPath,
    },
    /// It leaves the tree.
    Goes {
        /// What it is called from then on, if it is renamed.
        renamed_to: Option<KeyPath>,
    },
}

/// One key once the stage is committed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Upcoming {
    /// Its entry; what is bound to it is not followed.
    pub entry: KeyEntry,
    /// Its place in the tree.
    pub fate: Fate,
}

/// One key whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyView {
    /// Its address.
    pub path: KeyPath,
    /// Every version that is in the tree, or will be.
    pub facts: KeyFacts,
    /// What it runs on.
    pub current: Option<Current>,
    /// What comes next.
    pub next: Option<Next>,
    /// The endpoints bound to it by the last commit.
    pub bound: BTreeSet<Endpoint>,
    /// What the stage makes of its place in the tree.
    pub fate: Fate,
    /// How it is renewed, by the last commit.
    pub renewal: Option<Renewal>,
    /// How it is renewed once the stage is committed.
    pub upcoming_renewal: Option<Renewal>,
    /// What it runs on once the stage is committed.
    upcoming: Option<Installed>,
}

impl KeyView {
    /// Joins what is known of one key; none when it is not in the tree, and will not be.
    #[must_use]
    pub fn join(path: KeyPath, facts: KeyFacts, entry: Option<&KeyEntry>, upcoming: Upcoming) -> Option<Self> {
        let committed = entry.cloned().unwrap_or_default();
        let mut facts = facts;
        facts.versions.retain(|version| committed.has(version) || upcoming.entry.has(version));
        if facts.versions.is_empty() {
            return None;
        }
        let (current, upcoming_current) = (committed.current, upcoming.entry.current.map(|current| current.installed));
        let installed = current.as_ref().map(|current| &current.installed);
        let staged = upcoming_current.clone().filter(|upcoming| Some(upcoming) != installed);
        let next = staged.map(Next::Installed).or_else(|| next_fact(&facts, installed));
        Some(Self {
            path,
            next,
            facts,
            current,
            bound: committed.bound,
            renewal: committed.renewal.map(|renewal| *renewal),
            upcoming_renewal: upcoming.entry.renewal.map(|renewal| *renewal),
            fate: upcoming.fate,
            upcoming: upcoming_current,
        })
    }

    /// The version that a request or a certificate is for when none is named: the next one, else the current.
    #[must_use]
    pub fn working_version(&self) -> Option<&VersionFacts> {
        match &self.next {
            Some(Next::New(version) | Next::Pending { version, .. }) => self.facts.version(version.number),
            Some(Next::Installed(installed)) => self.facts.version(installed.version),
            None => self.facts.version(self.current.as_ref()?.installed.version),
        }
    }

    /// The version whose certificate may still come.
    #[must_use]
    pub fn waiting(&self) -> Option<&VersionFacts> {
        match &self.next {
            Some(Next::New(version) | Next::Pending { version, .. }) => Some(version),
            Some(Next::Installed(_)) | None => None,
        }
    }

    /// Whether the private key that comes next is marked compromised: no certificate will ever make it current.
    #[must_use]
    pub fn has_compromised_next(&self) -> bool {
        let is_another = !matches!(self.next, None | Some(Next::Pending { reused: true, .. }));
        is_another && self.working_version().is_some_and(|version| version.compromised.is_some())
    }

    /// The certificate that the next commit leaves this key with.
    #[must_use]
    pub fn upcoming(&self) -> Option<&Installed> {
        self.upcoming.as_ref()
    }

    /// `new`, `pending` or `installed`: the state of the current version, else of the next one.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match (&self.current, &self.next) {
            (Some(_), _) | (None, Some(Next::Installed(_))) => "installed",
            (None, Some(Next::Pending { .. })) => "pending",
            (None, Some(Next::New(_)) | None) => "new",
        }
    }

    /// The request that waits for its certificate, with its private key.
    #[must_use]
    pub fn pending_request(&self) -> Option<(&VersionFacts, &RequestFacts)> {
        match &self.next {
            Some(Next::Pending { version, .. }) => Some((version, version.requests.last()?)),
            _ => None,
        }
    }

    /// The authority that the request which waits was handed to.
    #[must_use]
    pub fn submission(&self) -> Option<&Submission> {
        self.pending_request()?.1.submission.as_ref()
    }

    /// The newest request made for this key.
    #[must_use]
    pub fn last_request(&self) -> Option<&RequestFacts> {
        self.facts.last_request()
    }
}

/// The newest private key that is not the current one and came after it; else the current one, when a
/// request was made with it after its certificate was installed.
fn next_fact(facts: &KeyFacts, current: Option<&Installed>) -> Option<Next> {
    let newest = facts.versions.last()?;
    match current {
        Some(current) if newest.number <= current.version => {
            let version = facts.version(current.version)?;
            (version.requests.len() > current.requests)
                .then(|| Next::Pending { version: version.clone(), reused: true })
        }
        _ if newest.requests.is_empty() => Some(Next::New(newest.clone())),
        _ => Some(Next::Pending { version: newest.clone(), reused: false }),
    }
}

#[cfg(test)]
mod tests;
