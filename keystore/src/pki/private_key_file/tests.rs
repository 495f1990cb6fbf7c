use der::Encode;
use der::asn1::OctetString;
use pkcs8::EncryptedPrivateKeyInfoOwned;
use pkcs8::pkcs5::pbes2::Parameters;
use proptest::prelude::*;

use super::{EncryptedPrivateKey, PrivateKeyFile};
use crate::pki::{KeyAlgorithm, Passphrase, Pbes2, PemError, PrivateKey, PrivateKeyError, pem_blocks};

/// Few rounds: what is tested is not how slow they are.
const PBES2: Pbes2 = Pbes2 { rounds: 10, salt: [1; 16], iv: [2; 16] };

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned()).unwrap()
}

fn encrypted(bytes: &[u8]) -> EncryptedPrivateKey {
    match PrivateKeyFile::from_pem(bytes).unwrap() {
        PrivateKeyFile::Encrypted(key) => key,
        PrivateKeyFile::Plain(_) => panic!("not encrypted"),
    }
}

#[test]
fn every_algorithm_is_written_and_opened() {
    for algorithm in KeyAlgorithm::ALL {
        let key = PrivateKey::generate(algorithm).unwrap();
        let PrivateKeyFile::Plain(plain) = PrivateKeyFile::from_pem(key.to_pem().as_bytes()).unwrap() else {
            panic!("not plain")
        };
        assert_eq!(plain.to_pkcs8_der(), key.to_pkcs8_der());
        let pem = key.encrypt(&passphrase("pass"), &PBES2).unwrap();
        assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        let opened = encrypted(pem.as_bytes()).decrypt(&passphrase("pass")).unwrap();
        assert_eq!(opened.to_pkcs8_der(), key.to_pkcs8_der());
    }
}

#[test]
fn a_wrong_passphrase_is_never_mistaken_for_damage() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let file = encrypted(key.encrypt(&passphrase("right"), &PBES2).unwrap().as_bytes());
    // enough tries that one of 256 wrong keys leaves good padding
    for attempt in 0..1000 {
        let error = file.decrypt(&passphrase(&format!("wrong {attempt}"))).unwrap_err();
        assert_eq!(error, PrivateKeyError::WrongPassphrase);
    }
}

#[test]
fn a_damaged_envelope_is_never_mistaken_for_a_wrong_passphrase() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let pem = key.encrypt(&passphrase("right"), &PBES2).unwrap();
    let der = pem_blocks(pem.as_bytes()).remove(0).body.unwrap();
    let cut = EncryptedPrivateKey::from_der(&der[..der.len() - 1]);
    assert!(matches!(cut, Err(PrivateKeyError::DamagedEncryption)));
    assert!(matches!(EncryptedPrivateKey::from_der(b"hello"), Err(PrivateKeyError::DamagedEncryption)));
}

#[test]
fn rounds_have_limits() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    for rounds in [0, Pbes2::MAX_ROUNDS + 1, u32::MAX] {
        let error = key.encrypt(&passphrase("x"), &Pbes2 { rounds, ..PBES2 }).unwrap_err();
        assert_eq!(error, PrivateKeyError::Encryption { rounds });
    }
}

#[test]
fn derivations_meant_to_exhaust_are_not_begun() {
    let envelope = |scheme: Parameters| {
        let encrypted_data = OctetString::new([0; 16]).unwrap();
        EncryptedPrivateKeyInfoOwned { encryption_algorithm: scheme.into(), encrypted_data }.to_der().unwrap()
    };
    let scrypt = |log_n, p| {
        let cost = scrypt::Params::new(log_n, 8, p).unwrap();
        envelope(Parameters::generate_scrypt_aes256cbc(cost, &[0; 16], [0; 16]).unwrap())
    };
    let pbkdf2 = |rounds| envelope(Parameters::generate_pbkdf2_sha256_aes256cbc(rounds, &[0; 16], [0; 16]).unwrap());
    for excessive in [pbkdf2(Pbes2::MAX_ROUNDS + 1), scrypt(24, 1), scrypt(10, 65)] {
        let error = EncryptedPrivateKey::from_der(&excessive).unwrap_err();
        assert!(matches!(error, PrivateKeyError::ExcessiveDerivation { .. }), "{error}");
    }
    assert!(matches!(EncryptedPrivateKey::from_der(&pbkdf2(0)), Err(PrivateKeyError::DamagedEncryption)));
    assert!(EncryptedPrivateKey::from_der(&scrypt(17, 1)).is_ok());
}

