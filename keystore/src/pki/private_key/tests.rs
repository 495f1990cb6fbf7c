use super::{PrivateKey, PrivateKeyError};
use crate::pki::asn1::{INTEGER, OCTET_STRING, SEQUENCE, whole, write};
use crate::pki::signature::{Verdict, check};
use crate::pki::{KeyAlgorithm, pem_blocks};

#[test]
fn every_algorithm_signs_and_is_read_back() {
    for algorithm in KeyAlgorithm::ALL {
        let key = PrivateKey::generate(algorithm).unwrap();
        let again = PrivateKey::from_pkcs8_der(&key.to_pkcs8_der()).unwrap();
        assert_eq!((again.algorithm(), again.public_key()), (algorithm, key.public_key()));
        assert_eq!(again.to_pkcs8_der(), key.to_pkcs8_der());
        let signature = again.sign(b"message").unwrap();
        let identifier = der::Encode::to_der(&key.signature_algorithm()).unwrap();
        assert_eq!(check(key.public_key(), &identifier, &signature, b"message"), Verdict::Valid);
        assert_eq!(check(key.public_key(), &identifier, &signature, b"massage"), Verdict::Invalid);
        assert_eq!(key.public_key().weaknesses(), []);
        assert_eq!(key.public_key().algorithm(), Some(algorithm));
        assert_eq!(format!("{key:?}"), "[private key elided]");
        // version 1 of PKCS#8: OpenSSL 3.0 cannot read Ed25519 in version 2
        let der = key.to_pkcs8_der();
        assert_eq!(whole(&der).unwrap().children().unwrap()[0].content, [0]);
        assert_eq!(whole(&der).unwrap().children().unwrap().len(), 3);
    }
}

#[test]
fn pem_is_sixty_four_columns_and_line_feeds() {
    let pem = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap().to_pem();
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n") && pem.ends_with("\n-----END PRIVATE KEY-----\n"));
    assert!(pem.lines().all(|line| line.len() <= 64) && pem.lines().nth(1).unwrap().len() == 64);
}

#[test]
fn describes_public_keys_for_people() {
    let describe = |algorithm| PrivateKey::generate(algorithm).unwrap().public_key().describe();
    assert_eq!(describe(KeyAlgorithm::EcdsaP384), "ECDSA P-384");
    assert_eq!(describe(KeyAlgorithm::Rsa2048), "RSA 2048 bits");
    assert_eq!(describe(KeyAlgorithm::Ed25519), "Ed25519");
}

#[test]
fn keys_that_are_not_made_here_are_named() {
    let fault = |pem: &[u8]| {
        let der = pem_blocks(pem).remove(0).body.unwrap();
        PrivateKey::from_pkcs8_der(&der).unwrap_err()
    };
    let unsupported = |algorithm: &str| PrivateKeyError::UnsupportedAlgorithm { algorithm: algorithm.to_owned() };
    assert_eq!(fault(include_bytes!("../../../tests/fixtures/ecdsa-p521.key")), unsupported("ECDSA P-521"));
    for bytes in [&b""[..], b"hello", &[0x30, 0]] {
        assert_eq!(PrivateKey::from_pkcs8_der(bytes).unwrap_err(), PrivateKeyError::NotAPrivateKey);
    }
}

#[test]
fn a_short_key_is_kept_and_signs_nothing() {
    let pem = include_bytes!("../../../tests/fixtures/rsa-1024.key");
    let key = PrivateKey::from_pkcs8_der(&pem_blocks(pem).remove(0).body.unwrap()).unwrap();
    assert_eq!((key.algorithm(), key.is_short()), (KeyAlgorithm::OtherRsa, true));
    assert_eq!(key.public_key().describe(), "RSA 1024 bits");
    assert_eq!(key.sign(b"anything"), Err(PrivateKeyError::TooShort));
    let again = PrivateKey::from_pkcs8_der(&key.to_pkcs8_der()).unwrap();
    assert_eq!((again.public_key(), &*again.to_pem()), (key.public_key(), &*key.to_pem()));
    assert!(PrivateKey::generate(KeyAlgorithm::OtherRsa).is_err());
}

/// Replaces one number of an RSA key: n, e, d, p, q are 1 to 5.
fn with_number(pkcs8: &[u8], index: usize, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let outer = whole(pkcs8).unwrap().children().unwrap();
    let mut numbers: Vec<Vec<u8>> =
        whole(outer[2].content).unwrap().children().unwrap().iter().map(|number| number.content.to_vec()).collect();
    change(&mut numbers[index]);
    let numbers: Vec<u8> = numbers.iter().flat_map(|number| write(INTEGER, number)).collect();
    let key = write(OCTET_STRING, &write(SEQUENCE, &numbers));
    write(SEQUENCE, &[outer[0].raw, outer[1].raw, &key].concat())
}

#[test]
fn rsa_numbers_that_do_not_belong_together_are_found() {
    let key = PrivateKey::generate(KeyAlgorithm::Rsa2048).unwrap().to_pkcs8_der();
    assert!(PrivateKey::from_pkcs8_der(&with_number(&key, 1, |_| ())).is_ok());
    let damaged = PrivateKeyError::DamagedComponents { algorithm: KeyAlgorithm::Rsa2048 };
    for index in 1..=8 {
        for bit in [1, 2] {
            let changed = with_number(&key, index, |number| *number.last_mut().unwrap() ^= bit);
            assert_eq!(PrivateKey::from_pkcs8_der(&changed).unwrap_err(), damaged, "number {index}");
        }
    }
    for index in 2..=8 {
        let zero = with_number(&key, index, |number| *number = vec![0]);
        assert_eq!(PrivateKey::from_pkcs8_der(&zero).unwrap_err(), damaged, "number {index}");
    }
}

#[test]
fn a_damaged_curve_point_is_found() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap().to_pkcs8_der();
    let mut damaged = key.to_vec();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(
        PrivateKey::from_pkcs8_der(&damaged).unwrap_err(),
        PrivateKeyError::DamagedComponents { algorithm: KeyAlgorithm::EcdsaP256 }
    );
}
