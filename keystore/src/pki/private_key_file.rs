//! What stands in `private-key.pem`: a private key, plain or encrypted.

use std::fmt;

use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::{EncryptedPrivateKeyInfoRef, Error as Pkcs8Error, pkcs5};

use super::{Passphrase, Pbes2, PemBlock, PrivateKey, PrivateKeyError, asn1, oid, pem_blocks};

/// More memory than anybody means.
const MAX_SCRYPT_MEMORY: u128 = 1 << 30;

/// A private key as it stands in a file.
#[derive(Debug)]
pub enum PrivateKeyFile {
    /// Readable by whoever reads the file.
    Plain(PrivateKey),
    /// To be opened with its passphrase.
    Encrypted(EncryptedPrivateKey),
}

/// A private key in its envelope: `EncryptedPrivateKeyInfo` (RFC 5958 section 3).
pub struct EncryptedPrivateKey {
    der: Vec<u8>,
}

impl PrivateKeyFile {
    /// Reads the one private key of a PEM text. Other blocks beside it are ignored.
    ///
    /// # Errors
    ///
    /// Says whether there is no key, one too many, one in an older form, or a damaged one.
    pub fn from_pem(bytes: &[u8]) -> Result<Self, PrivateKeyError> {
        let mut keys: Vec<PemBlock> = Vec::new();
        let mut other = None;
        for block in pem_blocks(bytes) {
            if block.label.ends_with("PRIVATE KEY") {
                keys.push(block);
            } else {
                other.get_or_insert(block.label);
            }
        }
        if keys.len() > 1 {
            return Err(PrivateKeyError::SeveralPrivateKeys { count: keys.len() });
        }
        let PemBlock { label, body, .. } = keys.pop().ok_or(PrivateKeyError::NoPrivateKey { found: other })?;
        match label.as_str() {
            "PRIVATE KEY" => PrivateKey::from_pkcs8_der(&body?).map(Self::Plain),
            "ENCRYPTED PRIVATE KEY" => EncryptedPrivateKey::from_der(&body?).map(Self::Encrypted),
            _ => Err(PrivateKeyError::OlderForm { label }),
        }
    }
}

impl EncryptedPrivateKey {
    /// Reads an `EncryptedPrivateKeyInfo`.
    ///
    /// # Errors
    ///
    /// [`PrivateKeyError::DamagedEncryption`], [`PrivateKeyError::UnsupportedEncryption`], or
    /// [`PrivateKeyError::ExcessiveDerivation`] when opening it would exhaust the machine.
    pub fn from_der(der: &[u8]) -> Result<Self, PrivateKeyError> {
        let info = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| unreadable(der))?;
        check_cost(&info.encryption_algorithm)?;
        if info.encrypted_data.as_bytes().is_empty() {
            return Err(PrivateKeyError::DamagedEncryption);
        }
        Ok(Self { der: der.to_vec() })
    }

    /// Opens it.
    ///
    /// # Errors
    ///
    /// [`PrivateKeyError::WrongPassphrase`] when it does not open; what is inside may be damaged or unsupported.
    pub fn decrypt(&self, passphrase: &Passphrase) -> Result<PrivateKey, PrivateKeyError> {
        let info = EncryptedPrivateKeyInfoRef::try_from(self.der.as_slice())
            .map_err(|_| PrivateKeyError::DamagedEncryption)?;
        if is_cbc(&info.encryption_algorithm) && !info.encrypted_data.as_bytes().len().is_multiple_of(16) {
            return Err(PrivateKeyError::DamagedEncryption);
        }
        let opened = info.decrypt(passphrase.expose()).map_err(|error| match error {
            // one wrong key in 256 pads well and leaves noise instead of DER
            Pkcs8Error::Asn1(_) | Pkcs8Error::EncryptedPrivateKey(pkcs5::Error::DecryptFailed) => {
                PrivateKeyError::WrongPassphrase
            }
            Pkcs8Error::EncryptedPrivateKey(pkcs5::Error::UnsupportedAlgorithm { oid }) => {
                PrivateKeyError::UnsupportedEncryption { scheme: oid.to_string() }
            }
            Pkcs8Error::EncryptedPrivateKey(pkcs5::Error::NoPbes1CryptSupport) => {
                PrivateKeyError::UnsupportedEncryption { scheme: "PBES1".to_owned() }
            }
            _ => PrivateKeyError::DamagedEncryption,
        })?;
        PrivateKey::from_pkcs8_der(opened.as_bytes()).map_err(|error| match error {
            PrivateKeyError::NotAPrivateKey => PrivateKeyError::WrongPassphrase,
            other => other,
        })
    }
}

impl fmt::Debug for EncryptedPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private key elided]")
    }
}

fn is_cbc(scheme: &EncryptionScheme) -> bool {
    use pkcs8::pkcs5::pbes2::EncryptionScheme::{Aes128Cbc, Aes192Cbc, Aes256Cbc};
    let cipher = scheme.pbes2().map(|parameters| parameters.encryption);
    matches!(cipher, Some(Aes128Cbc { .. } | Aes192Cbc { .. } | Aes256Cbc { .. }))
}

fn check_cost(scheme: &EncryptionScheme) -> Result<(), PrivateKeyError> {
    let Some(parameters) = scheme.pbes2() else {
        return Err(PrivateKeyError::UnsupportedEncryption { scheme: "PBES1".to_owned() });
    };
    if let Some(pbkdf2) = parameters.kdf.pbkdf2() {
        let rounds = pbkdf2.iteration_count;
        if rounds == 0 {
            return Err(PrivateKeyError::DamagedEncryption);
        }
        if rounds > Pbes2::MAX_ROUNDS {
            return Err(excessive(&format!("{rounds} rounds"), &format!("{} rounds", Pbes2::MAX_ROUNDS)));
        }
    }
    if let Some(scrypt) = parameters.kdf.scrypt() {
        let blocks = u128::from(scrypt.cost_parameter) + u128::from(scrypt.parallelization);
        let memory = blocks * u128::from(scrypt.block_size) * 128;
        if memory > MAX_SCRYPT_MEMORY || scrypt.parallelization > 64 {
            return Err(excessive(&format!("{memory} octets of memory"), &format!("{MAX_SCRYPT_MEMORY} octets")));
        }
    }
    Ok(())
}

fn excessive(asked: &str, limit: &str) -> PrivateKeyError {
    PrivateKeyError::ExcessiveDerivation { asked: asked.to_owned(), limit: limit.to_owned() }
}

/// An envelope that could not be read: of an unknown scheme, or damaged?
fn unreadable(der: &[u8]) -> PrivateKeyError {
    let scheme = asn1::whole(der).and_then(|outer| {
        let [scheme, contents] = outer.tagged(asn1::SEQUENCE)?.children()?.try_into().ok()?;
        contents.tagged(asn1::OCTET_STRING)?;
        scheme.tagged(asn1::SEQUENCE)?.children()?.first()?.oid()
    });
    match scheme {
        None => PrivateKeyError::DamagedEncryption,
        Some(oid::PBES2) => PrivateKeyError::UnsupportedEncryption { scheme: "PBES2 with other parts".to_owned() },
        Some(other) => PrivateKeyError::UnsupportedEncryption { scheme: other.to_string() },
    }
}

#[cfg(test)]
mod tests;
