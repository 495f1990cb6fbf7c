//! What makes a public key unfit for use.

use std::fmt;

use rsa::BoxedUint;

use super::RsaNumbers;

/// An RSA modulus below this can be factored with some effort.
const RSA_MINIMUM: u32 = 2048;
/// The smallest public exponent that authorities accept.
const EXPONENT_MINIMUM: u64 = 65537;
/// A longer modulus is not looked into: it is not for use, and would take long.
const RSA_MAXIMUM: u32 = 16_384;
/// How far apart primes may be and still be found: far beyond what chance makes.
const FERMAT_STEPS: u32 = 100;

/// What makes a public key unfit for use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeyWeakness {
    /// An RSA modulus under 2048 bits.
    ShortRsa {
        /// Its size.
        bits: u32,
    },
    /// An RSA public exponent that is even: no private exponent belongs to it.
    EvenExponent,
    /// An RSA public exponent under 65537.
    SmallExponent {
        /// The exponent.
        exponent: u64,
    },
    /// An RSA modulus with the mark of Infineon's library (CVE-2017-15361): it can be factored.
    Roca,
    /// An RSA modulus whose primes are so close that Fermat's method finds them at once.
    ClosePrimes,
}

impl KeyWeakness {
    /// A word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ShortRsa { .. } => "short-rsa-key",
            Self::EvenExponent => "even-exponent",
            Self::SmallExponent { .. } => "small-exponent",
            Self::Roca => "roca",
            Self::ClosePrimes => "close-primes",
        }
    }

    pub(super) fn of(rsa: &RsaNumbers) -> Vec<Self> {
        let mut found = Vec::new();
        let bits = rsa.modulus.bits_vartime();
        if bits < RSA_MINIMUM {
            found.push(Self::ShortRsa { bits });
        }
        let exponent = rsa.exponent.as_words().first().copied().unwrap_or(0);
        if exponent.is_multiple_of(2) {
            found.push(Self::EvenExponent);
        } else if rsa.exponent.bits_vartime() <= 64 && rsa.exponent < BoxedUint::from(EXPONENT_MINIMUM) {
            found.push(Self::SmallExponent { exponent });
        }
        if (256..=RSA_MAXIMUM).contains(&bits) {
            found.extend(has_roca_mark(&rsa.modulus).then_some(Self::Roca));
            found.extend(has_close_primes(&rsa.modulus).then_some(Self::ClosePrimes));
        }
        found
    }
}

impl fmt::Display for KeyWeakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShortRsa { bits } => {
                write!(f, "an RSA key of {bits} bits: fewer than {RSA_MINIMUM} can be broken")
            }
            Self::EvenExponent => f.write_str("an RSA key with an even public exponent: it is damaged"),
            Self::SmallExponent { exponent } => {
                write!(f, "an RSA key with the public exponent {exponent}: less than {EXPONENT_MINIMUM} is weak")
            }
            Self::Roca => {
                f.write_str("an RSA key with the mark of a faulty library (ROCA, CVE-2017-15361): it can be broken")
            }
            Self::ClosePrimes => {
                f.write_str("an RSA key whose primes are close to each other: it can be broken at once")
            }
        }
    }
}

/// The discriminating test of "The Return of Coppersmith's Attack" (2017): modulo each of these primes, the modulus is
/// a power of 65537. By chance that is so for one modulus in 2^27 or fewer.
fn has_roca_mark(modulus: &BoxedUint) -> bool {
    const PRIMES: [u64; 38] = [
        3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
        109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
    ];
    PRIMES.iter().all(|&prime| is_power_of_65537(remainder(modulus, prime), prime))
}

fn is_power_of_65537(number: u64, prime: u64) -> bool {
    let powers = std::iter::successors(Some(1), |power| Some(power * 65537 % prime));
    powers.take(usize::try_from(prime).unwrap_or(0)).any(|power| power == number)
}

/// Fermat's method: n = a^2 - b^2 = (a - b)(a + b), tried from the square root of n on.
fn has_close_primes(modulus: &BoxedUint) -> bool {
    // room for squares a little above the modulus
    let octets = [&[0; 8][..], &modulus.to_be_bytes()].concat();
    let bits = u32::try_from(octets.len()).unwrap_or(0) * 8;
    let Ok(n) = BoxedUint::from_be_slice(&octets, bits) else { return false };
    let one = BoxedUint::from(1u64);
    let mut a = n.floor_sqrt_vartime();
    if a.wrapping_square() == n {
        return true;
    }
    for _ in 0..FERMAT_STEPS {
        a = a.wrapping_add(&one);
        let rest = a.wrapping_square().wrapping_sub(&n);
        if may_be_square(&rest) && rest.checked_sqrt_vartime().is_some() {
            return true;
        }
    }
    false
}

/// Most numbers that are no squares are none modulo 64, 63, 65 or 11 either.
fn may_be_square(number: &BoxedUint) -> bool {
    let low = number.as_words().first().copied().unwrap_or(0) % 64;
    let is_square = |rest: u64, modulus: u64| (0..modulus).any(|root| root * root % modulus == rest);
    is_square(low, 64) && [63, 65, 11].iter().all(|&modulus| is_square(remainder(number, modulus), modulus))
}

fn remainder(number: &BoxedUint, divisor: u64) -> u64 {
    let fold = |rest: u128, word: &u64| ((rest << 64) | u128::from(*word)) % u128::from(divisor);
    // less than the divisor
    u64::try_from(number.as_words().iter().rev().fold(0, fold)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::KeyWeakness;
    use crate::pki::{KeyAlgorithm, PrivateKey, PublicKey, pem_blocks};

    fn weaknesses(pem: &[u8]) -> Vec<KeyWeakness> {
        let der = pem_blocks(pem).remove(0).body.unwrap();
        PublicKey::from_spki_der(&der).unwrap().weaknesses()
    }

    #[test]
    fn moduli_that_can_be_factored_are_found() {
        assert_eq!(weaknesses(include_bytes!("../../../tests/fixtures/formats/roca.pub")), [KeyWeakness::Roca]);
        assert_eq!(
            weaknesses(include_bytes!("../../../tests/fixtures/formats/close-primes.pub")),
            [KeyWeakness::ClosePrimes]
        );
        assert_eq!(weaknesses(include_bytes!("../../../tests/fixtures/formats/rsa.pub")), []);
    }

    #[test]
    fn good_keys_are_not_suspected() {
        for algorithm in KeyAlgorithm::ALL {
            assert_eq!(PrivateKey::generate(algorithm).unwrap().public_key().weaknesses(), []);
        }
    }
}
