//! The keystore's disk as one process uses it, in memory: it fails or dies at its n-th operation.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use keystore::store::{Disk, Entry, LockFile, Status, StorePath};
use rustix::io::Errno;

use super::image::{Image, Inode};

/// What happens at one operation that changes or syncs something. A file that is being made is then left half written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Failure {
    /// Nothing.
    Never,
    /// The process dies: this operation and all that follow do nothing.
    Crash(usize),
    /// This operation fails, those that follow do not.
    Fault(usize, Errno),
    /// This operation is done, and fails all the same: a reply that was lost, a sync after the last byte.
    DoneFault(usize),
}

/// Operations by name, such as `rename stage.json`, oldest first.
pub(crate) type Journal = Arc<Mutex<Vec<String>>>;

/// Another process gets its turn before the operation of this number.
type Turn = (usize, Mutex<Box<dyn FnMut() + Send>>);

struct Process {
    image: Arc<Mutex<Image>>,
    failure: Failure,
    journal: Journal,
    turn: Option<Turn>,
}

impl Process {
    fn image(&self) -> MutexGuard<'_, Image> {
        self.image.lock().unwrap()
    }

    /// The number of the next operation.
    fn number(&self) -> usize {
        self.journal.lock().unwrap().len()
    }

    fn look<T>(&self, look: impl FnOnce(&Image) -> io::Result<T>) -> io::Result<T> {
        match self.failure {
            Failure::Crash(at) if self.number() > at => Err(Errno::IO.into()),
            _ => look(&self.image()),
        }
    }

    /// Does it, or what of it a failure leaves.
    fn change<T>(
        &self,
        operation: String,
        act: impl FnOnce(&mut Image) -> io::Result<T>,
        failing: impl FnOnce(&mut Image),
    ) -> io::Result<T> {
        let number = self.number();
        if let Some((at, turn)) = &self.turn
            && *at == number
        {
            turn.lock().unwrap()();
        }
        self.journal.lock().unwrap().push(operation);
        let mut image = self.image();
        match self.failure {
            Failure::Crash(at) if number == at => {
                failing(&mut image);
                Err(Errno::IO.into())
            }
            Failure::Fault(at, errno) if number == at => {
                failing(&mut image);
                Err(errno.into())
            }
            Failure::DoneFault(at) if number == at => act(&mut image).and(Err(Errno::IO.into())),
            Failure::Crash(at) if number > at => Err(Errno::IO.into()),
            _ => act(&mut image),
        }
    }

    /// Whether it is the operation under way that fails, and not the process that dies.
    fn is_failing(&self) -> bool {
        !matches!(self.failure, Failure::Crash(_))
    }
}

/// What one process does to an image.
pub(crate) struct MemoryDisk {
    process: Arc<Process>,
    syncs_everything: bool,
}

impl MemoryDisk {
    pub(crate) fn open(image: Arc<Mutex<Image>>, failure: Failure) -> Self {
        let process = Process { image, failure, journal: Arc::default(), turn: None };
        Self { process: Arc::new(process), syncs_everything: true }
    }

    /// As on a machine without `syncfs`.
    pub(crate) fn syncing_one_by_one(mut self) -> Self {
        self.syncs_everything = false;
        self
    }

    /// Lets another process have its turn before an operation.
    pub(crate) fn interrupted_at(mut self, at: usize, turn: impl FnMut() + Send + 'static) -> Self {
        Arc::get_mut(&mut self.process).unwrap().turn = Some((at, Mutex::new(Box::new(turn))));
        self
    }

    /// The operations so far, also once the disk is in use.
    pub(crate) fn journal(&self) -> Journal {
        Arc::clone(&self.process.journal)
    }
}

fn told(verb: &str, path: &StorePath) -> String {
    format!("{verb} {}", path.as_path().display())
}

/// Whether an operation of this name waits for the disk.
pub(crate) fn is_sync(operation: &str) -> bool {
    operation.starts_with("sync ") || operation.starts_with("write and sync ")
}

impl Disk for MemoryDisk {
    fn root(&self) -> &Path {
        Path::new("/keystore")
    }

    fn read(&self, path: &StorePath) -> io::Result<Vec<u8>> {
        self.process.look(|image| image.read(path.as_path()))
    }

