use der::Encode;
use der::asn1::Ia5String;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::CrlDistributionPoints;
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};

use super::certificate::{self, Contents};
use super::{AuthorityTemplate, CertificateProfile, IssueError, NameConstraints, SerialNumber, Validity};
use crate::pki::asn1::{self, SEQUENCE};
use crate::pki::extensions::writing;
use crate::pki::{
    Certificate, CertificationRequest, KeyUsage, PrivateKey, PublicKey, Subject, SubjectAltName, Uri, oid,
};
use crate::timestamp::Timestamp;

/// An authority with its private key. What it may certify is what its own certificate says.
pub struct Issuer<'a> {
    certificate: &'a Certificate,
    key: &'a PrivateKey,
    constraints: NameConstraints,
    usage: Option<KeyUsage>,
    key_id: Vec<u8>,
}

/// On what terms a certificate is issued.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Its number, which no other certificate of this authority may have.
    pub serial: SerialNumber,
    /// When it shall be valid.
    pub validity: Validity,
    /// What is done when that ends after the authority itself.
    pub beyond_issuer: BeyondIssuer,
    /// Where the authority's revocation list can be had.
    pub crl_url: Option<Uri>,
}

/// What is done with a validity that ends after the issuer's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BeyondIssuer {
    /// It is an error.
    Refuse,
    /// It ends with the issuer's, which is told.
    Shorten,
}

/// A certificate that was issued, and in what it is not what was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Issued {
    /// The certificate.
    pub certificate: Certificate,
    /// When it would have ended, had it not been shortened to its issuer's end.
    pub shortened_from: Option<Timestamp>,
    /// What the request asks for and the profile does not give, in words.
    pub left_out: Vec<String>,
}

impl<'a> Issuer<'a> {
    /// An authority by its certificate and private key.
    ///
    /// # Errors
    ///
    /// [`IssueError::Issuer`] when they do not belong together, the certificate is no authority's, or its name constraints
    /// are of kinds that are not checked here.
    pub fn new(certificate: &'a Certificate, key: &'a PrivateKey) -> Result<Self, IssueError> {
        let fault = |reason| IssueError::Issuer { issuer: certificate.subject().clone(), reason };
        if certificate.public_key() != key.public_key() {
            return Err(fault("its certificate is not for this private key"));
        }
        if !certificate.is_ca() {
            return Err(fault("its certificate is no authority's"));
        }
        if certificate.subject().is_empty() {
            return Err(fault("it has no name"));
        }
        let constraints = match certificate.extension(oid::NAME_CONSTRAINTS) {
            Some(der) => NameConstraints::read(der)
                .ok_or_else(|| fault("its name constraints are damaged, or of kinds that are not checked here"))?,
            None => NameConstraints::default(),
        };
        let usage = certificate
            .extension(oid::KEY_USAGE)
            .map(|der| KeyUsage::read(der).ok_or_else(|| fault("its key usage cannot be read")));
        let key_id = certificate.subject_key_id().map(<[u8]>::to_vec);
        let key_id = key_id.unwrap_or_else(|| certificate::key_id(key.public_key()));
        Ok(Self { certificate, key, constraints, usage: usage.transpose()?, key_id })
    }

    /// A certificate of what a request is for.
    ///
    /// # Errors
    ///
    /// [`IssueError`]: whoever made the request does not hold its key, the key is weak, there is no name in it that the
    /// profile wants, there are names that the authority may not certify (each is named), or the authority is not valid then.
    pub fn issue(
        &self,
        request: &CertificationRequest,
        profile: CertificateProfile,
        terms: &Terms,
    ) -> Result<Issued, IssueError> {
        let names = self.names(request, profile)?;
        let (validity, shortened_from) = self.validity(terms)?;
        let extensions = || {
            let mut extensions = profile.extensions(request.public_key().algorithm())?;
            if !names.is_empty() {
                extensions.push(writing::subject_alt_names(&names, request.subject().is_empty())?);
            }
            extensions.extend(terms.crl_url.as_ref().map(crl_distribution_point).transpose()?);
            Ok(extensions)
        };
        let extensions = extensions().map_err(IssueError::Encoding)?;
        let subject = request.subject().to_der();
        let certificate = self.sign(terms, validity, &subject, request.public_key(), extensions)?;
        Ok(Issued { certificate, shortened_from, left_out: profile.left_out(request.extensions()) })
    }

    /// The certificate of an authority below this one.
    ///
    /// # Errors
    ///
    /// [`IssueError`]: this authority may have none below it, or is not valid then.
    pub fn issue_authority(
        &self,
        template: &AuthorityTemplate,
        public_key: &PublicKey,
        terms: &Terms,
    ) -> Result<Issued, IssueError> {
        if self.authorities_below().is_some_and(|limit| limit <= u64::from(template.authorities_below)) {
            return Err(self.fault("its certificate allows fewer authorities below it"));
        }
        let (validity, shortened_from) = self.validity(terms)?;
        let mut extensions = template.extensions().map_err(IssueError::Encoding)?;
        let point = terms.crl_url.as_ref().map(crl_distribution_point).transpose();
        extensions.extend(point.map_err(IssueError::Encoding)?);
        let certificate = self.sign(terms, validity, &template.subject()?, public_key, extensions)?;
        Ok(Issued { certificate, shortened_from, left_out: Vec::new() })
    }

