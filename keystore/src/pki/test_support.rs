//! Certificates for tests, made with rcgen.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::{Certificate, PrivateKey};
use crate::digest::Digest;

/// An authority with a certificate.
pub(super) struct Authority {
    pub(super) certificate: Certificate,
    params: CertificateParams,
    key: KeyPair,
}

impl Authority {
    pub(super) fn root(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = authority(name);
        let certificate = parse(&params.self_signed(&key).unwrap());
        Self { certificate, params, key }
    }

    pub(super) fn intermediate(&self, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = authority(name);
        let certificate = parse(&params.signed_by(&key, &self.issuer()).unwrap());
        Self { certificate, params, key }
    }

    /// Another certificate for another authority's name and key.
    pub(super) fn cross_sign(&self, other: &Self) -> Certificate {
        parse(&other.params.signed_by(&other.key, &self.issuer()).unwrap())
    }

    /// A server's certificate, valid from a year on.
    pub(super) fn leaf(&self, key: &KeyPair, host: &str, year: i32) -> Certificate {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, host);
        params.use_authority_key_identifier_extension = true;
        params.not_before = rcgen::date_time_ymd(year, 1, 1);
        parse(&params.signed_by(key, &self.issuer()).unwrap())
    }

    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.use_authority_key_identifier_extension = true;
    params
}

fn parse(certificate: &rcgen::Certificate) -> Certificate {
    Certificate::from_der(certificate.der()).unwrap()
}

/// A key as rcgen knows it, and the hash that it is found by.
pub(super) fn server_key() -> (KeyPair, Digest) {
    let key = KeyPair::generate().unwrap();
    let hash = PrivateKey::from_pkcs8_der(key.serialized_der()).unwrap().public_key().hash();
    (key, hash)
}
