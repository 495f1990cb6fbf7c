//! Exclusive locks: kernel locks that go with their process, and a note in the file: who holds the lock, for whoever
//! waits; and whether its last holder came to its end, for whoever is next.
//!
//! A writer that is killed, or that a failing disk stops, can leave names that everybody sees and that are not durable:
//! it renames first and syncs then. Whoever builds on them would lose his own work with them in a loss of power, although
//! he synced it. So the next writer syncs what such a one left before he reads anything.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::layout::{self, StorePath};
use super::{Disk, DiskError, Kind, LockFile, StoreError};
use crate::timestamp::Timestamp;
use crate::world::World;

const POLL: Duration = Duration::from_millis(20);

/// Writers hold a lock for milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// A lock that is held until this is dropped.
#[must_use]
pub(super) struct Held {
    file: Box<dyn LockFile>,
    note: Note,
    /// Whether everything that was begun under the lock has succeeded so far.
    settled: Cell<bool>,
}

#[derive(Serialize, Deserialize)]
struct Note {
    pid: u32,
    command: String,
    since: Timestamp,
    /// Whether the holder has let go and left nothing half done.
    #[serde(default)]
    settled: bool,
}

impl Note {
    /// What the lock's file says; none when it is new, or when a loss of power damaged it.
    fn load(disk: &dyn Disk, path: &StorePath) -> Result<Option<Self>, DiskError> {
        Ok(disk.load_if_present(path)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// Always as long as before: cutting a file costs more than all the rest of a lock.
    fn to_text(&self) -> String {
        // See `format::encode`: stored types serialize.
        format!("{:<255}\n", serde_json::to_string(self).expect("a note serializes"))
    }
}

impl Held {
    /// Does something whose failure leaves the disk in doubt: the next writer then syncs before he builds on it.
    pub(super) fn change<T, E>(&self, act: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let settled = self.settled.replace(false);
        let done = act()?;
        self.settled.set(settled);
        Ok(done)
    }

    /// For work whose steps are not followed one by one: the next writer syncs before he builds on it.
    pub(super) fn in_doubt(self) -> Self {
        self.settled.set(false);
        self
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.settled.get() {
            self.note.settled = true;
            // Unwritten it makes the next writer sync once for nothing.
            let _ = self.file.describe(&self.note.to_text());
        }
    }
}

/// Takes the lock for facts, stage and records, waiting as long as the caller's world says, or until the user
/// interrupts. What can be seen then is durable.
pub(super) fn writing(disk: &dyn Disk, world: &World) -> Result<Held, StoreError> {
    wait_for(disk, world, &layout::lock(), world.lock_wait, world.interrupted)
}

/// The same for a note of what is about to be read. A program that a publication runs may read too: this lock is not the
/// one that its caller holds.
pub(super) fn noting(disk: &dyn Disk, world: &World) -> Result<Held, StoreError> {
    wait(disk, world, &layout::lock(), world.lock_wait, world.interrupted)
}

/// The same for work that must come to its end, interrupted or not, however short the caller would wait.
pub(super) fn writing_to_finish(disk: &dyn Disk, world: &World) -> Result<Held, StoreError> {
    wait_for(disk, world, &layout::lock(), world.lock_wait.max(PATIENCE), || false)
}

/// Takes the lock for publishing, waiting likewise. What its last holder left is told by the intent.
pub(super) fn publishing(disk: &dyn Disk, world: &World) -> Result<Held, StoreError> {
    wait_for(disk, world, &layout::publish_lock(), world.lock_wait, world.interrupted)
}

/// Takes the lock for publishing if nobody holds it.
pub(super) fn try_publishing(disk: &dyn Disk, world: &World) -> Result<Option<Held>, StoreError> {
    try_acquire(disk, world, &layout::publish_lock())
}

fn wait_for(
    disk: &dyn Disk,
    world: &World,
    path: &StorePath,
    wait_at_most: Duration,
    interrupted: fn() -> bool,
) -> Result<Held, StoreError> {
    if world.in_publication {
        return Err(StoreError::Locked { holder: holder(disk, &layout::publish_lock()) });
    }
    wait(disk, world, path, wait_at_most, interrupted)
}

fn wait(
    disk: &dyn Disk,
    world: &World,
    path: &StorePath,
    wait_at_most: Duration,
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
        let left = wait_at_most.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Err(StoreError::Locked { holder: holder(disk, path) });
        }
        std::thread::sleep(POLL.min(left));
    }
}

fn try_acquire(disk: &dyn Disk, world: &World, path: &StorePath) -> Result<Option<Held>, StoreError> {
    let Some(mut file) = disk.lock(path)? else { return Ok(None) };
    let is_settled = Note::load(disk, path)?.is_some_and(|note| note.settled);
    let note = Note { pid: world.pid, command: world.actor.command.clone(), since: world.now(), settled: false };
    // Before anything is changed: should this process die, the next one must know.
    disk.describe(path, &mut *file, &note.to_text())?;
    let held = Held { file, note, settled: Cell::new(true) };
    if !is_settled && *path == layout::lock() {
        held.change(|| settle(disk))?;
    }
    Ok(Some(held))
}

/// Makes durable what a writer may have left: names in the keystore's folder, beside the servers' indexes, in the
/// authorities' folders, on their lists and among the readings of private keys. What is further down is durable before an
/// index names it.
fn settle(disk: &dyn Disk) -> Result<(), StoreError> {
    let mut folders = BTreeSet::from([StorePath::root()]);
    if !disk.can_sync_everything() {
        if disk.exists(&layout::audit())? {
            folders.insert(layout::audit());
        }
        for above in [layout::servers(), layout::authorities()] {
            let below = disk.names(&above)?.into_iter().filter(|entry| entry.kind == Kind::Folder);
            folders.extend(below.map(|entry| above.join(&entry.name)));
            if disk.exists(&above)? {
                folders.insert(above);
            }
        }
        folders.extend(lists(disk, &folders)?);
    }
    Ok(disk.sync_batch(&folders)?)
}

/// The lists of what private authorities have issued, which no index names.
fn lists(disk: &dyn Disk, folders: &BTreeSet<StorePath>) -> Result<Vec<StorePath>, DiskError> {
    let names = folders.iter().filter(|folder| folder.parent() == Some(layout::authorities()));
    let names = names.filter_map(|folder| folder.file_name()?.parse().ok());
    let mut lists = Vec::new();
    for list in names.map(|name| layout::issued(&name)) {
        if disk.exists(&list)? {
            lists.push(list);
        }
    }
    Ok(lists)
}

fn holder(disk: &dyn Disk, path: &StorePath) -> String {
    match Note::load(disk, path).ok().flatten() {
        Some(Note { pid, command, since, settled: false }) => {
            format!("`keyring {command}` (process {pid}, since {since})")
        }
        _ => "another process".to_owned(),
    }
}
