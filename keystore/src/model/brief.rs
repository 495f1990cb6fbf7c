//! A key in brief: what a listing shows of it, read without the rest and, where it is text, without a copy.
//!
//! A keystore may hold a hundred thousand keys, and a listing shows them all. What [`KeyView`] says of a key that
//! nothing is staged for, [`KeyBrief::of_files`] says too, from a part of the fields of the same files; a test holds
//! the two together.

mod by_name;
mod files;
mod text;

use std::collections::BTreeSet;

use super::{Fate, KeyView, Next};
use crate::name::{Endpoint, KeyPath};

pub use by_name::ByName;
pub use files::{
    CompromiseBrief, CurrentBrief, EntryBrief, InstalledBrief, KeyFactsBrief, RequestsBrief, ServerFactsBrief,
    ServerStateBrief, ServiceBrief, SettingsBrief, SummaryBrief, VersionBrief,
};
pub use text::Text;

/// The next version of a key in brief: what will take the place of the current one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NextBrief<'a> {
    /// A private key without a request.
    New(VersionBrief<'a>),
    /// A private key whose request waits for its certificate.
    Pending {
        /// The private key.
        version: VersionBrief<'a>,
        /// Whether it is the current private key, asked to be certified again.
        reused: bool,
    },
    /// A certificate that is staged, with what the facts say of its private key.
    Installed(Option<VersionBrief<'a>>, Box<InstalledBrief<'a>>),
}

/// One key in brief.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyBrief<'a> {
    /// Its address.
    pub path: KeyPath,
    /// What it runs on, with what the facts say of its private key.
    pub current: Option<(Option<VersionBrief<'a>>, Box<CurrentBrief<'a>>)>,
    /// What comes next.
    pub next: Option<NextBrief<'a>>,
    /// The endpoints bound to it by the last commit.
    pub bound: BTreeSet<Endpoint>,
    /// What the stage makes of its place in the tree.
    pub fate: Fate,
    /// Whether it runs on a certificate once the stage is committed.
    pub has_upcoming: bool,
}

impl<'a> KeyBrief<'a> {
    /// What two files say of a key that nothing is staged for; none when it is not in the tree.
    #[must_use]
    pub fn of_files(path: KeyPath, facts: KeyFactsBrief<'a>, entry: EntryBrief<'a>) -> Option<Self> {
        let mut versions = facts.versions;
        versions.retain(|version| entry.has(version));
        let newest = versions.last()?;
        let installed = entry.current.as_ref().map(|current| &current.installed);
        let next = match installed {
            Some(installed) if newest.number <= installed.version => {
                let version = versions.iter().find(|version| version.number == installed.version);
                let version = version.filter(|version| version.requests.count > installed.requests);
                version.map(|version| NextBrief::Pending { version: version.clone(), reused: true })
            }
            _ if newest.requests.count == 0 => Some(NextBrief::New(newest.clone())),
            _ => Some(NextBrief::Pending { version: newest.clone(), reused: false }),
        };
        let has_upcoming = entry.current.is_some();
        let current = entry.current.map(|current| {
            let at = versions.iter().position(|version| version.number == current.installed.version);
            (at.map(|at| versions.swap_remove(at)), current)
        });
        Some(Self { path, current, next, bound: entry.bound, fate: Fate::Stays, has_upcoming })
    }

    /// The private key that it runs on once the stage is committed.
    #[must_use]
    pub fn upcoming(&self) -> Option<&VersionBrief<'a>> {
        match &self.next {
            _ if !self.has_upcoming => None,
            Some(NextBrief::Installed(version, _)) => version.as_ref(),
            _ => self.current.as_ref()?.0.as_ref(),
        }
    }

    /// `new`, `pending` or `installed`: the state of the current version, else of the next one.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match (&self.current, &self.next) {
            (Some(_), _) | (None, Some(NextBrief::Installed(..))) => "installed",
            (None, Some(NextBrief::Pending { .. })) => "pending",
            (None, Some(NextBrief::New(_)) | None) => "new",
        }
    }
}

impl From<&KeyView> for KeyBrief<'_> {
    fn from(view: &KeyView) -> Self {
        let version = |number| view.facts.version(number).map(VersionBrief::of);
        let current = view.current.as_ref().map(|current| {
            let installed = InstalledBrief::from(&current.installed);
            (version(installed.version), Box::new(CurrentBrief { since: current.since, installed }))
        });
        let next = view.next.as_ref().map(|next| match next {
            Next::New(version) => NextBrief::New(VersionBrief::of(version)),
            Next::Pending { version, reused } => {
                NextBrief::Pending { version: VersionBrief::of(version), reused: *reused }
            }
            Next::Installed(installed) => {
                NextBrief::Installed(version(installed.version), Box::new(InstalledBrief::from(installed)))
            }
        });
        Self {
            path: view.path.clone(),
            current,
            next,
            bound: view.bound.clone(),
            fate: view.fate.clone(),
            has_upcoming: view.upcoming().is_some(),
        }
    }
}

#[cfg(test)]
mod tests;
