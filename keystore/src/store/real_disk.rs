//! The disk of the machine. Every path is opened from the keystore's folder, which is held open, and never through a
//! symbolic link or out of it: at once where the kernel does that (`openat2`), else component by component.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::buffer::spare_capacity;
use rustix::fs::{self as sys, AtFlags, FileType, FlockOperation, Gid, Mode, OFlags, Uid};

use super::disk::{Access, Disk, Entry, Kind, LARGEST_FILE, LockFile, Status};
use super::layout::StorePath;

/// A keystore's folder on the machine's disk.
#[derive(Debug)]
pub struct RealDisk {
    root: PathBuf,
    folder: OwnedFd,
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl RealDisk {
    /// Opens the folder.
    ///
    /// # Errors
    /// When it is missing, is no folder, or may not be opened.
    pub fn open(root: &Path) -> io::Result<Self> {
        let folder = sys::open(root, FOLDER - OFlags::NOFOLLOW, Mode::empty())?;
        Ok(Self { root: root.to_path_buf(), folder })
    }

    /// Opens the folder, made first (0711, durably) where nothing stands. Folders above it are made too. One that stands
    /// there is left as it is: it may be anybody's, and nobody has looked at it yet.
    ///
    /// # Errors
    /// When it can't be made or opened.
    pub fn create(root: &Path) -> io::Result<Self> {
        let above = above(root);
        make_folders(above)?;
        let is_new = match sys::mkdir(root, Mode::from_raw_mode(super::layout::PASSAGE)) {
            Err(rustix::io::Errno::EXIST) => false,
            made => made.map(|()| true)?,
        };
        sync_folder(above)?;
        let disk = Self::open(root)?;
        if is_new {
            set_mode(&disk.folder, super::layout::PASSAGE)?;
        }
        Ok(disk)
    }

    /// Opens the folder that `path` is in, and gives its last component.
    fn parent<'p>(&self, path: &'p StorePath) -> io::Result<(OwnedFd, &'p OsStr)> {
        let name = path.as_path().file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let parent = path.as_path().parent().unwrap_or(Path::new(""));
        Ok((self.folder_at(parent)?, name))
    }

    /// Opens a file to be read.
    fn file_at(&self, path: &StorePath) -> io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        #[cfg(target_os = "linux")]
        match self.open_at_once(path.as_path(), flags) {
            Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => {}
            opened => return Ok(opened?),
        }
        let (folder, name) = self.parent(path)?;
        Ok(sys::openat(&folder, name, flags, Mode::empty())?)
    }

    fn folder_at(&self, path: &Path) -> io::Result<OwnedFd> {
        if path.as_os_str().is_empty() {
            return self.folder.try_clone();
        }
        #[cfg(target_os = "linux")]
        match self.open_at_once(path, FOLDER) {
            // an older kernel, or a sandbox that does not know the call
            Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => {}
            opened => return Ok(opened?),
        }
        self.folder_by_steps(path)
    }

    /// One system call that refuses symbolic links and any way out of the keystore.
    #[cfg(target_os = "linux")]
    fn open_at_once(&self, path: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let within = sys::ResolveFlags::BENEATH | sys::ResolveFlags::NO_SYMLINKS;
        sys::openat2(&self.folder, path, flags, Mode::empty(), within)
    }

    fn folder_by_steps(&self, path: &Path) -> io::Result<OwnedFd> {
        let mut folder = self.folder.try_clone()?;
        for component in path.components() {
            folder = sys::openat(&folder, component.as_os_str(), FOLDER, Mode::empty())?;
        }
        Ok(folder)
    }
}

