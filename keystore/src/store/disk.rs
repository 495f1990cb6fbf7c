//! The one room that touches files. Everything the keystore does to a disk is one of these operations, so
//! that a test can fail or crash at each.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use zeroize::Zeroizing;

use super::layout::StorePath;

/// The largest file that is read: the index of a server with a million keys, the record of a commit of as many.
pub(super) const LARGEST_FILE: usize = 1 << 30;

/// What stands at a path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A socket, a device, a pipe.
    Other,
}

/// Kind, permission bits and owner of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Status {
    /// What it is.
    pub kind: Kind,
    /// Permission bits, such as `0o600`.
    pub mode: u32,
    /// The owner's user id.
    pub owner: u32,
    /// Its group's id.
    pub group: u32,
}

/// Who may do what with a file that is made: its permission bits, and whose it is when not its maker's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    /// Permission bits, such as `0o600`.
    pub mode: u32,
    /// A user id.
    pub owner: Option<u32>,
    /// A group id.
    pub group: Option<u32>,
}

/// The maker's own.
impl From<u32> for Access {
    fn from(mode: u32) -> Self {
        Self { mode, owner: None, group: None }
    }
}

impl From<Status> for Access {
    fn from(status: Status) -> Self {
        Self { mode: status.mode, owner: Some(status.owner), group: Some(status.group) }
    }
}

/// One name in a folder.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry {
    /// The file name.
    pub name: String,
    /// What it names.
    pub kind: Kind,
}

/// A lock that is held until this is dropped, or its process ends. The file says who holds it.
pub trait LockFile: Send {
    /// Writes over the beginning of the lock's file. Not durable: it is for processes, and none of them outlives a loss
    /// of power.
    ///
    /// # Errors
    /// When the file cannot be written.
    fn describe(&mut self, text: &str) -> io::Result<()>;
}

/// The primitive operations. Nothing is durable before a sync: a file's bytes by `sync` at its creation, a
/// name (made, renamed, removed) by [`Disk::sync_folder`] of its folder, and everything by
/// [`Disk::sync_everything`]. A failed sync is never tried again as if it could succeed. No operation follows a
/// symbolic link. Paths are relative to the keystore's folder.
#[expect(clippy::missing_errors_doc, reason = "each fails as the system call that it stands for")]
pub trait Disk: Send + Sync {
    /// The keystore's folder, for messages and for what must be told to other programs.
    fn root(&self) -> &Path;
    /// The bytes of a regular file; one that is larger than any that is kept is refused.
    fn read(&self, path: &StorePath) -> io::Result<Vec<u8>>;
    /// The names in a folder, sorted.
    fn list(&self, path: &StorePath) -> io::Result<Vec<Entry>>;
    /// The target of a symbolic link.
    fn read_link(&self, path: &StorePath) -> io::Result<String>;
    /// What stands at a path.
    fn status(&self, path: &StorePath) -> io::Result<Status>;
    /// Makes a folder where nothing stands.
    fn create_folder(&self, path: &StorePath, mode: u32) -> io::Result<()>;
    /// Makes a file where nothing stands; with `sync`, its bytes are durable on return. Before its bytes are in it, it is
    /// whose it shall be, and nobody else can open it.
    fn create_file(&self, path: &StorePath, bytes: &[u8], access: Access, sync: bool) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, path: &StorePath) -> io::Result<()>;
    /// Whether [`Disk::sync_everything`] is to be had.
    fn can_sync_everything(&self) -> bool;
    /// Makes everything that was written durable at once (`syncfs`).
    fn sync_everything(&self) -> io::Result<()>;
    /// Renames, in place of what stands at `to`.
    fn rename(&self, from: &StorePath, to: &StorePath) -> io::Result<()>;
    /// Makes a second name for a file where nothing stands.
    fn link(&self, from: &StorePath, to: &StorePath) -> io::Result<()>;
    /// Makes a symbolic link where nothing stands.
    fn symlink(&self, target: &str, path: &StorePath) -> io::Result<()>;
    /// Removes a file or a symbolic link.
    fn remove_file(&self, path: &StorePath) -> io::Result<()>;
    /// Removes an empty folder.
    fn remove_folder(&self, path: &StorePath) -> io::Result<()>;
    /// Gives a file or a folder other permission bits, durably.
    fn set_mode(&self, path: &StorePath, mode: u32) -> io::Result<()>;
    /// Takes an exclusive lock, or `None` when another process holds it. Makes the file (0600) when missing.
    fn try_lock(&self, path: &StorePath) -> io::Result<Option<Box<dyn LockFile>>>;
    /// Another folder, for files that are installed there. It is not made, and not looked at; where its name is a
    /// symbolic link, it is refused. [`Disk::sync_everything`] has no part in it.
    fn outside(&self, folder: &Path) -> io::Result<Box<dyn Disk + '_>>;
}

