/// Why an extension was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtensionError {
    /// A key usage that RFC 5280 doesn't have.
    #[error("{text:?} is no key usage: there are {}", super::key_usage::NAMES.join(", "))]
    KeyUsage {
        /// What was given.
        text: String,
    },
    /// A purpose that has no name here and is no object identifier.
    #[error(
        "{text:?} is no extended key usage: there are {} and dotted object identifiers",
        super::Purpose::known_names()
    )]
    Purpose {
        /// What was given.
        text: String,
    },
    /// An authority's certificate.
    #[error("certificates of authorities are not requested here")]
    Authority,
    /// Neither `CA:FALSE` nor `CA:TRUE`.
    #[error("{text:?} is not understood: the basic constraints of a server are CA:FALSE")]
    BasicConstraints {
        /// What was given.
        text: String,
    },
    /// A feature that has no name here and is no number.
    #[error("{text:?} is no TLS feature: there are status_request, status_request_v2 and numbers up to 65535")]
    Feature {
        /// What was given.
        text: String,
    },
}
