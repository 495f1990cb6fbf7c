//! Public keys, as certificates and requests carry them.

mod weakness;

use std::fmt;

use base64ct::Encoding as _;
use rsa::BoxedUint;

pub use weakness::KeyWeakness;

use super::{KeyAlgorithm, asn1, oid};
use crate::digest::Digest;

/// A `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7) in DER. Two keys are equal when their octets are.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    der: Vec<u8>,
}

/// Bytes that are no public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// Not the structure of RFC 5280 section 4.1.2.7.
    #[error("not a public key: no SubjectPublicKeyInfo in DER")]
    NotAPublicKey,
}

impl PublicKey {
    /// Takes a public key of any algorithm.
    ///
    /// # Errors
    ///
    /// [`PublicKeyError::NotAPublicKey`] when the bytes are not one `SubjectPublicKeyInfo`.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, PublicKeyError> {
        parts(der).ok_or(PublicKeyError::NotAPublicKey)?;
        Ok(Self { der: der.to_vec() })
    }

    /// The `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The key itself: the octets of the BIT STRING.
    pub(super) fn bits(&self) -> &[u8] {
        parts(&self.der).map_or(&[], |parts| parts.key)
    }

    /// The SHA-256 hash of the `SubjectPublicKeyInfo`: what a key is recognised by.
    #[must_use]
    pub fn hash(&self) -> Digest {
        Digest::of(&self.der)
    }

    /// The same hash in base64: the pin of RFC 7469 section 2.4, which other tools show.
    #[must_use]
    pub fn pin(&self) -> String {
        base64ct::Base64::encode_string(self.hash().as_bytes())
    }

    /// For people: `RSA 2048 bits`, `ECDSA P-256`, `Ed25519`.
    #[must_use]
    pub fn describe(&self) -> String {
        let Some(parts) = parts(&self.der) else { return "unknown".to_owned() };
        let name = oid::key_name(&parts.algorithm, parts.curve.as_ref());
        match self.rsa() {
            Some(rsa) => format!("{name} {} bits", rsa.modulus.bits_vartime()),
            None => name,
        }
    }

    /// The algorithm of its private key, when that is one of ours.
    #[must_use]
    pub fn algorithm(&self) -> Option<KeyAlgorithm> {
        let parts = parts(&self.der)?;
        match (parts.algorithm, parts.curve) {
            (oid::EC_PUBLIC_KEY, Some(oid::P_256)) => Some(KeyAlgorithm::EcdsaP256),
            (oid::EC_PUBLIC_KEY, Some(oid::P_384)) => Some(KeyAlgorithm::EcdsaP384),
            (oid::ED25519, _) => Some(KeyAlgorithm::Ed25519),
            (oid::RSA_ENCRYPTION, _) => match self.rsa_bits()? {
                2048 => Some(KeyAlgorithm::Rsa2048),
                3072 => Some(KeyAlgorithm::Rsa3072),
                4096 => Some(KeyAlgorithm::Rsa4096),
                512..=8192 => Some(KeyAlgorithm::OtherRsa),
                _ => None,
            },
            _ => None,
        }
    }

    /// What makes the key unfit for use.
    #[must_use]
    pub fn weaknesses(&self) -> Vec<KeyWeakness> {
        self.rsa().map_or_else(Vec::new, |rsa| KeyWeakness::of(&rsa))
    }

    /// The key of an `RSAPublicKey` (RFC 8017 appendix A.1.1), which does not name its algorithm.
    pub(super) fn from_pkcs1_der(der: &[u8]) -> Result<Self, PublicKeyError> {
        let bits = asn1::write(asn1::BIT_STRING, &[&[0], der].concat());
        let key = Self::from_spki_der(&asn1::write(asn1::SEQUENCE, &[&oid::RSA_IDENTIFIER[..], &bits].concat()))?;
        key.rsa().map(|_| ()).ok_or(PublicKeyError::NotAPublicKey)?;
        Ok(key)
    }

    /// The size of the modulus, when it is an RSA key.
    pub(super) fn rsa_bits(&self) -> Option<u32> {
        Some(self.rsa()?.modulus.bits_vartime())
    }

    fn rsa(&self) -> Option<RsaNumbers> {
        let parts = parts(&self.der)?;
        if parts.algorithm != oid::RSA_ENCRYPTION && parts.algorithm != oid::RSASSA_PSS {
            return None;
        }
        let numbers = asn1::whole(parts.key)?.tagged(asn1::SEQUENCE)?.children()?;
        let [modulus, exponent] = numbers.as_slice() else { return None };
        Some(RsaNumbers { modulus: number(modulus)?, exponent: number(exponent)? })
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.describe(), self.hash().short())
    }
}

