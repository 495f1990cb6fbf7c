use std::collections::BTreeSet;
use std::fmt;

use crate::digest::Digest;
use crate::name::KeyPath;
use crate::pki::{KeyWeakness, LooksLike, OpenError};
use crate::timestamp::Timestamp;

/// Something that is wrong, or will be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finding {
    /// A public key that is unfit for use.
    WeakKey(KeyWeakness),
    /// A signature that can be forged.
    WeakSignature {
        /// `MD5`, `SHA-1`.
        hash: &'static str,
    },
    /// A request that is not signed by its own private key.
    InvalidSignature,
    /// Clients look at the names alone, and the common name is not among them.
    CommonNameNotNamed {
        /// The common name.
        common_name: String,
    },
    /// Valid for longer than public authorities may issue.
    LongLifetime {
        /// How long, in days, a started one counted.
        days: i64,
        /// The limit in force when it began, in days.
        limit: i64,
        /// The day that limit came into force.
        since: &'static str,
    },
    /// Its issuer has the same name, but it is not signed by its own key: clients take it for self-signed.
    NamedLikeIssuer,
    /// Its time is over.
    Expired {
        /// Since when.
        not_after: Timestamp,
    },
    /// Its time has not come.
    NotYetValid {
        /// When it comes.
        not_before: Timestamp,
    },
    /// A revocation list whose successor is due.
    OutdatedCrl {
        /// Since when.
        next_update: Timestamp,
    },
    /// Encrypted or protected in a way that has been replaced by something stronger.
    LegacyEncryption {
        /// In which ways.
        schemes: Vec<String>,
    },
    /// It could not be opened with the passphrases given.
    WrongPassphrase,
    /// It cannot be read.
    Unreadable {
        /// What it should be.
        what: LooksLike,
        /// Why.
        error: OpenError,
    },
    /// A private key that none of the certificates given is for.
    KeyMismatch {
        /// SHA-256 of its public key.
        spki: Digest,
    },
    /// The same private key in several keys of the keystore.
    SharedKey {
        /// Those keys.
        keys: BTreeSet<KeyPath>,
    },
    /// Certificates of a chain in an order that servers do not send them in.
    ChainOrder,
}

impl Finding {
    /// A word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::WeakKey(weakness) => weakness.code(),
            Self::WeakSignature { .. } => "weak-signature",
            Self::InvalidSignature => "invalid-signature",
            Self::CommonNameNotNamed { .. } => "common-name-not-named",
            Self::LongLifetime { .. } => "long-lifetime",
            Self::NamedLikeIssuer => "named-like-issuer",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::OutdatedCrl { .. } => "outdated-crl",
            Self::LegacyEncryption { .. } => "legacy-encryption",
            Self::WrongPassphrase => "wrong-passphrase",
            Self::Unreadable { error, .. } => error.code(),
            Self::KeyMismatch { .. } => "key-mismatch",
            Self::SharedKey { .. } => "shared-key",
            Self::ChainOrder => "chain-order",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WeakKey(weakness) => weakness.fmt(f),
            Self::WeakSignature { hash } => write!(f, "a signature with {hash}: it can be forged"),
            Self::InvalidSignature => {
                f.write_str("its signature is not by its own private key: it is damaged or forged")
            }
            Self::CommonNameNotNamed { common_name } => {
                write!(f, "the common name {common_name} is not among its names, and clients look at those alone")
            }
            Self::LongLifetime { days, limit, since } => {
                write!(f, "valid for {days} days: public authorities may issue no more than {limit} since {since}")
            }
            Self::NamedLikeIssuer => {
                f.write_str("subject and issuer are the same, but it is not self-signed: clients cannot tell it apart")
            }
            Self::Expired { not_after } => write!(f, "expired on {}", not_after.date()),
            Self::NotYetValid { not_before } => write!(f, "not valid before {}", not_before.date()),
            Self::OutdatedCrl { next_update } => write!(f, "its successor was due on {}", next_update.date()),
            Self::LegacyEncryption { schemes } => {
                write!(f, "protected in a way that no longer holds: {}", schemes.join("; "))
            }
            Self::WrongPassphrase => f.write_str("none of the passphrases given opens it"),
            Self::Unreadable { what, error } => write!(f, "{what} that cannot be read: {error}"),
            Self::KeyMismatch { .. } => f.write_str("none of the certificates is for this private key"),
            Self::SharedKey { keys } => {
                let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
                write!(f, "the same private key in {}", keys.join(", "))
            }
            Self::ChainOrder => {
                f.write_str("its chain is out of order: servers send each certificate before its issuer")
            }
        }
    }
}
