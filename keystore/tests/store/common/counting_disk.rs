//! A disk that counts its syncs, and does them or not. The benchmarks build their keystores on it too.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use keystore::store::{Access, Disk, Entry, LockFile, RealDisk, Status, StorePath};

/// The machine's disk, with its syncs counted and left out.
pub(crate) struct CountingDisk {
    disk: RealDisk,
    syncs: Arc<AtomicUsize>,
}

impl CountingDisk {
    pub(crate) fn new(disk: RealDisk) -> Self {
        Self { disk, syncs: Arc::default() }
    }

    /// The syncs so far, also once the disk is in use.
    #[allow(dead_code, reason = "a benchmark counts nothing")]
    pub(crate) fn syncs(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.syncs)
    }

    fn count(&self) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
    }
}

impl Disk for CountingDisk {
    fn root(&self) -> &Path {
        self.disk.root()
    }

    fn read(&self, path: &StorePath) -> io::Result<Vec<u8>> {
        self.disk.read(path)
    }

    fn list(&self, path: &StorePath) -> io::Result<Vec<Entry>> {
        self.disk.list(path)
    }

    fn read_link(&self, path: &StorePath) -> io::Result<String> {
        self.disk.read_link(path)
    }

    fn status(&self, path: &StorePath) -> io::Result<Status> {
        self.disk.status(path)
    }

    fn create_folder(&self, path: &StorePath, mode: u32) -> io::Result<()> {
        self.disk.create_folder(path, mode)
    }

    fn create_file(&self, path: &StorePath, bytes: &[u8], access: Access, sync: bool) -> io::Result<()> {
        if sync {
            self.count();
        }
        self.disk.create_file(path, bytes, access, false)
    }

    fn set_mode(&self, path: &StorePath, mode: u32) -> io::Result<()> {
        self.disk.set_mode(path, mode)
    }

    fn sync_folder(&self, _path: &StorePath) -> io::Result<()> {
        self.count();
        Ok(())
    }

    fn can_sync_everything(&self) -> bool {
        true
    }

    fn sync_everything(&self) -> io::Result<()> {
        self.count();
        Ok(())
    }

    fn rename(&self, from: &StorePath, to: &StorePath) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn link(&self, from: &StorePath, to: &StorePath) -> io::Result<()> {
        self.disk.link(from, to)
    }

    fn symlink(&self, target: &str, path: &StorePath) -> io::Result<()> {
        self.disk.symlink(target, path)
    }

    fn remove_file(&self, path: &StorePath) -> io::Result<()> {
        self.disk.remove_file(path)
    }

    fn remove_folder(&self, path: &StorePath) -> io::Result<()> {
        self.disk.remove_folder(path)
    }

    fn try_lock(&self, path: &StorePath) -> io::Result<Option<Box<dyn LockFile>>> {
        self.disk.try_lock(path)
    }

    fn outside(&self, folder: &Path) -> io::Result<Box<dyn Disk + '_>> {
        self.disk.outside(folder)
    }
}
