//! Exclusive locks: kernel locks that go with their process, and a note in the file for whoever waits.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::layout::StorePath;
use super::{Disk, LockFile, StoreError};
use crate::timestamp::Timestamp;
use crate::world::World;

const POLL: Duration = Duration::from_millis(20);

/// Writers hold a lock for milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// A lock that is held until this is dropped.
#[must_use]
pub(super) struct Held {
    _file: Box<dyn LockFile>,
}

#[derive(Serialize, Deserialize)]
struct Holder {
    pid: u32,
    command: String,
    since: Timestamp,
}

/// Takes a lock, waiting as long as the caller's world says, or until the user interrupts.
pub(super) fn acquire(disk: &dyn Disk, world: &World, path: &StorePath) -> Result<Held, StoreError> {
    wait_for(disk, world, path, world.lock_wait, world.interrupted)
}

/// Takes a lock for work that must come to its end, interrupted or not, however short the caller would wait.
pub(super) fn acquire_to_finish(disk: &dyn Disk, world: &World, path: &StorePath) -> Result<Held, StoreError> {
    wait_for(disk, world, path, world.lock_wait.max(PATIENCE), || false)
}

fn wait_for(
    disk: &dyn Disk,
    world: &World,
    path: &StorePath,
    wait: Duration,
    interrupted: fn() -> bool,
) -> Result<Held, StoreError> {
    let start = Instant::now();
    loop {
        if let Some(held) = try_acquire(disk, world, path)? {
            return Ok(held);
        }
        if interrupted() {
            return Err(StoreError::Interrupted);
        }
        let left = wait.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Err(StoreError::Locked { holder: holder(disk, path) });
        }
        std::thread::sleep(POLL.min(left));
    }
}

/// Takes a lock if nobody holds it.
pub(super) fn try_acquire(disk: &dyn Disk, world: &World, path: &StorePath) -> Result<Option<Held>, StoreError> {
    let Some(mut file) = disk.lock(path)? else { return Ok(None) };
    let holder = Holder { pid: world.pid, command: world.actor.command.clone(), since: world.now() };
    if let Ok(text) = serde_json::to_string(&holder) {
        // A lock without its note is a lock all the same.
        let _ = file.describe(&text);
    }
    Ok(Some(Held { _file: file }))
}

fn holder(disk: &dyn Disk, path: &StorePath) -> String {
    let note = disk.load(path).ok().and_then(|bytes| serde_json::from_slice::<Holder>(&bytes).ok());
    match note {
        Some(Holder { pid, command, since }) => format!("`keyring {command}` (process {pid}, since {since})"),
        None => "another process".to_owned(),
    }
}
