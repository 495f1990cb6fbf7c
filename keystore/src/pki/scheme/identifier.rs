//! From an `AlgorithmIdentifier` to a scheme.

use der::asn1::ObjectIdentifier;

use super::cipher::Cipher;
use super::{Derivation, Hash, Scheme};
use crate::pki::asn1::{OCTET_STRING, SEQUENCE, Tlv};
use crate::pki::{OpenError, oid};

impl Scheme {
    /// Reads the `AlgorithmIdentifier` of encrypted data: PBES2 and PBES1 (RFC 8018), PKCS#12's (RFC 7292 appendix C).
    pub(in crate::pki) fn read(algorithm: &Tlv<'_>) -> Result<Self, OpenError> {
        let (kind, parameters) = identifier(algorithm).ok_or_else(|| damaged("algorithm"))?;
        if kind == oid::PBES2 {
            return pbes2(parameters.as_ref());
        }
        let text = kind.to_string();
        let (hash, cipher, pkcs12) = older(&text).ok_or_else(|| unsupported(&kind))?;
        // PBEParameter and pkcs-12PbeParams are both SEQUENCE { salt OCTET STRING, iterations INTEGER }
        let parts = parameters.and_then(|parameters| parameters.tagged(SEQUENCE)?.children());
        let (salt, rounds) = match parts.as_deref() {
            Some([salt, rounds]) => (octets(salt)?, count(rounds)?),
            _ => return Err(damaged("parameters")),
        };
        let derivation =
            if pkcs12 { Derivation::Pkcs12 { hash, salt, rounds } } else { Derivation::Pbkdf1 { hash, salt, rounds } };
        Ok(Self { derivation: derivation.checked()?, cipher, iv: None })
    }
}

/// Hash, cipher, and whether the derivation is PKCS#12's.
fn older(oid: &str) -> Option<(Hash, Cipher, bool)> {
    let rc2 = |key_length, effective_bits| Cipher::Rc2 { key_length, effective_bits };
    Some(match oid {
        "1.2.840.113549.1.5.3" => (Hash::Md5, Cipher::Des, false),
        "1.2.840.113549.1.5.6" => (Hash::Md5, rc2(8, 64), false),
        "1.2.840.113549.1.5.10" => (Hash::Sha1, Cipher::Des, false),
        "1.2.840.113549.1.5.11" => (Hash::Sha1, rc2(8, 64), false),
        "1.2.840.113549.1.12.1.1" => (Hash::Sha1, Cipher::Rc4 { key_length: 16 }, true),
        "1.2.840.113549.1.12.1.2" => (Hash::Sha1, Cipher::Rc4 { key_length: 5 }, true),
        "1.2.840.113549.1.12.1.3" => (Hash::Sha1, Cipher::TripleDes3, true),
        "1.2.840.113549.1.12.1.4" => (Hash::Sha1, Cipher::TripleDes2, true),
        "1.2.840.113549.1.12.1.5" => (Hash::Sha1, rc2(16, 128), true),
        "1.2.840.113549.1.12.1.6" => (Hash::Sha1, rc2(5, 40), true),
        _ => return None,
    })
}

/// `PBES2-params ::= SEQUENCE { keyDerivationFunc, encryptionScheme }`
fn pbes2(parameters: Option<&Tlv<'_>>) -> Result<Scheme, OpenError> {
    let parts = parameters.and_then(|parameters| parameters.tagged(SEQUENCE)?.children());
    let Some([function, scheme]) = parts.as_deref() else { return Err(damaged("parameters")) };
    let (derivation, key_length) = derivation(function)?;
    let (cipher, iv) = cipher(scheme, key_length)?;
    if key_length.is_some_and(|length| length != cipher.key_length()) {
        return Err(damaged("key length"));
    }
    if iv.len() != cipher.iv_length() {
        return Err(damaged("initialization vector"));
    }
    Ok(Scheme { derivation, cipher, iv: Some(iv) })
}

