use crate::pki::{KeyAlgorithm, PemError};

/// Why a private key could not be made, read, written or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrivateKeyError {
    /// The key could not be made.
    #[error("no {algorithm} key could be generated: the system gave no randomness")]
    Generation {
        /// What was asked for.
        algorithm: KeyAlgorithm,
    },
    /// The key could not be written.
    #[error("the private key could not be encoded")]
    Encoding,
    /// The key could not sign.
    #[error("the private key could not sign")]
    Signing,
    /// An RSA key under 2048 bits.
    #[error("the private key is too short to sign with")]
    TooShort,
    /// The bytes are no private key.
    #[error("not a private key: no PKCS#8 PrivateKeyInfo in DER")]
    NotAPrivateKey,
    /// A key that keyring does not make.
    #[error("a private key of an unsupported algorithm: {algorithm}")]
    UnsupportedAlgorithm {
        /// What it is, `RSA 1024 bits`, `ECDSA P-521` ...
        algorithm: String,
    },
    /// The numbers of the key do not belong together.
    #[error("a damaged {algorithm} private key: its numbers do not belong together")]
    DamagedComponents {
        /// What it claims to be.
        algorithm: KeyAlgorithm,
    },
    /// The text holds no private key.
    #[error("no private key in it{}", .found.as_ref().map_or(String::new(), |label| format!(", only {label}")))]
    NoPrivateKey {
        /// The label of the first other block.
        found: Option<String>,
    },
    /// A private key in a form from before PKCS#8.
    #[error("a private key in the older form {label}: it has to be converted to PKCS#8 first")]
    OlderForm {
        /// The label: `RSA PRIVATE KEY`, `EC PRIVATE KEY` ...
        label: String,
    },
    /// More than one private key.
    #[error("{count} private keys in one file")]
    SeveralPrivateKeys {
        /// How many.
        count: usize,
    },
    /// The block cannot be read.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The key could not be encrypted.
    #[error("the private key could not be encrypted with {rounds} rounds")]
    Encryption {
        /// The rounds asked for.
        rounds: u32,
    },
    /// The passphrase is not the one the key was encrypted with.
    #[error("wrong passphrase")]
    WrongPassphrase,
    /// The encrypted key is not whole.
    #[error("a damaged encrypted private key: no PKCS#8 EncryptedPrivateKeyInfo in DER")]
    DamagedEncryption,
    /// An encryption that is not read here.
    #[error("a private key encrypted with an unsupported scheme: {scheme}")]
    UnsupportedEncryption {
        /// Its name or object identifier.
        scheme: String,
    },
    /// A key derivation meant to exhaust whoever tries it.
    #[error("the key derivation of the encrypted private key asks for {asked}, more than the limit of {limit}")]
    ExcessiveDerivation {
        /// What it asks for, with its unit.
        asked: String,
        /// The limit, with its unit.
        limit: String,
    },
}

impl PrivateKeyError {
    /// Whether another passphrase may help.
    #[must_use]
    pub fn is_wrong_passphrase(&self) -> bool {
        matches!(self, Self::WrongPassphrase)
    }
}
