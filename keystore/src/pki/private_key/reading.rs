//! What kind of key is this, and is it whole?

use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use pkcs8::PrivateKeyInfoRef;
use rsa::RsaPrivateKey;
use rsa::pkcs1::RsaPrivateKeyRef;
use rsa::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};
use rsa::traits::PublicKeyParts as _;
use zeroize::Zeroizing;

use super::{PrivateKeyError, Signer, curve};
use crate::pki::{KeyAlgorithm, PublicKey, oid};

/// What Key Manager made at the least.
const SHORTEST: usize = 512;
/// What aws-lc signs with at the least.
const SHORTEST_FOR_USE: usize = 2048;
/// What it signs with at the most.
const LONGEST: usize = 8192;

pub(super) fn signer(der: &[u8]) -> Result<(KeyAlgorithm, Signer), PrivateKeyError> {
    let info = PrivateKeyInfoRef::try_from(der).map_err(|_| PrivateKeyError::NotAPrivateKey)?;
    let algorithm = algorithm(&info)?;
    let damaged = || PrivateKeyError::DamagedComponents { algorithm };
    let signer = if let Some(curve) = curve(algorithm) {
        EcdsaKeyPair::from_pkcs8(curve, der).map(Signer::Ecdsa).map_err(|_| damaged())?
    } else if algorithm == KeyAlgorithm::Ed25519 {
        Ed25519KeyPair::from_pkcs8(der).map(Signer::Ed25519).map_err(|_| damaged())?
    } else {
        let key = checked_rsa(info.private_key.as_bytes()).ok_or_else(damaged)?;
        if key.size() * 8 < SHORTEST_FOR_USE {
            Signer::Short(Box::new(key))
        } else {
            Signer::Rsa(RsaKeyPair::from_pkcs8(der).map_err(|_| damaged())?)
        }
    };
    Ok((algorithm, signer))
}

fn algorithm(info: &PrivateKeyInfoRef<'_>) -> Result<KeyAlgorithm, PrivateKeyError> {
    let parameters = info.algorithm.parameters.and_then(|any| any.decode_as().ok());
    match (info.algorithm.oid, parameters) {
        (oid::EC_PUBLIC_KEY, Some(oid::P_256)) => Ok(KeyAlgorithm::EcdsaP256),
        (oid::EC_PUBLIC_KEY, Some(oid::P_384)) => Ok(KeyAlgorithm::EcdsaP384),
        (oid::ED25519, _) => Ok(KeyAlgorithm::Ed25519),
        (oid::RSA_ENCRYPTION, _) => rsa_algorithm(info.private_key.as_bytes()),
        (other, curve) => {
            Err(PrivateKeyError::UnsupportedAlgorithm { algorithm: oid::key_name(&other, curve.as_ref()) })
        }
    }
}

fn rsa_algorithm(pkcs1: &[u8]) -> Result<KeyAlgorithm, PrivateKeyError> {
    let key = RsaPrivateKeyRef::try_from(pkcs1).map_err(|_| PrivateKeyError::NotAPrivateKey)?;
    let modulus = key.modulus.as_bytes();
    let spare = modulus.first().map_or(0, |octet| octet.leading_zeros() as usize);
    match modulus.len() * 8 - spare {
        2048 => Ok(KeyAlgorithm::Rsa2048),
        3072 => Ok(KeyAlgorithm::Rsa3072),
        4096 => Ok(KeyAlgorithm::Rsa4096),
        SHORTEST..=LONGEST => Ok(KeyAlgorithm::OtherRsa),
        bits => Err(PrivateKeyError::UnsupportedAlgorithm { algorithm: format!("RSA {bits} bits") }),
    }
}

/// p * q = n and d * e = 1 (mod p - 1, q - 1), RFC 8017 section 3.2; no primality tests.
fn checked_rsa(pkcs1: &[u8]) -> Option<RsaPrivateKey> {
    RsaPrivateKey::try_from(RsaPrivateKeyRef::try_from(pkcs1).ok()?).ok()
}

/// `PrivateKeyInfo` of version 1 and `SubjectPublicKeyInfo` of a key that aws-lc does not take.
pub(super) fn encoded(key: &RsaPrivateKey) -> Option<(Zeroizing<Vec<u8>>, PublicKey)> {
    let pkcs8 = key.to_pkcs8_der().ok()?;
    let public_key = key.to_public_key().to_public_key_der().ok()?;
    let public_key = PublicKey::from_spki_der(public_key.as_bytes()).ok()?;
    Some((Zeroizing::new(pkcs8.as_bytes().to_vec()), public_key))
}