    /// The authority's certificate.
    #[must_use]
    pub fn certificate(&self) -> &'a Certificate {
        self.certificate
    }

    pub(super) fn key(&self) -> &'a PrivateKey {
        self.key
    }

    pub(super) fn key_id(&self) -> &[u8] {
        &self.key_id
    }

    pub(super) fn may(&self, usage: KeyUsage) -> bool {
        self.usage.is_none_or(|usages| usages.includes(usage))
    }

    pub(super) fn fault(&self, reason: &'static str) -> IssueError {
        IssueError::Issuer { issuer: self.subject(), reason }
    }

    fn subject(&self) -> Subject {
        self.certificate.subject().clone()
    }

    /// The names that the certificate shall have, when all of it may be certified.
    fn names(
        &self,
        request: &CertificationRequest,
        profile: CertificateProfile,
    ) -> Result<Vec<SubjectAltName>, IssueError> {
        request.verify().map_err(IssueError::Request)?;
        if let Some(weakness) = request.public_key().weaknesses().first() {
            return Err(IssueError::WeakKey { weakness: weakness.to_string() });
        }
        if request.other_names() > 0 {
            return Err(IssueError::OtherNames { count: request.other_names() });
        }
        let names = match profile {
            CertificateProfile::Server => SubjectAltName::with_common_name(request.names(), request.subject()),
            // whoever a client is need not be a host
            CertificateProfile::Client => request.names().to_vec(),
        };
        let is_host = |name: &SubjectAltName| matches!(name, SubjectAltName::Dns(_) | SubjectAltName::Ip(_));
        if profile == CertificateProfile::Server && !names.iter().any(is_host) {
            return Err(IssueError::NoHost);
        }
        if request.subject().is_empty() && names.is_empty() {
            return Err(IssueError::Nameless);
        }
        match self.constraints.outside(request.subject(), &names) {
            outside if outside.is_empty() => Ok(names),
            names => Err(IssueError::OutsideConstraints { names }),
        }
    }

    /// Never beyond the issuer's own; and what was asked for when that was longer. A beginning before the issuer's, which
    /// is for clocks that are behind, becomes the issuer's.
    fn validity(&self, terms: &Terms) -> Result<(Validity, Option<Timestamp>), IssueError> {
        let (begins, ends) = (self.certificate.not_before(), self.certificate.not_after());
        let asked = terms.validity;
        if asked.not_before() > ends || asked.not_after() < begins {
            return Err(IssueError::IssuerNotValid { issuer: self.subject(), begins, ends });
        }
        let longer = asked.not_after() > ends;
        if longer && terms.beyond_issuer == BeyondIssuer::Refuse {
            return Err(IssueError::BeyondIssuer { asked: asked.not_after(), issuer: self.subject(), ends });
        }
        let validity = Validity::new(asked.not_before().max(begins), asked.not_after().min(ends))?;
        Ok((validity, longer.then(|| asked.not_after())))
    }

    fn sign(
        &self,
        terms: &Terms,
        validity: Validity,
        subject: &[u8],
        public_key: &PublicKey,
        extensions: Vec<Extension>,
    ) -> Result<Certificate, IssueError> {
        if !self.may(KeyUsage::CERTIFICATE_SIGNING) {
            return Err(self.fault("its certificate does not let it sign certificates"));
        }
        let contents = Contents {
            serial: &terms.serial,
            issuer: self.certificate.raw_subject(),
            validity,
            subject,
            public_key,
            extensions,
            authority_key_id: &self.key_id,
        };
        contents.sign(self.key)
    }

    /// `BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER (0..MAX) OPTIONAL }`
    fn authorities_below(&self) -> Option<u64> {
        let constraints = asn1::whole(self.certificate.extension(oid::BASIC_CONSTRAINTS)?)?;
        constraints.tagged(SEQUENCE)?.children()?.last()?.unsigned()
    }
}

/// `CRLDistributionPoints` with one URI (RFC 5280 section 4.2.1.13).
fn crl_distribution_point(url: &Uri) -> der::Result<Extension> {
    let name = GeneralName::UniformResourceIdentifier(Ia5String::new(url.as_str())?);
    let point = DistributionPoint {
        distribution_point: Some(DistributionPointName::FullName(vec![name])),
        reasons: None,
        crl_issuer: None,
    };
    writing::extension(oid::CRL_DISTRIBUTION_POINTS, false, CrlDistributionPoints(vec![point]).to_der()?)
}
