//! What a commit is about to do, written before it does anything that a reader could see.

use serde::{Deserialize, Serialize};

use super::format::{decode, encode};
use super::layout::{self, PRIVATE_FILE};
use super::{Disk, StoreError};
use crate::model::Generation;
use crate::name::Endpoint;

/// One endpoint that a commit switches: from which of its version folders to which.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Switch {
    pub(super) endpoint: Endpoint,
    /// None for the first publication.
    pub(super) from: Option<String>,
    pub(super) to: String,
}

/// A commit that has begun. Recovery finishes it when its record is there, and undoes it otherwise.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Intent {
    pub(super) generation: Generation,
    pub(super) change_sets: Vec<String>,
    pub(super) switches: Vec<Switch>,
}

impl Intent {
    pub(super) fn load(disk: &dyn Disk) -> Result<Option<Self>, StoreError> {
        let path = layout::intent();
        disk.load_if_present(&path)?.map(|bytes| decode(disk, &path, &bytes)).transpose()
    }

    /// Writes it: its bytes are durable before its name appears, as half an intent could be neither finished nor undone.
    pub(super) fn store(&self, disk: &dyn Disk) -> Result<(), StoreError> {
        Ok(disk.put(&layout::intent(), &encode(self), PRIVATE_FILE, true)?)
    }
}
