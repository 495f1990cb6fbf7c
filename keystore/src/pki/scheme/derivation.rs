use std::fmt;

use pkcs12::kdf::{Pkcs12KeyType, derive_key};
use zeroize::Zeroizing;

use super::hash::with_hash;
use super::{Hash, MAX_ROUNDS, Password};
use crate::pki::OpenError;

/// More memory than anybody means.
const MAX_SCRYPT_MEMORY: u128 = 1 << 30;
/// More than anybody means: each costs the whole memory once.
const MAX_SCRYPT_PARALLELIZATION: u32 = 64;

/// From a passphrase to a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::pki) enum Derivation {
    /// RFC 8018 section 5.2.
    Pbkdf2 { hash: Hash, salt: Vec<u8>, rounds: u32 },
    /// RFC 7914; the cost parameter is a power of two.
    Scrypt { salt: Vec<u8>, log_cost: u8, block_size: u32, parallelization: u32 },
    /// RFC 8018 section 5.1: eight octets of key and eight of initialization vector.
    Pbkdf1 { hash: Hash, salt: Vec<u8>, rounds: u32 },
    /// RFC 7292 appendix B.2.
    Pkcs12 { hash: Hash, salt: Vec<u8>, rounds: u32 },
    /// OpenSSL's `EVP_BytesToKey` with MD5 and one round.
    BytesToKey { salt: Vec<u8> },
}

/// A key, and an initialization vector where the derivation gives one.
pub(super) type Derived = (Zeroizing<Vec<u8>>, Zeroizing<Vec<u8>>);

/// As many rounds for all that is in one file: enough for each of a hundred keys, far from a day for ten thousand.
const MAX_ROUNDS_IN_ALL: u64 = 2 * MAX_ROUNDS;

/// How many rounds of key derivation everything in one file may still ask for, all passphrases together.
pub struct Budget {
    left: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: MAX_ROUNDS_IN_ALL }
    }
}

impl Budget {
    /// Takes the rounds of one derivation.
    pub(in crate::pki) fn take(&mut self, rounds: u64) -> Result<(), OpenError> {
        let asked = u128::from(MAX_ROUNDS_IN_ALL - self.left) + u128::from(rounds);
        let left = self.left.checked_sub(rounds);
        self.left = left.ok_or_else(|| OpenError::excessive(asked, MAX_ROUNDS_IN_ALL.into(), "rounds in all"))?;
        Ok(())
    }
}

impl Derivation {
    /// Refuses what would exhaust the machine.
    pub(in crate::pki) fn checked(self) -> Result<Self, OpenError> {
        if self.rounds() == 0 {
            return Err(OpenError::damaged("its key derivation has no rounds"));
        }
        if self.rounds() > MAX_ROUNDS {
            return Err(OpenError::excessive(self.rounds().into(), MAX_ROUNDS.into(), "rounds"));
        }
        if let Self::Scrypt { log_cost, block_size, parallelization, .. } = self {
            if parallelization > MAX_SCRYPT_PARALLELIZATION {
                let limit = MAX_SCRYPT_PARALLELIZATION.into();
                return Err(OpenError::excessive(parallelization.into(), limit, "times its memory"));
            }
            let blocks = (1u128 << log_cost.min(64)) + u128::from(parallelization);
            let memory = blocks * u128::from(block_size) * 128;
            if memory > MAX_SCRYPT_MEMORY {
                return Err(OpenError::excessive(memory, MAX_SCRYPT_MEMORY, "octets of memory"));
            }
        }
        Ok(self)
    }

    pub(in crate::pki) fn rounds(&self) -> u64 {
        match self {
            Self::Pbkdf2 { rounds, .. } | Self::Pbkdf1 { rounds, .. } | Self::Pkcs12 { rounds, .. } => {
                u64::from(*rounds)
            }
            // what a round of PBKDF2 costs, roughly: 64 octets of memory moved
            Self::Scrypt { log_cost, block_size, parallelization, .. } => {
                let memory = (1u64 << (*log_cost).min(40)).saturating_mul(u64::from(*block_size));
                memory.saturating_mul(u64::from(*parallelization)).clamp(1, MAX_ROUNDS / 4)
            }
            Self::BytesToKey { .. } => 1,
        }
    }