/// `RSAPublicKey` (RFC 8017 appendix A.1.1).
struct RsaNumbers {
    modulus: BoxedUint,
    exponent: BoxedUint,
}

fn number(integer: &asn1::Tlv<'_>) -> Option<BoxedUint> {
    let octets = integer.tagged(asn1::INTEGER)?.content;
    let bits = u32::try_from(octets.len()).ok()?.checked_mul(8)?;
    BoxedUint::from_be_slice(octets, bits).ok()
}

struct Parts<'a> {
    algorithm: der::asn1::ObjectIdentifier,
    curve: Option<der::asn1::ObjectIdentifier>,
    key: &'a [u8],
}

fn parts(der: &[u8]) -> Option<Parts<'_>> {
    let outer = asn1::whole(der)?.tagged(asn1::SEQUENCE)?.children()?;
    let [algorithm, key] = outer.as_slice() else { return None };
    let algorithm = algorithm.tagged(asn1::SEQUENCE)?.children()?;
    let (identifier, parameters) = algorithm.split_first()?;
    let curve = parameters.first().and_then(asn1::Tlv::oid);
    Some(Parts { algorithm: identifier.oid()?, curve, key: key.bits()? })
}

#[cfg(test)]
mod tests {
    use super::{KeyAlgorithm, KeyWeakness, PublicKey};
    use crate::pki::asn1::{BIT_STRING, INTEGER, SEQUENCE, write};

    fn rsa(modulus: &[u8], exponent: &[u8]) -> PublicKey {
        let numbers = [write(INTEGER, modulus), write(INTEGER, exponent)].concat();
        let bits = [vec![0], write(SEQUENCE, &numbers)].concat();
        let algorithm = [0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
        let key = [algorithm.to_vec(), write(BIT_STRING, &bits)].concat();
        PublicKey::from_spki_der(&write(SEQUENCE, &key)).unwrap()
    }

    #[test]
    fn weak_rsa_keys_are_named() {
        let modulus = |octets: usize| [vec![0, 0x80], vec![1; octets - 1]].concat();
        let good = rsa(&modulus(256), &[1, 0, 1]);
        assert_eq!(good.describe(), "RSA 2048 bits");
        assert_eq!(good.weaknesses(), []);
        assert_eq!(good.algorithm(), Some(KeyAlgorithm::Rsa2048));
        assert_eq!(rsa(&modulus(128), &[1, 0, 1]).algorithm(), Some(KeyAlgorithm::OtherRsa));
        assert_eq!(rsa(&modulus(32), &[1, 0, 1]).algorithm(), None);
        assert_eq!(rsa(&modulus(128), &[1, 0, 1]).weaknesses(), [KeyWeakness::ShortRsa { bits: 1024 }]);
        assert_eq!(rsa(&modulus(256), &[3]).weaknesses(), [KeyWeakness::SmallExponent { exponent: 3 }]);
        assert_eq!(rsa(&modulus(256), &[1, 0, 0]).weaknesses(), [KeyWeakness::EvenExponent]);
        assert_eq!(rsa(&modulus(256), &[1; 12]).weaknesses(), []);
        assert_eq!(rsa(&[], &[]).weaknesses(), [KeyWeakness::ShortRsa { bits: 0 }, KeyWeakness::EvenExponent]);
    }

    #[test]
    fn what_is_no_public_key_is_refused() {
        for bytes in [&b""[..], b"0", &[0x30, 0], &[0x30, 2, 5, 0]] {
            assert!(PublicKey::from_spki_der(bytes).is_err());
        }
    }
}
