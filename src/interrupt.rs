//! A clean end at Ctrl-C: what must not be cut in two is finished, the terminal is as it was, the status is 130.
//!
//! A signal handler may do almost nothing; `ctrlc` wakes a thread instead, and that thread ends the process.
//! Every command is safe against a crash at any point, so that most work is simply cut off, by the signal itself: the
//! thread is started before the first question and before what must not be cut off. What has to be undone
//! outside the keystore (a switch of live files, a reload of a service) runs in [`critical`], and a loop in it that
//! waits for something asks [`requested`] and gives up early.

mod stream;

use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::termios::{self, OptionalActions, Termios};

use crate::output;

pub(crate) use stream::{Interruptible, interruptible};

/// The exit status of a command that was interrupted: 128 and the number of SIGINT, as shells report it.
pub(crate) const EXIT_STATUS: i32 = 130;

/// How often Ctrl-C is looked for while nothing else is done.
const BLINK: Duration = Duration::from_millis(50);

/// How long a command may take to tell what it finished after Ctrl-C.
const TIME_TO_TELL: Duration = Duration::from_secs(2);

/// Shows the cursor (DECTCEM), which a prompt may have hidden, and leaves the line with `^C` on it.
const SHOW_CURSOR: &[u8] = b"\x1b[?25h\n";

static HANDLED: AtomicBool = AtomicBool::new(false);
static REQUESTED: AtomicBool = AtomicBool::new(false);
static CRITICAL: Mutex<()> = Mutex::new(());
/// The command that is to end with a JSON document.
static IN_JSON: OnceLock<&str> = OnceLock::new();

thread_local! {
    static IN_CRITICAL: Cell<bool> = const { Cell::new(false) };
}

/// Ctrl-C could not be taken over.
#[derive(Debug, thiserror::Error)]
#[error("Ctrl-C cannot be handled")]
pub(crate) struct InterruptError(#[source] ctrlc::Error);

/// Takes Ctrl-C over, once, before anything changes the terminal's settings. Remembers these settings.
///
/// Returns whether Ctrl-C is handled now. It is not when whoever started the process has it ignored, as shells do
/// for what a script runs in the background; then it stays ignored.
///
/// # Errors
///
/// [`InterruptError`] when the operating system refuses the handler or its thread.
pub(crate) fn install() -> Result<bool, InterruptError> {
    let terminal = Terminal::find();
    match ctrlc::try_set_handler(move || {
        REQUESTED.store(true, Ordering::Release);
        let is_busy = matches!(CRITICAL.try_lock(), Err(TryLockError::WouldBlock));
        // waits for the end of what is critical now; nothing critical begins any more
        let _finished = CRITICAL.lock().unwrap_or_else(PoisonError::into_inner);
        if is_busy || output::has_begun() {
            // what it came to, done or taken back, is told by who did it; the process ends with that
            thread::sleep(TIME_TO_TELL);
        }
        end(terminal.as_ref());
    }) {
        Ok(()) => HANDLED.store(true, Ordering::Release),
        Err(ctrlc::Error::MultipleHandlers) => {}
        Err(error) => return Err(InterruptError(error)),
    }
    Ok(HANDLED.load(Ordering::Acquire))
}

/// Has this command end with a JSON document at Ctrl-C too, from now on.
pub(crate) fn tell_in_json(command: &'static str) {
    let _ = IN_JSON.set(command);
    // Where Ctrl-C cannot be taken over, the signal ends the process without a word.
    let _ = install();
}

/// Whether Ctrl-C was pressed. Only work in [`critical`] lives long enough to see it.
pub(crate) fn requested() -> bool {
    REQUESTED.load(Ordering::Acquire)
}

/// Rests, but not beyond `deadline`. Says whether there is time left and Ctrl-C was not pressed.
pub(crate) fn rest(pause: Duration, deadline: Instant) -> bool {
    let until = (Instant::now() + pause).min(deadline);
    while Instant::now() < until && !requested() {
        thread::sleep(BLINK.min(until.saturating_duration_since(Instant::now())));
    }
    Instant::now() < deadline && !requested()
}

/// Does `work` to its end, whatever the user presses. After Ctrl-C it never begins.
///
/// One thread at a time; `work` may call this again in its own thread.
pub(crate) fn critical<T>(work: impl FnOnce() -> T) -> T {
    /// Marks the thread until the work ends, be it by a panic.
    struct Inside;
    impl Drop for Inside {
        fn drop(&mut self) {
            IN_CRITICAL.set(false);
        }
    }

    if IN_CRITICAL.get() {
        return work();
    }
    // Where Ctrl-C cannot be taken over it cuts the work off, which every part of it survives.
    let _ = install();
    let one_at_a_time = CRITICAL.lock().unwrap_or_else(PoisonError::into_inner);
    if requested() {
        // the mutex is not fair: the handler may have been waiting for it longer
        drop(one_at_a_time);
        loop {
            thread::park();
        }
    }
    IN_CRITICAL.set(true);
    let _inside = Inside;
    work()
}

/// Waits for the end of the process after a prompt has reported [`io::ErrorKind::Interrupted`].
///
/// A prompt that reads single keys sees Ctrl-C as a key, raises SIGINT itself and then returns that error, which is
/// not to be shown: the process is about to end. Returns at once when Ctrl-C is not handled, and after a second when
/// no Ctrl-C came.
pub(crate) fn wait_for_end() {
    if HANDLED.load(Ordering::Acquire) {
        thread::sleep(Duration::from_secs(1));
    }
}

/// Restores the terminal and ends the process.
#[expect(clippy::exit, reason = "the end at Ctrl-C, reached in a thread of its own")]
fn end(terminal: Option<&Terminal>) -> ! {
    if let Some(terminal) = terminal {
        terminal.restore();
    }
    #[expect(clippy::disallowed_methods, reason = "the cursor comes back when nothing else can be printed")]
    let stderr = io::stderr();
    if termios::isatty(&stderr) {
        // past the lock of `Stderr`, which a thread may hold that waits for the terminal
        let _ = rustix::io::write(stderr.as_fd(), SHOW_CURSOR);
    }
    if let Some(command) = IN_JSON.get() {
        output::tell_interrupted(command);
    }
    std::process::exit(EXIT_STATUS)
}

/// The terminal that prompts use, with the settings to go back to.
struct Terminal {
    device: OwnedFd,
    settings: Termios,
}

impl Terminal {
    /// Standard input if that is a terminal, else the controlling terminal; nothing without either.
    fn find() -> Option<Self> {
        let stdin = io::stdin();
        let device = if termios::isatty(&stdin) {
            stdin.as_fd().try_clone_to_owned().ok()?
        } else {
            rustix::fs::open("/dev/tty", OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).ok()?
        };
        let settings = termios::tcgetattr(&device).ok()?;
        Some(Self { device, settings })
    }

    /// Puts the settings back, as far as the terminal is this process's to set: setting it from the background
    /// would stop the process (SIGTTOU), and its foreground may have chosen other settings since.
    fn restore(&self) {
        if termios::tcgetpgrp(&self.device).is_ok_and(|foreground| foreground == rustix::process::getpgrp()) {
            // nobody is left to be told that it failed
            let _ = termios::tcsetattr(&self.device, OptionalActions::Now, &self.settings);
        }
    }
}

#[cfg(test)]
mod tests;
