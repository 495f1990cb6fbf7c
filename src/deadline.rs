//! A TCP connection that is over at a fixed time, however slowly the other side trickles.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A connection whose every read and write ends by one deadline.
pub(crate) struct Deadline {
    stream: TcpStream,
    end: Instant,
}

impl Deadline {
    /// Gives the connection `limit` from now on.
    pub(crate) fn new(stream: TcpStream, limit: Duration) -> io::Result<Self> {
        Self::until(stream, Instant::now() + limit)
    }

    /// Gives the connection until `end`.
    pub(crate) fn until(stream: TcpStream, end: Instant) -> io::Result<Self> {
        // an accepted connection inherits O_NONBLOCK from its listener on the BSDs and macOS
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, end })
    }

    /// What is left; a timeout when that is nothing. The operating system refuses a timeout of zero.
    fn left(&self) -> io::Result<Duration> {
        match self.end.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
            left => Ok(left),
        }
    }
}

impl Read for Deadline {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        self.stream.read(buffer)
    }
}

impl Write for Deadline {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
