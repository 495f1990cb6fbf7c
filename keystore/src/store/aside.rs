//! Taking something out of its place without losing it: into `set-aside/`, under its own path and the time.

use super::layout::{self, PRIVATE_FILE, PRIVATE_FOLDER, StorePath};
use super::{Disk, DiskError, StoreError};
use crate::world::World;

/// Keeps a copy of what is about to be replaced, if it is there.
pub(super) fn copy_aside(disk: &dyn Disk, world: &World, path: &StorePath) -> Result<(), StoreError> {
    match disk.load(path) {
        Ok(bytes) => {
            let (place, above) = place_aside(disk, world, path)?;
            disk.add(&place, &bytes, PRIVATE_FILE, true)?;
            Ok(above.iter().rev().try_for_each(|folder| disk.sync_names(folder))?)
        }
        Err(error) if error.is_missing() => Ok(()),
        // What can't be read now may be readable to somebody else.
        Err(_) => move_aside(disk, world, path).map(drop),
    }
}

/// Moves something out of its place, if it is there. Returns where it is now.
pub(super) fn move_aside(disk: &dyn Disk, world: &World, path: &StorePath) -> Result<Option<StorePath>, StoreError> {
    if !disk.exists(path)? {
        return Ok(None);
    }
    let (place, above) = place_aside(disk, world, path)?;
    disk.relocate(path, &place)?;
    above.iter().rev().try_for_each(|folder| disk.sync_names(folder))?;
    path.parent().map_or(Ok(()), |folder| disk.sync_names(&folder))?;
    Ok(Some(place))
}

/// A place under `set-aside/` that is free, and the folders above it, made, topmost first.
fn place_aside(disk: &dyn Disk, world: &World, path: &StorePath) -> Result<(StorePath, Vec<StorePath>), DiskError> {
    let wanted = layout::place_aside(world.now(), path);
    let mut place = wanted.clone();
    let mut again = 2;
    while disk.exists(&place)? {
        place = wanted.numbered(again);
        again += 1;
    }
    let mut folders = Vec::new();
    if let Some(folder) = place.parent() {
        folders = disk.ensure_folder(&folder, PRIVATE_FOLDER)?;
        folders.push(folder);
    }
    Ok((place, folders))
}