/// An operation that failed, with its path.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} {}", path.display())]
pub struct DiskError {
    /// What was tried: `read`, `write` ...
    pub verb: &'static str,
    /// The whole path.
    pub path: PathBuf,
    /// Why it failed.
    #[source]
    pub source: io::Error,
}

impl DiskError {
    /// Whether the path does not exist.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }

    /// Whether something else than a folder stands on the way to the path: a file, or a link, which is never followed.
    #[must_use]
    pub fn is_barred(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotADirectory
            || self.source.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
    }
}

/// The compositions that the keystore is written with; errors carry the path.
impl dyn Disk + '_ {
    fn context<T>(&self, verb: &'static str, path: &StorePath, result: io::Result<T>) -> Result<T, DiskError> {
        result.map_err(|source| DiskError { verb, path: self.root().join(path.as_path()), source })
    }

    pub(super) fn load(&self, path: &StorePath) -> Result<Vec<u8>, DiskError> {
        self.context("read", path, self.read(path))
    }

    pub(super) fn load_if_present(&self, path: &StorePath) -> Result<Option<Vec<u8>>, DiskError> {
        if_present(self.load(path))
    }

    pub(super) fn look(&self, path: &StorePath) -> Result<Status, DiskError> {
        self.context("look at", path, self.status(path))
    }

    pub(super) fn exists(&self, path: &StorePath) -> Result<bool, DiskError> {
        Ok(if_present(self.look(path))?.is_some())
    }

    pub(super) fn names(&self, path: &StorePath) -> Result<Vec<Entry>, DiskError> {
        Ok(if_present(self.context("list", path, self.list(path)))?.unwrap_or_default())
    }

    /// The folders in a folder that have such a name. A file never was one; a link may stand for one that was moved, and
    /// is not to be passed over in silence: whoever looks into it is refused.
    pub(super) fn folders<T: FromStr>(&self, path: &StorePath) -> Result<Vec<T>, DiskError> {
        let folders = self.names(path)?.into_iter().filter(|entry| entry.kind != Kind::File);
        Ok(folders.filter_map(|entry| entry.name.parse().ok()).collect())
    }

    pub(super) fn link_target(&self, path: &StorePath) -> Result<Option<String>, DiskError> {
        if_present(self.context("read", path, self.read_link(path)))
    }

    pub(super) fn sync_names(&self, path: &StorePath) -> Result<(), DiskError> {
        self.context("sync", path, self.sync_folder(path))
    }

    /// Makes what was written durable: all at once where that can be had, else the names in these folders, from
    /// the bottom up, of files that were synced when they were made.
    pub(super) fn sync_batch(&self, folders: &BTreeSet<StorePath>) -> Result<(), DiskError> {
        if self.can_sync_everything() {
            return self.context("sync", &StorePath::root(), self.sync_everything());
        }
        folders.iter().rev().try_for_each(|folder| self.sync_names(folder))
    }

    /// Makes the missing folders down to `path`, which are durable once those above it, returned topmost first,
    /// have been synced: all of them, as one that stood there may be what a crash left before its sync.
    pub(super) fn ensure_folder(&self, path: &StorePath, mode: u32) -> Result<Vec<StorePath>, DiskError> {
        self.make_folders(path, mode)?;
        let mut above: Vec<_> = std::iter::successors(path.parent(), StorePath::parent).collect();
        above.reverse();
        Ok(above)
    }

    fn make_folders(&self, path: &StorePath, mode: u32) -> Result<(), DiskError> {
        if mode & 0o077 != 0 {
            return self.make_passages(path, mode);
        }
        let made = match self.create_folder(path, mode) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let Some(parent) = path.parent() else { return self.context("make", path, Err(error)) };
                self.make_folders(&parent, mode)?;
                self.create_folder(path, mode)
            }
            made => made,
        };
        match made {
            // it was there, or another thread makes what is beside it
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => self.context("make", path, made),
        }
    }

    /// The same for folders that others pass through: whoever made one may have died before he gave back what his umask
    /// took. None is made in one that is closed, so that none is ever left closed above what is read.
    fn make_passages(&self, path: &StorePath, mode: u32) -> Result<(), DiskError> {
        if let Some(parent) = path.parent().filter(|parent| *parent != StorePath::root())
            && !self.open_passage(&parent, mode)?
        {
            self.make_passages(&parent, mode)?;
        }
        match self.create_folder(path, mode) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.open_passage(path, mode).map(drop),
            made => self.context("make", path, made),
        }
    }

    /// Lets others pass through a folder, if it is there; says whether it is.
    pub(super) fn open_passage(&self, path: &StorePath, mode: u32) -> Result<bool, DiskError> {
        let Some(found) = if_present(self.look(path))? else { return Ok(false) };
        if found.kind == Kind::Folder && found.mode != mode {
            self.mend_mode(path, mode)?;
        }
        Ok(true)
    }

    /// Makes a file where nothing stands. Its name is durable once its folder has been synced.
    pub(super) fn add(
        &self,
        path: &StorePath,
        bytes: &[u8],
        access: impl Into<Access>,
        sync: bool,
    ) -> Result<(), DiskError> {
        self.context("write", path, self.create_file(path, bytes, access.into(), sync))
    }

    /// Puts a file in place of what stands there: temporary file, write, fsync, rename. Its name is durable
    /// once its folder has been synced.
    pub(super) fn put(
        &self,
        path: &StorePath,
        bytes: &[u8],
        access: impl Into<Access>,
        sync: bool,
    ) -> Result<(), DiskError> {
        self.prepare(path, bytes, access, sync)?;
        self.replace(path)
    }

    /// The first half of `put`: writes the temporary file.
    pub(super) fn prepare(
        &self,
        path: &StorePath,
        bytes: &[u8],
        access: impl Into<Access>,
        sync: bool,
    ) -> Result<(), DiskError> {
        let temporary = path.temporary();
        self.discard(&temporary)?;
        self.add(&temporary, bytes, access, sync)
    }

    /// The second half of `put`: renames the temporary file.
    pub(super) fn replace(&self, path: &StorePath) -> Result<(), DiskError> {
        self.put_in_place(&path.temporary(), path)
    }

    /// `put`, durable on return.
    pub(super) fn put_durably(&self, path: &StorePath, bytes: &[u8], mode: u32) -> Result<(), DiskError> {
        self.put(path, bytes, mode, true)?;
        path.parent().map_or(Ok(()), |folder| self.sync_names(&folder))
    }

    /// Renames a file in place of what stands there. Durable once the folder has been synced.
    pub(super) fn put_in_place(&self, from: &StorePath, to: &StorePath) -> Result<(), DiskError> {
        self.context("replace", to, self.rename(from, to))
    }

    /// Points a symbolic link elsewhere in one rename. Durable once its folder has been synced.
    pub(super) fn point(&self, path: &StorePath, target: &str) -> Result<(), DiskError> {
        let temporary = path.temporary();
        self.discard(&temporary)?;
        self.context("link", &temporary, self.symlink(target, &temporary))?;
        self.context("switch", path, self.rename(&temporary, path))
    }

    /// Moves a file or a folder to where nothing stands. Durable once both folders have been synced.
    pub(super) fn relocate(&self, from: &StorePath, to: &StorePath) -> Result<(), DiskError> {
        self.context("move", from, self.rename(from, to))
    }

    /// Gives a file or a folder its mode again.
    pub(super) fn mend_mode(&self, path: &StorePath, mode: u32) -> Result<(), DiskError> {
        self.context("set the mode of", path, self.set_mode(path, mode))
    }

    /// Gives a file a second name where nothing stands; says whether nothing stood there.
    pub(super) fn claim(&self, from: &StorePath, to: &StorePath) -> Result<bool, DiskError> {
        match self.link(from, to) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => self.context("link", to, Err(error)),
        }
    }

    /// Gives a file a second name where nothing stands; where the file system has no such thing, a copy of it,
    /// durable but for its name.
    pub(super) fn link_or_copy(&self, from: &StorePath, to: &StorePath, mode: u32) -> Result<(), DiskError> {
        match self.link(from, to) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.context("link", to, Err(error)),
            Err(_) => self.add(to, &Zeroizing::new(self.load(from)?), mode, true),
        }
    }

    /// The same where a copy must be whole before it has its name: it may be what everything is put back from.
    pub(super) fn link_or_put(&self, from: &StorePath, to: &StorePath, access: Access) -> Result<(), DiskError> {
        match self.link(from, to) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.context("link", to, Err(error)),
            Err(_) => self.put(to, &Zeroizing::new(self.load(from)?), access, true),
        }
    }

    /// Removes a file or a link, if it is there.
    pub(super) fn discard(&self, path: &StorePath) -> Result<(), DiskError> {
        if_present(self.context("remove", path, self.remove_file(path))).map(|_| ())
    }

    /// Removes a folder that holds files and links only, if it is there.
    pub(super) fn discard_folder(&self, path: &StorePath) -> Result<(), DiskError> {
        for entry in self.names(path)? {
            self.discard(&path.join(&entry.name))?;
        }
        if_present(self.context("remove", path, self.remove_folder(path))).map(|_| ())
    }

    /// Removes what stands at a path, with everything below it, if it is there.
    pub(super) fn discard_tree(&self, path: &StorePath) -> Result<(), DiskError> {
        match if_present(self.look(path))?.map(|status| status.kind) {
            None => Ok(()),
            Some(Kind::Folder) => {
                for entry in self.names(path)? {
                    self.discard_tree(&path.join(&entry.name))?;
                }
                if_present(self.context("remove", path, self.remove_folder(path))).map(|_| ())
            }
            Some(Kind::File | Kind::Link | Kind::Other) => self.discard(path),
        }
    }

    /// A folder outside the keystore; none where nothing stands.
    pub(super) fn beyond(&self, folder: &Path) -> Result<Option<Box<dyn Disk + '_>>, DiskError> {
        let open = |source| DiskError { verb: "open", path: folder.to_path_buf(), source };
        if_present(self.outside(folder).map_err(open))
    }

    pub(super) fn lock(&self, path: &StorePath) -> Result<Option<Box<dyn LockFile>>, DiskError> {
        self.context("lock", path, self.try_lock(path))
    }

    pub(super) fn describe(&self, path: &StorePath, file: &mut dyn LockFile, text: &str) -> Result<(), DiskError> {
        self.context("write", path, file.describe(text))
    }
}

fn if_present<T>(result: Result<T, DiskError>) -> Result<Option<T>, DiskError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}
