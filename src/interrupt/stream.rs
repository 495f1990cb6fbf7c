//! Streams that fail once Ctrl-C was pressed, so that long work in [`super::critical`] gives up and clears up.

use std::io::{self, Read, Write};

/// A stream that ends with an error when Ctrl-C is pressed.
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
