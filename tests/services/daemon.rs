//! A daemon in the foreground. It is stopped when it is dropped, also when the test panics, and so is another that a
//! reload started in its place.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::port;
use crate::common::Tool;

/// How long a daemon may take to listen, to reload, to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running daemon.
pub(crate) struct Daemon {
    name: &'static str,
    /// Names this process and never another, as its number might once it has ended.
    handle: OwnedFd,
    ended: Arc<AtomicBool>,
    /// Waits for its end at once: a zombie looks alive to whoever asks by number, such as `apache2 -k graceful`.
    waiter: Option<JoinHandle<()>>,
    folder: PathBuf,
    /// What it said, and its own log: shown when a test fails.
    logs: Vec<PathBuf>,
    ports: Vec<u16>,
    command: Box<dyn Fn() -> Command>,
}

impl Daemon {
    /// Starts it; `None` when it ends before it listens on all ports, as when somebody else took one of them.
    pub(crate) fn start(
        tool: Tool,
        command: impl Fn() -> Command + 'static,
        ports: &[u16],
        folder: &Path,
        log: &str,
    ) -> Option<Self> {
        let said = folder.join("daemon.out");
        let output = File::options().append(true).create(true).open(&said).expect("a file in a temporary folder");
        let errors = output.try_clone().expect("a second handle");
        let mut process = command();
        process.stdin(Stdio::null()).stdout(output).stderr(errors);
        let mut child = process.spawn().unwrap_or_else(|error| tool.missing(&error));
        // nobody has waited for it yet: the number is its own
        let handle = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).expect("Linux 5.3");
        let ended = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ended);
        let waiter = Some(std::thread::spawn(move || {
            let _ = child.wait();
            end.store(true, Ordering::Release);
        }));
        let (folder, logs) = (folder.to_owned(), vec![said, folder.join(log)]);
        let ports = ports.to_vec();
        let daemon =
            Self { name: tool.program, handle, ended, waiter, folder, logs, ports, command: Box::new(command) };
        wait_until("listen", || daemon.has_ended() || daemon.ports.iter().all(|port| port::answers(*port)));
        if daemon.has_ended() {
            daemon.show_logs();
            return None;
        }
        Some(daemon)
    }

    /// Stops it and starts it anew on the same ports.
    pub(crate) fn restart(&mut self, tool: Tool) {
        self.stop();
        let command = std::mem::replace(&mut self.command, Box::new(|| Command::new("")));
        let log = self.logs[1].file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let started = Self::start(tool, command, &self.ports, &self.folder, &log);
        *self = started.unwrap_or_else(|| panic!("{} did not start again", tool.program));
    }

    /// A command for `keyring` that signals whichever process the daemon is by now.
    pub(crate) fn signalling(&self, signal: &str) -> String {
        format!("sh -c 'kill -{signal} $(cat {})'", self.folder.join("daemon.pid").display())
    }

    /// Where its configuration and logs are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    fn show_logs(&self) {
        for log in &self.logs {
            let text = std::fs::read_to_string(log).unwrap_or_default();
            eprintln!("--- {} of {}:\n{text}", log.display(), self.name);
        }
    }

    fn stop(&mut self) {
        // SIGTERM first: daemons take their workers with them
        let _ = pidfd_send_signal(&self.handle, Signal::TERM);
        let deadline = Instant::now() + PATIENCE;
        while !self.has_ended() && Instant::now() < deadline {
            sleep(Duration::from_millis(10));
        }
        let _ = pidfd_send_signal(&self.handle, Signal::KILL);
        self.waiter.take().map(JoinHandle::join);
        self.stop_successor();
    }

    /// One that was started in its place wrote its number into the same file. It is believed only of a process that was
    /// started with this daemon's folder in its arguments.
    fn stop_successor(&self) {
        let Some(pid) = self.successor() else { return };
        let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { return };
        if self.successor() != Some(pid) {
            return;
        }
        let _ = pidfd_send_signal(&handle, Signal::TERM);
        let deadline = Instant::now() + PATIENCE;
        while self.successor() == Some(pid) && Instant::now() < deadline {
            sleep(Duration::from_millis(10));
        }
        let _ = pidfd_send_signal(&handle, Signal::KILL);
    }

    fn successor(&self) -> Option<Pid> {
        let number: i32 = std::fs::read_to_string(self.folder.join("daemon.pid")).ok()?.trim().parse().ok()?;
        let arguments = std::fs::read(format!("/proc/{number}/cmdline")).ok()?;
        String::from_utf8_lossy(&arguments).contains(self.folder.to_str()?).then(|| Pid::from_raw(number))?
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.show_logs();
        }
        self.stop();
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
