use crate::pki::{LooksLike, PemError, PrivateKeyError};

/// Why a request could not be made, read or believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Neither a subject nor a name.
    #[error("a request needs a subject or a name")]
    Nameless,
    /// The key could not sign.
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
    /// The request could not be written.
    #[error("the request could not be encoded")]
    Encoding(#[source] der::Error),
    /// Nothing in the file.
    #[error("the file is empty")]
    Empty,
    /// Something else than a request.
    #[error("not a certification request: it looks like {looks_like}")]
    NotARequest {
        /// What it looks like.
        looks_like: LooksLike,
    },
    /// More than one request.
    #[error("{count} certification requests in one file")]
    Several {
        /// How many.
        count: usize,
    },
    /// The block cannot be read.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// A request that cannot be understood.
    #[error("a damaged certification request: {what} cannot be read")]
    Damaged {
        /// Which part.
        what: &'static str,
    },
    /// Its signature does not hold.
    #[error("the signature of the request is not by its own key: it is damaged or forged")]
    SignatureInvalid,
    /// Its signature is not of a kind that is still checked.
    #[error("a signature by {algorithm} with a key of {key} is not checked")]
    SignatureUnsupported {
        /// The algorithm.
        algorithm: String,
        /// The key.
        key: String,
    },
}
