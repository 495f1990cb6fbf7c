//! A private authority in the keystore: what it is, what it has issued, what it has revoked.

use serde::{Deserialize, Serialize};

use super::SecretSource;
use crate::digest::Digest;
use crate::name::KeyPath;
use crate::pki::{CertificateProfile, RevocationReason, SerialNumber, Uri};
use crate::timestamp::Timestamp;
use crate::world::Actor;

/// What is said of a private authority in the keystore.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LocalCaSettings {
    /// For how many days its certificates are valid when nothing is said.
    pub days: u32,
    /// Where its revocation list can be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crl_url: Option<Uri>,
    /// Where the passphrase of its private key is read from; none: it has none, or is asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passphrase: Option<SecretSource>,
    /// Its files, by what is in them.
    pub files: LocalCaFiles,
}

/// SHA-256 of the files of a private authority.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LocalCaFiles {
    /// The root's certificate.
    pub root_certificate: Digest,
    /// The root's private key.
    pub root_key: Digest,
    /// The certificate of the authority below it, which issues.
    pub issuing_certificate: Digest,
    /// Its private key.
    pub issuing_key: Digest,
}

/// One of the files of a private authority.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LocalCaFile {
    /// The root's certificate.
    RootCertificate,
    /// The root's private key.
    RootKey,
    /// The certificate of the authority that issues.
    IssuingCertificate,
    /// Its private key.
    IssuingKey,
}

impl LocalCaFile {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::RootCertificate, Self::RootKey, Self::IssuingCertificate, Self::IssuingKey];

    /// What is in it, by its hash.
    #[must_use]
    pub fn of(self, files: &LocalCaFiles) -> Digest {
        match self {
            Self::RootCertificate => files.root_certificate,
            Self::RootKey => files.root_key,
            Self::IssuingCertificate => files.issuing_certificate,
            Self::IssuingKey => files.issuing_key,
        }
    }
}

/// Certificates that a private authority issued together. Its number is in their serial numbers, so that none comes twice.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IssuedBatch {
    /// Its number; 1 is the first.
    pub number: u32,
    /// When.
    pub time: Timestamp,
    /// Who asked.
    pub by: Actor,
    /// The certificates.
    pub certificates: Vec<IssuedCertificate>,
}

/// A certificate that a private authority issued.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IssuedCertificate {
    /// Its number.
    pub serial: SerialNumber,
    /// What for.
    pub profile: CertificateProfile,
    /// The key of the keystore that it was made for, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyPath>,
    /// SHA-256 of the request, in DER.
    pub request: Digest,
    /// The certificate, PEM.
    pub certificate: String,
}

/// What a private authority has revoked, and its newest revocation list.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Revocations {
    /// The number of the newest list; 0 before the first.
    pub list: u64,
    /// What is revoked, in the order in which it was.
    pub revoked: Vec<Revocation>,
}

/// A certificate that is no longer good.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Revocation {
    /// Which.
    pub serial: SerialNumber,
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub reason: RevocationReason,
    /// Who said so.
    pub by: Actor,
    /// When it would have ended.
    pub not_after: Timestamp,
}
