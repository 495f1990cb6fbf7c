//! The algorithms that keys are made with.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a private key is made with. What other tools make beyond these is not taken in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum KeyAlgorithm {
    /// ECDSA on NIST P-256: quick, small, accepted everywhere.
    #[default]
    EcdsaP256,
    /// ECDSA on NIST P-384.
    EcdsaP384,
    /// RSA, 2048 bits.
    Rsa2048,
    /// RSA, 3072 bits.
    Rsa3072,
    /// RSA, 4096 bits.
    Rsa4096,
    /// Ed25519 (RFC 8410); browsers and public authorities do not take it yet.
    Ed25519,
    /// RSA of any other size: taken in, and not made here.
    OtherRsa,
}

/// Text that names no algorithm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a key algorithm: there are {}", KeyAlgorithm::ALL.map(KeyAlgorithm::as_str).join(", "))]
pub struct KeyAlgorithmError {
    /// What was given.
    pub text: String,
}

impl KeyAlgorithm {
    /// All that keys are made with, the default first.
    pub const ALL: [Self; 6] =
        [Self::EcdsaP256, Self::EcdsaP384, Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::Ed25519];

    /// The name as it is typed and stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
            Self::Ed25519 => "ed25519",
            Self::OtherRsa => "rsa",
        }
    }

    /// Whether it is RSA, of any size.
    #[must_use]
    pub fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 | Self::OtherRsa)
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for KeyAlgorithm {
    type Err = KeyAlgorithmError;

    /// One that keys are made with.
    fn from_str(text: &str) -> Result<Self, KeyAlgorithmError> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str() == text)
            .ok_or_else(|| KeyAlgorithmError { text: text.to_owned() })
    }
}

impl Serialize for KeyAlgorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for KeyAlgorithm {
    /// One that a key was made with, here or elsewhere.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        if *text == *Self::OtherRsa.as_str() {
            return Ok(Self::OtherRsa);
        }
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::KeyAlgorithm;

    #[test]
    fn every_name_is_read_back() {
        for algorithm in KeyAlgorithm::ALL {
            assert_eq!(algorithm.to_string().parse::<KeyAlgorithm>().unwrap(), algorithm);
        }
    }

    #[test]
    fn what_is_not_made_here_is_known_in_facts_alone() {
        assert_eq!(serde_json::from_str::<KeyAlgorithm>("\"rsa\"").unwrap(), KeyAlgorithm::OtherRsa);
        assert_eq!(serde_json::to_string(&KeyAlgorithm::OtherRsa).unwrap(), "\"rsa\"");
        assert!("rsa".parse::<KeyAlgorithm>().is_err());
    }

    #[test]
    fn an_unknown_name_gets_the_list() {
        assert_eq!(
            "dsa".parse::<KeyAlgorithm>().unwrap_err().to_string(),
            "\"dsa\" is not a key algorithm: there are ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096, ed25519"
        );
    }
}
