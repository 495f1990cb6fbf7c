//! An authority for tests: it signs what it is told to, right or wrong.
#![allow(clippy::disallowed_methods, reason = "certificates of tests begin and end relative to now")]

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertificateSigningRequestParams,
    CertifiedIssuer, CustomExtension, DistinguishedName, DnType, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256, RevokedCertParams, SanType, SerialNumber,
};
use time::{Duration, OffsetDateTime};

/// A root and an issuing CA under it.
pub(crate) struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
    issuing: CertifiedIssuer<'static, KeyPair>,
}

/// A request and what its certificate shall be.
pub(crate) struct Order<'a> {
    authority: &'a Authority,
    request: CertificateSigningRequestParams,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let root = CertifiedIssuer::self_signed(ca("Test Root"), KeyPair::generate().unwrap()).unwrap();
        let issuing = CertifiedIssuer::signed_by(ca("Test Issuing CA"), KeyPair::generate().unwrap(), &root).unwrap();
        Self { root, issuing }
    }

    /// Takes a request in PEM. Without more words its certificate is good for 47 days.
    #[track_caller]
    pub(crate) fn order(&self, request_pem: &str) -> Order<'_> {
        let request = CertificateSigningRequestParams::from_pem(request_pem).unwrap();
        let mut order = Order { authority: self, request };
        order.request.params.is_ca = IsCa::NoCa;
        order.request.params.use_authority_key_identifier_extension = true;
        order.valid(-1, 47)
    }

    pub(crate) fn root_pem(&self) -> String {
        self.root.pem()
    }

    pub(crate) fn issuing_pem(&self) -> String {
        self.issuing.pem()
    }

    /// A certificate for the request whose signature names SHA-1. It does not hold, which nobody can see without the
    /// issuer's certificate.
    pub(crate) fn weakly_signed(&self, request_pem: &str) -> String {
        let weak_key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let weak = CertifiedIssuer::self_signed(ca("Test Weak CA"), weak_key).unwrap();
        let mut der = self.order(request_pem).request.signed_by(&weak).unwrap().der().to_vec();
        // sha256WithRSAEncryption and sha1WithRSAEncryption (RFC 8017 appendix A.2.4) differ in their last octet
        let sha256 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
        for at in 0..der.len() - sha256.len() {
            if der[at..].starts_with(&sha256) {
                der[at + sha256.len() - 1] = 0x05;
            }
        }
        pem::encode(&pem::Pem::new("CERTIFICATE", der))
    }

    /// The issuing CA's revocation list with these serial numbers.
    pub(crate) fn revocation_list(&self, serials: &[u64]) -> String {
        let revoked = serials.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: OffsetDateTime::now_utc() - Duration::hours(1),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: OffsetDateTime::now_utc() - Duration::days(1),
            next_update: OffsetDateTime::now_utc() + Duration::days(7),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuing).unwrap().pem().unwrap()
    }

    /// The chain of a certificate for a private key that no keystore has.
    pub(crate) fn foreign(&self) -> String {
        let mut params = CertificateParams::new(["stranger.example.com".to_owned()]).unwrap();
        params.distinguished_name = named("stranger.example.com");
        let request = params.serialize_request(&KeyPair::generate().unwrap()).unwrap().pem().unwrap();
        self.order(&request).chain()
    }
}

impl Order<'_> {
    /// Chooses the validity, in days from now.
    pub(crate) fn valid(mut self, from: i64, until: i64) -> Self {
        // half a day more, so that whole days left do not depend on the second
        let day = |days: i64| OffsetDateTime::now_utc() + Duration::days(days) + Duration::hours(12);
        (self.request.params.not_before, self.request.params.not_after) = (day(from), day(until));
        self
    }

    /// Chooses a short validity, in hours from now.
    pub(crate) fn valid_hours(mut self, from: i64, until: i64) -> Self {
        // half an hour more, for the same reason
        let hour = |hours: i64| OffsetDateTime::now_utc() + Duration::hours(hours) + Duration::minutes(30);
        (self.request.params.not_before, self.request.params.not_after) = (hour(from), hour(until));
        self
    }

    /// Chooses the host names, whatever was requested.
    pub(crate) fn names(mut self, names: &[&str]) -> Self {
        let name = |name: &&str| SanType::DnsName((*name).try_into().unwrap());
        self.request.params.subject_alt_names = names.iter().map(name).collect();
        self
    }

    /// Writes into the certificate where its issuer's can be had (`authorityInfoAccess`).
    pub(crate) fn issuer_at(mut self, url: &str) -> Self {
        let length = |value: &[u8]| u8::try_from(value.len()).unwrap();
        let element = |tag: u8, value: &[u8]| [&[tag, length(value)], value].concat();
        let ca_issuers = [6, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 2];
        let description = [&ca_issuers[..], &element(0x86, url.as_bytes())].concat();
        let der = element(0x30, &element(0x30, &description));
        let extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], der);
        self.request.params.custom_extensions.push(extension);
        self
    }

    /// Chooses the serial number, for a revocation list.
    pub(crate) fn serial(mut self, serial: u64) -> Self {
        self.request.params.serial_number = Some(SerialNumber::from(serial));
        self
    }

    /// The certificate alone.
    pub(crate) fn leaf(&self) -> String {
        self.request.signed_by(&self.authority.issuing).unwrap().pem()
    }

    /// The certificate and its issuer's.
    pub(crate) fn chain(&self) -> String {
        self.leaf() + &self.authority.issuing_pem()
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = OffsetDateTime::now_utc() - Duration::days(30);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(3650);
    params
}
