//! A daemon in the foreground. It is stopped when it is dropped, also when the test panics.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::port;
use crate::common::Tool;

/// How long a daemon may take to listen, to reload, to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running daemon.
pub(crate) struct Daemon {
    name: &'static str,
    child: Child,
    folder: PathBuf,
    /// What it said, and its own log: shown when a test fails.
    logs: Vec<PathBuf>,
}

impl Daemon {
    /// Starts it; `None` when it ends before it listens on all ports, as when somebody else took one of them.
    pub(crate) fn start(tool: Tool, command: &mut Command, ports: &[u16], folder: &Path, log: &str) -> Option<Self> {
        let said = folder.join("daemon.out");
        let output = File::create(&said).expect("a file in a temporary folder");
        let errors = output.try_clone().expect("a second handle");
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let child = command.spawn().unwrap_or_else(|error| tool.missing(&error));
        let mut daemon =
            Self { name: tool.program, child, folder: folder.to_owned(), logs: vec![said, folder.join(log)] };
        let mut ended = false;
        wait_until("listen", || {
            ended = daemon.child.try_wait().expect("the child is ours").is_some();
            ended || ports.iter().all(|port| port::answers(*port))
        });
        if ended {
            daemon.show_logs();
        }
        (!ended).then_some(daemon)
    }

    /// Where its configuration and logs are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Sends SIGHUP, which has all of these daemons read their configuration and certificates again.
    pub(crate) fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    fn signal(&self, signal: Signal) {
        // the child is not waited for before it is dropped, so the number cannot be somebody else's
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap_or_else(|error| panic!("cannot signal {}: {error}", self.name));
    }

    fn show_logs(&self) {
        for log in &self.logs {
            let text = std::fs::read_to_string(log).unwrap_or_default();
            eprintln!("--- {} of {}:\n{text}", log.display(), self.name);
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.show_logs();
        }
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        // SIGTERM first: both daemons take their workers with them
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let deadline = Instant::now() + PATIENCE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits, not for ever.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "waited {} s for a daemon to {what}", PATIENCE.as_secs());
        sleep(Duration::from_millis(20));
    }
}
