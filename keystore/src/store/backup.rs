//! One generation of a keystore as one tar archive, its facts and its stage included, taken while others write: what
//! is read is immutable, or held from the moment it was read. `tar` alone opens it, and what it leaves is a keystore.

mod inventory;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tar::{Builder, EntryType, Header};
use zeroize::Zeroizing;

pub use inventory::Inventory;
pub(super) use inventory::Item;

use super::layout::{self, PRIVATE_FILE, PRIVATE_FOLDER, StorePath};
use super::{Disk, Keystore, StoreError, format, lock};
use crate::digest::Digest;
use crate::model::Generation;
use crate::progress::Progress;
use crate::timestamp::Timestamp;
use crate::world::Actor;

/// Why a backup could not be written.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The keystore could not be read, or is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A prune removed something after the backup had begun.
    #[error("{} was removed while the backup was written", path.display())]
    Vanished {
        /// The file.
        path: PathBuf,
    },
    /// What the backup goes to refused it.
    #[error("cannot write the backup")]
    Write(#[source] io::Error),
}

/// The first file of a backup: what it holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the keystore's format.
    pub format: u32,
    /// The keystore's identifier.
    pub keystore: String,
    /// The generation that was backed up.
    pub generation: Generation,
    /// The hash of its record; none for the empty keystore.
    pub head: Option<Digest>,
    /// Whether the older generations are in it too, as far as the keystore had them.
    pub history: bool,
    /// When it was made.
    pub time: Timestamp,
    /// Who made it.
    pub actor: Actor,
    /// SHA-256 of every file, by its path.
    pub files: BTreeMap<String, Digest>,
}

/// How often what is to be backed up is looked for while others may prune.
const FREE_LOOKS: usize = 2;

impl Keystore {
    /// Looks for what a backup of the newest generation holds. Takes no lock, unless something is missing again and
    /// again.
    ///
    /// # Errors
    /// When the keystore can't be read, or something that is needed is missing or damaged.
    pub fn inventory(&self, history: bool, progress: &dyn Progress) -> Result<Inventory, StoreError> {
        for _ in 0..FREE_LOOKS {
            match self.look_through(history, progress) {
                // Damaged, or pruned since the generation was chosen? The next look tells.
                Err(StoreError::Damaged { .. } | StoreError::Pruned { .. }) => {}
                looked => return looked,
            }
        }
        // Nobody prunes meanwhile: what is missing now is lost.
        let _publishing = lock::publishing(self.disk(), self.world())?;
        self.look_through(history, progress)
    }

    fn look_through(&self, history: bool, progress: &dyn Progress) -> Result<Inventory, StoreError> {
        let config = self.disk().load(&layout::config())?;
        let snapshot = self.read()?;
        let manifest = Manifest {
            format: self.config().format,
            keystore: self.config().id.clone(),
            generation: snapshot.generation(),
            head: snapshot.head_hash(),
            history,
            time: self.world().now(),
            actor: self.world().actor.clone(),
            files: BTreeMap::new(),
        };
        Inventory::gather(&snapshot, config, manifest, progress)
    }

    /// Writes a backup. Memory is bounded by the largest file and by what the inventory holds: the index, and a hash
    /// for each file.
    ///
    /// # Errors
    /// When a file is not what its hash says, when one has vanished, or when `out` refuses.
    pub fn write_backup(
        &self,
        inventory: &Inventory,
        out: &mut dyn Write,
        progress: &dyn Progress,
    ) -> Result<(), BackupError> {
        progress.begin("Backing up", inventory.items.len() as u64);
        let mut archive = Archive { tar: Builder::new(out), time: inventory.manifest.time, last: StorePath::root() };
        archive.file(&layout::manifest(), &format::encode(&inventory.manifest))?;
        for (folder, mode) in super::keystore::folders() {
            archive.folder(&folder, mode)?;
        }
        for (path, item) in &inventory.items {
            archive.file(path, &item.read(self.disk(), path)?)?;
            progress.advance(1);
        }
        archive.tar.finish().map_err(BackupError::Write)
    }
}

impl Item {
    /// Its bytes, which are what they were when the inventory was made.
    fn read(&self, disk: &dyn Disk, path: &StorePath) -> Result<Zeroizing<Vec<u8>>, BackupError> {
        if let Some(held) = &self.held {
            return Ok(Zeroizing::new(held.clone()));
        }
        match disk.load_if_present(path).map_err(StoreError::from)? {
            Some(bytes) => {
                let bytes = Zeroizing::new(bytes);
                format::check(disk, path, &bytes, self.digest)?;
                Ok(bytes)
            }
            None => Err(BackupError::Vanished { path: disk.root().join(path.as_path()) }),
        }
    }
}

/// A tar archive with a keystore's modes. Folders stand before what is in them.
struct Archive<'a> {
    tar: Builder<&'a mut dyn Write>,
    time: Timestamp,
    /// The folder of the last file.
    last: StorePath,
}

impl Archive<'_> {
    fn file(&mut self, path: &StorePath, bytes: &[u8]) -> Result<(), BackupError> {
        let folder = path.parent().unwrap_or_else(StorePath::root);
        if folder != self.last {
            let mut above: Vec<_> = std::iter::successors(Some(folder.clone()), StorePath::parent).collect();
            let is_there = |folder: &StorePath| {
                let is_of_every_keystore = super::keystore::folders().iter().any(|(path, _)| path == folder);
                folder.depth() == 0 || is_of_every_keystore || self.last.as_path().starts_with(folder.as_path())
            };
            above.retain(|folder| !is_there(folder));
            above.iter().rev().try_for_each(|folder| self.folder(folder, PRIVATE_FOLDER))?;
            self.last = folder;
        }
        self.entry(path, EntryType::Regular, PRIVATE_FILE, bytes)
    }

    fn folder(&mut self, path: &StorePath, mode: u32) -> Result<(), BackupError> {
        self.entry(path, EntryType::Directory, mode, &[])
    }

    fn entry(&mut self, path: &StorePath, kind: EntryType, mode: u32, bytes: &[u8]) -> Result<(), BackupError> {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_mtime(u64::try_from(self.time.unix()).unwrap_or(0));
        header.set_size(bytes.len() as u64);
        self.tar.append_data(&mut header, path.as_path(), bytes).map_err(BackupError::Write)
    }
}
