//! An authority: a root and an issuing CA that sign what a request asks for.

use std::sync::LazyLock;

use keystore::ops::make_csr::Made;
use keystore::pki::{Certificate, CertificationRequest, read_certificates};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, CertifiedIssuer, DnType, IsCa, KeyPair,
    PKCS_ECDSA_P256_SHA256, SerialNumber,
};
use time::OffsetDateTime;

use super::NOW;

/// The seconds of a day.
pub(crate) const DAY: i64 = 86_400;

static ISSUING: LazyLock<CertifiedIssuer<'static, KeyPair>> = LazyLock::new(|| {
    let new_key = || KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let root = CertifiedIssuer::self_signed(ca("Test Root"), new_key()).unwrap();
    CertifiedIssuer::signed_by(ca("Test Issuing CA"), new_key(), &root).unwrap()
});

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = time(NOW - 1000 * DAY);
    params.not_after = time(NOW + 10_000 * DAY);
    params
}

fn time(unix: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(unix).unwrap()
}

/// The authority's reply: a certificate valid for 90 days and the issuing CA's, PEM.
pub(crate) fn certify(made: &Made) -> String {
    certify_between(made, made.facts.made.unix(), made.facts.made.unix() + 90 * DAY)
}

/// The authority's reply for a validity of its own.
pub(crate) fn certify_between(made: &Made, not_before: i64, not_after: i64) -> String {
    certify_request(&made.request, not_before, not_after)
}

/// The authority's reply to a request that was made elsewhere.
pub(crate) fn certify_request(request: &CertificationRequest, not_before: i64, not_after: i64) -> String {
    let mut request = CertificateSigningRequestParams::from_pem(&request.to_pem()).unwrap();
    request.params.not_before = time(not_before);
    request.params.not_after = time(not_after);
    request.params.serial_number = Some(SerialNumber::from(rand::random::<u64>() >> 1));
    request.signed_by(&*ISSUING).unwrap().pem() + &ISSUING.pem()
}

/// The first certificate of a reply.
pub(crate) fn certificate(reply: &str) -> Certificate {
    read_certificates(reply.as_bytes()).unwrap().swap_remove(0)
}
