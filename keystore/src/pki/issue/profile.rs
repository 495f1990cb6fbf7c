use std::fmt;
use std::str::FromStr;

use x509_cert::ext::Extension;

use crate::name::serde_as_text;
use crate::pki::extensions::writing;
use crate::pki::{ExtendedKeyUsage, FoundExtensions, KeyAlgorithm, KeyUsage};

/// What a certificate is issued for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum CertificateProfile {
    /// A TLS server.
    #[default]
    Server,
    /// A TLS client.
    Client,
}

/// Text that names no profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no profile of certificates: there are {}", CertificateProfile::ALL.map(CertificateProfile::as_str).join(", "))]
pub struct CertificateProfileError {
    /// What was given.
    pub text: String,
}

impl CertificateProfile {
    /// All of them, the default first.
    pub const ALL: [Self; 2] = [Self::Server, Self::Client];

    /// The name as it is typed and stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }

    fn purpose(self) -> ExtendedKeyUsage {
        match self {
            Self::Server => ExtendedKeyUsage::server(),
            Self::Client => ExtendedKeyUsage::client(),
        }
    }

    /// RSA keys of servers decrypt too, for what is left of TLS 1.2 without ephemeral keys.
    fn key_usage(self, key: Option<KeyAlgorithm>) -> KeyUsage {
        match self {
            Self::Server if key.is_some_and(KeyAlgorithm::is_rsa) => KeyUsage::SIGNATURE | KeyUsage::KEY_ENCIPHERMENT,
            Self::Server | Self::Client => KeyUsage::SIGNATURE,
        }
    }

    /// That it is no authority's, what the key may do, and what the certificate is for.
    pub(super) fn extensions(self, key: Option<KeyAlgorithm>) -> der::Result<Vec<Extension>> {
        Ok(vec![
            writing::end_entity(true)?,
            writing::key_usage(self.key_usage(key), true)?,
            writing::extended_key_usage(&self.purpose(), false)?,
        ])
    }

    /// What a request asks for and does not get, in words.
    pub(super) fn left_out(self, asked: &FoundExtensions) -> Vec<String> {
        let given = self.purpose();
        let purposes = asked.extensions.extended_key_usage.iter().flat_map(|usage| usage.value.purposes());
        let purposes = purposes.filter(|purpose| !given.purposes().contains(purpose)).map(ToString::to_string);
        let features = asked.extensions.tls_features.iter().map(|features| format!("tlsfeature {}", features.value));
        purposes.chain(features).chain(asked.others.iter().cloned()).collect()
    }
}

impl fmt::Display for CertificateProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for CertificateProfile {
    type Err = CertificateProfileError;

    fn from_str(text: &str) -> Result<Self, CertificateProfileError> {
        let found = Self::ALL.into_iter().find(|profile| profile.as_str() == text);
        found.ok_or_else(|| CertificateProfileError { text: text.to_owned() })
    }
}

serde_as_text!(CertificateProfile);
