//! Encrypted private keys: PBES2 (RFC 8018 section 6.2) around PKCS#8.

use der::pem::LineEnding;
use pkcs8::PrivateKeyInfoRef;
use pkcs8::pkcs5::pbes2::Parameters;
use rand::CryptoRng;

use super::{PrivateKey, PrivateKeyError};
use crate::pki::Passphrase;

/// How a private key is encrypted: PBKDF2-HMAC-SHA256 and AES-256-CBC, which OpenSSL, GnuTLS, NSS, Java and
/// Windows all read. Randomness and rounds are the caller's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pbes2 {
    /// The rounds of the key derivation; [`Pbes2::ROUNDS`] unless in a test.
    pub rounds: u32,
    /// The salt of the key derivation.
    pub salt: [u8; 16],
    /// The initialization vector of the cipher.
    pub iv: [u8; 16],
}

impl Pbes2 {
    /// The rounds that make guessing dear: a tenth of a second in 2026.
    pub const ROUNDS: u32 = 600_000;

    /// More rounds than anybody means, ten seconds and more: neither written nor read.
    pub const MAX_ROUNDS: u32 = 50_000_000;

    /// Salt and initialization vector from a generator.
    pub fn random(rounds: u32, random: &mut impl CryptoRng) -> Self {
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        random.fill_bytes(&mut salt);
        random.fill_bytes(&mut iv);
        Self { rounds, salt, iv }
    }
}

impl PrivateKey {
    /// The encrypted key: `ENCRYPTED PRIVATE KEY` (RFC 7468 section 11), LF, 64 columns.
    ///
    /// # Errors
    ///
    /// [`PrivateKeyError::Encryption`] when the rounds are none or beyond [`Pbes2::MAX_ROUNDS`].
    pub fn encrypt(&self, passphrase: &Passphrase, pbes2: &Pbes2) -> Result<String, PrivateKeyError> {
        let encrypted = self.encrypt_der(passphrase, pbes2)?;
        der::pem::encode_string("ENCRYPTED PRIVATE KEY", LineEnding::LF, &encrypted)
            .map_err(|_| PrivateKeyError::Encoding)
    }

    /// The encrypted key, `EncryptedPrivateKeyInfo` (RFC 5958 section 3).
    ///
    /// # Errors
    ///
    /// As [`encrypt`](Self::encrypt).
    pub fn encrypt_der(&self, passphrase: &Passphrase, pbes2: &Pbes2) -> Result<Vec<u8>, PrivateKeyError> {
        let failed = || PrivateKeyError::Encryption { rounds: pbes2.rounds };
        if !(1..=Pbes2::MAX_ROUNDS).contains(&pbes2.rounds) {
            return Err(failed());
        }
        let scheme =
            Parameters::generate_pbkdf2_sha256_aes256cbc(pbes2.rounds, &pbes2.salt, pbes2.iv).map_err(|_| failed())?;
        let info = PrivateKeyInfoRef::try_from(self.pkcs8.as_slice()).map_err(|_| PrivateKeyError::Encoding)?;
        let encrypted = info.encrypt_with_params(scheme, passphrase.expose()).map_err(|_| failed())?;
        Ok(encrypted.as_bytes().to_vec())
    }
}
