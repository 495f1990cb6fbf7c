//! Why something that may be encrypted could not be opened.

/// Why a private key or a PKCS#12 file could not be opened. Each cause is told apart: a wrong passphrase is not damage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It is encrypted, and no passphrase was given.
    #[error("it is encrypted, and its passphrase is missing")]
    PassphraseNeeded,
    /// The passphrase is not the one it was encrypted with.
    #[error("wrong passphrase")]
    WrongPassphrase,
    /// It is not whole.
    #[error("it is damaged: {what}")]
    Damaged {
        /// What of it, and how.
        what: String,
    },
    /// It is encrypted in a way that is not read here.
    #[error("it is encrypted with an algorithm that is not supported: {name}")]
    UnsupportedEncryption {
        /// The algorithm's name and object identifier.
        name: String,
    },
    /// A private key of an algorithm that is not read here.
    #[error("it is a private key of an algorithm that is not supported: {name}")]
    UnsupportedKey {
        /// The algorithm's name or object identifier.
        name: String,
    },
    /// A key derivation meant to exhaust whoever tries it.
    #[error("its key derivation asks for {asked}, more than the limit of {limit}")]
    Excessive {
        /// What it asks for, with its unit.
        asked: String,
        /// The limit, with its unit.
        limit: String,
    },
    /// There is no private key in it.
    #[error("there is no private key in it")]
    NoPrivateKey,
}

impl OpenError {
    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }

    pub(super) fn excessive(asked: u128, limit: u128, unit: &str) -> Self {
        Self::Excessive { asked: format!("{asked} {unit}"), limit: format!("{limit} {unit}") }
    }

    /// A word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::PassphraseNeeded => "passphrase-needed",
            Self::WrongPassphrase => "wrong-passphrase",
            Self::Damaged { .. } => "damaged",
            Self::UnsupportedEncryption { .. } => "unsupported-encryption",
            Self::UnsupportedKey { .. } => "unsupported-key",
            Self::Excessive { .. } => "excessive-derivation",
            Self::NoPrivateKey => "no-private-key",
        }
    }
}
