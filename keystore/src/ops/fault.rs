//! Why a plan is refused: every fault of it, so that nobody mends one after the other.

use std::fmt;

use crate::change::Conflict;
use crate::model::{Installed, VersionNumber};
use crate::name::{Endpoint, KeyPath};
use crate::timestamp::Timestamp;

/// Why a plan is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A change cannot be applied.
    Conflict(Conflict),
    /// Endpoints would be bound to a key that has no certificate.
    NoCertificate {
        /// The key.
        key: KeyPath,
        /// Its endpoints.
        endpoints: Vec<Endpoint>,
    },
    /// The certificate has expired.
    Expired {
        /// The key.
        key: KeyPath,
        /// When.
        not_after: Timestamp,
    },
    /// The certificate is not valid yet.
    NotYetValid {
        /// The key.
        key: KeyPath,
        /// From when on it is.
        not_before: Timestamp,
    },
    /// The private key may be known to somebody else.
    Compromised {
        /// The key.
        key: KeyPath,
        /// The private key's version.
        version: VersionNumber,
        /// Why it was marked so.
        reason: String,
    },
    /// The certificate is not for the private key.
    KeyMismatch {
        /// The key.
        key: KeyPath,
        /// The private key's version.
        version: VersionNumber,
    },
}

impl Fault {
    /// Why what is installed for a key is not to be published now.
    pub(super) fn of_installed(key: &KeyPath, installed: &Installed, now: Timestamp) -> Option<Self> {
        let summary = &installed.summary;
        if summary.not_after < now {
            return Some(Self::Expired { key: key.clone(), not_after: summary.not_after });
        }
        (summary.not_before > now).then(|| Self::NotYetValid { key: key.clone(), not_before: summary.not_before })
    }

    /// A short word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Conflict(_) => "conflict",
            Self::NoCertificate { .. } => "no-certificate",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::Compromised { .. } => "compromised",
            Self::KeyMismatch { .. } => "key-mismatch",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict(conflict) => conflict.fmt(f),
            Self::NoCertificate { key, endpoints } => {
                let endpoints: Vec<_> = endpoints.iter().map(ToString::to_string).collect();
                write!(f, "{key} has no certificate, and would be bound to {}", endpoints.join(", "))
            }
            Self::Expired { key, not_after } => write!(f, "the certificate of {key} expired at {not_after}"),
            Self::NotYetValid { key, not_before } => {
                write!(f, "the certificate of {key} is not valid before {not_before}")
            }
            Self::Compromised { key, version, reason } => {
                write!(f, "the private key of {key} (version {version}) is marked compromised: {reason}")
            }
            Self::KeyMismatch { key, version } => {
                write!(f, "the certificate of {key} is not for its private key (version {version})")
            }
        }
    }
}