    pub(super) fn is_current(&self) -> bool {
        matches!(self, Self::Pbkdf2 { hash, .. } if *hash != Hash::Md5) || matches!(self, Self::Scrypt { .. })
    }

    pub(super) fn derive(&self, password: &Password, key: usize, iv: usize) -> Result<Derived, OpenError> {
        let none = Zeroizing::default;
        match self {
            Self::Pbkdf2 { hash, salt, rounds } => Ok((pbkdf2(*hash, password, salt, *rounds, key), none())),
            Self::Scrypt { salt, log_cost, block_size, parallelization } => {
                let parameters = scrypt::Params::new(*log_cost, *block_size, *parallelization)
                    .map_err(|_| OpenError::damaged("the parameters of scrypt"))?;
                let mut derived = zeroes(key);
                scrypt::scrypt(password.octets(), salt, &parameters, &mut derived)
                    .map_err(|_| OpenError::damaged("the parameters of scrypt"))?;
                Ok((derived, none()))
            }
            Self::Pbkdf1 { hash, salt, rounds } => {
                let mut value = hash.of(&joined(&[password.octets(), salt]));
                for _ in 1..*rounds {
                    value = hash.of(&value);
                }
                split(&value, key, iv)
            }
            Self::Pkcs12 { hash, salt, rounds } => {
                let derive = |kind, length| pkcs12(*hash, password, salt, *rounds, kind, length);
                Ok((derive(Pkcs12KeyType::EncryptionKey, key), derive(Pkcs12KeyType::Iv, iv)))
            }
            Self::BytesToKey { salt } => {
                let mut value = Zeroizing::new(Vec::with_capacity(64));
                let mut last: Zeroizing<Vec<u8>> = Zeroizing::default();
                while value.len() < key {
                    last = Hash::Md5.of(&joined(&[&last, password.octets(), salt]));
                    value.extend_from_slice(&last);
                }
                split(&value, key, 0)
            }
        }
    }

    /// The key of a message authentication code (RFC 7292 appendix B.3, RFC 9579).
    pub(in crate::pki) fn mac_key(&self, password: &Password, length: usize) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        match self {
            Self::Pkcs12 { hash, salt, rounds } => {
                Ok(pkcs12(*hash, password, salt, *rounds, Pkcs12KeyType::Mac, length))
            }
            other => Ok(other.derive(password, length, 0)?.0),
        }
    }
}

fn pbkdf2(hash: Hash, password: &Password, salt: &[u8], rounds: u32, length: usize) -> Zeroizing<Vec<u8>> {
    let mut derived = zeroes(length);
    with_hash!(hash, D => pbkdf2::pbkdf2_hmac::<D>(password.octets(), salt, rounds, &mut derived));
    derived
}

fn pkcs12(
    hash: Hash,
    password: &Password,
    salt: &[u8],
    rounds: u32,
    kind: Pkcs12KeyType,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    // no more than MAX_ROUNDS: it was checked
    let rounds = i32::try_from(rounds).unwrap_or(i32::MAX);
    with_hash!(hash, D => Zeroizing::new(derive_key::<D>(password.bmp(), salt, kind, rounds, length)))
}

fn split(value: &[u8], key: usize, iv: usize) -> Result<Derived, OpenError> {
    let parts = value.split_at_checked(key).and_then(|(key, rest)| Some((key, rest.get(..iv)?)));
    let (key, iv) = parts.ok_or_else(|| OpenError::damaged("its key derivation gives too short a key"))?;
    Ok((Zeroizing::new(key.to_vec()), Zeroizing::new(iv.to_vec())))
}

fn joined(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(parts.concat())
}

fn zeroes(length: usize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(vec![0; length])
}

impl fmt::Display for Derivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pbkdf2 { hash, rounds, .. } => write!(f, "PBKDF2-HMAC-{hash}, {rounds} rounds"),
            Self::Scrypt { log_cost, block_size, parallelization, .. } => {
                write!(f, "scrypt, N=2^{log_cost}, r={block_size}, p={parallelization}")
            }
            Self::Pbkdf1 { hash, rounds, .. } => write!(f, "PBKDF1-{hash}, {rounds} rounds"),
            Self::Pkcs12 { hash, rounds, .. } => write!(f, "{hash}, {rounds} rounds"),
            Self::BytesToKey { .. } => f.write_str("MD5"),
        }
    }
}
