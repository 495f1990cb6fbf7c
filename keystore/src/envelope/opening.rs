//! Opening an envelope, and why that fails.

use std::cell::Cell;
use std::io::{self, BufRead, Chain, Cursor, Read};
use std::rc::Rc;

use age::{DecryptError, Decryptor};

use super::{Identity, WorkFactor, secret};
use crate::pki::Passphrase;

/// What every file of the age format begins with, whatever its version.
const AGE: &[u8] = b"age-encryption.org/";
/// What its armored form begins with.
const ARMOR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE";

/// Why a backup could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    /// The operating system refused.
    #[error("the backup cannot be read")]
    Read(#[source] io::Error),
    /// It is in the text form of the age format.
    #[error("the backup is armored: age in text form")]
    Armored,
    /// Its version of the age format is not the one that is known, or its header makes no sense.
    #[error("the backup's header cannot be understood")]
    Header,
    /// It is encrypted to a passphrase, and none was given.
    #[error("the backup is encrypted to a passphrase")]
    PassphraseNeeded,
    /// It is encrypted to recipients, and no identity was given.
    #[error("the backup is encrypted to recipients")]
    IdentityNeeded,
    /// It is not encrypted, although something to open it with was given: another one was put in its place?
    #[error("the backup is not encrypted, and a passphrase or an identity was given to open it")]
    NotEncrypted,
    /// The passphrase does not open it.
    #[error("the passphrase does not open the backup")]
    WrongPassphrase,
    /// None of the identities opens it.
    #[error("none of the identities opens the backup")]
    WrongIdentity,
    /// Trying a passphrase would exhaust the machine.
    #[error("trying a passphrase on the backup would take more memory than 4 GiB")]
    ExcessiveWork,
    /// It ends before its end.
    #[error("the backup is cut short, or damaged in its last part")]
    CutShort,
    /// Somebody, or something, changed it.
    #[error("the backup is damaged or was tampered with")]
    Damaged,
}

/// A backup, before it is opened.
pub struct Sealed<R>(Kind<R>);

enum Kind<R> {
    Plain(Tracked<R>),
    Age(Box<Decryptor<Tracked<R>>>, Rc<Cell<bool>>),
}

/// What was read to tell what it is, and the rest. Remembers when the end has been met.
struct Tracked<R> {
    input: Chain<Cursor<Vec<u8>>, R>,
    ended: Rc<Cell<bool>>,
}

impl<R: BufRead> Read for Tracked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            self.ended.set(true);
        }
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Tracked<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.input.consume(amount);
    }
}

impl<R: BufRead> Sealed<R> {
    /// Reads as much of a backup as tells how it is to be opened.
    ///
    /// # Errors
    /// When it can't be read, or its header is not one that is known.
    pub fn read(mut input: R) -> Result<Self, OpeningError> {
        let mut start = Vec::new();
        input.by_ref().take(ARMOR.len() as u64).read_to_end(&mut start).map_err(OpeningError::Read)?;
        if start == ARMOR {
            return Err(OpeningError::Armored);
        }
        let is_age = start.starts_with(AGE);
        let ended = Rc::new(Cell::new(false));
        let tracked = Tracked { input: Cursor::new(start).chain(input), ended: Rc::clone(&ended) };
        if !is_age {
            return Ok(Self(Kind::Plain(tracked)));
        }
        let decryptor = Decryptor::new_buffered(tracked).map_err(|error| unusable(error, OpeningError::Header))?;
        Ok(Self(Kind::Age(Box::new(decryptor), ended)))
    }

    /// Whether a passphrase opens it.
    #[must_use]
    pub fn takes_passphrase(&self) -> bool {
        matches!(&self.0, Kind::Age(decryptor, _) if decryptor.is_scrypt())
    }

    /// Opens one that is not encrypted.
    ///
    /// # Errors
    /// When it is.
    pub fn open(self) -> Result<Opened<R>, OpeningError> {
        match self.0 {
            Kind::Plain(input) => {
                let ended = Rc::clone(&input.ended);
                Ok(Opened { inner: Inner::Plain(input), ended, fault: None })
            }
            Kind::Age(decryptor, _) if decryptor.is_scrypt() => Err(OpeningError::PassphraseNeeded),
            Kind::Age(..) => Err(OpeningError::IdentityNeeded),
        }
    }

