//! A pseudo-terminal with a program on it, as a person has one. Stands alone: the unit tests include it by its path.
#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "opens the terminal and starts the program")]

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

const PATIENCE: Duration = Duration::from_secs(20);
const DEVICE: &str = "KEYRING_TEST_DEVICE";
const LINE: &str = "KEYRING_TEST_LINE";

/// What a program on the terminal is: its command line, its environment, its folder.
pub(crate) struct Program<'a> {
    pub(crate) line: Vec<&'a str>,
    pub(crate) environment: Vec<(&'a str, String)>,
    pub(crate) folder: &'a Path,
}

/// The side of the terminal on which the person sits.
pub(crate) struct Terminal {
    person: File,
    child: Child,
    chunks: Receiver<Vec<u8>>,
    raw: Vec<u8>,
    /// How much of the text, without escapes, has been waited for.
    seen: usize,
}

impl Terminal {
    /// Starts a program with the terminal as its controlling one, and as its standard input, output and error.
    pub(crate) fn start(program: &Program<'_>) -> Self {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let size = Winsize { ws_row: 50, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
        let device = ptsname(&person, Vec::new()).unwrap().into_string().unwrap();
        // a Mac knows the size of no terminal that nobody has opened
        let no_control = i32::try_from(OFlags::NOCTTY.bits()).unwrap();
        let program_side = OpenOptions::new().read(true).write(true).custom_flags(no_control).open(&device).unwrap();
        tcsetwinsize(&program_side, size).unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", relay_name(), "--nocapture"])
            .env_clear()
            .envs(program.environment.iter().map(|(name, value)| (name, value)))
            .env(DEVICE, &device)
            .env(LINE, shell_words::join(&program.line))
            .current_dir(program.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let person = File::from(person);
        let mut reader = person.try_clone().unwrap();
        let (sender, chunks) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // the end is an error: no program has the terminal open any more
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        let mut terminal = Self { person, child, chunks, raw: Vec::new(), seen: 0 };
        // the program has it open once it has said something, so that this side may be closed
        terminal.wait_for_output();
        drop(program_side);
        terminal
    }

    fn wait_for_output(&mut self) {
        if let Ok(chunk) = self.chunks.recv_timeout(PATIENCE) {
            self.raw.extend(chunk);
        }
    }

    /// Waits until the program has written `text`, and passes over it. Returns what came before it.
    #[track_caller]
    pub(crate) fn expect(&mut self, text: &str) -> String {
        let start = self.seen;
        self.expect_one_of(&[text]);
        self.text()[start..self.seen - text.len()].to_owned()
    }

    /// Waits until the program has written one of `texts`, passes over it, and returns it.
    #[track_caller]
    pub(crate) fn expect_one_of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let all = self.text();
            let rest = all.get(self.seen..).unwrap_or("");
            if let Some((at, text)) = texts.iter().find_map(|text| Some((rest.find(text)?, text))) {
                self.seen += at + text.len();
                return text;
            }
            match self.chunks.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(chunk) => self.raw.extend(chunk),
                Err(error) => panic!("{texts:?} does not come ({error}); on the terminal:\n{all}"),
            }
        }
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.person.write_all(keys.as_bytes()).unwrap();
    }

    /// Types an answer and ends it with the return key.
    pub(crate) fn answer(&mut self, text: &str) {
        self.press(text);
        self.press("\r");
    }

    /// Waits for a question, then answers it.
    #[track_caller]
    pub(crate) fn ask(&mut self, question: &str, answer: &str) {
        self.expect_question(question);
        self.answer(answer);
    }

    /// Waits for a question, and until the program listens: what is typed before a passphrase is asked for is shown,
    /// and thrown away.
    #[track_caller]
    pub(crate) fn expect_question(&mut self, question: &str) {
        self.expect(question);
        let deadline = Instant::now() + PATIENCE;
        while tcgetattr(&self.person).unwrap().local_modes.contains(LocalModes::ECHO) {
            assert!(Instant::now() < deadline, "nobody listens at {question:?}; on the terminal:\n{}", self.text());
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether the terminal shows what is typed and hands it over by lines, as a shell wants it back.
    pub(crate) fn is_as_a_shell_wants_it(&self) -> bool {
        let modes = tcgetattr(&self.person).unwrap().local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    /// Waits for the end of the program. Returns its exit code, all that it has written, without escapes, and whether
    /// it has left the terminal as a shell wants it.
    #[track_caller]
    pub(crate) fn end(mut self) -> (Option<i32>, String, bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.chunks.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(chunk) => self.raw.extend(chunk),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end; on the terminal:\n{}", self.text()),
            }
        }
        let status = self.child.wait().unwrap();
        (status.code(), self.text(), self.is_as_a_shell_wants_it())
    }

    /// All that the program has written so far, with its escapes.
    pub(crate) fn raw(&self) -> &[u8] {
        &self.raw
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&without_escapes(&self.raw)).into_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // a test that failed leaves no program behind
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Drops escape sequences, one that is not whole yet too.
fn without_escapes(raw: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut bytes = raw.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\x1b' => {
                if bytes.next() == Some(b'[') {
                    let _final = bytes.by_ref().find(|byte| matches!(byte, b'@'..=b'~'));
                }
            }
            b'\r' => {}
            _ => text.push(byte),
        }
    }
    text
}

/// The name of [`relay`] in this test program.
fn relay_name() -> &'static str {
    concat!(module_path!(), "::relay").split_once("::").unwrap().1
}

/// Between a test and the program: takes the terminal as the controlling one, which only a process of its own
/// session can do, and becomes the program. Returns at once when no test has started it for that.
#[test]
fn relay() {
    let (Ok(device), Ok(line)) = (std::env::var(DEVICE), std::env::var(LINE)) else { return };
    rustix::process::setsid().unwrap();
    let terminal = OpenOptions::new().read(true).write(true).open(device).unwrap();
    rustix::process::ioctl_tiocsctty(&terminal).unwrap();
    let words = shell_words::split(&line).unwrap();
    let error = Command::new(&words[0])
        .args(&words[1..])
        .env_remove(DEVICE)
        .env_remove(LINE)
        .stdin(terminal.try_clone().unwrap())
        .stdout(terminal.try_clone().unwrap())
        .stderr(terminal)
        .exec();
    panic!("{}: {error}", words[0]);
}
