//! What is known of many keys, with each server's index read once.

use std::collections::BTreeMap;

use crate::model::{KeyFacts, ServerFacts, VersionNumber};
use crate::name::{KeyPath, ServerName};
use crate::store::{Snapshot, StoreError};

/// The indexes that were read so far.
#[derive(Default)]
pub(super) struct Known(BTreeMap<ServerName, ServerFacts>);

impl Known {
    /// What is known of a key, deleted ones among them; none when no private key was ever made for it.
    ///
    /// # Errors
    /// When its server's index can't be read.
    pub(super) fn key(&mut self, snapshot: &Snapshot<'_>, key: &KeyPath) -> Result<Option<&KeyFacts>, StoreError> {
        if !self.0.contains_key(key.server()) {
            self.0.insert(key.server().clone(), snapshot.facts(key.server())?);
        }
        Ok(self.0.get(key.server()).and_then(|facts| facts.key(key)))
    }

    /// The newest private key of a key.
    ///
    /// # Errors
    /// As [`Known::key`].
    pub(super) fn newest(
        &mut self,
        snapshot: &Snapshot<'_>,
        key: &KeyPath,
    ) -> Result<Option<VersionNumber>, StoreError> {
        let facts = self.key(snapshot, key)?;
        Ok(facts.and_then(|facts| facts.versions.last()).map(|newest| newest.number))
    }
}
