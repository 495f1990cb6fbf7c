use std::fmt;

use super::{KeyForm, OpenedKey, key_manager, openssh};
use crate::pki::asn1::{self, OCTET_STRING, SEQUENCE};
use crate::pki::scheme::{Password, Scheme};
use crate::pki::{OpenError, Passphrase};

/// A private key that its passphrase opens. Never shown.
pub struct LockedKey {
    lock: Lock,
}

enum Lock {
    /// `EncryptedPrivateKeyInfo` (RFC 5958 section 3).
    Pkcs8 {
        scheme: Scheme,
        data: Vec<u8>,
    },
    /// `Proc-Type: 4,ENCRYPTED`.
    Traditional {
        scheme: Scheme,
        data: Vec<u8>,
        form: KeyForm,
    },
    OpenSsh(Box<ssh_key::PrivateKey>),
    KeyManager {
        data: Vec<u8>,
    },
}

impl LockedKey {
    /// Reads an `EncryptedPrivateKeyInfo`: PBES2, PBES1, or PKCS#12's encryptions.
    pub(in crate::pki) fn from_pkcs8(bytes: &[u8]) -> Result<Self, OpenError> {
        let parts = asn1::whole(bytes).and_then(|outer| outer.tagged(SEQUENCE)?.children());
        let parts = parts.ok_or_else(|| OpenError::damaged("it is cut off or not DER"))?;
        let [algorithm, data] = parts.as_slice() else {
            return Err(OpenError::damaged("it is no PKCS#8 EncryptedPrivateKeyInfo"));
        };
        let scheme = Scheme::read(algorithm)?;
        let data = Some(data).filter(|data| matches!(data.tag, OCTET_STRING | 0x24)).and_then(|data| data.octets());
        let data = data.ok_or_else(|| OpenError::damaged("it is no PKCS#8 EncryptedPrivateKeyInfo"))?;
        Ok(Self { lock: Lock::Pkcs8 { scheme, data: data.to_vec() } })
    }

    /// Takes the contents of a traditional PEM block with `Proc-Type: 4,ENCRYPTED`, and its `DEK-Info`.
    pub(in crate::pki) fn from_traditional(label: &str, dek_info: &str, data: &[u8]) -> Result<Self, OpenError> {
        let form = match label {
            "RSA PRIVATE KEY" => KeyForm::Pkcs1,
            "EC PRIVATE KEY" => KeyForm::Sec1,
            "DSA PRIVATE KEY" => KeyForm::Dsa,
            _ => KeyForm::Pkcs8,
        };
        let scheme = Scheme::traditional(dek_info)?;
        Ok(Self { lock: Lock::Traditional { scheme, data: data.to_vec(), form } })
    }

    pub(super) fn openssh(key: ssh_key::PrivateKey) -> Self {
        Self { lock: Lock::OpenSsh(Box::new(key)) }
    }

    pub(super) fn key_manager(data: Vec<u8>) -> Self {
        Self { lock: Lock::KeyManager { data } }
    }

    /// How it is written.
    #[must_use]
    pub fn form(&self) -> KeyForm {
        match &self.lock {
            Lock::Pkcs8 { .. } => KeyForm::Pkcs8,
            Lock::Traditional { form, .. } => *form,
            Lock::OpenSsh(_) => KeyForm::OpenSsh,
            Lock::KeyManager { .. } => KeyForm::KeyManager,
        }
    }

    /// How it is encrypted, for people.
    #[must_use]
    pub fn encryption(&self) -> String {
        match &self.lock {
            Lock::Pkcs8 { scheme, .. } | Lock::Traditional { scheme, .. } => scheme.to_string(),
            Lock::OpenSsh(key) => openssh::describe(key),
            Lock::KeyManager { .. } => Scheme::key_manager().to_string(),
        }
    }

    /// Whether its encryption has been replaced by something stronger.
    #[must_use]
    pub fn is_legacy(&self) -> bool {
        match &self.lock {
            Lock::Pkcs8 { scheme, .. } | Lock::Traditional { scheme, .. } => scheme.is_legacy(),
            Lock::OpenSsh(key) => openssh::is_legacy(key),
            Lock::KeyManager { .. } => true,
        }
    }

    /// The rounds of its key derivation, for a file that asks for many.
    pub(in crate::pki) fn rounds(&self) -> u64 {
        match &self.lock {
            Lock::Pkcs8 { scheme, .. } | Lock::Traditional { scheme, .. } => scheme.rounds(),
            Lock::OpenSsh(key) => openssh::rounds(key),
            Lock::KeyManager { .. } => 1,
        }
    }

    /// Opens it.
    ///
    /// # Errors
    ///
    /// [`OpenError::WrongPassphrase`] when it does not open; what is inside may be damaged or unsupported.
    pub fn open(&self, passphrase: &Passphrase) -> Result<OpenedKey, OpenError> {
        match &self.lock {
            Lock::OpenSsh(key) => openssh::open(key, passphrase),
            Lock::KeyManager { data } => key_manager::open(data, passphrase),
            Lock::Pkcs8 { .. } | Lock::Traditional { .. } => self.open_with(&Password::of(passphrase)),
        }
    }

    /// Opens it with a passphrase that may be empty, as PKCS#12 has them.
    pub(in crate::pki) fn open_with(&self, password: &Password) -> Result<OpenedKey, OpenError> {
        let (Lock::Pkcs8 { scheme, data } | Lock::Traditional { scheme, data, .. }) = &self.lock else {
            return Err(OpenError::PassphraseNeeded);
        };
        let opened = scheme.decrypt(password, data)?;
        // one wrong key in 256 pads well and leaves noise instead of DER
        if !looks_open(&opened) {
            return Err(OpenError::WrongPassphrase);
        }
        OpenedKey::from_der(&opened)
    }
}

/// Whether decrypted octets are one structure that begins with a version.
fn looks_open(opened: &[u8]) -> bool {
    let fields = asn1::whole(opened).and_then(|outer| outer.tagged(SEQUENCE)?.children());
    fields.is_some_and(|fields| fields.first().is_some_and(|first| first.unsigned().is_some_and(|version| version < 4)))
}

impl fmt::Debug for LockedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private key elided]")
    }
}
