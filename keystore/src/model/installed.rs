//! A private key with its certificate.

use serde::{Deserialize, Serialize};

use super::{CertificateNumber, VersionNumber};
use crate::digest::Digest;
use crate::pki::{Certificate, Subject, SubjectAltName};
use crate::timestamp::Timestamp;

/// What `list`, `status` and the plan of a commit need to know of a certificate without opening it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CertificateSummary {
    /// SHA-256 of the DER encoding.
    pub fingerprint: Digest,
    /// Serial number, lower-case hexadecimal.
    pub serial: String,
    /// The subject.
    pub subject: Subject,
    /// The issuer.
    pub issuer: Subject,
    /// The names it is valid for.
    pub names: Vec<SubjectAltName>,
    /// Start of its validity.
    pub not_before: Timestamp,
    /// End of its validity.
    pub not_after: Timestamp,
}

impl CertificateSummary {
    /// Sums a certificate up.
    #[must_use]
    pub fn of(certificate: &Certificate) -> Self {
        Self {
            fingerprint: certificate.fingerprint(),
            serial: certificate.serial(),
            subject: certificate.subject().clone(),
            issuer: certificate.issuer().clone(),
            names: certificate.names().to_vec(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
        }
    }

    /// Whether it is valid for a host name or an IP address.
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        self.names.iter().any(|name| name.matches_host(host))
    }

    /// Whether less than a third of its lifetime is left.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        is_due(self.not_before, self.not_after, now)
    }
}

/// Whether less than a third of a lifetime is left.
pub(crate) fn is_due(not_before: Timestamp, not_after: Timestamp, now: Timestamp) -> bool {
    not_after.since(now) * 3 < not_after.since(not_before)
}

/// A version in state `installed`: one private key and one of its certificates, by file and hash.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Installed {
    /// The private key's version.
    pub version: VersionNumber,
    /// SHA-256 of its `SubjectPublicKeyInfo`.
    pub spki: Digest,
    /// Whether its file needs a passphrase.
    pub encrypted: bool,
    /// SHA-256 of the private key file.
    pub private_key_file: Digest,
    /// Which of the certificates of this private key.
    pub certificate: CertificateNumber,
    /// SHA-256 of the certificate file.
    pub certificate_file: Digest,
    /// SHA-256 of the chain file.
    pub chain_file: Digest,
    /// How many intermediates the chain holds.
    pub chain_length: usize,
    /// Whether the issuer of the last certificate was among what was installed.
    pub issuer_known: bool,
    /// How many requests had been made with this private key when the certificate was installed: a later
    /// one asks for the next certificate.
    pub requests: usize,
    /// Names that were requested and not issued.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_issued: Vec<SubjectAltName>,
    /// What is weak about the certificate or its chain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weaknesses: Vec<String>,
    /// What the certificate says.
    pub summary: CertificateSummary,
}

#[cfg(test)]
impl Installed {
    /// What tests of the pure core install: a version, with as many requests as had been made by then.
    pub(crate) fn sample(version: u32, requests: usize) -> Self {
        let digest = |what: &str| Digest::of(format!("{what} {version}").as_bytes());
        let summary = CertificateSummary {
            fingerprint: digest("certificate"),
            serial: format!("{version:02x}"),
            subject: Subject::default(),
            issuer: Subject::default(),
            names: Vec::new(),
            not_before: Timestamp::from_unix(0),
            not_after: Timestamp::from_unix(300),
        };
        Self {
            version: VersionNumber(version),
            spki: digest("public key"),
            encrypted: false,
            private_key_file: digest("private key"),
            certificate: CertificateNumber(1),
            certificate_file: digest("certificate file"),
            chain_file: digest("chain file"),
            chain_length: 0,
            issuer_known: true,
            requests,
            not_issued: Vec::new(),
            weaknesses: Vec::new(),
            summary,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Installed;
    use crate::timestamp::Timestamp;

    #[test]
    fn a_certificate_is_due_when_less_than_a_third_of_its_life_is_left() {
        // valid from 0 to 300
        let summary = Installed::sample(1, 1).summary;
        assert!(!summary.is_due(Timestamp::from_unix(200)));
        assert!(summary.is_due(Timestamp::from_unix(201)));
        assert!(summary.is_due(Timestamp::from_unix(301)));
    }
}
