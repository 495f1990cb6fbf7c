//! The keystore's disk as one process uses it, in memory: it fails or dies at its n-th operation.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use keystore::store::{Access, Disk, Entry, Kind, LockFile, Status, StorePath};
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
    /// From this operation on, no file can be written: the disk is full.
    Full(usize),
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
        let is_write = operation.starts_with("write ");
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
            Failure::Full(at) if number >= at && is_write => {
                failing(&mut image);
                Err(Errno::NOSPC.into())
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
    /// What its paths begin with, and what that is called.
    under: (PathBuf, PathBuf),
}

/// Where folders outside the keystore are, in its image.
pub(crate) const OUTSIDE: &str = "outside";

/// What a cautious administrator's shell takes from the mode of what is made.
const UMASK: u32 = 0o077;

impl MemoryDisk {
    pub(crate) fn open(image: Arc<Mutex<Image>>, failure: Failure) -> Self {
        let process = Process { image, failure, journal: Arc::default(), turn: None };
        let under = (PathBuf::new(), PathBuf::from("/keystore"));
        Self { process: Arc::new(process), syncs_everything: true, under }
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

    fn at(&self, path: &StorePath) -> PathBuf {
        self.under.0.join(path.as_path())
    }

    /// The operations so far, also once the disk is in use.
    pub(crate) fn journal(&self) -> Journal {
        Arc::clone(&self.process.journal)
    }
}

fn told(verb: &str, path: &Path) -> String {
    format!("{verb} {}", path.display())
}

/// Whether an operation of this name waits for the disk.
pub(crate) fn is_sync(operation: &str) -> bool {
    operation.starts_with("sync ") || operation.starts_with("write and sync ")
}

impl Disk for MemoryDisk {
    fn root(&self) -> &Path {
        &self.under.1
    }

    fn read(&self, path: &StorePath) -> io::Result<Vec<u8>> {
        self.process.look(|image| image.read(&self.at(path)))
    }

    fn list(&self, path: &StorePath) -> io::Result<Vec<Entry>> {
        let folder = self.at(path);
        self.process.look(|image| {
            let entry = |name: String| Ok(Entry { kind: image.status(&folder.join(&name))?.kind, name });
            image.list(&folder)?.into_iter().map(entry).collect()
        })
    }

    fn read_link(&self, path: &StorePath) -> io::Result<String> {
        self.process.look(|image| image.read_link(&self.at(path)))
    }

    fn status(&self, path: &StorePath) -> io::Result<Status> {
        self.process.look(|image| image.status(&self.at(path)))
    }

    fn create_folder(&self, path: &StorePath, mode: u32) -> io::Result<()> {
        let (path, left) = (self.at(path), mode & !UMASK);
        self.process.change(told("make", &path), |image| image.create_folder(&path, left), |_| ())?;
        if left == mode {
            return Ok(());
        }
        self.process.change(told("give its mode to", &path), |image| image.set_mode(&path, mode), |_| ())
    }

    fn create_file(&self, path: &StorePath, bytes: &[u8], access: Access, sync: bool) -> io::Result<()> {
        let (failure, number) = (self.process.failure, self.process.number());
        let act = |image: &mut Image| {
            let inode = image.create_file(&self.at(path), bytes, access)?;
            match failure {
                _ if !sync => {}
                // All of it is written; what fails is its sync.
                Failure::DoneFault(at) if at == number => image.fail_to_sync_file(inode),
                _ => image.sync_file(inode),
            }
            Ok(())
        };
        let half = |image: &mut Image| _ = image.create_file(&self.at(path), &bytes[..bytes.len() / 2], access);
        self.process.change(told(if sync { "write and sync" } else { "write" }, &self.at(path)), act, half)
    }

    fn sync_folder(&self, path: &StorePath) -> io::Result<()> {
        self.process.change(told("sync", &self.at(path)), |image| image.sync_folder(&self.at(path)), |_| ())
    }

    fn can_sync_everything(&self) -> bool {
        self.syncs_everything
    }

    fn sync_everything(&self) -> io::Result<()> {
        let fails = self.process.is_failing();
        let act = |image: &mut Image| {
            image.sync_everything_but(OUTSIDE);
            Ok(())
        };
        let fail = |image: &mut Image| {
            if fails {
                image.fail_to_sync_everything_but(OUTSIDE);
            }
        };
        self.process.change("sync everything".to_owned(), act, fail)
    }

    fn rename(&self, from: &StorePath, to: &StorePath) -> io::Result<()> {
        self.process.change(told("rename", &self.at(to)), |image| image.rename(&self.at(from), &self.at(to)), |_| ())
    }

    fn link(&self, from: &StorePath, to: &StorePath) -> io::Result<()> {
        self.process.change(told("link", &self.at(to)), |image| image.link(&self.at(from), &self.at(to)), |_| ())
    }

    fn symlink(&self, target: &str, path: &StorePath) -> io::Result<()> {
        self.process.change(told("symlink", &self.at(path)), |image| image.symlink(target, &self.at(path)), |_| ())
    }

    fn remove_file(&self, path: &StorePath) -> io::Result<()> {
        self.process.change(told("remove", &self.at(path)), |image| image.remove_file(&self.at(path)), |_| ())
    }

    fn remove_folder(&self, path: &StorePath) -> io::Result<()> {
        self.process.change(told("remove", &self.at(path)), |image| image.remove_folder(&self.at(path)), |_| ())
    }

    fn set_mode(&self, path: &StorePath, mode: u32) -> io::Result<()> {
        self.process.change(
            told("set the mode of", &self.at(path)),
            |image| image.set_mode(&self.at(path), mode),
            |_| (),
        )
    }

    fn try_lock(&self, path: &StorePath) -> io::Result<Option<Box<dyn LockFile>>> {
        let mut lock = None;
        let name = self.at(path).display().to_string();
        let act = |image: &mut Image| {
            let lock_of = |inode| MemoryLock { process: Arc::clone(&self.process), inode, name };
            lock = image.lock(&self.at(path))?.map(lock_of);
            Ok(())
        };
        self.process.change(told("lock", &self.at(path)), act, |_| ())?;
        Ok(lock.map(|lock| Box::new(lock) as Box<dyn LockFile>))
    }

    fn outside(&self, folder: &Path) -> io::Result<Box<dyn Disk + '_>> {
        let place = Path::new(OUTSIDE).join(folder.strip_prefix("/").unwrap());
        match self.process.look(|image| image.status(&place))?.kind {
            Kind::Folder => {}
            Kind::File | Kind::Link | Kind::Other => return Err(Errno::NOTDIR.into()),
        }
        let under = (place, folder.to_path_buf());
        Ok(Box::new(Self { process: Arc::clone(&self.process), syncs_everything: false, under }))
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