#[test]
fn what_others_encrypted_is_opened_or_named() {
    let scrypt = encrypted(include_bytes!("../../../tests/fixtures/scrypt.key"));
    assert_eq!(scrypt.decrypt(&passphrase("fixture")).unwrap().algorithm(), KeyAlgorithm::EcdsaP256);
    assert_eq!(scrypt.decrypt(&passphrase("other")).unwrap_err(), PrivateKeyError::WrongPassphrase);
    let pbe = PrivateKeyFile::from_pem(include_bytes!("../../../tests/fixtures/pbe-3des.key"));
    let scheme = "1.2.840.113549.1.12.1.3".to_owned();
    assert_eq!(pbe.unwrap_err(), PrivateKeyError::UnsupportedEncryption { scheme });
}

#[test]
fn files_without_one_private_key_are_named() {
    let fault = |text: &str| PrivateKeyFile::from_pem(text.as_bytes()).unwrap_err();
    let pem = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap().to_pem();
    assert_eq!(fault("hello"), PrivateKeyError::NoPrivateKey { found: None });
    let chain = include_str!("../../../tests/fixtures/chain.pem");
    assert_eq!(fault(chain), PrivateKeyError::NoPrivateKey { found: Some("CERTIFICATE".to_owned()) });
    assert_eq!(fault(&pem.repeat(2)), PrivateKeyError::SeveralPrivateKeys { count: 2 });
    assert!(PrivateKeyFile::from_pem(format!("{chain}{}", *pem).as_bytes()).is_ok());
    let older = include_str!("../../../tests/fixtures/sec1.key");
    assert_eq!(fault(older), PrivateKeyError::OlderForm { label: "EC PRIVATE KEY".to_owned() });
    let damaged = pem.replacen('M', "?", 1);
    assert_eq!(fault(&damaged), PrivateKeyError::Pem(PemError::DamagedBase64 { line: 2 }));
    assert_eq!(fault(chain).to_string(), "no private key in it, only CERTIFICATE");
}

#[test]
fn randomness_is_the_callers() {
    use rand::SeedableRng;
    let random = |seed| Pbes2::random(Pbes2::ROUNDS, &mut rand::rngs::StdRng::seed_from_u64(seed));
    assert_eq!(random(1), random(1));
    assert_ne!(random(1).salt, random(2).salt);
    assert_ne!(random(1).salt, random(1).iv);
    assert_eq!(random(1).rounds, 600_000);
}

proptest! {
    #[test]
    fn never_panics(bytes: Vec<u8>) {
        let _ = PrivateKeyFile::from_pem(&bytes);
        let _ = PrivateKeyFile::from_pem(crate::pki::pem::encode("PRIVATE KEY", &bytes).as_bytes());
        let _ = PrivateKeyFile::from_pem(crate::pki::pem::encode("ENCRYPTED PRIVATE KEY", &bytes).as_bytes());
        let _ = PrivateKey::from_pkcs8_der(&bytes);
    }

    #[test]
    fn never_panics_on_damage(position: prop::sample::Index, octet: u8) {
        let pem: &[u8] = include_bytes!("../../../tests/fixtures/rsa-1024.key");
        for pem in [pem, include_bytes!("../../../tests/fixtures/ecdsa-p521.key")] {
            let mut der = pem_blocks(pem).remove(0).body.unwrap();
            let at = position.index(der.len());
            der[at] = octet;
            let _ = PrivateKey::from_pkcs8_der(&der);
        }
    }
}
