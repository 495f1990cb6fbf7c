//! Services that may still run on what was taken back. A recovery runs no program, and an undo may fail to tell one: it
//! is written down whom somebody has to tell. The lock for publishing guards it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::format::{decode, encode};
use super::layout::{self, PRIVATE_FILE, StorePath};
use super::{Disk, StoreError};
use crate::name::ServicePath;

#[derive(Serialize, Deserialize)]
struct ToBeTold {
    services: BTreeSet<ServicePath>,
}

pub(super) fn load(disk: &dyn Disk) -> Result<BTreeSet<ServicePath>, StoreError> {
    let path = layout::to_be_told();
    let Some(bytes) = disk.load_if_present(&path)? else { return Ok(BTreeSet::new()) };
    decode(disk, &path, &bytes).map(|ToBeTold { services }| services)
}

/// Adds services, durably.
pub(super) fn owe(disk: &dyn Disk, services: impl Iterator<Item = ServicePath>) -> Result<(), StoreError> {
    let mut owed: BTreeSet<_> = services.collect();
    if owed.is_empty() {
        return Ok(());
    }
    match load(disk) {
        Ok(before) => owed.extend(before),
        // What it said is lost; what is owed now must not be.
        Err(StoreError::Damaged { .. }) => {}
        Err(error) => return Err(error),
    }
    store(disk, owed)
}

/// Takes services off it, durably.
pub(super) fn settle(disk: &dyn Disk, services: &BTreeSet<ServicePath>) -> Result<(), StoreError> {
    let before = load(disk)?;
    let left: BTreeSet<_> = &before - services;
    if left == before {
        return Ok(());
    }
    if left.is_empty() {
        disk.discard(&layout::to_be_told())?;
        return Ok(disk.sync_names(&StorePath::root())?);
    }
    store(disk, left)
}

fn store(disk: &dyn Disk, services: BTreeSet<ServicePath>) -> Result<(), StoreError> {
    Ok(disk.put_durably(&layout::to_be_told(), &encode(&ToBeTold { services }), PRIVATE_FILE)?)
}
