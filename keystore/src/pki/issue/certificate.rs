//! The certificate itself, put together and signed.

use der::asn1::{AnyRef, OctetString};
use der::{Decode, Encode, Sequence};
use x509_cert::Version;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, SubjectKeyIdentifier};
use x509_cert::serial_number::SerialNumber as EncodedSerial;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::time::Validity as EncodedValidity;

use super::{IssueError, SerialNumber, Validity};
use crate::digest::Digest;
use crate::pki::extensions::writing;
use crate::pki::{Certificate, PrivateKey, PublicKey, oid, signature};

/// What a certificate says, but for its key identifiers, which are the same in all.
pub(super) struct Contents<'a> {
    pub(super) serial: &'a SerialNumber,
    /// `Name` in DER.
    pub(super) issuer: &'a [u8],
    pub(super) validity: Validity,
    /// `Name` in DER.
    pub(super) subject: &'a [u8],
    pub(super) public_key: &'a PublicKey,
    pub(super) extensions: Vec<Extension>,
    pub(super) authority_key_id: &'a [u8],
}

/// `TBSCertificate` (RFC 5280 section 4.1). The one of x509-cert has no public constructor. Names and key go in as the octets
/// they are, so that the issuer is, octet for octet, the subject of its own certificate.
#[derive(Sequence)]
struct ToBeSigned<'a> {
    #[asn1(context_specific = "0")]
    version: Version,
    serial: EncodedSerial,
    signature: AlgorithmIdentifierOwned,
    issuer: AnyRef<'a>,
    validity: EncodedValidity,
    subject: AnyRef<'a>,
    public_key: AnyRef<'a>,
    #[asn1(context_specific = "3")]
    extensions: Vec<Extension>,
}

/// The certificate of a key that signs it itself.
pub(super) fn self_signed(
    key: &PrivateKey,
    serial: &SerialNumber,
    validity: Validity,
    name: &[u8],
    extensions: der::Result<Vec<Extension>>,
) -> Result<Certificate, IssueError> {
    let public_key = key.public_key();
    let extensions = extensions.map_err(IssueError::Encoding)?;
    let authority_key_id = &key_id(public_key);
    Contents { serial, issuer: name, validity, subject: name, public_key, extensions, authority_key_id }.sign(key)
}

impl Contents<'_> {
    /// The certificate, signed and read back.
    pub(super) fn sign(self, key: &PrivateKey) -> Result<Certificate, IssueError> {
        let message = self.encode(key).map_err(IssueError::Encoding)?;
        let der = signature::sign(&message, key)?;
        Certificate::from_der(&der).map_err(IssueError::ReadBack)
    }

    fn encode(mut self, key: &PrivateKey) -> der::Result<Vec<u8>> {
        self.extensions.push(subject_key_identifier(self.public_key)?);
        self.extensions.push(authority_key_identifier(self.authority_key_id)?);
        let tbs = ToBeSigned {
            version: Version::V3,
            serial: self.serial.encoded()?,
            signature: key.signature_algorithm(),
            issuer: AnyRef::from_der(self.issuer)?,
            validity: self.validity.encoded()?,
            subject: AnyRef::from_der(self.subject)?,
            public_key: AnyRef::from_der(self.public_key.as_der())?,
            extensions: self.extensions,
        };
        tbs.to_der()
    }
}

/// RFC 7093 section 2, method 1.
pub(super) fn key_id(key: &PublicKey) -> Vec<u8> {
    Digest::of(key.bits()).as_bytes()[..20].to_vec()
}

fn subject_key_identifier(key: &PublicKey) -> der::Result<Extension> {
    let id = SubjectKeyIdentifier(OctetString::new(key_id(key))?);
    writing::extension(oid::SUBJECT_KEY_ID, false, id.to_der()?)
}

pub(super) fn authority_key_identifier(key_id: &[u8]) -> der::Result<Extension> {
    let id = AuthorityKeyIdentifier { key_identifier: Some(OctetString::new(key_id)?), ..Default::default() };
    writing::extension(oid::AUTHORITY_KEY_ID, false, id.to_der()?)
}
