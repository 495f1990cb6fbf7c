//! `RSAPrivateKey` (RFC 8017 appendix A.1.2), taken apart and compared.

use std::ops::RangeInclusive;

use aws_lc_rs::signature::RsaKeyPair;
use rsa::pkcs1::RsaPrivateKeyRef;
use rsa::{BoxedUint, RsaPrivateKey};
use zeroize::Zeroizing;

use crate::pki::asn1::{self, INTEGER, SEQUENCE, Tlv};
use crate::pki::{OpenError, PublicKey, oid};

/// A longer modulus is not for use, and takes long to check.
const MAX_BITS: usize = 16_384;
/// What the crate `rsa` takes: 33 bits.
const USUAL_EXPONENT_OCTETS: usize = 4;
/// What aws-lc takes.
const USED_BITS: RangeInclusive<usize> = 2048..=8192;

pub(super) struct RsaNumbers<'a> {
    der: &'a [u8],
    /// Modulus, public exponent, private exponent, two primes, without leading zeros.
    numbers: [&'a [u8]; 5],
}

impl<'a> RsaNumbers<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Self, OpenError> {
        let fields = asn1::whole(der).and_then(|outer| outer.tagged(SEQUENCE)?.children()).unwrap_or_default();
        // version 1 (RFC 8017 appendix A.1.2)
        if fields.len() > 9 && fields.first().and_then(Tlv::unsigned) == Some(1) {
            return Err(OpenError::UnsupportedKey { name: "RSA with more than two primes".to_owned() });
        }
        let read = || {
            let numbers: Option<Vec<&[u8]>> =
                fields.iter().map(|field| Some(significant(field.tagged(INTEGER)?.content))).collect();
            let [_version, modulus, public, private, p, q, ..] = numbers?[..] else { return None };
            Some([modulus, public, private, p, q])
        };
        let numbers = read().ok_or_else(|| OpenError::damaged("it is no RSAPrivateKey"))?;
        let numbers = Self { der, numbers };
        if numbers.bits() > MAX_BITS {
            return Err(OpenError::UnsupportedKey { name: format!("RSA {} bits", numbers.bits()) });
        }
        Ok(numbers)
    }

    pub(super) fn bits(&self) -> usize {
        let [modulus, ..] = self.numbers;
        modulus.len() * 8 - modulus.first().map_or(0, |octet| octet.leading_zeros() as usize)
    }

    pub(super) fn public_key(&self) -> Option<PublicKey> {
        let [modulus, exponent, ..] = self.numbers;
        PublicKey::from_pkcs1_der(&asn1::write(SEQUENCE, &[asn1::unsigned(modulus), asn1::unsigned(exponent)].concat()))
            .ok()
    }

    /// p * q = n, and for exponents of usual size d * e = 1 (mod p - 1, q - 1).
    pub(super) fn check(&self) -> Result<(), OpenError> {
        let damaged = || OpenError::damaged("its numbers do not belong together");
        let [modulus, exponent, private, p, q] = self.numbers;
        if [private, p, q].iter().any(|number| number.is_empty() || number.len() > modulus.len()) {
            return Err(damaged());
        }
        // twice as wide as the modulus, so that the product does not wrap
        let wide =
            |octets: &[u8]| number(&Zeroizing::new([&vec![0; modulus.len() * 2 - octets.len()], octets].concat()));
        let (Some(p), Some(q), Some(n)) = (wide(p), wide(q), wide(modulus)) else { return Err(damaged()) };
        if p.wrapping_mul(&q) != n {
            return Err(damaged());
        }
        if exponent.len() > USUAL_EXPONENT_OCTETS {
            return Ok(());
        }
        let components = RsaPrivateKeyRef::try_from(self.der).map_err(|_| damaged())?;
        RsaPrivateKey::try_from(components).map_err(|_| damaged())?;
        // the exponents and the coefficient for each prime as well
        if USED_BITS.contains(&self.bits()) && RsaKeyPair::from_der(self.der).is_err() {
            return Err(damaged());
        }
        Ok(())
    }
}

/// `PrivateKeyInfo` around an `RSAPrivateKey`.
pub(super) fn pkcs8(pkcs1: &[u8]) -> Zeroizing<Vec<u8>> {
    let key = Zeroizing::new(asn1::write(asn1::OCTET_STRING, pkcs1));
    let body = Zeroizing::new([&[INTEGER, 1, 0][..], &oid::RSA_IDENTIFIER, &key].concat());
    Zeroizing::new(asn1::write(SEQUENCE, &body))
}

/// A number without leading zeros, as BoxedUint.
pub(super) fn number(octets: &[u8]) -> Option<BoxedUint> {
    let bits = u32::try_from(octets.len()).ok()?.checked_mul(8)?;
    BoxedUint::from_be_slice(octets, bits).ok()
}

fn significant(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    &octets[zeros..]
}
