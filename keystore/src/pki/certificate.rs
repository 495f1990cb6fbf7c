//! Certificates (RFC 5280), read leniently: it is not for us to refuse what an authority signed.

mod fields;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use super::signature::{self, Verdict};
use super::{DescribedExtension, FoundExtensions, PublicKey, Subject, SubjectAltName, TemplateName, oid, pem, scheme};
use crate::digest::{Digest, hexadecimal};
use crate::timestamp::Timestamp;
use fields::{Extensions, Fields, Signed};

/// A certificate: its DER, and what it says. Equal when the octets are. A clone is the same one.
#[derive(Clone)]
pub struct Certificate(Arc<Contents>);

struct Contents {
    der: Vec<u8>,
    fields: Fields,
    /// Whose signature it was found to have or not to have: the hashes of the public keys.
    checked: Mutex<Vec<(Digest, Verdict)>>,
}

/// Why bytes are no certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not the structure of RFC 5280 section 4.1.
    #[error("not a certificate: {reason}")]
    Damaged {
        /// What is wrong.
        reason: String,
    },
    /// More octets than the certificate has.
    #[error("{count} octets behind the certificate")]
    TrailingData {
        /// How many.
        count: usize,
    },
}

impl Certificate {
    /// Reads a certificate in DER.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let (fields, checked) = (Fields::read(der)?, Mutex::default());
        Ok(Self(Arc::new(Contents { der: der.to_vec(), fields, checked })))
    }

    /// The certificate in DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0.der
    }

    /// The certificate as `CERTIFICATE` (RFC 7468 section 5), LF, 64 columns.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.0.der)
    }

    /// The SHA-256 hash of the DER.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.0.der)
    }

    /// The SHA-1 hash of the DER, in lower-case hexadecimal: what Windows calls the thumbprint.
    #[must_use]
    pub fn sha1_fingerprint(&self) -> String {
        hexadecimal(&scheme::Hash::Sha1.of(&self.0.der))
    }

    /// What its extensions say, in words, in their order.
    #[must_use]
    pub fn described_extensions(&self) -> Vec<DescribedExtension> {
        fields::described_extensions(&self.0.der)
    }

    /// Who it is for.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.0.fields.subject
    }

    /// Who signed it.
    #[must_use]
    pub fn issuer(&self) -> &Subject {
        &self.0.fields.issuer
    }

    /// The serial number in lower-case hexadecimal, without colons.
    #[must_use]
    pub fn serial(&self) -> String {
        self.0.fields.serial.clone()
    }

    /// The first second it is valid in.
    #[must_use]
    pub fn not_before(&self) -> Timestamp {
        self.0.fields.not_before
    }

    /// The last second it is valid in.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.0.fields.not_after
    }

    /// What it is good for. Names of other kinds than ours are left out, and counted by
    /// [`other_names`](Self::other_names).
    #[must_use]
    pub fn names(&self) -> &[SubjectAltName] {
        &self.0.fields.names
    }

    /// How many subject alternative names are of other kinds than ours, or damaged.
    #[must_use]
    pub fn other_names(&self) -> usize {
        self.0.fields.other_names
    }

    /// What it may be used for, and the names of its other extensions.
    #[must_use]
    pub fn extensions(&self) -> FoundExtensions {
        Extensions::of(&self.0.der).read()
    }

    /// Where its issuer's certificate can be had, as it says itself (RFC 5280 section 4.2.2.1).
    #[must_use]
    pub fn issuer_urls(&self) -> Vec<String> {
        Extensions::of(&self.0.der).issuer_urls()
    }

    /// The contents of the serial number, with the octet that keeps it positive.
    pub(super) fn raw_serial(&self) -> Vec<u8> {
        self.0.fields.raw_serial.clone()
    }

    pub(super) fn raw_issuer(&self) -> &[u8] {
        &self.0.fields.raw_issuer
    }

    pub(super) fn raw_subject(&self) -> &[u8] {
        &self.0.fields.raw_subject
    }

    pub(super) fn subject_key_id(&self) -> Option<&[u8]> {
        self.0.fields.subject_key_id.as_deref()
    }

    /// The contents of an extension.
    pub(super) fn extension(&self, oid: der::asn1::ObjectIdentifier) -> Option<&[u8]> {
        Extensions::of(&self.0.der).find(oid)
    }

    /// The Microsoft certificate template it was issued by, when it says so by name.
    #[must_use]
    pub fn certificate_template(&self) -> Option<TemplateName> {
        Extensions::of(&self.0.der).certificate_template()
    }

    /// The key it certifies.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.0.fields.public_key
    }

    /// How it is signed: `sha256WithRSAEncryption`, `ecdsa-with-SHA384` ...
    #[must_use]
    pub fn signature_algorithm(&self) -> &str {
        &self.0.fields.signature_algorithm
    }

    /// Why it should not be used, whoever issued it: a signature by a broken hash, a weak key. The signature of
    /// a certificate that is its own issuer says nothing and is not looked at.
    #[must_use]
    pub fn weaknesses(&self) -> Vec<String> {
        let hash = self.broken_hash().map(|hash| format!("a signature with {hash}: it can be forged"));
        let key = self.public_key().weaknesses();
        hash.into_iter().chain(key.iter().map(ToString::to_string)).collect()
    }

    /// The hash function that its signature can be forged by; a certificate that is its own issuer is not looked at.
    #[must_use]
    pub fn broken_hash(&self) -> Option<&'static str> {
        oid::broken_hash(self.signature_algorithm()).filter(|_| !self.is_self_issued())
    }

    /// Whether it is an authority's (RFC 5280 section 4.2.1.9).
    #[must_use]
    pub fn is_ca(&self) -> bool {
        self.0.fields.is_ca
    }

    /// Whether subject and issuer are the same.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.0.fields.raw_subject == self.0.fields.raw_issuer
    }

    /// Whether it is signed by its own key.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.is_self_issued() && self.issued_by(self)
    }

    /// Whether another certificate's owner signed this one: the names and key identifiers agree and the
    /// signature holds. A signature that cannot be checked any more is taken on the word of the names.
    #[must_use]
    pub fn issued_by(&self, issuer: &Self) -> bool {
        let named = self.0.fields.raw_issuer == issuer.0.fields.raw_subject || self.issuer() == issuer.subject();
        let identified = match (&self.0.fields.authority_key_id, &issuer.0.fields.subject_key_id) {
            (Some(wanted), Some(found)) => wanted == found,
            _ => true,
        };
        named && identified && self.signature_by(issuer.public_key()) != Verdict::Invalid
    }

    /// Whether it is good for a host name or an address, by its subject alternative names (RFC 9525 section 6.1:
    /// the common name does not count).
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        self.names().iter().any(|name| name.matches_host(host))
    }

    /// Checked once for each key: chains are put together and looked at from several sides.
    fn signature_by(&self, key: &PublicKey) -> Verdict {
        let hash = key.hash();
        // a verdict is put in whole
        let mut checked = self.0.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, verdict)) = checked.iter().find(|(by, _)| *by == hash) {
            return *verdict;
        }
        let Some(Signed { message, algorithm, signature }) = Signed::of(&self.0.der) else { return Verdict::Invalid };
        let verdict = signature::check(key, algorithm, signature, message);
        checked.push((hash, verdict));
        verdict
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl Hash for Certificate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.der.hash(state);
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, {})", self.subject(), self.fingerprint().short())
    }
}

#[cfg(test)]
mod tests;
