//! The programs that are measured.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::measure::Contestant;

/// Another program, silent.
pub(crate) fn program(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// This program, silent, with this keystore.
pub(crate) fn keyring(root: &Path, arguments: &[&str]) -> Command {
    let store = root.display().to_string();
    program(env!("CARGO_BIN_EXE_keyring"), &[&["--no-input", "--store", &store], arguments].concat())
}

/// What every table is measured by: the start of a program that does nothing.
pub(crate) fn openssl() -> Contestant<'static> {
    Contestant::program("openssl version", |_| program("openssl", &["version"]))
}
