//! The stage on disk, with the hash of its bytes: nothing else tells what was staged, so that a change by hand would
//! be committed.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::format::{self, damaged, decode};
use super::layout::{self, PRIVATE_FILE, StorePath};
use super::{Disk, StoreError};
use crate::change::Stage;
use crate::digest::Digest;

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    hash: Digest,
    #[serde(borrow)]
    stage: &'a RawValue,
}

/// The bytes of the stage's file, to tell whether it has changed.
pub(super) fn bytes(disk: &dyn Disk) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(disk.load_if_present(&layout::stage())?)
}

pub(super) fn parse(disk: &dyn Disk, bytes: Option<&[u8]>) -> Result<Stage, StoreError> {
    let Some(bytes) = bytes else { return Ok(Stage::default()) };
    let path = layout::stage();
    let Envelope { hash, stage } =
        serde_json::from_slice(bytes).map_err(|error| damaged(disk, &path, error.to_string()))?;
    let found = Digest::of(stage.get().as_bytes());
    if found != hash {
        return Err(damaged(disk, &path, format!("its stage has the hash {found}, it says {hash}")));
    }
    decode(disk, &path, stage.get().as_bytes())
}

pub(super) fn load(disk: &dyn Disk) -> Result<Stage, StoreError> {
    parse(disk, bytes(disk)?.as_deref())
}

/// The bytes of a stage's file.
pub(super) fn encode(stage: &Stage) -> Vec<u8> {
    // See `format::encode`: stored types serialize.
    let stage = serde_json::value::to_raw_value(stage).expect("a stage serializes");
    let hash = Digest::of(stage.get().as_bytes());
    format::encode(&Envelope { hash, stage: &stage })
}

/// Writes the stage durably; an empty one has no file.
pub(super) fn store(disk: &dyn Disk, stage: &Stage) -> Result<(), StoreError> {
    if stage.is_empty() {
        disk.discard(&layout::stage())?;
        return Ok(disk.sync_names(&StorePath::root())?);
    }
    Ok(disk.put_durably(&layout::stage(), &encode(stage), PRIVATE_FILE)?)
}
