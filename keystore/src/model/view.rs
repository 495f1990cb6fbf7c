//! One key whole: its facts, what is committed, what is staged.

use std::collections::BTreeSet;

use super::{Current, Installed, KeyEntry, KeyFacts, RequestFacts, VersionFacts};
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

/// One key whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyView {
    /// Its address.
    pub path: KeyPath,
    /// Every version ever made.
    pub facts: KeyFacts,
    /// What it runs on.
    pub current: Option<Current>,
    /// What comes next.
    pub next: Option<Next>,
    /// The endpoints bound to it by the last commit.
    pub bound: BTreeSet<Endpoint>,
}

impl KeyView {
    /// Joins what is known of one key.
    #[must_use]
    pub fn join(path: KeyPath, facts: KeyFacts, entry: Option<&KeyEntry>, staged: Option<&Installed>) -> Self {
        let current = entry.and_then(|entry| entry.current.clone());
        let next = staged
            .map(|installed| Next::Installed(installed.clone()))
            .or_else(|| next_fact(&facts, current.as_ref().map(|current| &current.installed)));
        let bound = entry.map(|entry| entry.bound.clone()).unwrap_or_default();
        Self { path, facts, current, next, bound }
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

    /// The certificate that the next commit leaves this key with.
    #[must_use]
    pub fn upcoming(&self) -> Option<&Installed> {
        match &self.next {
            Some(Next::Installed(installed)) => Some(installed),
            _ => self.current.as_ref().map(|current| &current.installed),
        }
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