/// Reads PBKDF2 or scrypt, and the length of the key where it is said.
pub(in crate::pki) fn derivation(function: &Tlv<'_>) -> Result<(Derivation, Option<usize>), OpenError> {
    let (kind, parameters) = identifier(function).ok_or_else(|| damaged("key derivation"))?;
    let parts = parameters.and_then(|parameters| parameters.tagged(SEQUENCE)?.children());
    let parts = parts.ok_or_else(|| damaged("key derivation"))?;
    let (derivation, rest) = match (kind.to_string().as_str(), parts.as_slice()) {
        ("1.2.840.113549.1.5.12", [salt, rounds, rest @ ..]) => {
            let hash = match rest.last().filter(|last| last.tag == SEQUENCE) {
                None => Hash::Sha1,
                Some(prf) => {
                    let (prf, _) = identifier(prf).ok_or_else(|| damaged("key derivation"))?;
                    Hash::by_hmac_oid(&prf).ok_or_else(|| unsupported(&prf))?
                }
            };
            (Derivation::Pbkdf2 { hash, salt: octets(salt)?, rounds: count(rounds)? }, rest)
        }
        ("1.3.6.1.4.1.11591.4.11", [salt, cost, block_size, parallelization, rest @ ..]) => {
            let cost = cost.unsigned().filter(|cost| cost.is_power_of_two() && *cost > 1);
            let cost = cost.ok_or_else(|| damaged("key derivation"))?;
            // the logarithm of 64 bits is no more than 63
            let log_cost = u8::try_from(cost.ilog2()).unwrap_or(u8::MAX);
            let (block_size, parallelization) = (count(block_size)?, count(parallelization)?);
            (Derivation::Scrypt { salt: octets(salt)?, log_cost, block_size, parallelization }, rest)
        }
        ("1.2.840.113549.1.5.12" | "1.3.6.1.4.1.11591.4.11", _) => return Err(damaged("key derivation")),
        _ => return Err(unsupported(&kind)),
    };
    let key_length = rest.first().and_then(Tlv::unsigned).map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    Ok((derivation.checked()?, key_length))
}

/// The cipher of PBES2 (RFC 8018 appendix B.2) with its initialization vector.
fn cipher(scheme: &Tlv<'_>, key_length: Option<usize>) -> Result<(Cipher, Vec<u8>), OpenError> {
    let (kind, parameters) = identifier(scheme).ok_or_else(|| damaged("cipher"))?;
    let parameters = parameters.ok_or_else(|| damaged("cipher"))?;
    let cipher = match kind.to_string().as_str() {
        "2.16.840.1.101.3.4.1.2" => Cipher::Aes128,
        "2.16.840.1.101.3.4.1.22" => Cipher::Aes192,
        "2.16.840.1.101.3.4.1.42" => Cipher::Aes256,
        "1.2.840.113549.3.7" => Cipher::TripleDes3,
        "1.3.14.3.2.7" => Cipher::Des,
        "1.2.840.113549.3.2" => return rc2(&parameters, key_length),
        _ => return Err(unsupported(&kind)),
    };
    Ok((cipher, octets(&parameters)?))
}

/// `RC2-CBC-Parameter ::= SEQUENCE { rc2ParameterVersion INTEGER OPTIONAL, iv OCTET STRING }`
fn rc2(parameters: &Tlv<'_>, key_length: Option<usize>) -> Result<(Cipher, Vec<u8>), OpenError> {
    let parts = parameters.tagged(SEQUENCE).and_then(|parameters| parameters.children());
    let (effective_bits, iv) = match parts.as_deref() {
        Some([iv]) => (32, iv),
        Some([version, iv]) => match version.unsigned() {
            Some(160) => (40, iv),
            Some(120) => (64, iv),
            Some(58) => (128, iv),
            Some(bits @ 256..=1024) => (usize::try_from(bits).unwrap_or(1024), iv),
            _ => return Err(damaged("version of RC2")),
        },
        _ => return Err(damaged("cipher")),
    };
    let key_length = key_length.unwrap_or(effective_bits / 8);
    if !(1..=128).contains(&key_length) {
        return Err(damaged("key length"));
    }
    Ok((Cipher::Rc2 { key_length, effective_bits }, octets(iv)?))
}

/// The identifier of an `AlgorithmIdentifier`, and its parameters.
pub(in crate::pki) fn identifier<'a>(algorithm: &Tlv<'a>) -> Option<(ObjectIdentifier, Option<Tlv<'a>>)> {
    let parts = algorithm.tagged(SEQUENCE)?.children()?;
    let (kind, parameters) = parts.split_first()?;
    Some((kind.oid()?, parameters.first().copied()))
}

pub(in crate::pki) fn unsupported(kind: &ObjectIdentifier) -> OpenError {
    OpenError::UnsupportedEncryption { name: oid::encryption_name(kind) }
}

fn octets(element: &Tlv<'_>) -> Result<Vec<u8>, OpenError> {
    let octets = element.tagged(OCTET_STRING).ok_or_else(|| damaged("parameters"))?;
    Ok(octets.content.to_vec())
}

/// More than 32 bits are too many, and named so.
fn count(element: &Tlv<'_>) -> Result<u32, OpenError> {
    let rounds = element.unsigned().ok_or_else(|| damaged("rounds"))?;
    u32::try_from(rounds).map_err(|_| OpenError::excessive(rounds.into(), super::MAX_ROUNDS.into(), "rounds"))
}

fn damaged(what: &str) -> OpenError {
    OpenError::damaged(format!("the {what} of its encryption"))
}
