//! The authority of the demonstration: a root and an issuing CA, made on the spot and forgotten at the end.
//!
//! It reads requests with `rcgen`, which is enough for the requests of the demonstration: these ask for SAN, key
//! usage and extended key usage. A request with any other extension is refused, and of a subject's repeated
//! attributes (two OUs) only the last one reaches the certificate.

use keystore::digest::Digest;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData,
    SerialNumber,
};
use time::{Duration, OffsetDateTime};

use super::DemoError;

/// How long the root and the issuing CA are valid.
const LIFETIME: Duration = Duration::days(3650);

/// How far before `now` they begin, so that a clock that is set back a little does not refuse them.
const BACKDATED: Duration = Duration::hours(1);

/// A root and an issuing CA, both ECDSA P-256.
pub(crate) struct Authority {
    root_pem: String,
    issuing: CertifiedIssuer<'static, KeyPair>,
    ends: OffsetDateTime,
}

impl Authority {
    /// Makes a new root and a new issuing CA.
    ///
    /// # Errors
    ///
    /// [`DemoError::Authority`] when a key or a certificate cannot be made.
    pub(crate) fn new(now: OffsetDateTime) -> Result<Self, DemoError> {
        let new_key = || KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(DemoError::Authority);
        let key = new_key()?;
        let params = ca("Keyring Demo Root", 1, &key, now);
        let root = CertifiedIssuer::self_signed(params, key).map_err(DemoError::Authority)?;
        let key = new_key()?;
        let params = ca("Keyring Demo Issuing CA", 0, &key, now);
        let issuing = CertifiedIssuer::signed_by(params, key, &root).map_err(DemoError::Authority)?;
        Ok(Self { root_pem: root.pem(), issuing, ends: now.saturating_add(LIFETIME) })
    }

    /// The root's certificate, the one trust anchor that a client needs.
    pub(crate) fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// Signs a PKCS#10 request in PEM and returns the certificate and the issuing CA's, in PEM, leaf first.
    ///
    /// Subject and SANs are the request's; key usage, extended key usage and validity are the authority's.
    ///
    /// # Errors
    ///
    /// [`DemoError::RequestUnreadable`], [`DemoError::RequestSignature`], [`DemoError::RequestExtension`] for the
    /// request, [`DemoError::Validity`] for a validity that is not positive or outlasts the issuer, and
    /// [`DemoError::Signing`] for the rest.
    pub(crate) fn sign(&self, request_pem: &str, validity: Duration, now: OffsetDateTime) -> Result<String, DemoError> {
        let mut request = CertificateSigningRequestParams::from_pem(request_pem).map_err(|error| match error {
            rcgen::Error::InvalidCertificationRequestSignature => DemoError::RequestSignature,
            rcgen::Error::UnsupportedExtension => DemoError::RequestExtension,
            other => DemoError::RequestUnreadable(other),
        })?;
        let not_after = now
            .checked_add(validity)
            .filter(|not_after| validity.is_positive() && *not_after <= self.ends)
            .ok_or(DemoError::Validity { validity, issuer_ends: self.ends })?;

        let leaf = &mut request.params;
        leaf.not_before = now;
        leaf.not_after = not_after;
        leaf.serial_number = Some(serial_number());
        // never what the request asks for: a request must not make a CA of itself
        leaf.is_ca = IsCa::ExplicitNoCa;
        leaf.key_identifier_method = key_identifier(&request.public_key);
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;

        let certificate = request.signed_by(&self.issuing).map_err(DemoError::Signing)?;
        Ok(certificate.pem() + &self.issuing.pem())
    }
}

/// A CA that may have `below` further CAs under it.
fn ca(name: &str, below: u8, key: &KeyPair, now: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.key_identifier_method = key_identifier(key);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = now.saturating_sub(BACKDATED);
    params.not_after = now.saturating_add(LIFETIME);
    params.serial_number = Some(serial_number());
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params
}

/// Method 1 of RFC 7093: of the bits of the public key alone, where `rcgen` takes the whole `SubjectPublicKeyInfo`.
fn key_identifier(key: &impl PublicKeyData) -> KeyIdMethod {
    KeyIdMethod::PreSpecified(Digest::of(key.der_bytes()).as_bytes()[..20].to_vec())
}

