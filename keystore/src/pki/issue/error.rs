use super::OutsideConstraints;
use crate::pki::{CertificateError, PrivateKeyError, RequestError, Subject, SubjectError};
use crate::timestamp::Timestamp;

/// Why a certificate or a revocation list was not issued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// Whoever made the request does not hold its private key, or the request cannot be believed.
    #[error("the request is not signed by the key it is for")]
    Request(#[source] RequestError),
    /// A key that can be broken.
    #[error("the request is for a key that is not to be certified: {weakness}")]
    WeakKey {
        /// What is wrong with it.
        weakness: String,
    },
    /// An authority's subject that breaks a limit.
    #[error("the subject is refused")]
    Subject(#[from] SubjectError),
    /// Neither a subject nor a name.
    #[error("there is neither a subject nor a name")]
    Nameless,
    /// A server's certificate without a host name or an address.
    #[error("there is no host name and no address: no client would take a server's certificate without")]
    NoHost,
    /// Names of kinds that are not read here, so nobody can say what they stand for.
    #[error("the request has {count} name(s) of kinds that are not certified here")]
    OtherNames {
        /// How many.
        count: usize,
    },
    /// Names that the authority may not certify.
    #[error("the authority may not certify {}", OutsideConstraints::list(.names))]
    OutsideConstraints {
        /// Each of them.
        names: Vec<OutsideConstraints>,
    },
    /// A validity without a second in it, or from before 1970.
    #[error("a certificate cannot be valid from {not_before} to {not_after}")]
    Validity {
        /// The first second.
        not_before: Timestamp,
        /// The last second.
        not_after: Timestamp,
    },
    /// A validity that ends after the issuer's.
    #[error("the certificate would be valid until {asked}, and \"{issuer}\" only until {ends}")]
    BeyondIssuer {
        /// What was asked for.
        asked: Timestamp,
        /// The issuer.
        issuer: Subject,
        /// Its last second.
        ends: Timestamp,
    },
    /// The issuer is not valid when the certificate would be.
    #[error("\"{issuer}\" is valid from {begins} to {ends}: it issues nothing before or after")]
    IssuerNotValid {
        /// The issuer.
        issuer: Subject,
        /// Its first second.
        begins: Timestamp,
        /// Its last second.
        ends: Timestamp,
    },
    /// The issuer's certificate does not let it issue this.
    #[error("\"{issuer}\" cannot issue: {reason}")]
    Issuer {
        /// The issuer.
        issuer: Subject,
        /// Why.
        reason: &'static str,
    },
    /// A private key that signed nothing.
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
    /// It could not be written.
    #[error("it could not be encoded")]
    Encoding(#[source] der::Error),
    /// What was made could not be read back.
    #[error("what was made cannot be read back")]
    ReadBack(#[source] CertificateError),
    /// A revocation list that was made and is not one.
    #[error("the revocation list that was made cannot be read back: {reason}")]
    ListReadBack {
        /// Why.
        reason: String,
    },
}
