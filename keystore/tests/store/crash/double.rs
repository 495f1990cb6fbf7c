//! The disk in memory does what the machine's does.

use std::fmt::Debug;
use std::io;
use std::path::Path;

use keystore::store::{Access, Disk, Entry, LockFile, RealDisk, Status, StorePath};

use super::commands::commands;
use crate::common::memory_disk::{Failure, OUTSIDE};
use crate::common::{Machine, listing, memory_listing, write_out};

/// Every command, twice, asks both for the same and is answered the same, also where it is refused; and leaves the same.
/// On the file system of temporary files and, where the machine has one, in its memory.
#[test]
fn the_disk_in_memory_does_what_the_machines_disk_does() {
    let folders = [tempfile::tempdir(), tempfile::tempdir_in("/dev/shm")];
    for folder in folders.into_iter().flatten() {
        for (number, command) in commands().enumerate() {
            let machine = Machine::without_keystore();
            let run = (command.prepare)(&machine);
            let root = folder.path().join(number.to_string());
            let real = RealDisk::create(&root).unwrap();
            write_out(&machine.image(), &root);
            let both = Both { memory: Box::new(machine.disk(Failure::Never)), real };
            run(Box::new(both), machine.world("test")).unwrap();
            let again = Both { memory: Box::new(machine.disk(Failure::Never)), real: RealDisk::open(&root).unwrap() };
            let _ = run(Box::new(again), machine.world("test"));
            assert_eq!(memory_listing(&machine.image()), listing(&root), "{}", command.name);
        }
    }
}

/// Does everything twice, and compares.
struct Both<'m> {
    memory: Box<dyn Disk + 'm>,
    real: RealDisk,
}

impl Both<'_> {
    fn same<T: Debug>(&self, what: &str, path: &StorePath, act: impl Fn(&dyn Disk) -> io::Result<T>) -> io::Result<T> {
        let (memory, real) = (act(&*self.memory), act(&self.real));
        let told = |result: &io::Result<T>| format!("{:?}", result.as_ref().map_err(io::Error::kind));
        assert_eq!(told(&memory), told(&real), "{what} {path:?}");
        real
    }
}

impl Disk for Both<'_> {
    fn root(&self) -> &Path {
        self.real.root()
    }

    fn read(&self, path: &StorePath) -> io::Result<Vec<u8>> {
        self.same("read", path, |disk| disk.read(path))
    }

    fn list(&self, path: &StorePath) -> io::Result<Vec<Entry>> {
        self.same("list", path, |disk| disk.list(path))
    }

    fn read_link(&self, path: &StorePath) -> io::Result<String> {
        self.same("read link", path, |disk| disk.read_link(path))
    }

    fn status(&self, path: &StorePath) -> io::Result<Status> {
        self.same("status", path, |disk| disk.status(path))
    }

    fn create_folder(&self, path: &StorePath, mode: u32) -> io::Result<()> {
        self.same("make", path, |disk| disk.create_folder(path, mode))
    }

    fn create_file(&self, path: &StorePath, bytes: &[u8], access: Access, sync: bool) -> io::Result<()> {
        self.same("write", path, |disk| disk.create_file(path, bytes, access, sync))
    }

    fn sync_folder(&self, path: &StorePath) -> io::Result<()> {
        self.same("sync", path, |disk| disk.sync_folder(path))
    }

    fn can_sync_everything(&self) -> bool {
        self.memory.can_sync_everything()
    }

    fn sync_everything(&self) -> io::Result<()> {
        self.memory.sync_everything().and(self.real.sync_everything())
    }

    fn rename(&self, from: &StorePath, to: &StorePath) -> io::Result<()> {
        self.same("rename", to, |disk| disk.rename(from, to))
    }

    fn link(&self, from: &StorePath, to: &StorePath) -> io::Result<()> {
        self.same("link", to, |disk| disk.link(from, to))
    }

    fn symlink(&self, target: &str, path: &StorePath) -> io::Result<()> {
        self.same("symlink", path, |disk| disk.symlink(target, path))
    }

    fn remove_file(&self, path: &StorePath) -> io::Result<()> {
        self.same("remove", path, |disk| disk.remove_file(path))
    }

    fn remove_folder(&self, path: &StorePath) -> io::Result<()> {
        self.same("remove", path, |disk| disk.remove_folder(path))
    }

    fn set_mode(&self, path: &StorePath, mode: u32) -> io::Result<()> {
        self.same("set the mode of", path, |disk| disk.set_mode(path, mode))
    }

    fn try_lock(&self, path: &StorePath) -> io::Result<Option<Box<dyn LockFile>>> {
        match (self.memory.try_lock(path)?, self.real.try_lock(path)?) {
            (Some(memory), Some(real)) => Ok(Some(Box::new(BothLocks(memory, real)))),
            (None, None) => Ok(None),
            _ => panic!("only one is locked: {path:?}"),
        }
    }

    /// In a folder that the one in memory has it in too.
    fn outside(&self, folder: &Path) -> io::Result<Box<dyn Disk + '_>> {
        let place = self.real.root().join(OUTSIDE).join(folder.strip_prefix("/").unwrap());
        match (self.memory.outside(folder), RealDisk::open(&place)) {
            (Ok(memory), Ok(real)) => Ok(Box::new(Both { memory, real })),
            (Err(memory), Err(real)) => {
                assert_eq!(memory.kind(), real.kind());
                Err(real)
            }
            _ => panic!("only one is there: {folder:?}"),
        }
    }
}

struct BothLocks(Box<dyn LockFile>, Box<dyn LockFile>);

impl LockFile for BothLocks {
    fn describe(&mut self, text: &str) -> io::Result<()> {
        self.0.describe(text).and(self.1.describe(text))
    }
}
