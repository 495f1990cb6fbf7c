//! Certificates and revocation lists, issued (RFC 5280): a root, an authority below it, servers' and clients' certificates,
//! and certificates that are signed by their own key.
//!
//! Time and randomness are arguments. What a request asks for beside its subject, names and key does not matter: the
//! profile decides. Key identifiers are those of RFC 7093 section 2, method 1: the first 160 bits of the SHA-256 hash of the
//! public key, as SHA-1 has no place in what is made new.

mod authority;
mod certificate;
mod constraints;
mod error;
mod issuer;
mod profile;
mod revocation;
mod self_signed;
mod serial;
mod validity;

pub use authority::AuthorityTemplate;
pub use constraints::{HostPattern, Mailboxes, NameConstraints, OutsideConstraints, Subnet, Subtree, SubtreeError};
pub use error::IssueError;
pub use issuer::{BeyondIssuer, Issued, Issuer, Terms};
pub use profile::{CertificateProfile, CertificateProfileError};
pub use revocation::{RevocationReason, RevocationReasonError, Revoked};
pub use self_signed::{EXCHANGE_DAYS, SelfSignedTemplate, exchange_names};
pub use serial::{SerialNumber, SerialNumberError};
pub use validity::Validity;

#[cfg(test)]
mod tests;
