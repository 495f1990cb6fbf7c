//! Encryption under a passphrase, as private keys and PKCS#12 files name it. All of it is read; two schemes are
//! written, into files for others (`sealing`). What the keystore keeps is encrypted with [`Pbes2`](super::Pbes2).
//!
//! Ciphers, hashes and key derivations come from crates; what stands here is how the standards put them together.

mod cipher;
mod derivation;
mod hash;
pub(super) mod identifier;
mod password;
pub(super) mod sealing;

use std::fmt;

use zeroize::Zeroizing;

use super::OpenError;
use crate::digest::from_hexadecimal;
use cipher::Cipher;
pub use derivation::Budget;
pub(super) use derivation::Derivation;
pub(super) use hash::Hash;
pub(super) use password::Password;

/// More rounds than anybody means: ten seconds and more.
pub(super) const MAX_ROUNDS: u64 = 50_000_000;

/// How something is encrypted under a passphrase.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scheme {
    derivation: Derivation,
    cipher: Cipher,
    /// When it is not derived from the passphrase.
    iv: Option<Vec<u8>>,
}

impl Scheme {
    /// The encryption of Key Manager's backups: RC4 under the bare MD5 of the passphrase.
    pub(super) fn key_manager() -> Self {
        let derivation = Derivation::BytesToKey { salt: Vec::new() };
        Self { derivation, cipher: Cipher::Rc4 { key_length: 16 }, iv: Some(Vec::new()) }
    }

    /// The encryption of traditional PEM, by its `DEK-Info`: `AES-128-CBC,` and the initialization vector in
    /// hexadecimal, whose first eight octets are the salt too.
    pub(super) fn traditional(dek_info: &str) -> Result<Self, OpenError> {
        let (name, iv) = dek_info.split_once(',').unwrap_or((dek_info, ""));
        let cipher = Cipher::by_pem_name(name.trim())
            .ok_or_else(|| OpenError::UnsupportedEncryption { name: format!("traditional PEM, {}", name.trim()) })?;
        let iv = from_hexadecimal(iv.trim()).filter(|iv| iv.len() == cipher.iv_length());
        let iv = iv.ok_or_else(|| OpenError::damaged("the initialization vector in its DEK-Info line"))?;
        let salt = iv.get(..8).unwrap_or_default().to_vec();
        Ok(Self { derivation: Derivation::BytesToKey { salt }, cipher, iv: Some(iv) })
    }

    /// Whether it has been replaced by something stronger: anything but AES, anything before PBES2.
    #[must_use]
    pub fn is_legacy(&self) -> bool {
        !self.cipher.is_aes() || !self.derivation.is_current()
    }

    /// The rounds of its key derivation, for a file that asks for many derivations.
    pub(super) fn rounds(&self) -> u64 {
        self.derivation.rounds()
    }

    /// Decrypts. What comes out of a wrong passphrase may be noise: only padding tells, and one in 256 is right by chance.
    pub(super) fn decrypt(&self, password: &Password, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let block = self.cipher.block_length();
        if data.is_empty() || !data.len().is_multiple_of(block) {
            return Err(OpenError::damaged(format!("{} encrypted octets are no whole number of blocks", data.len())));
        }
        let (key, derived_iv) = self.derivation.derive(password, self.cipher.key_length(), self.cipher.iv_length())?;
        let iv = self.iv.as_deref().unwrap_or(&derived_iv);
        self.cipher.decrypt(&key, iv, data).ok_or(OpenError::WrongPassphrase)
    }
}

impl fmt::Display for Scheme {
    /// `PBES2 (PBKDF2-HMAC-SHA-256, 600000 rounds, AES-256-CBC)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { derivation, cipher, .. } = self;
        match derivation {
            Derivation::BytesToKey { salt } if salt.is_empty() => write!(f, "{cipher} under the MD5 of the passphrase"),
            Derivation::BytesToKey { .. } => write!(f, "traditional PEM ({cipher} under MD5)"),
            Derivation::Pbkdf1 { .. } => write!(f, "PBES1 ({derivation}, {cipher})"),
            Derivation::Pkcs12 { .. } => write!(f, "PKCS#12 PBE ({derivation}, {cipher})"),
            Derivation::Pbkdf2 { .. } | Derivation::Scrypt { .. } => write!(f, "PBES2 ({derivation}, {cipher})"),
        }
    }
}

#[cfg(test)]
mod tests;
