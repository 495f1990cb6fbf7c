//! `sshd` on a port of its own, for the account of the tests: its configuration, host key and authorized keys are the
//! tests', and the machine's own are neither read nor touched.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::account;
use super::daemon::Daemon;
use crate::common::{Tool, search_path, text, write};

const SSHD: Tool = Tool { program: "sshd", package: "openssh-server" };
const KEYGEN: Tool = Tool { program: "ssh-keygen", package: "openssh-client" };

/// Starts it in a new folder; `None` when the port is taken.
pub(crate) fn start(folder: &Path, port: u16, authorized_keys: &str) -> Option<Daemon> {
    KEYGEN.run(&["-q", "-t", "ed25519", "-N", "", "-f", &text(&folder.join("host-key"))]);
    // root may only run what a key is restricted to; temporary folders are writable for everybody, a few steps up
    let configuration = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nPidFile none\nAuthorizedKeysFile {authorized_keys}\n\
         StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         PermitRootLogin forced-commands-only\nLogLevel VERBOSE\n",
        text(&folder.join("host-key")),
    );
    let file = folder.join("sshd_config");
    write(&file, configuration);
    if account::is_root() {
        // where it gives up root; started by root, it refuses to run without
        std::fs::create_dir_all("/run/sshd").expect("root writes to /run");
    }
    Daemon::start(SSHD, move || command(&file), &[port], folder, "sshd_config")
}

/// Its public host key.
pub(crate) fn host_key(sshd: &Daemon) -> String {
    text(&sshd.folder().join("host-key.pub"))
}

/// It starts itself again for each connection, and wants its whole path for that.
fn command(configuration: &Path) -> Command {
    let whole = std::env::split_paths(&search_path()).map(|folder| folder.join("sshd")).find(|path| path.exists());
    let mut command = Command::new(whole.unwrap_or_else(|| PathBuf::from("sshd")));
    command.args(["-D", "-e", "-f", &text(configuration)]);
    command
}
