//! The files of a backup, written where they belong. Only names that the keystore itself would use, only regular
//! files, each of them once and with the hash that the manifest gives it.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{self, Read};

use tar::{Archive, Entry, EntryType};
use zeroize::Zeroizing;

use super::RestoreError;
use crate::digest::Digest;
use crate::progress::Progress;
use crate::store::backup::Manifest;
use crate::store::disk::LARGEST_FILE;
use crate::store::layout::{self, PRIVATE_FILE, PRIVATE_FOLDER, StorePath};
use crate::store::place::Place;
use crate::store::{Disk, StoreError, format};

/// What was written.
pub(super) struct Unpacked {
    pub(super) manifest: Manifest,
    /// The text of `keystore.toml`, which is not written yet.
    pub(super) config: Vec<u8>,
    /// The folders whose names are not durable yet.
    pub(super) folders: BTreeSet<StorePath>,
}

pub(super) fn unpack(disk: &dyn Disk, input: &mut dyn Read, progress: &dyn Progress) -> Result<Unpacked, RestoreError> {
    let ended = Cell::new(false);
    let mut archive = Archive::new(Watched { input, ended: &ended });
    let mut unpacking: Option<Unpacking<'_>> = None;
    // What tar says of an error may quote what it read, which may be anything.
    let entries = archive.entries().map_err(|_| not_a_backup("it is no tar archive"))?;
    for entry in entries {
        let read = entry.and_then(|mut entry| File::read(&mut entry));
        match (&mut unpacking, read) {
            (Some(unpacking), Ok(mut file)) => unpacking.file(&mut file)?,
            (None, Ok(file)) => unpacking = Some(Unpacking::begin(disk, &file, progress)?),
            (Some(unpacking), Err(_)) if ended.get() => return Err(unpacking.cut_short()),
            (Some(_), Err(_)) => return Err(RestoreError::Damaged),
            (None, Err(_)) => return Err(not_a_backup("it is no tar archive")),
        }
    }
    let unpacking = unpacking.ok_or_else(|| not_a_backup("it is empty"))?;
    // An envelope tells only at its very end that nothing was cut off.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|_| unpacking.cut_short())?;
    unpacking.finish()
}

fn not_a_backup(reason: &str) -> RestoreError {
    RestoreError::NotABackup { reason: reason.to_owned() }
}

/// Remembers when the end has been met.
struct Watched<'a> {
    input: &'a mut dyn Read,
    ended: &'a Cell<bool>,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.ended.set(read == 0 && !buffer.is_empty());
        Ok(read)
    }
}

/// An entry of the archive, read whole.
struct File {
    name: String,
    kind: EntryType,
    bytes: Zeroizing<Vec<u8>>,
}

impl File {
    fn read(entry: &mut Entry<'_, Watched<'_>>) -> io::Result<Self> {
        let (name, kind) = (String::from_utf8_lossy(&entry.path_bytes()).into_owned(), entry.header().entry_type());
        let size = entry.size();
        if size > LARGEST_FILE as u64 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        // As large as it says, but not before that much has come.
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(size.min(1 << 20)).unwrap_or(0)));
        entry.read_to_end(&mut bytes)?;
        if bytes.len() as u64 == size {
            Ok(Self { name, kind, bytes })
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
}

struct Unpacking<'a> {
    disk: &'a dyn Disk,
    progress: &'a dyn Progress,
    manifest: Manifest,
    written: usize,
    config: Option<Vec<u8>>,
    folders: BTreeSet<StorePath>,
}

impl<'a> Unpacking<'a> {
    fn begin(disk: &'a dyn Disk, file: &File, progress: &'a dyn Progress) -> Result<Self, RestoreError> {
        if file.name != layout::manifest().to_string() || file.kind != EntryType::Regular {
            return Err(not_a_backup("it does not begin with a manifest"));
        }
        let manifest: Manifest = serde_json::from_slice(&file.bytes)
            .map_err(|error| RestoreError::NotABackup { reason: format!("its manifest makes no sense: {error}") })?;
        if manifest.format > format::VERSION {
            return Err(RestoreError::Newer { format: manifest.format, known: format::VERSION });
        }
        progress.begin("Restoring", manifest.files.len() as u64);
        let folders = BTreeSet::from([StorePath::root()]);
        Ok(Self { disk, progress, manifest, written: 0, config: None, folders })
    }

    fn cut_short(&self) -> RestoreError {
        RestoreError::CutShort { missing: self.manifest.files.len() - self.written }
    }

    fn file(&mut self, file: &mut File) -> Result<(), RestoreError> {
        let unexpected = |reason| Err(RestoreError::Unexpected { name: file.name.clone(), reason });
        match file.kind {
            // Folders are made for what is in them.
            EntryType::Directory => return Ok(()),
            EntryType::Regular => {}
            _ => return unexpected("is neither a file nor a folder"),
        }
        let Some(place) = Place::of(&file.name) else { return unexpected("no keystore has") };
        let Some(wanted) = self.manifest.files.get(&file.name).copied() else {
            return unexpected("its manifest does not name");
        };
        let found = Digest::of(&file.bytes);
        if found != wanted {
            return Err(RestoreError::Changed { path: place.path(), found, wanted });
        }
        let is_new = if place == Place::Config {
            self.config.replace(std::mem::take(&mut *file.bytes)).is_none()
        } else {
            self.write(&place.path(), &file.bytes)?
        };
        self.written += 1;
        self.progress.advance(1);
        if is_new { Ok(()) } else { unexpected("is in it twice") }
    }

    /// Writes a file where nothing stands; says whether nothing stood there.
    fn write(&mut self, path: &StorePath, bytes: &[u8]) -> Result<bool, StoreError> {
        let sync = !self.disk.can_sync_everything();
        if let Some(folder) = path.parent().filter(|folder| !self.folders.contains(folder)) {
            self.folders.extend(self.disk.ensure_folder(&folder, PRIVATE_FOLDER)?);
            self.folders.insert(folder);
        }
        match self.disk.add(path, bytes, PRIVATE_FILE, sync) {
            Ok(()) => Ok(true),
            Err(error) if error.source.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn finish(self) -> Result<Unpacked, RestoreError> {
        if self.written < self.manifest.files.len() {
            return Err(self.cut_short());
        }
        let config = self.config.ok_or_else(|| not_a_backup("it lacks keystore.toml"))?;
        Ok(Unpacked { manifest: self.manifest, config, folders: self.folders })
    }
}
