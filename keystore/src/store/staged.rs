//! The stage on disk.

use super::format::{self, decode};
use super::layout::{self, PRIVATE_FILE, StorePath};
use super::{Disk, StoreError};
use crate::change::Stage;

/// The bytes of the stage's file, to tell whether it has changed.
pub(super) fn bytes(disk: &dyn Disk) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(disk.load_if_present(&layout::stage())?)
}

pub(super) fn parse(disk: &dyn Disk, bytes: Option<&[u8]>) -> Result<Stage, StoreError> {
    bytes.map_or_else(|| Ok(Stage::default()), |bytes| decode(disk, &layout::stage(), bytes))
}

pub(super) fn load(disk: &dyn Disk) -> Result<Stage, StoreError> {
    parse(disk, bytes(disk)?.as_deref())
}

/// The bytes of a stage's file.
pub(super) fn encode(stage: &Stage) -> Vec<u8> {
    format::encode(stage)
}

/// Writes the stage durably; an empty one has no file.
pub(super) fn store(disk: &dyn Disk, stage: &Stage) -> Result<(), StoreError> {
    if stage.is_empty() {
        disk.discard(&layout::stage())?;
        return Ok(disk.sync_names(&StorePath::root())?);
    }
    Ok(disk.put_durably(&layout::stage(), &encode(stage), PRIVATE_FILE)?)
}
