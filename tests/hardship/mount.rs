//! File systems of the tests' own, mounted for as long as a test needs them.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::scene::say;

/// A mounted file system. It is unmounted when this is dropped.
pub(crate) struct Mounted {
    folder: TempDir,
}

impl Mounted {
    /// A file system in memory of a limited size.
    pub(crate) fn tmpfs(blocks: u64, inodes: u64) -> Option<Self> {
        let size = format!("size={},nr_inodes={inodes},mode=0755", blocks * BLOCK);
        mount(&["-t", "tmpfs", "-o", &size, "tmpfs"])
    }

    /// A new ext4 in a file, which goes with its loop device.
    pub(crate) fn ext4() -> Option<Self> {
        let image = tempfile::NamedTempFile::new().unwrap();
        image.as_file().set_len(64 << 20).unwrap();
        let path = image.path().to_str().unwrap();
        if !run("mkfs.ext4", &["-q", "-F", path]) {
            return None;
        }
        mount(&["-t", "ext4", "-o", "loop", path])
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// The size of a block of tmpfs where pages are of the usual size.
const BLOCK: u64 = 4096;

impl Drop for Mounted {
    fn drop(&mut self) {
        // lazily, so that nothing that still has a file open keeps it; the folder is removed after it
        if !run("umount", &["-l", self.path().to_str().unwrap()]) {
            say(format_args!("{} stays mounted", self.path().display()));
        }
    }
}

fn mount(what: &[&str]) -> Option<Mounted> {
    let folder = tempfile::Builder::new().prefix("keyring-mount-").tempdir().unwrap();
    let target = folder.path().to_str().unwrap();
    run("mount", &[what, &[target]].concat()).then_some(Mounted { folder })
}

/// Runs a program of the system, which may not be there or may not be allowed to do it.
fn run(program: &str, arguments: &[&str]) -> bool {
    let path: PathBuf = ["/sbin", "/usr/sbin", "/bin", "/usr/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(program))
        .find(|path| path.exists())
        .unwrap_or_else(|| program.into());
    Command::new(path).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// Says that a test was not run as no file system can be mounted; where that must be possible, it fails.
pub(crate) fn not_run(test: &str) {
    say(format_args!("NOT RUN: {test}: no file system can be mounted here (only root can)"));
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "with CI=true nothing is left out");
}
