//! A disk that fails or dies at its n-th change.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use keystore::store::{Access, Disk, Entry, LockFile, RealDisk, Status, StorePath};

/// What happens at one operation that changes something. A file that is being made is then left half written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Failure {
    /// Nothing.
    Never,
    /// The process dies: this operation and all that follow do nothing.
    Crash(usize),
    /// This operation fails, those that follow do not.
    Fault(usize),
    /// This operation is done, and fails all the same: a reply that was lost.
    DoneFault(usize),
}

/// Operations by name, such as `rename stage.json`, oldest first.
pub(crate) type Journal = Arc<Mutex<Vec<String>>>;

/// The machine's disk, failing as asked. It counts what changes something and leaves out the syncs, which
/// make nothing visible: what a loss of power would undo is not its matter.
pub(crate) struct FaultyDisk {
    disk: RealDisk,
    failure: Failure,
    changes: Journal,
    syncs_everything: bool,
    /// A path that seems to be somebody else's.
    foreign: Option<PathBuf>,
    /// A path that lies where the medium has gone bad.
    bad: Option<PathBuf>,
    /// Whether permission bits mean something to whoever runs the tests, who may be root.
    heeds_modes: bool,
}

impl FaultyDisk {
    pub(crate) fn open(root: &Path, failure: Failure) -> Self {
        let disk = RealDisk::open(root).unwrap();
        let changes = Arc::default();
        Self { disk, failure, changes, syncs_everything: true, foreign: None, bad: None, heeds_modes: false }
    }

    /// As on a machine without `syncfs`.
    pub(crate) fn syncing_one_by_one(mut self) -> Self {
        self.syncs_everything = false;
        self
    }

    /// With a path that belongs to somebody else.
    pub(crate) fn with_foreign(self, path: &str) -> Self {
        Self { foreign: Some(path.into()), ..self }
    }

    /// With a path that can't be read.
    pub(crate) fn with_bad(self, path: &str) -> Self {
        Self { bad: Some(path.into()), ..self }
    }

    /// With what its owner may not read unreadable, also for root.
    pub(crate) fn heeding_modes(self) -> Self {
        Self { heeds_modes: true, ..self }
    }

    /// Refuses to read what can't be read.
    fn check_readable(&self, path: &StorePath) -> io::Result<()> {
        if self.bad.as_deref() == Some(path.as_path()) {
            return Err(failed());
        }
        let is_denied = self.heeds_modes && self.disk.status(path)?.mode & 0o400 == 0;
        if is_denied { Err(io::ErrorKind::PermissionDenied.into()) } else { Ok(()) }
    }

    /// The operations that change something so far, also once the disk is in use.
    pub(crate) fn journal(&self) -> Journal {
        Arc::clone(&self.changes)
    }

    fn look<T>(&self, look: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        match self.failure {
            Failure::Crash(at) if self.changes.lock().unwrap().len() > at => Err(failed()),
            _ => look(),
        }
    }

    /// Does it, or what of it a failure leaves.
    fn change<T>(&self, operation: String, act: impl FnOnce() -> io::Result<T>, half: impl FnOnce()) -> io::Result<T> {
        let mut changes = self.changes.lock().unwrap();
        let number = changes.len();
        changes.push(operation);
        drop(changes);
        match self.failure {
            Failure::Crash(at) | Failure::Fault(at) if number == at => {
                half();
                Err(failed())
            }
            Failure::DoneFault(at) if number == at => act().and(Err(failed())),
            Failure::Crash(at) if number > at => Err(failed()),
            _ => act(),
        }
    }
}

fn told(verb: &str, path: &StorePath) -> String {
    format!("{verb} {}", path.as_path().display())
}

fn failed() -> io::Error {
    io::Error::from_raw_os_error(5) // EIO
}

impl Disk for FaultyDisk {
    fn root(&self) -> &Path {
        self.disk.root()
    }

    fn read(&self, path: &StorePath) -> io::Result<Vec<u8>> {
        self.look(|| self.check_readable(path).and_then(|()| self.disk.read(path)))
    }

    fn list(&self, path: &StorePath) -> io::Result<Vec<Entry>> {
        self.look(|| self.check_readable(path).and_then(|()| self.disk.list(path)))
    }

    fn read_link(&self, path: &StorePath) -> io::Result<String> {
        self.look(|| self.disk.read_link(path))
    }

    fn status(&self, path: &StorePath) -> io::Result<Status> {
        let status = self.look(|| self.disk.status(path))?;
        let is_foreign = self.foreign.as_deref() == Some(path.as_path());
        Ok(Status { owner: status.owner + u32::from(is_foreign), ..status })
    }

    fn create_folder(&self, path: &StorePath, mode: u32) -> io::Result<()> {
        self.change(told("make", path), || self.disk.create_folder(path, mode), || ())
    }

    fn create_file(&self, path: &StorePath, bytes: &[u8], access: Access, _sync: bool) -> io::Result<()> {
        let half = || _ = self.disk.create_file(path, &bytes[..bytes.len() / 2], access, false);
        self.change(told("write", path), || self.disk.create_file(path, bytes, access, false), half)
    }

    fn sync_folder(&self, path: &StorePath) -> io::Result<()> {
        self.change(told("sync", path), || Ok(()), || ())
    }

    fn can_sync_everything(&self) -> bool {
        self.syncs_everything
    }

    fn sync_everything(&self) -> io::Result<()> {
        self.change("sync everything".to_owned(), || Ok(()), || ())
    }

    fn rename(&self, from: &StorePath, to: &StorePath) -> io::Result<()> {
        self.change(told("rename", to), || self.disk.rename(from, to), || ())
    }

    fn link(&self, from: &StorePath, to: &StorePath) -> io::Result<()> {
        self.change(told("link", to), || self.disk.link(from, to), || ())
    }

    fn symlink(&self, target: &str, path: &StorePath) -> io::Result<()> {
        self.change(told("symlink", path), || self.disk.symlink(target, path), || ())
    }

    fn remove_file(&self, path: &StorePath) -> io::Result<()> {
        self.change(told("remove", path), || self.disk.remove_file(path), || ())
    }

    fn remove_folder(&self, path: &StorePath) -> io::Result<()> {
        self.change(told("remove", path), || self.disk.remove_folder(path), || ())
    }

    fn set_mode(&self, path: &StorePath, mode: u32) -> io::Result<()> {
        self.change(told("set the mode of", path), || self.disk.set_mode(path, mode), || ())
    }

    fn try_lock(&self, path: &StorePath) -> io::Result<Option<Box<dyn LockFile>>> {
        self.change(told("lock", path), || self.disk.try_lock(path), || ())
    }

    fn outside(&self, folder: &Path) -> io::Result<Box<dyn Disk + '_>> {
        let disk = RealDisk::open(folder)?;
        let (changes, failure) = (Arc::clone(&self.changes), self.failure);
        let (bad, heeds_modes) = (None, self.heeds_modes);
        Ok(Box::new(Self { disk, failure, changes, syncs_everything: false, foreign: None, bad, heeds_modes }))
    }
}
