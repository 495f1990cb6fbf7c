use crate::pki::{LooksLike, OpenError, PrivateKeyError, RecogniseError, Subject};
use crate::timestamp::Timestamp;

/// Why no private key could be imported, one per cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Nothing in a file is known.
    #[error(transparent)]
    NotRecognised(#[from] RecogniseError),
    /// A private key, or what it is in, is encrypted, and no passphrase was given.
    #[error("{what} is encrypted, and its passphrase is missing")]
    PassphraseNeeded {
        /// What.
        what: LooksLike,
    },
    /// None of the passphrases given opens it.
    #[error("wrong passphrase: none that was given opens {what}")]
    WrongPassphrase {
        /// What.
        what: LooksLike,
    },
    /// Something is damaged, or encrypted or made with an algorithm that is not supported.
    #[error("{what} that cannot be read: {error}")]
    Unreadable {
        /// What it should be.
        what: LooksLike,
        /// Why.
        error: OpenError,
    },
    /// It is a keystore of Java.
    #[error("a Java keystore ({kind}) has to be converted first")]
    JavaKeystore {
        /// `JKS` or `JCEKS`.
        kind: &'static str,
    },
    /// There are other things in it.
    #[error("there is no private key in it, only {}", found.join(", "))]
    NoPrivateKey {
        /// What there is.
        found: Vec<&'static str>,
    },
    /// There are several, and none was chosen.
    #[error("there are {} private keys in it: {}", keys.len(), keys.join("; "))]
    Several {
        /// What they are called.
        keys: Vec<String>,
    },
    /// None is called so.
    #[error("no private key in it is called {name:?}: there are {}", keys.join("; "))]
    NoSuchName {
        /// The name asked for.
        name: String,
        /// What they are called.
        keys: Vec<String>,
    },
    /// It is of an algorithm or a size that is not used here.
    #[error("{0}")]
    PrivateKey(PrivateKeyError),
    /// It is weak.
    #[error("the private key is weak: {}", what.join("; "))]
    Weak {
        /// What is weak.
        what: Vec<String>,
    },
    /// A file that was given for its certificate has none.
    #[error("there is no certificate in {file}")]
    NoCertificate {
        /// The file.
        file: String,
    },
    /// Its certificate has expired.
    #[error("its certificate expired at {not_after}")]
    Expired {
        /// The end of its validity.
        not_after: Timestamp,
    },
    /// Its certificate is not valid yet.
    #[error("its certificate is not valid before {not_before}")]
    NotYetValid {
        /// The start of its validity.
        not_before: Timestamp,
    },
    /// The certificates are for other private keys.
    #[error("none of the certificates is for the private key: they are for {}", .subjects.iter().map(|subject| format!("\"{subject}\"")).collect::<Vec<_>>().join(", "))]
    Mismatch {
        /// What they are for; the first few.
        subjects: Vec<Subject>,
    },
}

impl ImportError {
    /// A word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotRecognised(_) => "not-recognised",
            Self::PassphraseNeeded { .. } => "passphrase-needed",
            Self::WrongPassphrase { .. } => "wrong-passphrase",
            Self::Unreadable { error, .. } => error.code(),
            Self::JavaKeystore { .. } => "java-keystore",
            Self::NoPrivateKey { .. } => "no-private-key",
            Self::Several { .. } => "several-private-keys",
            Self::NoSuchName { .. } => "no-such-name",
            Self::PrivateKey(PrivateKeyError::UnsupportedAlgorithm { .. }) => "unsupported-key",
            Self::PrivateKey(_) => "damaged",
            Self::Weak { .. } => "weak-key",
            Self::NoCertificate { .. } => "no-certificate",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::Mismatch { .. } => "key-mismatch",
        }
    }
}
