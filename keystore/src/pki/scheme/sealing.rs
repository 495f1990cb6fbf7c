//! The two schemes that are written: PBES2 with AES-256 for everybody today, and PKCS#12's own with Triple DES for
//! programs that read nothing newer.

use cbc::Encryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherEncrypt, BlockModeEncrypt as _, KeyInit, KeyIvInit as _};
use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::{Derivation, Hash, Password, Scheme};
use crate::pki::OpenError;
use crate::pki::asn1::{self, NULL, OCTET_STRING, identifier, integer, sequence};

impl Scheme {
    /// PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC (RFC 8018).
    pub(in crate::pki) fn pbes2_aes256(rounds: u32, salt: [u8; 16], iv: [u8; 16]) -> Self {
        let derivation = Derivation::Pbkdf2 { hash: Hash::Sha256, salt: salt.to_vec(), rounds };
        Self { derivation, cipher: Cipher::Aes256, iv: Some(iv.to_vec()) }
    }

    /// pbeWithSHAAnd3-KeyTripleDES-CBC (RFC 7292 appendix C).
    pub(in crate::pki) fn pkcs12_triple_des(rounds: u32, salt: [u8; 16]) -> Self {
        let derivation = Derivation::Pkcs12 { hash: Hash::Sha1, salt: salt.to_vec(), rounds };
        Self { derivation, cipher: Cipher::TripleDes3, iv: None }
    }

    /// Encrypts; `None` with a cipher that is only read.
    ///
    /// # Errors
    ///
    /// When the derivation asks for too much.
    pub(in crate::pki) fn encrypt(&self, password: &Password, data: &[u8]) -> Result<Option<Vec<u8>>, OpenError> {
        let (key, derived_iv) = self.derivation.derive(password, self.cipher.key_length(), self.cipher.iv_length())?;
        let iv = self.iv.as_deref().unwrap_or(&derived_iv);
        Ok(match self.cipher {
            Cipher::Aes256 => cbc::<aes::Aes256Enc>(&key, iv, data),
            Cipher::TripleDes3 => cbc::<des::TdesEde3>(&key, iv, data),
            _ => None,
        })
    }

    /// Its `AlgorithmIdentifier` in DER; `None` for one that is only read.
    pub(in crate::pki) fn to_der(&self) -> Option<Vec<u8>> {
        match (&self.derivation, self.cipher) {
            (Derivation::Pbkdf2 { hash: Hash::Sha256, salt, rounds }, Cipher::Aes256) => {
                let prf = identifier("1.2.840.113549.2.9", &NULL)?;
                let parameters = sequence(&[asn1::write(OCTET_STRING, salt), integer(*rounds), prf]);
                let function = identifier("1.2.840.113549.1.5.12", &parameters)?;
                let iv = asn1::write(OCTET_STRING, self.iv.as_deref()?);
                let cipher = identifier("2.16.840.1.101.3.4.1.42", &iv)?;
                identifier("1.2.840.113549.1.5.13", &sequence(&[function, cipher]))
            }
            (Derivation::Pkcs12 { hash: Hash::Sha1, salt, rounds }, Cipher::TripleDes3) => {
                let parameters = sequence(&[asn1::write(OCTET_STRING, salt), integer(*rounds)]);
                identifier("1.2.840.113549.1.12.1.3", &parameters)
            }
            _ => None,
        }
    }
}

fn cbc<C: BlockCipherEncrypt + KeyInit>(key: &[u8], iv: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    // of its full size from the start, so that no copy of the data stays behind
    let mut buffer = Zeroizing::new(vec![0; data.len() + 16]);
    buffer.get_mut(..data.len())?.copy_from_slice(data);
    let cipher = Encryptor::<C>::new_from_slices(key, iv).ok()?;
    Some(cipher.encrypt_padded::<Pkcs7>(&mut buffer, data.len()).ok()?.to_vec())
}
