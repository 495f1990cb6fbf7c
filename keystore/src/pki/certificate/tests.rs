use proptest::prelude::*;

use super::{Certificate, CertificateError};
use crate::pki::read_certificates;
use crate::pki::test_support::{Authority, server_key};

const CHAIN: &[u8] = include_bytes!("../../../tests/fixtures/chain.pem");
const LEGACY: &[u8] = include_bytes!("../../../tests/fixtures/legacy.pem");

#[test]
fn what_openssl_made_is_read() {
    let chain = read_certificates(CHAIN).unwrap();
    let [leaf, ca, root] = chain.as_slice() else { panic!("three certificates") };
    assert_eq!(leaf.subject().to_string(), "CN=www.fixture.example");
    assert_eq!(leaf.issuer().to_string(), "O=Fixture,CN=Fixture CA");
    let names: Vec<String> = leaf.names().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["dns:www.fixture.example", "dns:*.fixture.example", "ip:192.0.2.7", "email:a@fixture.example"]);
    assert_eq!(leaf.other_names(), 2);
    assert_eq!(leaf.public_key().describe(), "ECDSA P-256");
    assert_eq!(leaf.signature_algorithm(), "ecdsa-with-SHA256");
    assert!(leaf.serial().len() >= 38 && leaf.serial().chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')));
    assert!(leaf.not_before() < leaf.not_after());
    assert!(leaf.weaknesses().is_empty());
    assert!(!leaf.is_ca() && ca.is_ca() && root.is_ca());
    assert!(leaf.issued_by(ca) && ca.issued_by(root) && root.issued_by(root));
    assert!(!leaf.issued_by(root) && !ca.issued_by(leaf) && !root.issued_by(ca));
    assert!(root.is_self_signed() && root.is_self_issued() && !ca.is_self_issued());
    assert!(leaf.covers("WWW.fixture.example") && leaf.covers("a.fixture.example") && leaf.covers("192.0.2.7"));
    assert!(!leaf.covers("fixture.example") && !leaf.covers("a.b.fixture.example"));
    assert_eq!(Certificate::from_der(leaf.as_der()).unwrap(), *leaf);
    assert_eq!(read_certificates(leaf.to_pem().as_bytes()).unwrap(), std::slice::from_ref(leaf));
}

#[test]
fn what_is_weak_is_named() {
    let legacy = read_certificates(LEGACY).unwrap();
    let [leaf, root] = legacy.as_slice() else { panic!("two certificates") };
    assert_eq!(leaf.signature_algorithm(), "md5WithRSAEncryption");
    assert_eq!(leaf.weaknesses(), ["a signature with MD5: it can be forged"]);
    assert_eq!(root.weaknesses(), ["an RSA key of 1024 bits: fewer than 2048 can be broken"]);
    assert!(leaf.issued_by(root) && root.is_self_signed());
}

#[test]
fn a_changed_certificate_is_not_issued_by_its_issuer() {
    let root = Authority::root("Root");
    let (key, _) = server_key();
    let leaf = root.leaf(&key, "a.example", 2026);
    let mut der = leaf.as_der().to_vec();
    let position = der.windows(9).position(|window| window == b"a.example").unwrap();
    der[position] = b'b';
    let changed = Certificate::from_der(&der).unwrap();
    assert!(leaf.issued_by(&root.certificate) && !changed.issued_by(&root.certificate));
}

#[test]
fn what_is_no_certificate_is_refused() {
    assert!(matches!(Certificate::from_der(b""), Err(CertificateError::Damaged { .. })));
    assert!(matches!(Certificate::from_der(b"hello"), Err(CertificateError::Damaged { .. })));
    let der = Authority::root("Root").certificate.as_der().to_vec();
    assert!(matches!(Certificate::from_der(&der[..der.len() - 1]), Err(CertificateError::Damaged { .. })));
    let longer = [der, vec![0, 0]].concat();
    assert_eq!(Certificate::from_der(&longer), Err(CertificateError::TrailingData { count: 2 }));
}

proptest! {
    #[test]
    fn never_panics(bytes: Vec<u8>) {
        let _ = Certificate::from_der(&bytes);
    }

    #[test]
    fn never_panics_on_damage(which in 0usize..3, position: prop::sample::Index, octets in prop::array::uniform2(any::<u8>())) {
        let certificate = read_certificates(CHAIN).unwrap().swap_remove(which);
        let mut der = certificate.as_der().to_vec();
        let at = position.index(der.len() - 1);
        der[at..at + 2].copy_from_slice(&octets);
        if let Ok(damaged) = Certificate::from_der(&der) {
            let _ = (damaged.weaknesses(), damaged.is_self_signed(), damaged.covers("a.example"), damaged.names().len());
            let _ = (damaged.subject().to_string(), damaged.not_after().to_string(), damaged.public_key().describe());
            // an algorithm that is not checked is taken on the word of the names
            if damaged != certificate && damaged.signature_algorithm() == certificate.signature_algorithm() {
                prop_assert!(!damaged.issued_by(&certificate));
            }
        }
    }
}
