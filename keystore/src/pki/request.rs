//! Certification requests (PKCS#10, RFC 2986).

mod error;
mod signing;
mod template_name;

use std::fmt;

pub use error::RequestError;
pub use template_name::{TemplateName, TemplateNameError};

use super::asn1::{self, CONTEXT_0, INTEGER, SEQUENCE, SET, Tlv};
use super::extensions::{self, Extensions, FoundExtensions};
use super::signature::{self, Verdict};
use super::{DescribedExtension, PemBlock, PrivateKey, PublicKey, Subject, SubjectAltName, oid, pem, text};

/// What a request shall say.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RequestTemplate {
    /// Who asks; may be empty when there are names.
    pub subject: Subject,
    /// What the certificate shall be good for; the host name of the common name is added when it is missing.
    pub names: Vec<SubjectAltName>,
    /// The certificate template of an Active Directory authority.
    pub certificate_template: Option<TemplateName>,
    /// What it shall be used for; none given: what a TLS server needs. Encryption is left out where the key can't.
    pub extensions: Option<Extensions>,
}

impl RequestTemplate {
    /// The request, signed by its key: subject, names, and what it shall be used for.
    ///
    /// # Errors
    ///
    /// [`RequestError::Nameless`] when there is neither a subject nor a name, and what the key has to say.
    pub fn sign(&self, key: &PrivateKey) -> Result<CertificationRequest, RequestError> {
        CertificationRequest::from_der(&signing::sign(self, key)?)
    }
}

/// A request, whoever made it. Equal when the octets are.
#[derive(Clone)]
pub struct CertificationRequest {
    der: Vec<u8>,
    subject: Subject,
    names: Vec<SubjectAltName>,
    other_names: usize,
    extensions: FoundExtensions,
    other_attributes: Vec<String>,
    certificate_template: Option<TemplateName>,
    public_key: PublicKey,
    signature_algorithm: String,
}

impl CertificationRequest {
    /// Reads a request in DER.
    ///
    /// # Errors
    ///
    /// [`RequestError::NotARequest`] when the bytes are something else, [`RequestError::Damaged`] when they
    /// are a request that cannot be understood.
    pub fn from_der(der: &[u8]) -> Result<Self, RequestError> {
        let parts = Parts::of(der).ok_or_else(|| RequestError::NotARequest { looks_like: super::looks_like(der) })?;
        let damaged = |what| RequestError::Damaged { what };
        let signature_algorithm = parts.algorithm.children().and_then(|parts| parts.first()?.oid());
        let requested = parts.requested_extensions();
        let extension = |oid| requested.as_ref().and_then(|requested| extensions::find(requested, oid));
        let names =
            extension(oid::SUBJECT_ALT_NAME).map(|value| SubjectAltName::read_all(value).unwrap_or((Vec::new(), 1)));
        let (names, other_names) = names.unwrap_or_default();
        Ok(Self {
            der: der.to_vec(),
            subject: Subject::from_der(parts.subject.raw).map_err(|_| damaged("its subject"))?,
            names,
            other_names,
            extensions: requested.as_ref().map(Extensions::read).unwrap_or_default(),
            other_attributes: parts.other_attributes(),
            certificate_template: extension(oid::MS_TEMPLATE_NAME).and_then(TemplateName::read),
            public_key: PublicKey::from_spki_der(parts.public_key.raw).map_err(|_| damaged("its public key"))?,
            signature_algorithm: oid::signature_name(&signature_algorithm.ok_or(damaged("its signature"))?),
        })
    }

    /// Reads the request of a PEM text, `CERTIFICATE REQUEST` or `NEW CERTIFICATE REQUEST`. Text and other
    /// blocks around it are ignored.
    ///
    /// # Errors
    ///
    /// Says whether there is no request in it, more than one, or a damaged one.
    pub fn from_pem(bytes: &[u8]) -> Result<Self, RequestError> {
        let is_request = |block: &PemBlock| block.label.ends_with("CERTIFICATE REQUEST");
        let mut requests: Vec<PemBlock> = super::pem_blocks(bytes).into_iter().filter(is_request).collect();
        if requests.len() > 1 {
            return Err(RequestError::Several { count: requests.len() });
        }
        let not_a_request = || RequestError::NotARequest { looks_like: super::looks_like(bytes) };
        Self::from_der(&requests.pop().ok_or_else(not_a_request)?.body?)
    }

    /// Reads a request in PEM, in base64 without armour, or in DER.
    ///
    /// # Errors
    ///
    /// Says whether there is nothing, something else, more than one request, or a damaged one.
    pub fn read(bytes: &[u8]) -> Result<Self, RequestError> {
        if bytes.trim_ascii().is_empty() {
            return Err(RequestError::Empty);
        }
        if Parts::of(bytes).is_some() {
            return Self::from_der(bytes);
        }
        match pem::decode_unarmoured(&text::decode(bytes)) {
            Some(der) => Self::from_der(&der.map_err(|line| super::PemError::DamagedBase64 { line })?),
            None => Self::from_pem(bytes),
        }
    }

