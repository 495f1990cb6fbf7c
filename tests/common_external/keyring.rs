//! The program as a user runs it, on a keystore in a temporary folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::tool::{Finished, finish, search_path};

/// A temporary folder with a keystore in it. All of it goes when it is dropped.
pub(crate) struct Keyring {
    folder: TempDir,
}

impl Keyring {
    /// Makes the folder and the keystore.
    pub(crate) fn new() -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        // daemons that give up root pass through it
        let mode = std::fs::Permissions::from_mode(0o711);
        let folder = tempfile::Builder::new().prefix("keyring-test-").permissions(mode).tempdir();
        let keyring = Self { folder: folder.expect("a temporary folder") };
        keyring.run(&["init"]);
        keyring
    }

    /// A path in the temporary folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same as text.
    pub(crate) fn file(&self, name: &str) -> String {
        super::text(&self.path(name))
    }

    /// The keystore's folder.
    pub(crate) fn store(&self) -> PathBuf {
        self.path("keystore")
    }

    /// The file of a key's version.
    pub(crate) fn kept(&self, key: &str, version: u32, name: &str) -> String {
        super::text(&self.store().join("servers").join(key).join(version.to_string()).join(name))
    }

    /// The folder that the service at an endpoint reads: `live/SERVER/PROTOCOL/ENDPOINT/current`.
    pub(crate) fn live(&self, endpoint: &str) -> PathBuf {
        self.store().join("live").join(endpoint).join("current")
    }

    /// Runs the program, successful or not. Nothing of the machine reaches it but PATH.
    pub(crate) fn finish(&self, arguments: &[&str]) -> Finished {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyring"));
        command.env_clear().env("PATH", search_path()).env("HOME", self.folder.path());
        command.arg("--store").arg(self.store()).arg("--no-input").args(arguments).current_dir(self.folder.path());
        finish(&mut command, "").expect("keyring runs")
    }

    /// Runs it; it must succeed. Returns its standard output.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        self.finish(arguments).succeeded().stdout
    }

    /// Runs it with `--json`; it must succeed. Returns the result.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let stdout = self.run(&[arguments, &["--json"]].concat());
        let mut document: Value = serde_json::from_str(&stdout).expect("one JSON document");
        document["result"].take()
    }

    /// A private key and its request, in a file that is named after the key. Returns the request's path.
    #[track_caller]
    pub(crate) fn request(&self, key: &str, create: &[&str], make: &[&str]) -> PathBuf {
        self.run(&[&["create-key", key], create].concat());
        let out = self.free_path(&key.replace('/', "-"), "csr");
        self.run(&[&["make-csr", key, "--out", &super::text(&out)], make].concat());
        out
    }

    /// A path in the temporary folder where nothing is yet.
    pub(crate) fn free_path(&self, stem: &str, extension: &str) -> PathBuf {
        let path = |number: u32| self.path(&format!("{stem}-{number}.{extension}"));
        (1..).map(path).find(|path| !Path::exists(path)).expect("one of four billion names is free")
    }
}
