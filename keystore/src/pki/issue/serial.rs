use std::fmt;
use std::str::FromStr;

use crate::name::serde_as_text;

/// The serial number of a certificate (RFC 5280 section 4.1.2.2): positive, at most 20 octets as it is encoded. Written
/// in lower-case hexadecimal without colons, as [`Certificate::serial`](crate::pki::Certificate::serial) is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SerialNumber(Vec<u8>);

/// Text or octets that are no serial number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no serial number: these are positive, in hexadecimal, of at most 159 bits")]
pub struct SerialNumberError {
    /// What was given.
    pub text: String,
}

/// The longest number, in octets as they are encoded.
const LIMIT: usize = 20;

impl SerialNumber {
    /// A number of 126 random bits. The first octet of the sixteen gives up two: one keeps the number positive, one makes
    /// all of them as long as each other, so that none is zero.
    #[must_use]
    pub fn from_random(mut octets: [u8; 16]) -> Self {
        octets[0] = octets[0] & 0x3f | 0x40;
        Self(octets.to_vec())
    }

    /// A number with 78 random bits before one that is never given twice, so that neither is the whole.
    #[must_use]
    pub fn unique(mut random: [u8; 10], number: u64) -> Self {
        random[0] = random[0] & 0x3f | 0x40;
        Self([&random[..], &number.to_be_bytes()].concat())
    }

    /// The number that these octets say, the first the highest.
    ///
    /// # Errors
    ///
    /// When it is zero or too long.
    pub fn from_be_octets(octets: &[u8]) -> Result<Self, SerialNumberError> {
        let significant: Vec<u8> = octets.iter().copied().skip_while(|&octet| octet == 0).collect();
        let sign = usize::from(significant.first().is_some_and(|first| first & 0x80 != 0));
        if significant.is_empty() || significant.len() + sign > LIMIT {
            return Err(SerialNumberError { text: crate::digest::hexadecimal(octets) });
        }
        Ok(Self(significant))
    }

    pub(super) fn encoded(&self) -> der::Result<x509_cert::serial_number::SerialNumber> {
        x509_cert::serial_number::SerialNumber::new(&self.0)
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl FromStr for SerialNumber {
    type Err = SerialNumberError;

    /// Hexadecimal, of either case, with colons between octets or without.
    fn from_str(text: &str) -> Result<Self, SerialNumberError> {
        let fault = || SerialNumberError { text: text.to_owned() };
        let digits: String = text.chars().filter(|&character| character != ':').collect();
        let digits = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits };
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(fault());
        }
        let octet = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16);
        let octets = (0..digits.len()).step_by(2).map(octet).collect::<Result<Vec<_>, _>>();
        Self::from_be_octets(&octets.map_err(|_| fault())?).map_err(|_| fault())
    }
}

serde_as_text!(SerialNumber);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::SerialNumber;

    #[test]
    fn is_positive_and_of_twenty_octets_at_most() {
        assert_eq!(SerialNumber::from_random([0xff; 16]).to_string(), format!("7f{}", "ff".repeat(15)));
        assert_eq!(SerialNumber::from_random([0; 16]).to_string(), format!("40{}", "00".repeat(15)));
        assert_eq!("00:0A:b".parse::<SerialNumber>().unwrap().to_string(), "ab");
        assert_eq!("abc".parse::<SerialNumber>().unwrap().to_string(), "0abc");
        for none in ["", "0", "00:00", "-1", "0x1", "xyz", "é", &"ff".repeat(20), &"01".repeat(21)] {
            assert!(none.parse::<SerialNumber>().is_err(), "{none}");
        }
        assert!("7f".repeat(20).parse::<SerialNumber>().is_ok());
    }

    proptest! {
        #[test]
        fn every_one_is_read_back_and_can_be_encoded(octets: [u8; 16], random: [u8; 10], number: u64, text: String) {
            let unique = SerialNumber::unique(random, number);
            let end = format!("{number:016x}");
            prop_assert!(unique.encoded().is_ok() && unique.to_string().ends_with(&end));
            prop_assert_ne!(&unique, &SerialNumber::unique(random, number ^ 1));
            let serial = SerialNumber::from_random(octets);
            prop_assert!(serial.encoded().is_ok());
            prop_assert_eq!(serial.to_string().parse::<SerialNumber>().unwrap(), serial);
            if let Ok(serial) = text.parse::<SerialNumber>() {
                prop_assert!(serial.encoded().is_ok());
            }
        }
    }
}
