use std::fmt;

use super::{ChainFinding, Comparison, Expected};
use crate::model::VersionNumber;
use crate::name::KeyPath;
use crate::pki::{Certificate, RevocationStatus, Stapled, Subject};
use crate::timestamp::Timestamp;

/// Something about what a service serves. Faults are what should not stay so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finding {
    /// A certificate that is not of the key that should be served.
    Wrong {
        /// Whom it is for.
        subject: Subject,
        /// The key that should be served.
        key: KeyPath,
        /// A key of the keystore that it is for instead.
        owner: Option<KeyPath>,
    },
    /// An earlier certificate of the key: the service was not reloaded, or not published to.
    Old {
        /// Its version.
        version: VersionNumber,
        /// When it ends.
        not_after: Timestamp,
        /// The key.
        key: KeyPath,
        /// The version that should be served.
        wanted: VersionNumber,
    },
    /// A later certificate of the key: somebody was quicker than the last commit.
    Newer {
        /// Its version.
        version: VersionNumber,
        /// The key.
        key: KeyPath,
        /// The version that should be served.
        wanted: VersionNumber,
    },
    /// The right certificate without all of its chain, and no way to a root without it.
    Incomplete {
        /// What was not sent.
        missing: Vec<Subject>,
    },
    /// A certificate without any chain, by an issuer that is not trusted itself.
    Alone {
        /// Its issuer.
        issuer: Subject,
    },
    /// A certificate that nobody else vouches for.
    SelfSigned,
    /// Certificates behind the leaf that can't be read.
    Unreadable {
        /// How many.
        count: usize,
    },
    /// What `verify` finds, of the chain as it was sent.
    Chain(ChainFinding),
    /// Less than a third of its life is left.
    Due {
        /// When it ends.
        not_after: Timestamp,
    },
    /// The OCSP response says that it is revoked.
    Revoked,
    /// The OCSP response does not know it.
    StapleUnknown,
    /// The OCSP response is out of date.
    StapleStale {
        /// When it ended.
        next_update: Timestamp,
    },
    /// What was stapled says nothing of this certificate.
    StapleUnreadable,
}

impl Finding {
    pub(super) fn of_comparison(comparison: Comparison, leaf: &Certificate, expected: &Expected) -> Option<Self> {
        let (key, wanted) = (expected.key.clone(), expected.version);
        match comparison {
            Comparison::Same => None,
            Comparison::Old { version } => Some(Self::Old { version, not_after: leaf.not_after(), key, wanted }),
            Comparison::Newer { version } => Some(Self::Newer { version, key, wanted }),
            Comparison::Wrong => Some(Self::Wrong { subject: leaf.subject().clone(), key, owner: None }),
        }
    }

    pub(super) fn of_staple(stapled: Option<&Stapled>, now: Timestamp) -> Option<Self> {
        let Some(Stapled { status, next_update, .. }) = stapled else { return Some(Self::StapleUnreadable) };
        match (status, next_update) {
            (RevocationStatus::Revoked, _) => Some(Self::Revoked),
            (RevocationStatus::Unknown, _) => Some(Self::StapleUnknown),
            (RevocationStatus::Good, &Some(next_update)) if next_update < now => {
                Some(Self::StapleStale { next_update })
            }
            (RevocationStatus::Good, _) => None,
        }
    }

    /// Whether it is not as it should be.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        match self {
            Self::Wrong { .. }
            | Self::Old { .. }
            | Self::Newer { .. }
            | Self::Incomplete { .. }
            | Self::Alone { .. }
            | Self::SelfSigned
            | Self::Revoked => true,
            Self::Chain(finding) => finding.is_fault(),
            Self::Unreadable { .. }
            | Self::Due { .. }
            | Self::StapleUnknown
            | Self::StapleStale { .. }
            | Self::StapleUnreadable => false,
        }
    }

    /// A short word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Wrong { .. } => "wrong-certificate",
            Self::Old { .. } => "old-certificate",
            Self::Newer { .. } => "newer-certificate",
            Self::Incomplete { .. } | Self::Alone { .. } => "incomplete-chain",
            Self::SelfSigned => "self-signed",
            Self::Unreadable { .. } => "unreadable-chain",
            Self::Chain(finding) => finding.code(),
            Self::Due { .. } => "due",
            Self::Revoked => "revoked",
            Self::StapleUnknown => "ocsp-unknown",
            Self::StapleStale { .. } => "ocsp-stale",
            Self::StapleUnreadable => "ocsp-unreadable",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong { subject, key, owner: Some(owner) } => {
                write!(f, "it serves the wrong certificate: \"{subject}\", of {owner} in place of {key}")
            }
            Self::Wrong { subject, key, owner: None } => {
                write!(f, "it serves the wrong certificate: \"{subject}\", which is not of {key}")
            }
            Self::Old { version, not_after, key, wanted } if version == wanted => write!(
                f,
                "it serves an old certificate: an earlier one of {key}, version {version}, that ends at {not_after}; \
                 the service may not have been reloaded"
            ),
            Self::Old { version, key, wanted, .. } => write!(
                f,
                "it serves an old certificate: version {version} of {key}, and not version {wanted}; the service may \
                 not have been reloaded"
            ),
            Self::Newer { version, key, wanted } => write!(
                f,
                "it serves a certificate of {key} that was not committed: of version {version}, while version {wanted} \
                 is current"
            ),
            Self::Incomplete { missing } => {
                let missing: Vec<_> = missing.iter().map(|one| format!("\"{one}\"")).collect();
                write!(f, "the chain is incomplete: {} was not sent, and clients need it", missing.join(", "))
            }
            Self::Alone { issuer } => {
                write!(f, "the chain is incomplete: its issuer \"{issuer}\" was not sent and is no trusted root")
            }
            Self::SelfSigned => f.write_str("the certificate is signed by itself, and not a trusted root"),
            Self::Unreadable { count } => write!(f, "{count} of the certificates behind it can't be read"),
            Self::Chain(finding) => finding.fmt(f),
            Self::Due { not_after } => {
                write!(f, "less than a third of its life is left, until {not_after}: time to renew it")
            }
            Self::Revoked => f.write_str("the stapled OCSP response says that it is revoked"),
            Self::StapleUnknown => f.write_str("the stapled OCSP response does not know it"),
            Self::StapleStale { next_update } => {
                write!(f, "the stapled OCSP response is out of date since {next_update}")
            }
            Self::StapleUnreadable => f.write_str("the stapled OCSP response does not speak of this certificate"),
        }
    }
}
