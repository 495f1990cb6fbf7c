//! SHA-256 hashes of records, material and public keys, in lower-case hex wherever they are written.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::name::serde_as_text;

/// A SHA-256 hash (FIPS 180-4), 32 octets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// Octets in lower-case hexadecimal, without anything between them.
#[must_use]
pub fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Octets from hexadecimal of either case; none from text that is anything else.
pub(crate) fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|&[high, low]| from_digits(high, low)).collect()
}

/// One octet from its two digits.
pub(crate) fn from_digits(high: u8, low: u8) -> Option<u8> {
    let digit = |octet: u8| char::from(octet).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

/// Text that is not 64 lower-case hexadecimal digits.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is not a SHA-256 hash: 64 lower-case hexadecimal digits")]
pub struct DigestError {
    text: String,
}

impl Digest {
    /// The hash of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The 32 octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 12 hexadecimal digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        let mut text = self.to_string();
        text.truncate(12);
        text
    }
}

impl Digest {
    /// The 64 hexadecimal digits, without a copy on the heap: a listing writes hundreds of thousands.
    fn digits(&self) -> [u8; 64] {
        let mut digits = [0; 64];
        for (pair, octet) in digits.as_chunks_mut::<2>().0.iter_mut().zip(self.0) {
            *pair = [HEX[usize::from(octet >> 4)], HEX[usize::from(octet & 15)]];
        }
        digits
    }
}

const HEX: [u8; 16] = *b"0123456789abcdef";

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || DigestError { text: text.to_owned() };
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(error()) };
        let pairs: &[[u8; 2]; 32] = pairs.try_into().map_err(|_| error())?;
        let (mut octets, mut wrong) = ([0; 32], 0);
        for (octet, [high, low]) in octets.iter_mut().zip(pairs) {
            let (high, low) = (VALUES[usize::from(*high)], VALUES[usize::from(*low)]);
            wrong |= high | low;
            *octet = high << 4 | low & 15;
        }
        if wrong & NO_DIGIT == 0 { Ok(Self(octets)) } else { Err(error()) }
    }
}

const NO_DIGIT: u8 = 0x80;

/// The value of each octet as a hexadecimal digit.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16_u8 {
        values[HEX[value as usize] as usize] = value;
        value += 1;
    }
    values
};

serde_as_text!(Digest);

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn hashes_the_fips_180_4_example() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
    }

    #[test]
    fn refuses_what_is_not_a_hash() {
        for text in ["", "ab", &"g".repeat(64), &"A".repeat(64), &"é".repeat(32)] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }
}
