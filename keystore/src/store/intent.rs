//! What a commit is about to do, written before it does anything that a reader could see.

use serde::{Deserialize, Serialize};

use super::format::{damaged, decode, encode};
use super::install::Outside;
use super::layout::{self, PRIVATE_FILE};
use super::{Disk, StoreError};
use crate::model::Generation;
use crate::name::{Endpoint, ServicePath};

/// One endpoint that a commit switches: from which of its version folders to which.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Switch {
    pub(super) endpoint: Endpoint,
    /// None for the first publication.
    pub(super) from: Option<String>,
    pub(super) to: String,
    /// Whether its service is told of its files.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) told: bool,
    /// The files outside the keystore that are switched with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) outside: Vec<Outside>,
}

impl Switch {
    /// Whether both are names of version folders, the new one of this generation. They become paths, and what stands
    /// at the new one is removed by an undo: from a file they are not believed.
    fn belongs_to(&self, generation: Generation) -> bool {
        layout::live_number(&self.to).is_some_and(|(published, _)| published == generation)
            && self.from.as_deref().is_none_or(|name| layout::live_number(name).is_some())
    }
}

/// A commit or a publication that has begun. Recovery finishes it when its record is there, or it says itself that it is
/// kept, and undoes it otherwise.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Intent {
    pub(super) generation: Generation,
    pub(super) change_sets: Vec<String>,
    pub(super) switches: Vec<Switch>,
    /// Whether a publication, which has no record, has come to its end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) kept: bool,
}

impl Intent {
    pub(super) fn load(disk: &dyn Disk) -> Result<Option<Self>, StoreError> {
        let path = layout::intent();
        let Some(bytes) = disk.load_if_present(&path)? else { return Ok(None) };
        let intent: Self = decode(disk, &path, &bytes)?;
        match intent.switches.iter().find(|switch| !switch.belongs_to(intent.generation)) {
            Some(switch) => Err(damaged(disk, &path, format!("it names no version folders for {}", switch.endpoint))),
            None => Ok(Some(intent)),
        }
    }

    /// The services that are told of their files.
    pub(super) fn told(&self) -> impl Iterator<Item = ServicePath> {
        self.switches.iter().filter(|switch| switch.told).map(|switch| switch.endpoint.service.clone())
    }

    /// Writes it: its bytes are durable before its name appears, as half an intent could be neither finished nor undone.
    pub(super) fn store(&self, disk: &dyn Disk) -> Result<(), StoreError> {
        Ok(disk.put(&layout::intent(), &encode(self), PRIVATE_FILE, true)?)
    }
}
