use std::fmt;

use crate::pki::{PathError, Subject};
use crate::timestamp::Timestamp;

/// Something about a chain. Faults are what clients will refuse.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finding {
    /// The chain ends in a root that is not trusted.
    Untrusted {
        /// The root.
        root: Subject,
    },
    /// An issuer is neither in the chain nor trusted.
    MissingIssuer {
        /// The certificate whose issuer it is.
        of: Subject,
        /// The issuer.
        issuer: Subject,
    },
    /// An issuer had to be fetched, and services don't send it.
    NotSent {
        /// The issuer.
        subject: Subject,
    },
    /// No path was found for another reason.
    Path(PathError),
    /// A certificate is revoked.
    Revoked {
        /// The certificate.
        subject: Subject,
    },
    /// A certificate of the chain has expired.
    Expired {
        /// The certificate.
        subject: Subject,
        /// When.
        not_after: Timestamp,
        /// Whether the path goes through it.
        needed: bool,
    },
    /// A certificate of the chain is not valid yet.
    NotYetValid {
        /// The certificate.
        subject: Subject,
        /// From when on it is.
        not_before: Timestamp,
        /// Whether the path goes through it.
        needed: bool,
    },
    /// An issuer's certificate ends before the leaf does.
    IssuerEndsFirst {
        /// The issuer.
        subject: Subject,
        /// When.
        not_after: Timestamp,
    },
    /// A certificate of the chain that the path does not go through.
    Superfluous {
        /// The certificate.
        subject: Subject,
    },
    /// The chain is not in the order of the path.
    OutOfOrder,
    /// No revocation list speaks of a certificate.
    NoList {
        /// The certificate.
        subject: Subject,
        /// Its issuer.
        issuer: Subject,
    },
    /// An issuer's certificate could not be fetched.
    NotFetched {
        /// The certificate whose issuer it is.
        of: Subject,
        /// Why.
        reason: String,
    },
    /// The certificate is not good for a host that was asked about.
    NotFor {
        /// The host.
        host: String,
    },
}

impl Finding {
    /// Whether clients will refuse the certificate because of it.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        match self {
            Self::Untrusted { .. }
            | Self::MissingIssuer { .. }
            | Self::NotSent { .. }
            | Self::Path(_)
            | Self::Revoked { .. }
            | Self::NotFor { .. } => true,
            Self::Expired { needed, .. } | Self::NotYetValid { needed, .. } => *needed,
            Self::IssuerEndsFirst { .. }
            | Self::Superfluous { .. }
            | Self::OutOfOrder
            | Self::NoList { .. }
            | Self::NotFetched { .. } => false,
        }
    }

    /// A short word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Untrusted { .. } => "untrusted-root",
            Self::MissingIssuer { .. } => "issuer-missing",
            Self::NotSent { .. } => "issuer-not-sent",
            Self::Path(error) => error.code(),
            Self::Revoked { .. } => "revoked",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::IssuerEndsFirst { .. } => "issuer-ends-first",
            Self::Superfluous { .. } => "superfluous",
            Self::OutOfOrder => "out-of-order",
            Self::NoList { .. } => "no-crl",
            Self::NotFetched { .. } => "not-fetched",
            Self::NotFor { .. } => "name-not-covered",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untrusted { root } => write!(f, "the chain ends in \"{root}\", which is not a trusted root"),
            Self::MissingIssuer { of, issuer } => {
                write!(f, "\"{issuer}\", the issuer of \"{of}\", is neither in the chain nor a trusted root")
            }
            Self::NotSent { subject } => {
                write!(f, "\"{subject}\" was fetched: clients don't get it until it is installed with the chain")
            }
            Self::Path(error) => error.fmt(f),
            Self::Revoked { subject } => write!(f, "\"{subject}\" is revoked"),
            Self::Expired { subject, not_after, .. } => write!(f, "\"{subject}\" expired at {not_after}"),
            Self::NotYetValid { subject, not_before, .. } => {
                write!(f, "\"{subject}\" is not valid before {not_before}")
            }
            Self::IssuerEndsFirst { subject, not_after } => {
                write!(f, "\"{subject}\" ends at {not_after}, before the certificate that it issued")
            }
            Self::Superfluous { subject } => write!(f, "\"{subject}\" is in the chain and not needed"),
            Self::OutOfOrder => f.write_str("the chain is not in order: each certificate should follow what it issued"),
            Self::NoList { subject, issuer } => {
                write!(f, "no revocation list of \"{issuer}\" was given: \"{subject}\" was not looked up")
            }
            Self::NotFetched { of, reason } => write!(f, "the issuer of \"{of}\" could not be fetched: {reason}"),
            Self::NotFor { host } => write!(f, "the certificate is not good for {host}"),
        }
    }
}
