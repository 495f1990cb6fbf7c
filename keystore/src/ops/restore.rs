//! `restore`: a keystore from a backup, where none is.

use std::io::BufRead;

use super::Error;
use super::publish::unpublished_or_differing;
use crate::envelope::Opened;
use crate::name::Endpoint;
use crate::progress::Progress;
use crate::store::{Disk, FromBackup, Keystore, Manifest, ReadingFault};
use crate::world::World;

/// A keystore that was restored.
pub struct Restored {
    /// It.
    pub keystore: Keystore,
    /// What the backup held.
    pub manifest: Manifest,
    /// How many changes are staged.
    pub staged: usize,
    /// Endpoints that are bound: none is published yet.
    pub unpublished: Vec<Endpoint>,
    /// What was wrong with the entries about readings of private keys when the backup was taken.
    pub reading_faults: Vec<ReadingFault>,
}

/// Makes a keystore from a backup, in an empty folder.
///
/// # Errors
/// When something stands there, when the backup is not whole in every respect, or when the disk refuses.
pub fn restore<R: BufRead>(
    disk: Box<dyn Disk>,
    world: World,
    backup: &mut Opened<R>,
    progress: &dyn Progress,
) -> Result<Restored, Error> {
    let restored = Keystore::restore(disk, world, backup, progress);
    // The envelope knows better than the archive in it what was wrong.
    let FromBackup { keystore, manifest, reading_faults } =
        restored.map_err(|error| backup.fault().map_or_else(|| error.into(), Error::from))?;
    let snapshot = keystore.read()?;
    let staged = snapshot.stage().changes().count();
    let unpublished = unpublished_or_differing(&snapshot, &[], None)?.into_iter().map(|it| it.endpoint).collect();
    drop(snapshot);
    Ok(Restored { keystore, manifest, staged, unpublished, reading_faults })
}