    /// The request in DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The request as `CERTIFICATE REQUEST` (RFC 7468 section 7), LF, 64 columns.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE REQUEST", &self.der)
    }

    /// Who asks.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// What the certificate shall be good for. Names of other kinds than ours are left out.
    #[must_use]
    pub fn names(&self) -> &[SubjectAltName] {
        &self.names
    }

    /// How many subject alternative names are of other kinds than ours, or damaged.
    #[must_use]
    pub fn other_names(&self) -> usize {
        self.other_names
    }

    /// What it asks for beside names.
    #[must_use]
    pub fn extensions(&self) -> &FoundExtensions {
        &self.extensions
    }

    /// What else there is in it, in words: attributes that are no extensions.
    #[must_use]
    pub fn other_attributes(&self) -> &[String] {
        &self.other_attributes
    }

    /// The certificate template it asks for.
    #[must_use]
    pub fn certificate_template(&self) -> Option<&TemplateName> {
        self.certificate_template.as_ref()
    }

    /// What the extensions it asks for say, in words, in their order.
    #[must_use]
    pub fn described_extensions(&self) -> Vec<DescribedExtension> {
        let requested = Parts::of(&self.der).and_then(|parts| parts.requested_extensions());
        requested.map_or_else(Vec::new, |requested| DescribedExtension::read_all(&requested))
    }

    /// The hash function that its signature can be forged by.
    #[must_use]
    pub fn broken_hash(&self) -> Option<&'static str> {
        oid::broken_hash(&self.signature_algorithm)
    }

    /// The key it is for.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// How it is signed: `ecdsa-with-SHA256`, `sha256WithRSAEncryption` ...
    #[must_use]
    pub fn signature_algorithm(&self) -> &str {
        &self.signature_algorithm
    }

    /// Checks that whoever made it holds the private key (RFC 2986 section 3).
    ///
    /// # Errors
    ///
    /// [`RequestError::SignatureInvalid`] when it is forged or damaged, [`RequestError::SignatureUnsupported`]
    /// when it is signed in a way that is not checked any more, such as with MD5.
    pub fn verify(&self) -> Result<(), RequestError> {
        let parts = Parts::of(&self.der).ok_or(RequestError::SignatureInvalid)?;
        match signature::check(&self.public_key, parts.algorithm.raw, parts.signature, parts.info.raw) {
            Verdict::Valid => Ok(()),
            Verdict::Invalid => Err(RequestError::SignatureInvalid),
            Verdict::Unsupported => Err(RequestError::SignatureUnsupported {
                algorithm: self.signature_algorithm.clone(),
                key: self.public_key.describe(),
            }),
        }
    }
}

impl PartialEq for CertificationRequest {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for CertificationRequest {}

impl fmt::Debug for CertificationRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificationRequest({}, {:?})", self.subject, self.public_key)
    }
}

/// `CertificationRequest` (RFC 2986 section 4.2) in its pieces.
struct Parts<'a> {
    info: Tlv<'a>,
    subject: Tlv<'a>,
    public_key: Tlv<'a>,
    /// Often missing although RFC 2986 demands them.
    attributes: Option<Tlv<'a>>,
    algorithm: Tlv<'a>,
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(der: &'a [u8]) -> Option<Self> {
        let [info, algorithm, signature] = asn1::whole(der)?.tagged(SEQUENCE)?.children()?.try_into().ok()?;
        let fields = info.tagged(SEQUENCE)?.children()?;
        let (version, subject, public_key, attributes) = match fields.as_slice() {
            [version, subject, public_key] => (version, subject, public_key, None),
            [version, subject, public_key, attributes] => (version, subject, public_key, attributes.tagged(CONTEXT_0)),
            _ => return None,
        };
        version.tagged(INTEGER)?;
        Some(Self {
            info,
            subject: subject.tagged(SEQUENCE)?,
            public_key: public_key.tagged(SEQUENCE)?,
            attributes,
            algorithm: algorithm.tagged(SEQUENCE)?,
            signature: signature.bits()?,
        })
    }

    fn other_attributes(&self) -> Vec<String> {
        let attributes = self.attributes.and_then(|attributes| attributes.children()).unwrap_or_default();
        let kind = |attribute: &Tlv<'_>| attribute.tagged(SEQUENCE)?.children()?.first()?.oid();
        let kinds = attributes.iter().filter_map(kind);
        let others = kinds.filter(|kind| *kind != oid::EXTENSION_REQUEST && *kind != oid::MS_EXTENSION_REQUEST);
        others.map(|kind| oid::attribute_name(&kind)).collect()
    }

    /// The value of the extension request (RFC 2985 section 5.4.2), or of Microsoft's alias of it.
    fn requested_extensions(&self) -> Option<Tlv<'a>> {
        self.attributes?.children()?.iter().find_map(|attribute| {
            let [kind, values] = attribute.tagged(SEQUENCE)?.children()?.try_into().ok()?;
            let kind = kind.oid()?;
            if kind != oid::EXTENSION_REQUEST && kind != oid::MS_EXTENSION_REQUEST {
                return None;
            }
            values.tagged(SET)?.children()?.first().copied()
        })
    }
}

#[cfg(test)]
mod tests;
