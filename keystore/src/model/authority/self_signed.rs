//! No authority at all: certificates that are signed by their own private keys.

use serde::{Deserialize, Serialize};

/// Certificates that are signed by their own private keys.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SelfSignedSettings {
    /// What kind of certificate.
    pub profile: SelfSignedProfile,
    /// For how many days they are valid; none given: as long as is usual for their kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

/// What kind of certificate signs itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SelfSignedProfile {
    /// A TLS server's.
    #[default]
    Server,
    /// One as Exchange makes it: five years, an RSA key, the server's short and whole name.
    Exchange,
}

impl SelfSignedProfile {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Server, Self::Exchange];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Exchange => "exchange",
        }
    }
}