/// The folder that a path on the machine is in.
fn above(path: &Path) -> &Path {
    path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync_folder(path: &Path) -> io::Result<()> {
    Ok(sys::fsync(sys::open(path, FOLDER - OFlags::NOFOLLOW, Mode::empty())?)?)
}

/// Makes the missing folders down to `path`, each durably: what is synced further down is lost with any of them.
fn make_folders(path: &Path) -> io::Result<()> {
    match sys::mkdir(path, Mode::from_raw_mode(0o777)) {
        Ok(()) => sync_folder(above(path)),
        Err(rustix::io::Errno::NOENT) if above(path) != path => {
            make_folders(above(path))?;
            make_folders(path)
        }
        // Something stands there; whether it is a folder is seen when it is opened. `.` and `/` can't be made either.
        Err(rustix::io::Errno::EXIST) => Ok(()),
        Err(_) if path.is_dir() => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn kind(file_type: FileType) -> Kind {
    match file_type {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Folder,
        FileType::Symlink => Kind::Link,
        _ => Kind::Other,
    }
}

/// Gives an open file away.
fn set_owner(file: impl AsFd, access: Access) -> io::Result<()> {
    let Access { owner, group, .. } = access;
    if owner.or(group).is_some() {
        sys::fchown(file, owner.map(Uid::from_raw), group.map(Gid::from_raw))?;
    }
    Ok(())
}

/// Gives an open file or folder exactly this mode, whatever the umask took away at its making, or anybody gave since.
fn set_mode(file: impl AsFd, mode: u32) -> io::Result<()> {
    let wanted = Mode::from_raw_mode(mode);
    if Mode::from_raw_mode(sys::fstat(&file)?.st_mode) != wanted {
        sys::fchmod(&file, wanted)?;
    }
    Ok(())
}

/// Room for more octets of a file. What a damaged file says of its size is not believed without bounds.
fn make_room(bytes: &mut Vec<u8>, more: usize) -> io::Result<()> {
    if bytes.len().saturating_add(more) > LARGEST_FILE + 1 {
        let message = "it is larger than 1 GiB, and no file is that a keystore reads";
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    bytes.try_reserve(more).map_err(|_| io::ErrorKind::OutOfMemory.into())
}

impl Disk for RealDisk {
    fn root(&self) -> &Path {
        &self.root
    }

    fn read(&self, path: &StorePath) -> io::Result<Vec<u8>> {
        let file = self.file_at(path)?;
        let status = sys::fstat(&file)?;
        if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        // One octet more than there is, so that the end is found in place. `File::read_to_end` would ask for the size again.
        let mut bytes = Vec::new();
        make_room(&mut bytes, usize::try_from(status.st_size).unwrap_or(usize::MAX).saturating_add(1))?;
        loop {
            match rustix::io::read(&file, spare_capacity(&mut bytes)) {
                Ok(0) => return Ok(bytes),
                Ok(_) => make_room(&mut bytes, 1)?,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn list(&self, path: &StorePath) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in sys::Dir::read_from(self.folder_at(path.as_path())?)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name == "." || name == ".." {
                continue;
            }
            let kind = match entry.file_type() {
                // not every file system says it with the name
                FileType::Unknown => match self.status(&path.join(&name)) {
                    Ok(status) => status.kind,
                    // removed since
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                },
                known => kind(known),
            };
            entries.push(Entry { name, kind });
        }
        entries.sort_unstable();
        Ok(entries)
    }

    fn read_link(&self, path: &StorePath) -> io::Result<String> {
        let (folder, name) = self.parent(path)?;
        let target = sys::readlinkat(&folder, name, Vec::new())?;
        target.into_string().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the link's target is not text"))
    }

    fn status(&self, path: &StorePath) -> io::Result<Status> {
        let status = if path.as_path().as_os_str().is_empty() {
            sys::fstat(&self.folder)?
        } else {
            let (folder, name) = self.parent(path)?;
            sys::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?
        };
        let kind = kind(FileType::from_raw_mode(status.st_mode));
        Ok(Status { kind, mode: status.st_mode & 0o7777, owner: status.st_uid, group: status.st_gid })
    }

    fn create_folder(&self, path: &StorePath, mode: u32) -> io::Result<()> {
        let (folder, name) = self.parent(path)?;
        sys::mkdirat(&folder, name, Mode::from_raw_mode(mode))?;
        // opened only where the umask took something away
        let status = sys::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if Mode::from_raw_mode(status.st_mode) == Mode::from_raw_mode(mode) {
            return Ok(());
        }
        set_mode(sys::openat(&folder, name, FOLDER, Mode::empty())?, mode)
    }

    fn create_file(&self, path: &StorePath, bytes: &[u8], access: Access, sync: bool) -> io::Result<()> {
        let (folder, name) = self.parent(path)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // The owner alone, until it is whose it shall be: its maker's group is not the one that may read it.
        let mode = access.mode & if access.owner.or(access.group).is_some() { 0o600 } else { 0o777 };
        let mut file = File::from(sys::openat(&folder, name, flags, Mode::from_raw_mode(mode))?);
        set_owner(&file, access)?;
        set_mode(&file, access.mode)?;
        file.write_all(bytes)?;
        if sync { file.sync_all() } else { Ok(()) }
    }

    fn sync_folder(&self, path: &StorePath) -> io::Result<()> {
        Ok(sys::fsync(self.folder_at(path.as_path())?)?)
    }

    fn can_sync_everything(&self) -> bool {
        cfg!(target_os = "linux") && tells_of_failed_syncs(&rustix::system::uname().release().to_string_lossy())
    }

    fn sync_everything(&self) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        return Ok(sys::syncfs(&self.folder)?);
        #[cfg(not(target_os = "linux"))]
        return Err(io::ErrorKind::Unsupported.into());
    }

    fn rename(&self, from: &StorePath, to: &StorePath) -> io::Result<()> {
        let ((from_folder, from), (to_folder, to)) = (self.parent(from)?, self.parent(to)?);
        Ok(sys::renameat(&from_folder, from, &to_folder, to)?)
    }

    fn link(&self, from: &StorePath, to: &StorePath) -> io::Result<()> {
        let ((from_folder, from), (to_folder, to)) = (self.parent(from)?, self.parent(to)?);
        Ok(sys::linkat(&from_folder, from, &to_folder, to, AtFlags::empty())?)
    }

    fn symlink(&self, target: &str, path: &StorePath) -> io::Result<()> {
        let (folder, name) = self.parent(path)?;
        Ok(sys::symlinkat(target, &folder, name)?)
    }

    fn remove_file(&self, path: &StorePath) -> io::Result<()> {
        let (folder, name) = self.parent(path)?;
        Ok(sys::unlinkat(&folder, name, AtFlags::empty())?)
    }

    fn remove_folder(&self, path: &StorePath) -> io::Result<()> {
        let (folder, name) = self.parent(path)?;
        Ok(sys::unlinkat(&folder, name, AtFlags::REMOVEDIR)?)
    }

    fn set_mode(&self, path: &StorePath, mode: u32) -> io::Result<()> {
        if path.as_path().as_os_str().is_empty() {
            return set_mode(&self.folder, mode);
        }
        let (folder, name) = self.parent(path)?;
        let open = |access: OFlags| {
            let flags = access | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
            sys::openat(&folder, name, flags, Mode::empty())
        };
        // the owner of a file may have lost one of the two rights to open it
        let file = open(OFlags::RDONLY).or_else(|_| open(OFlags::WRONLY))?;
        set_mode(&file, mode)?;
        Ok(sys::fsync(&file)?)
    }

    fn try_lock(&self, path: &StorePath) -> io::Result<Option<Box<dyn LockFile>>> {
        let (folder, name) = self.parent(path)?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(super::layout::PRIVATE_FILE);
        let file = File::from(sys::openat(&folder, name, flags, mode)?);
        match sys::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Box::new(RealLock(file)))),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn outside(&self, folder: &Path) -> io::Result<Box<dyn Disk + '_>> {
        let opened = sys::open(folder, FOLDER, Mode::empty())?;
        Ok(Box::new(Self { root: folder.to_path_buf(), folder: opened }))
    }
}

/// Whether `syncfs` says when file contents could not be written: since Linux 5.8 (syncfs(2)). An older one would let a
/// commit go on with files that are not there after a loss of power.
fn tells_of_failed_syncs(release: &str) -> bool {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|digits| digits.parse().unwrap_or(0));
    let version: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    version >= (5, 8)
}

/// The lock goes with the open file.
struct RealLock(File);

impl LockFile for RealLock {
    fn describe(&mut self, text: &str) -> io::Result<()> {
        self.0.rewind()?;
        self.0.write_all(text.as_bytes())
    }
}

#[cfg(test)]
mod tests;
