use std::fmt;
use std::ops::BitOr;
use std::str::FromStr;

use super::ExtensionError;
use crate::pki::asn1::{self, BIT_STRING};

/// What a key may do (RFC 5280 section 4.2.1.3). Never empty.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyUsage(u16);

/// By their bits, the lowest first.
pub(super) const NAMES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

/// What OpenSSL, and X.509 since 2000, call some of them too.
const OTHER_NAMES: [(&str, usize); 10] = [
    ("contentCommitment", 1),
    ("Digital Signature", 0),
    ("Non Repudiation", 1),
    ("Key Encipherment", 2),
    ("Data Encipherment", 3),
    ("Key Agreement", 4),
    ("Certificate Sign", 5),
    ("CRL Sign", 6),
    ("Encipher Only", 7),
    ("Decipher Only", 8),
];

impl KeyUsage {
    /// `digitalSignature`.
    pub const SIGNATURE: Self = Self(1);
    /// `keyEncipherment`.
    pub const KEY_ENCIPHERMENT: Self = Self(1 << 2);
    /// `keyCertSign`.
    pub(in crate::pki) const CERTIFICATE_SIGNING: Self = Self(1 << 5);
    /// `cRLSign`.
    pub(in crate::pki) const LIST_SIGNING: Self = Self(1 << 6);
    /// Both.
    pub(in crate::pki) const OF_AUTHORITY: Self = Self(Self::AUTHORITY);
    const ENCIPHERMENT: u16 = 1 << 2 | 1 << 3;
    const AUTHORITY: u16 = 1 << 5 | 1 << 6;

    /// The usages by their numbers in RFC 5280. `None` when there are none, or some that it doesn't have.
    #[must_use]
    pub fn from_numbers(numbers: impl IntoIterator<Item = usize>) -> Option<Self> {
        let bit = |number: usize| (number < NAMES.len()).then(|| 1 << number);
        let bits = numbers.into_iter().try_fold(0, |bits, number| Some(bits | bit(number)?))?;
        (bits != 0).then_some(Self(bits))
    }

    /// Their numbers in RFC 5280.
    pub(in crate::pki) fn numbers(self) -> impl Iterator<Item = usize> {
        (0..NAMES.len()).filter(move |number| self.0 & 1 << number != 0)
    }

    /// Whether only an authority's key may do it.
    #[must_use]
    pub fn is_authoritys(self) -> bool {
        self.0 & Self::AUTHORITY != 0
    }

    /// Whether all of these are among them.
    pub(in crate::pki) fn includes(self, usage: Self) -> bool {
        self.0 & usage.0 == usage.0
    }

    /// For a key that cannot encrypt; signing is what is left at least.
    pub(super) fn without_encipherment(self) -> Self {
        match self.0 & !Self::ENCIPHERMENT {
            0 => Self::SIGNATURE,
            bits => Self(bits),
        }
    }

    pub(in crate::pki) fn read(der: &[u8]) -> Option<Self> {
        let (&unused, octets) = asn1::whole(der)?.tagged(BIT_STRING)?.content.split_first()?;
        if unused > 7 {
            return None;
        }
        let is_set = |number: &usize| octets.get(number / 8).is_some_and(|octet| octet & 0x80 >> (number % 8) != 0);
        Self::from_numbers((0..NAMES.len()).filter(is_set))
    }
}

impl BitOr for KeyUsage {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.numbers().map(|number| NAMES[number]).collect();
        f.write_str(&names.join(","))
    }
}

impl FromStr for KeyUsage {
    type Err = ExtensionError;

    fn from_str(text: &str) -> Result<Self, ExtensionError> {
        let number = |word: &str| {
            let known = NAMES.iter().position(|name| name.eq_ignore_ascii_case(word));
            known.or_else(|| OTHER_NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, at)| *at))
        };
        let unknown = |word: &str| ExtensionError::KeyUsage { text: word.to_owned() };
        let words = text.split(',').map(str::trim);
        let numbers = words.map(|word| number(word).ok_or_else(|| unknown(word))).collect::<Result<Vec<_>, _>>()?;
        Self::from_numbers(numbers).ok_or_else(|| unknown(text))
    }
}
