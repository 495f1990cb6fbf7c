//! What a certificate says.

use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::CertificateError;
use crate::pki::asn1::{self, CONTEXT_3, SEQUENCE, Tlv};
use crate::pki::extensions::{self, FoundExtensions};
use crate::pki::{DescribedExtension, PublicKey, Subject, SubjectAltName, TemplateName, oid};
use crate::timestamp::Timestamp;

#[derive(Clone)]
pub(super) struct Fields {
    pub(super) subject: Subject,
    pub(super) issuer: Subject,
    pub(super) raw_subject: Vec<u8>,
    pub(super) raw_issuer: Vec<u8>,
    pub(super) serial: String,
    pub(super) raw_serial: Vec<u8>,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    pub(super) names: Vec<SubjectAltName>,
    pub(super) other_names: usize,
    pub(super) public_key: PublicKey,
    pub(super) signature_algorithm: String,
    pub(super) is_ca: bool,
    pub(super) authority_key_id: Option<Vec<u8>>,
    pub(super) subject_key_id: Option<Vec<u8>>,
}

impl Fields {
    pub(super) fn read(der: &[u8]) -> Result<Self, CertificateError> {
        let damaged = |reason: &str| CertificateError::Damaged { reason: reason.to_owned() };
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|error| damaged(&reason(&error)))?;
        if !rest.is_empty() {
            return Err(CertificateError::TrailingData { count: rest.len() });
        }
        let (raw_subject, raw_issuer) = (parsed.subject().as_raw(), parsed.issuer().as_raw());
        let name = |raw, what| Subject::from_der(raw).map_err(|_| damaged(what));
        let extensions = Extensions::of(der);
        let (names, other_names) = extensions.names();
        let signature = der::asn1::ObjectIdentifier::from_bytes(parsed.signature_algorithm.algorithm.as_bytes());
        Ok(Self {
            subject: name(raw_subject, "its subject cannot be read")?,
            issuer: name(raw_issuer, "its issuer cannot be read")?,
            raw_subject: raw_subject.to_vec(),
            raw_issuer: raw_issuer.to_vec(),
            serial: serial(parsed.raw_serial()),
            raw_serial: parsed.raw_serial().to_vec(),
            not_before: Timestamp::from_unix(parsed.validity().not_before.timestamp()),
            not_after: Timestamp::from_unix(parsed.validity().not_after.timestamp()),
            names,
            other_names,
            public_key: PublicKey::from_spki_der(parsed.public_key().raw)
                .map_err(|_| damaged("its public key cannot be read"))?,
            signature_algorithm: oid::signature_name(
                &signature.map_err(|_| damaged("its signature algorithm cannot be read"))?,
            ),
            is_ca: extensions.is_ca(),
            authority_key_id: extensions.authority_key_id(),
            subject_key_id: extensions.subject_key_id(),
        })
    }
}

/// The x509-parser says much about its own types; the first words are enough.
fn reason(error: &x509_parser::nom::Err<x509_parser::error::X509Error>) -> String {
    match error {
        x509_parser::nom::Err::Incomplete(_) => "it is cut off".to_owned(),
        x509_parser::nom::Err::Error(error) | x509_parser::nom::Err::Failure(error) => error.to_string(),
    }
}

/// Without the zero octet that keeps a number positive.
fn serial(octets: &[u8]) -> String {
    let octets = match octets {
        [0, rest @ ..] if !rest.is_empty() => rest,
        octets => octets,
    };
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// What is signed, how, and the signature (RFC 5280 section 4.1.1).
pub(super) struct Signed<'a> {
    pub(super) message: &'a [u8],
    pub(super) algorithm: &'a [u8],
    pub(super) signature: &'a [u8],
}

impl<'a> Signed<'a> {
    pub(super) fn of(der: &'a [u8]) -> Option<Self> {
        let [tbs, algorithm, signature] = asn1::whole(der)?.tagged(SEQUENCE)?.children()?.try_into().ok()?;
        Some(Self { message: tbs.raw, algorithm: algorithm.raw, signature: signature.bits()? })
    }
}

/// What the extensions of a certificate say.
pub(super) fn described_extensions(der: &[u8]) -> Vec<DescribedExtension> {
    Extensions::of(der).0.map_or_else(Vec::new, |extensions| DescribedExtension::read_all(&extensions))
}

pub(super) struct Extensions<'a>(Option<Tlv<'a>>);

impl<'a> Extensions<'a> {
    pub(super) fn of(der: &'a [u8]) -> Self {
        let find = || {
            let tbs = asn1::read(Signed::of(der)?.message)?.0.children()?;
            tbs.last()?.tagged(CONTEXT_3)?.children()?.first().copied()
        };
        Self(find())
    }

    pub(super) fn find(&self, oid: der::asn1::ObjectIdentifier) -> Option<&'a [u8]> {
        extensions::find(self.0.as_ref()?, oid)
    }

    pub(super) fn read(&self) -> FoundExtensions {
        self.0.as_ref().map(extensions::Extensions::read).unwrap_or_default()
    }

    pub(super) fn certificate_template(&self) -> Option<TemplateName> {
        TemplateName::read(self.find(oid::MS_TEMPLATE_NAME)?)
    }

    /// `AuthorityInfoAccessSyntax ::= SEQUENCE OF SEQUENCE { accessMethod, accessLocation GeneralName }`
    pub(super) fn issuer_urls(&self) -> Vec<String> {
        let descriptions = || asn1::whole(self.find(oid::AUTHORITY_INFO_ACCESS)?)?.tagged(SEQUENCE)?.children();
        let url = |description: &Tlv<'_>| {
            let [method, location] = description.tagged(SEQUENCE)?.children()?.try_into().ok()?;
            // uniformResourceIdentifier [6]
            let url = location.tagged(0x86).filter(|_| method.oid() == Some(oid::CA_ISSUERS))?;
            Some(std::str::from_utf8(url.content).ok()?.to_owned())
        };
        descriptions().unwrap_or_default().iter().filter_map(url).collect()
    }

    fn names(&self) -> (Vec<SubjectAltName>, usize) {
        let Some(value) = self.find(oid::SUBJECT_ALT_NAME) else { return (Vec::new(), 0) };
        // an extension that is damaged as a whole counts as one damaged name
        SubjectAltName::read_all(value).unwrap_or((Vec::new(), 1))
    }

    fn is_ca(&self) -> bool {
        self.find(oid::BASIC_CONSTRAINTS).is_some_and(extensions::is_ca)
    }

    /// `SubjectKeyIdentifier ::= OCTET STRING`
    fn subject_key_id(&self) -> Option<Vec<u8>> {
        let id = asn1::whole(self.find(oid::SUBJECT_KEY_ID)?)?.tagged(asn1::OCTET_STRING)?;
        Some(id.content.to_vec())
    }

    /// `AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0] ... OPTIONAL, ... }`
    fn authority_key_id(&self) -> Option<Vec<u8>> {
        let fields = asn1::whole(self.find(oid::AUTHORITY_KEY_ID)?)?.tagged(SEQUENCE)?.children()?;
        Some(fields.first()?.tagged(0x80)?.content.to_vec())
    }
}
