use webpki::Error;

use crate::pki::Subject;

/// Why no path leads from a certificate to a trusted root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// None of the trusted roots signed the last certificate that is there.
    #[error("no path leads to a trusted root")]
    UnknownIssuer,
    /// The root that it leads to is trusted, but not valid now.
    #[error("the root \"{subject}\" is not valid now")]
    Root {
        /// The root.
        subject: Subject,
    },
    /// A certificate of the path has expired.
    #[error("a certificate of the path has expired")]
    Expired,
    /// A certificate of the path is not valid yet.
    #[error("a certificate of the path is not valid yet")]
    NotYetValid,
    /// A certificate of the path is revoked.
    #[error("a certificate of the path is revoked")]
    Revoked,
    /// A revocation list is older than it says it may be.
    #[error("a revocation list has run out: get the newest one")]
    ListExpired,
    /// A revocation list is not its issuer's, or of a kind that is not read.
    #[error("a revocation list cannot be used: {reason}")]
    List {
        /// Why.
        reason: String,
    },
    /// A signature does not hold.
    #[error("a signature in the path does not hold")]
    Signature,
    /// A signature of a kind, or by a key, that clients refuse.
    #[error("a signature in the path is of a kind that clients refuse, such as SHA-1 or RSA under 2048 bits")]
    Weak,
    /// A certificate of the path is not an authority's.
    #[error("a certificate in the path signed another one and is no authority's")]
    NotAnAuthority,
    /// The leaf is an authority's.
    #[error("the certificate is an authority's: clients take none for a server")]
    Authority,
    /// Not for TLS servers.
    #[error("a certificate of the path is not for TLS servers (extended key usage)")]
    NotForServers,
    /// A name that an authority of the path may not certify.
    #[error("an authority of the path may not certify one of the names (name constraints)")]
    NameConstraints,
    /// A path that is longer than an authority allows.
    #[error("the path is longer than one of its authorities allows (path length)")]
    PathLength,
    /// Anything else.
    #[error("a certificate of the path is refused: {reason}")]
    Other {
        /// Why.
        reason: String,
    },
}

impl PathError {
    /// A short word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownIssuer => "untrusted",
            Self::Root { .. } => "root-not-valid",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::Revoked => "revoked",
            Self::ListExpired => "crl-expired",
            Self::List { .. } => "bad-crl",
            Self::Signature => "bad-signature",
            Self::Weak => "weak-signature",
            Self::NotAnAuthority => "not-an-authority",
            Self::Authority => "authority-as-server",
            Self::NotForServers => "not-for-servers",
            Self::NameConstraints => "name-constraints",
            Self::PathLength => "path-length",
            Self::Other { .. } => "bad-certificate",
        }
    }
}

impl From<Error> for PathError {
    fn from(error: Error) -> Self {
        match error {
            Error::UnknownIssuer => Self::UnknownIssuer,
            Error::CertExpired { .. } => Self::Expired,
            Error::CertNotValidYet { .. } => Self::NotYetValid,
            Error::CertRevoked => Self::Revoked,
            Error::CrlExpired { .. } => Self::ListExpired,
            Error::InvalidSignatureForPublicKey | Error::SignatureAlgorithmMismatch => Self::Signature,
            Error::UnsupportedSignatureAlgorithmContext(_)
            | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => Self::Weak,
            Error::EndEntityUsedAsCa => Self::NotAnAuthority,
            Error::CaUsedAsEndEntity => Self::Authority,
            Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => Self::NotForServers,
            Error::NameConstraintViolation => Self::NameConstraints,
            Error::PathLenConstraintViolated => Self::PathLength,
            Error::InvalidCrlSignatureForPublicKey
            | Error::IssuerNotCrlSigner
            | Error::UnsupportedCrlVersion
            | Error::UnsupportedDeltaCrl
            | Error::UnsupportedIndirectCrl
            | Error::UnsupportedCrlSignatureAlgorithmContext(_)
            | Error::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_)
            | Error::UnsupportedRevocationReason
            | Error::UnsupportedRevocationReasonsPartitioning
            | Error::InvalidCrlNumber => Self::List { reason: error.to_string() },
            other => Self::Other { reason: other.to_string() },
        }
    }
}
