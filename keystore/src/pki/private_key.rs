//! Private keys: made, signed with, written and read.
//!
//! `aws-lc-rs` makes keys and signs; the crate `rsa` only compares the components of keys that are read.

mod encryption;
mod error;
mod reading;

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use der::asn1::Any;
use der::pem::LineEnding;
use x509_cert::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

pub use encryption::Pbes2;
pub use error::PrivateKeyError;

use super::{KeyAlgorithm, PublicKey, oid};

/// A private key. Not `Clone`, never shown, wiped from memory when dropped.
pub struct PrivateKey {
    algorithm: KeyAlgorithm,
    signer: Signer,
    /// `PrivateKeyInfo` of version 1 (RFC 5208).
    pkcs8: Zeroizing<Vec<u8>>,
    public_key: PublicKey,
}

enum Signer {
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
    /// RSA under 2048 bits: kept and published, and signs nothing here.
    Short(Box<rsa::RsaPrivateKey>),
}

impl PrivateKey {
    /// Makes a new key from the operating system's randomness.
    ///
    /// # Errors
    ///
    /// [`PrivateKeyError::Generation`] when there is no randomness.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, PrivateKeyError> {
        let ecdsa = |curve| EcdsaKeyPair::generate(curve).map(Signer::Ecdsa);
        let rsa = |size| RsaKeyPair::generate(size).map(Signer::Rsa);
        let signer = match algorithm {
            KeyAlgorithm::EcdsaP256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING),
            KeyAlgorithm::EcdsaP384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING),
            KeyAlgorithm::Rsa2048 => rsa(KeySize::Rsa2048),
            KeyAlgorithm::Rsa3072 => rsa(KeySize::Rsa3072),
            KeyAlgorithm::Rsa4096 => rsa(KeySize::Rsa4096),
            KeyAlgorithm::Ed25519 => Ed25519KeyPair::generate().map(Signer::Ed25519),
            KeyAlgorithm::OtherRsa => {
                return Err(PrivateKeyError::UnsupportedAlgorithm { algorithm: "RSA of an unusual size".to_owned() });
            }
        };
        Self::from_signer(algorithm, signer.map_err(|_| PrivateKeyError::Generation { algorithm })?)
    }

    /// Reads an unencrypted `PrivateKeyInfo` (RFC 5208, and RFC 5958's version 2) of one of the algorithms.
    ///
    /// # Errors
    ///
    /// [`PrivateKeyError::NotAPrivateKey`] when the bytes are something else,
    /// [`PrivateKeyError::UnsupportedAlgorithm`] when the key is of another algorithm or size, and
    /// [`PrivateKeyError::DamagedComponents`] when its numbers do not belong together.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, PrivateKeyError> {
        let (algorithm, signer) = reading::signer(der)?;
        Self::from_signer(algorithm, signer)
    }

    fn from_signer(algorithm: KeyAlgorithm, signer: Signer) -> Result<Self, PrivateKeyError> {
        if let Signer::Short(key) = &signer {
            let (pkcs8, public_key) = reading::encoded(key).ok_or(PrivateKeyError::Encoding)?;
            return Ok(Self { algorithm, signer, pkcs8, public_key });
        }
        let encoding = |_| PrivateKeyError::Encoding;
        let (pkcs8, public) = match &signer {
            Signer::Ecdsa(key) => (copy(key.to_pkcs8v1().map_err(encoding)?.as_ref()), AsDer::as_der(key.public_key())),
            Signer::Rsa(key) => {
                let pkcs8: Pkcs8V1Der<'_> = key.as_der().map_err(encoding)?;
                (copy(pkcs8.as_ref()), AsDer::as_der(key.public_key()))
            }
            Signer::Ed25519(key) => {
                (copy(key.to_pkcs8v1().map_err(encoding)?.as_ref()), AsDer::as_der(key.public_key()))
            }
            Signer::Short(_) => return Err(PrivateKeyError::Encoding),
        };
        let public: PublicKeyX509Der<'_> = public.map_err(encoding)?;
        let public_key = PublicKey::from_spki_der(public.as_ref()).map_err(|_| PrivateKeyError::Encoding)?;
        Ok(Self { algorithm, signer, pkcs8, public_key })
    }

    /// What it was made with.
    #[must_use]
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// Whether it is too short to sign with, and for TLS libraries of today to load: RSA under 2048 bits.
    #[must_use]
    pub fn is_short(&self) -> bool {
        matches!(self.signer, Signer::Short(_))
    }

    /// Its public half.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// Signs, with [`signature_algorithm`](Self::signature_algorithm): the value that X.509 puts into a BIT STRING.
    ///
    /// # Errors
    ///
    /// [`PrivateKeyError::Signing`] when the key refuses, for want of randomness, and [`PrivateKeyError::TooShort`] when it
    /// is an RSA key under 2048 bits.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, PrivateKeyError> {
        let random = SystemRandom::new();
        let signed = match &self.signer {
            Signer::Ecdsa(key) => key.sign(&random, message).map(|signature| signature.as_ref().to_vec()),
            Signer::Ed25519(key) => key.try_sign(message).map(|signature| signature.as_ref().to_vec()),
            Signer::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map(|()| signature)
            }
            Signer::Short(_) => return Err(PrivateKeyError::TooShort),
        };
        signed.map_err(|_| PrivateKeyError::Signing)
    }

    /// How it signs: sha256WithRSAEncryption (RFC 4055), ecdsa-with-SHA256 or -SHA384 (RFC 5758), Ed25519 (RFC 8410).
    #[must_use]
    pub fn signature_algorithm(&self) -> AlgorithmIdentifierOwned {
        let (oid, parameters) = match self.algorithm {
            KeyAlgorithm::EcdsaP256 => (oid::ECDSA_SHA256, None),
            KeyAlgorithm::EcdsaP384 => (oid::ECDSA_SHA384, None),
            KeyAlgorithm::Ed25519 => (oid::ED25519, None),
            KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 | KeyAlgorithm::OtherRsa => {
                (oid::RSA_SHA256, Some(Any::null()))
            }
        };
        AlgorithmIdentifierOwned { oid, parameters }
    }

    /// The unencrypted key: `PRIVATE KEY` (RFC 7468 section 10), LF, 64 columns.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "the label and the size are right for every key")]
    pub fn to_pem(&self) -> Zeroizing<String> {
        // encoded into one buffer of the right size, so no copy stays behind
        let text = der::pem::encode_string("PRIVATE KEY", LineEnding::LF, &self.pkcs8);
        Zeroizing::new(text.expect("the label is well-formed and the key far from the limit of PEM"))
    }

    /// The unencrypted key, `PrivateKeyInfo` of version 1 (RFC 5208).
    #[must_use]
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        copy(&self.pkcs8)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private key elided]")
    }
}

fn copy(secret: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(secret.to_vec())
}

fn curve(algorithm: KeyAlgorithm) -> Option<&'static EcdsaSigningAlgorithm> {
    match algorithm {
        KeyAlgorithm::EcdsaP256 => Some(&ECDSA_P256_SHA256_ASN1_SIGNING),
        KeyAlgorithm::EcdsaP384 => Some(&ECDSA_P384_SHA384_ASN1_SIGNING),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
