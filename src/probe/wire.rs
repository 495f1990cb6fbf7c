//! Lines and octets from a connection, each bounded.

use std::io::{self, Read, Write};

/// The longest line of any protocol here with room to spare: RFC 4511's and 5321's are shorter, IMAP's capabilities
/// the longest.
pub(super) const LINE: usize = 8 * 1024;

/// A connection that is read by lines or by octets.
pub(super) struct Wire<S> {
    stream: S,
    /// What was received and not yet asked for.
    held: Vec<u8>,
}

/// Why a server's words were not understood.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The connection.
    Io(io::Error),
    /// What was said is not of the protocol.
    Garbled(String),
    /// It says that it takes nobody.
    TurnedAway(String),
    /// It has no STARTTLS.
    NoStartTls,
    /// It has STARTTLS, and does not start TLS.
    StartTlsRefused(String),
    /// A session that is logged in already.
    LoggedIn,
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Trouble {
    /// Words that are not of the protocol.
    pub(super) fn garbled(said: &[u8]) -> Self {
        Self::Garbled(fit(said))
    }
}

/// The most of a server's words that is repeated.
const SHOWN: usize = 200;

/// A server's words, fit for a terminal: no control characters, and not many.
pub(super) fn fit(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let clean: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect();
    if clean.is_empty() { "nothing".to_owned() } else { format!("\"{}\"", clean.trim()) }
}

impl<S: Read + Write> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, held: Vec::new() }
    }

    /// Sends and waits for nothing.
    pub(super) fn send(&mut self, octets: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(octets.as_ref())?;
        self.stream.flush()
    }

    /// The next line, without its end (CRLF, or LF alone).
    pub(super) fn line(&mut self) -> Result<String, Trouble> {
        // what was looked at once is not looked at again: a server may send octet by octet
        let mut seen = 0;
        let end = self.until(LINE, |held| {
            let from = std::mem::replace(&mut seen, held.len());
            held[from..].iter().position(|&octet| octet == b'\n').map(|at| from + at + 1)
        })?;
        let mut line = self.take(end);
        while line.last().is_some_and(|octet| matches!(octet, b'\r' | b'\n')) {
            line.pop();
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    /// So many octets.
    pub(super) fn exactly(&mut self, count: usize) -> Result<Vec<u8>, Trouble> {
        let end = self.until(count, |held| (held.len() >= count).then_some(count))?;
        Ok(self.take(end))
    }

    /// Everything up to where `find` says that it ends, which it must within `limit` octets.
    pub(super) fn through(
        &mut self,
        limit: usize,
        find: impl FnMut(&[u8]) -> Option<usize>,
    ) -> Result<Vec<u8>, Trouble> {
        let end = self.until(limit, find)?;
        Ok(self.take(end))
    }

    /// What was received behind what was read.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// The connection alone. Nothing may be [`held`](Self::held) any more.
    pub(super) fn into_stream(self) -> S {
        self.stream
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        let rest = self.held.split_off(count.min(self.held.len()));
        std::mem::replace(&mut self.held, rest)
    }

    fn until(&mut self, limit: usize, mut find: impl FnMut(&[u8]) -> Option<usize>) -> Result<usize, Trouble> {
        loop {
            if let Some(end) = find(&self.held) {
                return Ok(end);
            }
            if self.held.len() >= limit {
                return Err(Trouble::garbled(&self.held));
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(count) => self.held.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
