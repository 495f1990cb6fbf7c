//! The base of the log: what is known of the records that were cut off. It stands in for them as the parent of the
//! oldest one that was kept, so that the chain of hashes stays whole.

use serde::{Deserialize, Serialize};

use super::format::{damaged, decode};
use super::layout::{self, PRIVATE_FILE};
use super::{Disk, StoreError, log};
use crate::digest::Digest;
use crate::model::Generation;
use crate::timestamp::Timestamp;
use crate::world::Actor;

/// What stands in for the records of the oldest generations.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Base {
    /// The version of the keystore's format.
    pub format: u32,
    /// The keystore's identifier.
    pub keystore: String,
    /// The newest generation that was cut off.
    pub through: Generation,
    /// The hash of its record: the parent of the oldest record that was kept.
    pub hash: Digest,
    /// When it was cut off.
    pub time: Timestamp,
    /// Who did it.
    pub actor: Actor,
}

impl Base {
    /// Reads it; none when every record is there.
    pub(super) fn load(disk: &dyn Disk) -> Result<Option<Self>, StoreError> {
        let path = layout::base();
        let Some(bytes) = disk.load_if_present(&path)? else { return Ok(None) };
        let (_, text) = log::open(disk, &path, &bytes)?;
        decode(disk, &path, text.as_bytes()).map(Some)
    }

    /// The bytes of its file.
    pub(super) fn seal(&self) -> Vec<u8> {
        log::seal(self).0
    }

    /// Writes it durably, in place of a former one.
    pub(super) fn store(&self, disk: &dyn Disk) -> Result<(), StoreError> {
        Ok(disk.put_durably(&layout::base(), &self.seal(), PRIVATE_FILE)?)
    }

    /// Whether the record of a generation was cut off.
    #[must_use]
    pub fn covers(&self, generation: Generation) -> bool {
        generation <= self.through
    }

    /// The error of whoever asks for a generation that was cut off.
    pub(super) fn refuse(&self, generation: Generation) -> StoreError {
        StoreError::Pruned { generation, base: Box::new(self.clone()) }
    }

    /// Checks that the oldest record that was kept names as its parent the newest one that was cut off.
    pub(super) fn check_parent(&self, disk: &dyn Disk, parent: Option<Digest>) -> Result<(), StoreError> {
        if parent == Some(self.hash) {
            return Ok(());
        }
        let named = parent.map_or_else(|| "none".to_owned(), |parent| parent.to_string());
        let reason = format!(
            "it says that generation {} had the hash {}, the record after it names {named} as its parent",
            self.through, self.hash
        );
        Err(damaged(disk, &layout::base(), reason))
    }
}
