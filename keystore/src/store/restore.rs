//! A keystore made from a backup, where none is. A backup may come through a pipe and is read once: what comes is
//! checked and written, and then checked as a whole where it stands. It is no keystore before `keystore.toml` has its
//! name, which is the last thing that happens.

mod check;
mod unpack;

use std::collections::BTreeSet;
use std::io::Read;
use std::path::PathBuf;

use super::backup::Manifest;
use super::keystore::{self, Config};
use super::layout::{self, PRIVATE_FILE, StorePath};
use super::{Disk, Keystore, ReadingFault, StoreError, lock};
use crate::digest::Digest;
use crate::model::Generation;
use crate::pki::PrivateKeyError;
use crate::progress::Progress;
use crate::world::World;

/// Why a backup could not be restored. There is no keystore then.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The place is taken, or the disk refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is something else.
    #[error("this is not a backup of a keystore: {reason}")]
    NotABackup {
        /// What it lacks.
        reason: String,
    },
    /// A newer program wrote it.
    #[error("the backup has format {format}; this program knows {known}")]
    Newer {
        /// Its format.
        format: u32,
        /// The newest format that this program knows.
        known: u32,
    },
    /// It ends before its end.
    #[error("the backup is cut short: {missing} of its files are missing or not whole")]
    CutShort {
        /// How many.
        missing: usize,
    },
    /// It cannot be read on.
    #[error("the backup is damaged: the archive in it cannot be read on")]
    Damaged,
    /// Something is in it that no backup holds.
    #[error("the backup holds {name:?}, which {reason}")]
    Unexpected {
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A file is not the one that was backed up.
    #[error("the backup is damaged: the SHA-256 of {path} is {found}, its manifest says {wanted}")]
    Changed {
        /// The file.
        path: StorePath,
        /// The hash of what is there.
        found: Digest,
        /// The hash of what was backed up.
        wanted: Digest,
    },
    /// Its files do not make a keystore.
    #[error("the backup does not hold together: {}: {reason}", path.display())]
    Inconsistent {
        /// The file that tells.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A private key cannot be read, or is another one than it should be.
    #[error("the backup does not hold together: {path} cannot be used")]
    PrivateKey {
        /// The file.
        path: StorePath,
        /// Why.
        #[source]
        source: PrivateKeyError,
    },
}

/// A keystore that was made from a backup.
pub struct FromBackup {
    /// It.
    pub keystore: Keystore,
    /// What the backup held.
    pub manifest: Manifest,
    /// What was wrong with the entries about readings of private keys when the backup was taken.
    pub reading_faults: Vec<ReadingFault>,
}

impl Keystore {
    /// Makes a keystore from the tar archive of a backup, in an empty folder or one in which this was cut short.
    ///
    /// # Errors
    /// When something stands there, when the backup is not whole, or when the disk refuses. Then
    /// what was written is removed again; after a crash the next attempt does that.
    pub fn restore(
        disk: Box<dyn Disk>,
        world: World,
        input: &mut dyn Read,
        progress: &dyn Progress,
    ) -> Result<FromBackup, RestoreError> {
        check_vacant(&*disk)?;
        keystore::check_private(&*disk)?;
        let held = lock::writing(&*disk, &world)?.in_doubt();
        // Another one may have come to its end while this one waited.
        check_vacant(&*disk)?;
        clear(&*disk)?;
        let restored = fill(&*disk, input, progress);
        let Filled { config, manifest, reading_faults } = match restored {
            Ok(restored) => restored,
            Err(error) => {
                // Its name may be there although its sync, or the reply, failed: then it is a keystore. What cannot be
                // removed now is removed by the next attempt.
                if matches!(disk.exists(&layout::config()), Ok(false)) {
                    let _ = clear(&*disk);
                }
                return Err(error);
            }
        };
        drop(held);
        Ok(FromBackup { keystore: Self::from_parts(disk, world, config), manifest, reading_faults })
    }
}

/// What was written.
struct Filled {
    config: Config,
    manifest: Manifest,
    reading_faults: Vec<ReadingFault>,
}

/// Writes everything, checks it, and lets it be a keystore.
fn fill(disk: &dyn Disk, input: &mut dyn Read, progress: &dyn Progress) -> Result<Filled, RestoreError> {
    // From here on, what stands in the folder is known for what it is.
    disk.add(&marker(), b"", PRIVATE_FILE, true).map_err(StoreError::from)?;
    disk.sync_names(&StorePath::root()).map_err(StoreError::from)?;
    for (folder, mode) in keystore::folders() {
        disk.ensure_folder(&folder, mode).map_err(StoreError::from)?;
    }
    let unpacked = unpack::unpack(disk, input, progress)?;
    let (config, reading_faults) = check::check(disk, &unpacked, progress)?;
    let newest = unpacked.manifest.generation;
    if newest > Generation::EMPTY {
        let hint = newest.to_string();
        disk.put(&layout::head_hint(), hint.as_bytes(), PRIVATE_FILE, false).map_err(StoreError::from)?;
    }
    finish(disk, &unpacked.config, &unpacked.folders)?;
    Ok(Filled { config, manifest: unpacked.manifest, reading_faults })
}

/// Makes everything durable, and then lets it be a keystore.
fn finish(disk: &dyn Disk, config: &[u8], folders: &BTreeSet<StorePath>) -> Result<(), StoreError> {
    disk.put(&marker(), config, PRIVATE_FILE, true)?;
    disk.sync_batch(folders)?;
    // not before: a backup that is refused leaves the folder as it was
    disk.open_passage(&StorePath::root(), layout::PASSAGE)?;
    disk.put_in_place(&marker(), &layout::config())?;
    Ok(disk.sync_names(&StorePath::root())?)
}

/// The configuration before it has its name: where it stands without it, a keystore was about to be made.
fn marker() -> StorePath {
    layout::config().temporary()
}

/// Everything that an attempt to restore may leave.
fn left_overs() -> [StorePath; 8] {
    [
        layout::commits(),
        layout::servers(),
        layout::state(),
        layout::live(),
        layout::authorities(),
        layout::audit(),
        layout::stage(),
        marker().temporary(),
    ]
}

/// Refuses a folder that holds anything but what an attempt to make a keystore has left.
fn check_vacant(disk: &dyn Disk) -> Result<(), StoreError> {
    keystore::check_none(disk)?;
    if !disk.exists(&marker())? {
        return keystore::check_vacant(disk);
    }
    let (ours, locks) = (left_overs(), [layout::lock(), layout::publish_lock()]);
    let mut there = disk.names(&StorePath::root())?.into_iter().map(|entry| StorePath::root().join(&entry.name));
    if there.all(|path| path == marker() || locks.contains(&path) || ours.contains(&path)) {
        return Ok(());
    }
    Err(StoreError::NotEmpty { path: disk.root().to_path_buf() })
}

/// Removes what an earlier attempt has left; the marker last.
fn clear(disk: &dyn Disk) -> Result<(), StoreError> {
    for path in left_overs() {
        disk.discard_tree(&path)?;
    }
    disk.sync_names(&StorePath::root())?;
    Ok(disk.discard(&marker())?)
}