    fn list(&self, path: &StorePath) -> io::Result<Vec<Entry>> {
        let names = self.process.look(|image| image.list(path.as_path()))?;
        Ok(names.into_iter().map(|name| Entry { name }).collect())
    }

    fn read_link(&self, path: &StorePath) -> io::Result<String> {
        self.process.look(|image| image.read_link(path.as_path()))
    }

    fn status(&self, path: &StorePath) -> io::Result<Status> {
        self.process.look(|image| image.status(path.as_path()))
    }

    fn create_folder(&self, path: &StorePath, mode: u32) -> io::Result<()> {
        self.process.change(told("make", path), |image| image.create_folder(path.as_path(), mode), |_| ())
    }

    fn create_file(&self, path: &StorePath, bytes: &[u8], mode: u32, sync: bool) -> io::Result<()> {
        let (failure, number) = (self.process.failure, self.process.number());
        let act = |image: &mut Image| {
            let inode = image.create_file(path.as_path(), bytes, mode)?;
            match failure {
                _ if !sync => {}
                // All of it is written; what fails is its sync.
                Failure::DoneFault(at) if at == number => image.fail_to_sync_file(inode),
                _ => image.sync_file(inode),
            }
            Ok(())
        };
        let half = |image: &mut Image| _ = image.create_file(path.as_path(), &bytes[..bytes.len() / 2], mode);
        self.process.change(told(if sync { "write and sync" } else { "write" }, path), act, half)
    }

    fn sync_folder(&self, path: &StorePath) -> io::Result<()> {
        self.process.change(told("sync", path), |image| image.sync_folder(path.as_path()), |_| ())
    }

    fn can_sync_everything(&self) -> bool {
        self.syncs_everything
    }

    fn sync_everything(&self) -> io::Result<()> {
        let fails = self.process.is_failing();
        let act = |image: &mut Image| {
            image.sync_everything();
            Ok(())
        };
        let fail = |image: &mut Image| {
            if fails {
                image.fail_to_sync_everything();
            }
        };
        self.process.change("sync everything".to_owned(), act, fail)
    }

    fn rename(&self, from: &StorePath, to: &StorePath) -> io::Result<()> {
        self.process.change(told("rename", to), |image| image.rename(from.as_path(), to.as_path()), |_| ())
    }

    fn link(&self, from: &StorePath, to: &StorePath) -> io::Result<()> {
        self.process.change(told("link", to), |image| image.link(from.as_path(), to.as_path()), |_| ())
    }

    fn symlink(&self, target: &str, path: &StorePath) -> io::Result<()> {
        self.process.change(told("symlink", path), |image| image.symlink(target, path.as_path()), |_| ())
    }

    fn remove_file(&self, path: &StorePath) -> io::Result<()> {
        self.process.change(told("remove", path), |image| image.remove_file(path.as_path()), |_| ())
    }

    fn remove_folder(&self, path: &StorePath) -> io::Result<()> {
        self.process.change(told("remove", path), |image| image.remove_folder(path.as_path()), |_| ())
    }

    fn set_mode(&self, path: &StorePath, mode: u32) -> io::Result<()> {
        self.process.change(told("set the mode of", path), |image| image.set_mode(path.as_path(), mode), |_| ())
    }

    fn try_lock(&self, path: &StorePath) -> io::Result<Option<Box<dyn LockFile>>> {
        let mut lock = None;
        let name = path.as_path().display().to_string();
        let act = |image: &mut Image| {
            let lock_of = |inode| MemoryLock { process: Arc::clone(&self.process), inode, name };
            lock = image.lock(path.as_path())?.map(lock_of);
            Ok(())
        };
        self.process.change(told("lock", path), act, |_| ())?;
        Ok(lock.map(|lock| Box::new(lock) as Box<dyn LockFile>))
    }
}

struct MemoryLock {
    process: Arc<Process>,
    inode: Inode,
    name: String,
}

impl LockFile for MemoryLock {
    fn describe(&mut self, text: &str) -> io::Result<()> {
        let note = |image: &mut Image| image.overwrite(self.inode, text.as_bytes());
        let act = |image: &mut Image| {
            note(image);
            Ok(())
        };
        self.process.change(format!("note {}", self.name), act, |_| ())
    }
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.process.image().unlock(self.inode);
    }
}
