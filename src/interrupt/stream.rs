//! Long work that gives up when Ctrl-C is pressed, and clears up before the process ends.

use std::io::{self, Read, Write};

/// Does work that reads or writes an [`Interruptible`] stream. Once it has given up, the process ends.
pub(crate) fn interruptible<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let done = super::critical(work);
    if done.is_err() && super::requested() {
        super::wait_for_end();
    }
    done
}

/// A stream that fails once Ctrl-C was pressed.
pub(crate) struct Interruptible<T>(pub(crate) T);

/// Not `Interrupted`, which everybody takes as a call to try again.
fn check() -> io::Result<()> {
    if super::requested() { Err(io::Error::other("interrupted")) } else { Ok(()) }
}

impl<R: Read> Read for Interruptible<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        check()?;
        self.0.read(buffer)
    }
}

impl<W: Write> Write for Interruptible<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        check()?;
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