    /// Opens it with a passphrase that costs no more than `limit` to try.
    ///
    /// # Errors
    /// When that is not what opens it, or it is the wrong one.
    pub fn open_with_passphrase(self, passphrase: &Passphrase, limit: WorkFactor) -> Result<Opened<R>, OpeningError> {
        let mut identity = age::scrypt::Identity::new(secret(passphrase));
        identity.set_max_work_factor(limit.0);
        self.open_with(true, &[&identity], OpeningError::WrongPassphrase)
    }

    /// Opens it with one of some identities.
    ///
    /// # Errors
    /// When that is not what opens it, or none is the right one.
    pub fn open_with_identities(self, identities: &[Identity]) -> Result<Opened<R>, OpeningError> {
        let identities: Vec<&dyn age::Identity> = identities.iter().map(|identity| &identity.0 as _).collect();
        self.open_with(false, &identities, OpeningError::WrongIdentity)
    }

    fn open_with(
        self,
        passphrase: bool,
        identities: &[&dyn age::Identity],
        wrong: OpeningError,
    ) -> Result<Opened<R>, OpeningError> {
        let (decryptor, ended) = match self.0 {
            Kind::Plain(_) => return Err(OpeningError::NotEncrypted),
            Kind::Age(decryptor, ended) => (decryptor, ended),
        };
        match (decryptor.is_scrypt(), passphrase) {
            (true, false) => return Err(OpeningError::PassphraseNeeded),
            (false, true) => return Err(OpeningError::IdentityNeeded),
            _ => {}
        }
        let opened = decryptor.decrypt(identities.iter().copied()).map_err(|error| unusable(error, wrong))?;
        Ok(Opened { inner: Inner::Age(Box::new(opened)), ended, fault: None })
    }
}

/// Why age did not begin.
fn unusable(error: DecryptError, wrong: OpeningError) -> OpeningError {
    match error {
        DecryptError::DecryptionFailed | DecryptError::NoMatchingKeys | DecryptError::KeyDecryptionFailed => wrong,
        DecryptError::ExcessiveWork { .. } => OpeningError::ExcessiveWork,
        DecryptError::InvalidMac => OpeningError::Damaged,
        DecryptError::InvalidHeader | DecryptError::UnknownFormat => OpeningError::Header,
        DecryptError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => OpeningError::CutShort,
        DecryptError::Io(error) => OpeningError::Read(error),
    }
}

/// What was in an envelope. The last of it is only to be trusted once it has been read to its end.
pub struct Opened<R: BufRead> {
    inner: Inner<R>,
    ended: Rc<Cell<bool>>,
    fault: Option<OpeningError>,
}

enum Inner<R: BufRead> {
    Plain(Tracked<R>),
    Age(Box<age::stream::StreamReader<Tracked<R>>>),
}

impl<R: BufRead> Opened<R> {
    /// Why reading has failed, if it has: more than the error that `read` returned can tell.
    pub fn fault(&mut self) -> Option<OpeningError> {
        self.fault.take()
    }

    fn classify(&self, error: &io::Error) -> OpeningError {
        match (&self.inner, error.kind()) {
            (Inner::Age(_), io::ErrorKind::UnexpectedEof) => OpeningError::CutShort,
            // A part that is not whole does not decrypt either; age cannot tell, but the end can.
            (Inner::Age(_), io::ErrorKind::InvalidData) if self.ended.get() => OpeningError::CutShort,
            (Inner::Age(_), io::ErrorKind::InvalidData) => OpeningError::Damaged,
            (_, kind) => OpeningError::Read(io::Error::new(kind, error.to_string())),
        }
    }
}

impl<R: BufRead> Read for Opened<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.inner {
            Inner::Plain(input) => input.read(buffer),
            Inner::Age(input) => input.read(buffer),
        };
        read.inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.fault = Some(self.classify(error));
            }
        })
    }
}
