//! What a backup is wrapped in: the age format (age-encryption.org/v1), to a passphrase or to recipients, or nothing.

mod opening;

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;
use std::sync::Arc;

use age::secrecy::SecretString;

pub use opening::{Opened, OpeningError, Sealed};

use crate::pki::Passphrase;

/// An X25519 recipient: `age1...`.
#[derive(Clone)]
pub struct Recipient(age::x25519::Recipient);

/// An X25519 identity: `AGE-SECRET-KEY-1...`, a secret.
#[derive(Clone)]
pub struct Identity(age::x25519::Identity);

/// Text that is no recipient.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an age recipient: age1 and 58 characters more")]
pub struct RecipientError {
    text: String,
}

/// A text in which identities were looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentitiesError {
    /// There is none.
    #[error("it holds no identity: a line that begins with AGE-SECRET-KEY-1")]
    None,
    /// A line is something else.
    #[error("line {line} is not an identity")]
    Line {
        /// Its number, from 1.
        line: usize,
    },
}

impl FromStr for Recipient {
    type Err = RecipientError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| RecipientError { text: text.to_owned() })
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({self})")
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[identity elided]")
    }
}

/// The recipients in a text, one a line; empty lines and those that begin with `#` are left out.
///
/// # Errors
/// The first line that is something else.
pub fn recipients(text: &str) -> Result<Vec<Recipient>, RecipientError> {
    lines(text).map(|(_, line)| line.parse()).collect()
}

/// The identities in a text, as `age-keygen` writes it.
///
/// # Errors
/// When there is none, or the first line that is something else. Errors do not show what stands there.
pub fn identities(text: &str) -> Result<Vec<Identity>, IdentitiesError> {
    let identity = |(line, text): (usize, &str)| text.parse().map(Identity).map_err(|_| IdentitiesError::Line { line });
    let identities: Vec<_> = lines(text).map(identity).collect::<Result<_, _>>()?;
    if identities.is_empty() { Err(IdentitiesError::None) } else { Ok(identities) }
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// The cost of trying a passphrase: scrypt (RFC 7914) with N = 2^n, r = 8, p = 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WorkFactor(u8);

impl WorkFactor {
    /// What `age` itself uses: N = 2^18, 256 MiB of memory, about a second.
    pub const AGE: Self = Self(18);
    /// What is done at most for a file that asks for it, as `age` does: N = 2^22, 4 GiB.
    pub const LIMIT: Self = Self(22);

    /// The cheapest, for tests.
    #[must_use]
    pub fn cheapest() -> Self {
        Self(1)
    }
}

/// What a backup is to be wrapped in.
#[derive(Clone, Debug)]
pub enum Envelope {
    /// Nothing.
    None,
    /// A passphrase.
    Passphrase {
        /// The passphrase.
        passphrase: Arc<Passphrase>,
        /// What trying one shall cost.
        work: WorkFactor,
    },
    /// Recipients, each of whom can open it alone.
    Recipients(Vec<Recipient>),
}

impl Envelope {
    /// Begins to write into `out`.
    ///
    /// # Errors
    /// When `out` refuses, or there are no recipients.
    pub fn seal<W: Write>(&self, out: W) -> io::Result<Sealing<W>> {
        let recipients: Vec<Box<dyn age::Recipient>> = match self {
            Self::None => return Ok(Sealing(Inner::Plain(out))),
            Self::Passphrase { passphrase, work } => {
                let mut recipient = age::scrypt::Recipient::new(secret(passphrase));
                recipient.set_work_factor(work.0);
                vec![Box::new(recipient)]
            }
            Self::Recipients(recipients) => {
                recipients.iter().map(|recipient| Box::new(recipient.0.clone()) as _).collect()
            }
        };
        let encryptor = age::Encryptor::with_recipients(recipients.iter().map(|recipient| &**recipient));
        let writer = encryptor.map_err(io::Error::other)?.wrap_output(out)?;
        Ok(Sealing(Inner::Age(writer)))
    }
}

/// A copy of a passphrase that age takes over and wipes.
fn secret(passphrase: &Passphrase) -> SecretString {
    SecretString::from(String::from_utf8_lossy(passphrase.expose()).into_owned())
}

/// What is written into an envelope.
#[must_use = "an envelope that is not closed can't be opened"]
pub struct Sealing<W: Write>(Inner<W>);

enum Inner<W: Write> {
    Plain(W),
    Age(age::stream::StreamWriter<W>),
}

impl<W: Write> Sealing<W> {
    /// Closes the envelope.
    ///
    /// # Errors
    /// When what is beneath refuses.
    pub fn finish(self) -> io::Result<W> {
        match self.0 {
            Inner::Plain(mut out) => out.flush().map(|()| out),
            Inner::Age(writer) => writer.finish(),
        }
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Inner::Plain(out) => out.write(bytes),
            Inner::Age(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Inner::Plain(out) => out.flush(),
            Inner::Age(writer) => writer.flush(),
        }
    }
}

#[cfg(test)]
mod tests;