/// 127 random bits: positive as an INTEGER, and within the 20 octets of RFC 5280 section 4.1.2.2.
fn serial_number() -> SerialNumber {
    SerialNumber::from_slice(&(rand::random::<u128>() >> 1).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use rcgen::CustomExtension;
    use time::macros::datetime;
    use x509_parser::extensions::ParsedExtension;
    use x509_parser::pem::Pem;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-21 12:00:00 UTC);

    fn request(edit: impl FnOnce(&mut CertificateParams)) -> String {
        let mut params = CertificateParams::new(["mail01.example.com".to_owned(), "192.0.2.7".to_owned()]).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "Example GmbH");
        params.distinguished_name.push(DnType::CommonName, "mail01.example.com");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        edit(&mut params);
        params.serialize_request(&KeyPair::generate().unwrap()).unwrap().pem().unwrap()
    }

    #[test]
    fn signs_what_was_asked_for_and_nothing_more() {
        let authority = Authority::new(NOW).unwrap();
        let request = request(|params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages.push(KeyUsagePurpose::KeyCertSign);
            params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        });
        let chain = authority.sign(&request, Duration::days(47), NOW).unwrap();

        let pems: Vec<Pem> = Pem::iter_from_buffer(chain.as_bytes()).map(Result::unwrap).collect();
        let [leaf, issuing] = &pems[..] else { panic!("{} certificates", pems.len()) };
        let (leaf, issuing) = (leaf.parse_x509().unwrap(), issuing.parse_x509().unwrap());
        let root = Pem::iter_from_buffer(authority.root_pem().as_bytes()).next().unwrap().unwrap();
        let root = root.parse_x509().unwrap();

        leaf.verify_signature(Some(issuing.public_key())).unwrap();
        issuing.verify_signature(Some(root.public_key())).unwrap();
        root.verify_signature(None).unwrap();
        assert_eq!(leaf.subject().to_string(), "O=Example GmbH, CN=mail01.example.com");
        assert_eq!(leaf.validity().not_before.timestamp(), NOW.unix_timestamp());
        assert_eq!(leaf.validity().not_after.timestamp(), (NOW + Duration::days(47)).unix_timestamp());
        assert!(!leaf.is_ca());
        assert!(issuing.is_ca() && root.is_ca());
        let names = &leaf.subject_alternative_name().unwrap().unwrap().value.general_names;
        assert_eq!(names.len(), 2, "{names:?}");
        assert_eq!(leaf.key_usage().unwrap().unwrap().value.flags, 1, "digitalSignature alone");
        let extended = leaf.extended_key_usage().unwrap().unwrap().value;
        assert!(extended.server_auth && !extended.client_auth);
        assert!(
            leaf.iter_extensions()
                .any(|one| matches!(one.parsed_extension(), ParsedExtension::AuthorityKeyIdentifier(_)))
        );
    }

    #[test]
    fn serial_numbers_are_positive_and_differ() {
        let (one, other) = (serial_number().to_bytes(), serial_number().to_bytes());
        assert_ne!(one, other);
        assert_eq!((one.len(), one[0] & 0x80), (16, 0));
    }

    #[test]
    fn refuses_a_request_that_its_key_did_not_sign() {
        let mut der = pem::parse(request(|_| ())).unwrap().into_contents();
        let place = der.windows(7).position(|part| part == b"Example").unwrap();
        der[place] = b'S';
        let forged = pem::encode(&pem::Pem::new("CERTIFICATE REQUEST", der));
        let refused = Authority::new(NOW).unwrap().sign(&forged, Duration::days(1), NOW);
        assert!(matches!(refused, Err(DemoError::RequestSignature)), "{refused:?}");
    }

    #[test]
    fn refuses_what_it_cannot_read_or_does_not_know() {
        let authority = Authority::new(NOW).unwrap();
        let refused = authority.sign("no request", Duration::days(1), NOW);
        assert!(matches!(refused, Err(DemoError::RequestUnreadable(_))), "{refused:?}");

        // TLS feature (RFC 7633), must-staple
        let stapled = request(|params| {
            params.custom_extensions =
                vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 24], vec![0x30, 3, 2, 1, 5])];
        });
        let refused = authority.sign(&stapled, Duration::days(1), NOW);
        assert!(matches!(refused, Err(DemoError::RequestExtension)), "{refused:?}");
    }

    #[test]
    fn refuses_a_validity_that_is_empty_or_outlasts_the_issuer() {
        let authority = Authority::new(NOW).unwrap();
        let request = request(|_| ());
        for validity in [Duration::ZERO, Duration::days(-1), LIFETIME + Duration::DAY, Duration::MAX] {
            let refused = authority.sign(&request, validity, NOW);
            assert!(matches!(refused, Err(DemoError::Validity { .. })), "{refused:?}");
        }
    }
}
