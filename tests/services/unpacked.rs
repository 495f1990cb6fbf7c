//! Daemons whose packages can't be installed here: beside another of their kind, or without a host that is configured
//! for them. `tests/run` unpacks them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::rotation::Scene;
use crate::common::{Tool, text};

/// A copy of what was unpacked, where the accounts that daemons become can reach it.
#[derive(Clone)]
pub(crate) struct Unpacked {
    root: PathBuf,
}

impl Unpacked {
    /// Makes the copy; `path` is a program of the package.
    pub(crate) fn copy(scene: &Scene, path: &str, tool: Tool) -> Self {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/daemons");
        let Tool { program, package } = tool;
        assert!(
            from.join(path).exists(),
            "{program} is missing: `./tests/run` unpacks the Debian package {package} to {}",
            from.display()
        );
        let root = scene.folder("unpacked");
        let copy = Tool { program: "cp", package: "coreutils" };
        copy.run(&["-a", &text(&from.join("usr")), &text(&root)]);
        Self { root: root.join("usr") }
    }

    /// A path in the copy's `usr`.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// A program in the copy's `usr`, to be started with its libraries.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.path(program));
        command.env("LC_ALL", "C.UTF-8").env("TZ", "UTC").env("LD_LIBRARY_PATH", self.libraries());
        command
    }

    /// The same for a command line.
    pub(crate) fn line(&self, program: &str) -> String {
        format!("env LD_LIBRARY_PATH={} {}", self.libraries(), text(&self.path(program)))
    }

    fn libraries(&self) -> String {
        let lib = self.path("lib");
        let entries = std::fs::read_dir(&lib).expect("an unpacked package");
        let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        // Debian's folder for libraries is named after the processor
        folders.retain(|path| path.ends_with("news") || path.to_string_lossy().contains("-linux-gnu"));
        folders.push(lib);
        folders.iter().map(|folder| text(folder)).collect::<Vec<_>>().join(":")
    }
}
