//! What to do with a commit that did not come to its end: finish it when its record is there, undo it otherwise.
//! Every step can be done twice, so that a crash in the middle of this is recovered by the same.

use super::intent::Intent;
use super::layout::{self, StorePath};
use super::log::Head;
use super::{Disk, StoreError, install, live, staged, told};
use crate::parallel;

/// Recovers an interrupted commit, if there is one. The caller holds both locks.
pub(super) fn recover(disk: &dyn Disk, threads: usize) -> Result<(), StoreError> {
    let Some(intent) = Intent::load(disk)? else { return Ok(()) };
    if intent.kept {
        // The crash may have come before that was durable, and what could be put back is about to go.
        disk.sync_names(&StorePath::root())?;
        return finish(disk, threads, &intent);
    }
    if !is_recorded(disk, &intent)? {
        // Services may run on what is taken back, and nothing else remembers that once the intent is gone.
        told::owe(disk, intent.told())?;
        return undo(disk, threads, &intent);
    }
    // The crash may have come before the record was durable, and what was staged is about to be forgotten.
    disk.sync_names(&layout::commits())?;
    finish(disk, threads, &intent)
}

/// Whether the record of this commit is there: whether it took effect.
pub(super) fn is_recorded(disk: &dyn Disk, intent: &Intent) -> Result<bool, StoreError> {
    match Head::load(disk, intent.generation) {
        Ok(head) => Ok(head.change_sets == intent.change_sets),
        Err(StoreError::Disk(error)) if error.is_missing() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Clears up behind a commit whose record is durable, or a publication that durably says that it is kept. The caller holds both locks.
pub(super) fn finish(disk: &dyn Disk, threads: usize, intent: &Intent) -> Result<(), StoreError> {
    let stage = staged::load(disk)?;
    let rest = stage.clone().without(&intent.change_sets);
    if rest != stage {
        staged::store(disk, &rest)?;
    }
    disk.discard(&layout::commit(intent.generation).temporary())?;
    install::finish(disk, threads, &intent.switches)?;
    parallel::each_at_disk(threads, &intent.switches, |switch| live::tidy(disk, switch))?;
    clear_intent(disk)?;
    // A hint: when it is lost or old, the log itself is asked. Nothing is left undone without it.
    let _ = disk.put(&layout::head_hint(), intent.generation.to_string().as_bytes(), layout::PRIVATE_FILE, false);
    Ok(())
}

/// Puts every endpoint back to what it served before. The caller holds the lock for publishing.
pub(super) fn undo(disk: &dyn Disk, threads: usize, intent: &Intent) -> Result<(), StoreError> {
    install::undo(disk, threads, &intent.switches)?;
    live::undo(disk, threads, &intent.switches)?;
    disk.discard(&layout::commit(intent.generation).temporary())?;
    clear_intent(disk)
}

fn clear_intent(disk: &dyn Disk) -> Result<(), StoreError> {
    disk.discard(&layout::intent())?;
    Ok(disk.sync_names(&StorePath::root())?)
}
