//! Daemons whose packages can't be installed here: beside another of their kind, or without a host that is configured
//! for them. `tests/run` unpacks them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::Tool;

/// Where `tests/run` unpacks them.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/daemons")
}

/// A program of an unpacked package.
pub(crate) fn program(path: &str, tool: Tool) -> PathBuf {
    let program = root().join(path);
    let Tool { program: name, package } = tool;
    assert!(
        program.exists(),
        "{name} is missing: `./tests/run` unpacks the Debian package {package} to {}",
        root().display()
    );
    program
}

/// The program, to be started with its libraries.
pub(crate) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    let (name, value) = library_path();
    command.env("LC_ALL", "C.UTF-8").env("TZ", "UTC").env(name, value);
    command
}

/// The same for `env` in a command line.
pub(crate) fn libraries() -> String {
    let (name, value) = library_path();
    format!("{name}={value}")
}

fn library_path() -> (&'static str, String) {
    let lib = root().join("usr/lib");
    // Debian's folder for libraries is named after the processor
    let is_own = |path: &PathBuf| path.to_string_lossy().ends_with("-linux-gnu");
    let entries = std::fs::read_dir(&lib).expect("an unpacked package").filter_map(|entry| Some(entry.ok()?.path()));
    let mut folders: Vec<PathBuf> = entries.filter(is_own).collect();
    folders.extend([lib.join("news"), lib]);
    let folders: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
    ("LD_LIBRARY_PATH", folders.join(":"))
}
