use crate::ops::error::offered;
use crate::pki::{ReadError, RequestError, Subject};
use crate::request_config::RequestConfigError;

/// Why a file was not taken for a request to begin with.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// It holds no certificate that could be read.
    #[error("{file} cannot be taken for a request to begin with")]
    Certificate {
        /// The file, as the user named it.
        file: String,
        /// What it holds.
        #[source]
        source: ReadError,
    },
    /// It holds several certificates, none of which is alone at the head of a chain.
    #[error("{file} holds the certificates of several: {}", offered(.subjects))]
    Several {
        /// The file, as the user named it.
        file: String,
        /// What they are for.
        subjects: Vec<Subject>,
    },
    /// It holds no request that could be read.
    #[error("{file} cannot be taken for a request to begin with")]
    Request {
        /// The file, as the user named it.
        file: String,
        /// What it holds.
        #[source]
        source: RequestError,
    },
    /// It is a config, and was refused.
    #[error("{file} is refused, and nothing was made")]
    Config {
        /// The file, as the user named it.
        file: String,
        /// Why.
        #[source]
        source: RequestConfigError,
    },
}
