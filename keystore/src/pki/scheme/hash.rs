use std::fmt;

use der::asn1::ObjectIdentifier;
use hmac::{Hmac, KeyInit as _, Mac as _};
use zeroize::Zeroizing;

/// A hash function, for reading what is keyed with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::pki) enum Hash {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha512To224,
    Sha512To256,
}

/// Something done with the type of a hash function.
macro_rules! with_hash {
    ($hash:expr, $D:ident => $do:expr) => {
        match $hash {
            $crate::pki::scheme::hash::Hash::Md5 => {
                type $D = md5::Md5;
                $do
            }
            $crate::pki::scheme::hash::Hash::Sha1 => {
                type $D = sha1::Sha1;
                $do
            }
            $crate::pki::scheme::hash::Hash::Sha224 => {
                type $D = sha2::Sha224;
                $do
            }
            $crate::pki::scheme::hash::Hash::Sha256 => {
                type $D = sha2::Sha256;
                $do
            }
            $crate::pki::scheme::hash::Hash::Sha384 => {
                type $D = sha2::Sha384;
                $do
            }
            $crate::pki::scheme::hash::Hash::Sha512 => {
                type $D = sha2::Sha512;
                $do
            }
            $crate::pki::scheme::hash::Hash::Sha512To224 => {
                type $D = sha2::Sha512_224;
                $do
            }
            $crate::pki::scheme::hash::Hash::Sha512To256 => {
                type $D = sha2::Sha512_256;
                $do
            }
        }
    };
}
pub(super) use with_hash;

impl Hash {
    /// By the identifier of the hash function.
    pub(in crate::pki) fn by_oid(oid: &ObjectIdentifier) -> Option<Self> {
        Some(match oid.to_string().as_str() {
            "1.2.840.113549.2.5" => Self::Md5,
            "1.3.14.3.2.26" => Self::Sha1,
            "2.16.840.1.101.3.4.2.4" => Self::Sha224,
            "2.16.840.1.101.3.4.2.1" => Self::Sha256,
            "2.16.840.1.101.3.4.2.2" => Self::Sha384,
            "2.16.840.1.101.3.4.2.3" => Self::Sha512,
            "2.16.840.1.101.3.4.2.5" => Self::Sha512To224,
            "2.16.840.1.101.3.4.2.6" => Self::Sha512To256,
            _ => return None,
        })
    }

    /// By the identifier of HMAC with it (RFC 8018 appendix B.1.2).
    pub(in crate::pki) fn by_hmac_oid(oid: &ObjectIdentifier) -> Option<Self> {
        Some(match oid.to_string().as_str() {
            "1.2.840.113549.2.6" => Self::Md5,
            "1.2.840.113549.2.7" => Self::Sha1,
            "1.2.840.113549.2.8" => Self::Sha224,
            "1.2.840.113549.2.9" => Self::Sha256,
            "1.2.840.113549.2.10" => Self::Sha384,
            "1.2.840.113549.2.11" => Self::Sha512,
            "1.2.840.113549.2.12" => Self::Sha512To224,
            "1.2.840.113549.2.13" => Self::Sha512To256,
            _ => return None,
        })
    }

    /// The octets of its value.
    pub(in crate::pki) fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 | Self::Sha512To224 => 28,
            Self::Sha256 | Self::Sha512To256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The hash of some octets.
    pub(in crate::pki) fn of(self, octets: &[u8]) -> Zeroizing<Vec<u8>> {
        use sha2::Digest as _;
        with_hash!(self, D => Zeroizing::new(D::digest(octets).to_vec()))
    }

    /// The identifier of the hash functions that are written; `None` for the others.
    pub(in crate::pki) fn oid(self) -> Option<&'static str> {
        match self {
            Self::Sha1 => Some("1.3.14.3.2.26"),
            Self::Sha256 => Some("2.16.840.1.101.3.4.2.1"),
            _ => None,
        }
    }

    /// The HMAC of `message`.
    pub(in crate::pki) fn authenticate(self, key: &[u8], message: &[u8]) -> Option<Vec<u8>> {
        with_hash!(self, D => {
            let mac = Hmac::<D>::new_from_slice(key).ok()?;
            Some(mac.chain_update(message).finalize().into_bytes().to_vec())
        })
    }

    /// Whether `tag` is the HMAC of `message`.
    pub(in crate::pki) fn verifies(self, key: &[u8], message: &[u8], tag: &[u8]) -> bool {
        with_hash!(self, D => Hmac::<D>::new_from_slice(key)
            .is_ok_and(|mac| mac.chain_update(message).verify_slice(tag).is_ok()))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
            Self::Sha512To224 => "SHA-512/224",
            Self::Sha512To256 => "SHA-512/256",
        })
    }
}
