//! What kind of key is this, and is it whole?

use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use pkcs8::PrivateKeyInfoRef;
use rsa::RsaPrivateKey;
use rsa::pkcs1::RsaPrivateKeyRef;

use super::{PrivateKeyError, Signer, curve};
use crate::pki::{KeyAlgorithm, oid};

pub(super) fn signer(der: &[u8]) -> Result<(KeyAlgorithm, Signer), PrivateKeyError> {
    let info = PrivateKeyInfoRef::try_from(der).map_err(|_| PrivateKeyError::NotAPrivateKey)?;
    let algorithm = algorithm(&info)?;
    let damaged = || PrivateKeyError::DamagedComponents { algorithm };
    let signer = if let Some(curve) = curve(algorithm) {
        EcdsaKeyPair::from_pkcs8(curve, der).map(Signer::Ecdsa).map_err(|_| damaged())?
    } else if algorithm == KeyAlgorithm::Ed25519 {
        Ed25519KeyPair::from_pkcs8(der).map(Signer::Ed25519).map_err(|_| damaged())?
    } else {
        let key = RsaKeyPair::from_pkcs8(der).map_err(|_| damaged())?;
        check_rsa(info.private_key.as_bytes()).ok_or_else(damaged)?;
        Signer::Rsa(key)
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
        bits => Err(PrivateKeyError::UnsupportedAlgorithm { algorithm: format!("RSA {bits} bits") }),
    }
}

/// p * q = n and d * e = 1 (mod p - 1, q - 1), RFC 8017 section 3.2; no primality tests.
fn check_rsa(pkcs1: &[u8]) -> Option<()> {
    let components = RsaPrivateKeyRef::try_from(pkcs1).ok()?;
    RsaPrivateKey::try_from(components).ok().map(drop)
}
