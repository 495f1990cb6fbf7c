use proptest::prelude::*;

use super::{FoundKey, KeyForm, LockedKey, OpenedKey, backups};
use crate::pki::{Certificate, KeyAlgorithm, OpenError, Passphrase, PemBlock, PublicKey, pem_blocks};

macro_rules! fixture {
    ($name:literal) => {
        &include_bytes!(concat!("../../../tests/fixtures/formats/", $name))[..]
    };
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned()).unwrap()
}

fn body(block: &PemBlock) -> &[u8] {
    block.body.as_ref().unwrap()
}

fn public_key(pem: &[u8]) -> PublicKey {
    PublicKey::from_spki_der(body(&pem_blocks(pem)[0])).unwrap()
}

fn locked(block: &PemBlock) -> LockedKey {
    match block.headers.iter().find(|(name, _)| name == "DEK-Info") {
        Some((_, value)) => LockedKey::from_traditional(&block.label, value, body(block)).unwrap(),
        None if block.label == "OPENSSH PRIVATE KEY" => match FoundKey::from_openssh(body(block)).unwrap() {
            FoundKey::Locked(key) => key,
            FoundKey::Opened(_) => panic!("not encrypted"),
        },
        None => LockedKey::from_pkcs8(body(block)).unwrap(),
    }
}

#[test]
fn every_plain_form_gives_the_public_key_that_openssl_sees() {
    let blocks = pem_blocks(fixture!("plain.pem"));
    assert_eq!(blocks.len(), 30);
    let (pairs, _) = blocks.as_chunks::<2>();
    let read: Vec<String> = pairs
        .iter()
        .map(|[private, public]| {
            let key = OpenedKey::from_der(body(private)).unwrap();
            assert_eq!(key.public_key().unwrap().as_der(), body(public), "{}", key.describe());
            assert_eq!(OpenedKey::from_der(key.as_pkcs8_der()).unwrap().as_pkcs8_der(), key.as_pkcs8_der());
            assert_eq!(format!("{key:?}"), "[private key elided]");
            format!("{} {}", key.form(), key.describe())
        })
        .collect();
    let expected = [
        "PKCS#8 RSA 2048 bits",
        "PKCS#1 RSA 2048 bits",
        "PKCS#8 RSA 1024 bits",
        "PKCS#1 RSA 1024 bits",
        "PKCS#8 ECDSA P-256",
        "SEC 1 ECDSA P-256",
        "PKCS#8 ECDSA P-384",
        "SEC 1 ECDSA P-384",
        "PKCS#8 ECDSA P-521",
        "SEC 1 ECDSA P-521",
        "PKCS#8 ECDSA secp256k1",
        "SEC 1 ECDSA secp256k1",
        "PKCS#8 ECDSA P-224",
        "SEC 1 ECDSA P-224",
        "PKCS#8 Ed25519",
    ];
    assert_eq!(read, expected);
}

#[test]
fn a_key_that_keyring_uses_becomes_one_of_its_own() {
    let key = |index: usize| OpenedKey::from_der(body(&pem_blocks(fixture!("plain.pem"))[index])).unwrap();
    let pkcs1 = key(2).to_private_key().unwrap();
    assert_eq!(pkcs1.algorithm(), KeyAlgorithm::Rsa2048);
    assert_eq!(pkcs1.public_key(), &public_key(fixture!("rsa.pub")));
    assert_eq!(key(10).to_private_key().unwrap().algorithm(), KeyAlgorithm::EcdsaP256);
    assert!(key(6).to_private_key().unwrap().is_short());
}

#[test]
fn every_encryption_of_pkcs8_is_opened() {
    let public = public_key(fixture!("p256.pub"));
    let blocks = pem_blocks(fixture!("encrypted.pem"));
    let schemes: Vec<(String, bool)> = blocks
        .iter()
        .map(|block| {
            let key = locked(block);
            let scheme = key.encryption();
            assert_eq!(key.open(&passphrase("fixture")).unwrap().public_key(), Some(&public), "{scheme}");
            assert_eq!(key.open(&passphrase("wrong")).unwrap_err(), OpenError::WrongPassphrase, "{scheme}");
            (scheme, key.is_legacy())
        })
        .collect();
    let pbkdf2 = |hash: &str| format!("PBES2 (PBKDF2-HMAC-{hash}, 2048 rounds, AES-256-CBC)");
    let hashes = ["MD5", "SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512", "SHA-512/224", "SHA-512/256"];
    for (hash, (scheme, legacy)) in hashes.into_iter().zip(&schemes) {
        assert_eq!((scheme, *legacy), (&pbkdf2(hash), hash == "MD5"));
    }
    let others: Vec<&str> = schemes[8..].iter().map(|(scheme, _)| scheme.as_str()).collect();
    assert_eq!(
        others,
        [
            "PBES2 (PBKDF2-HMAC-SHA-1, 2048 rounds, AES-128-CBC)",
            "PBES2 (PBKDF2-HMAC-SHA-1, 2048 rounds, AES-192-CBC)",
            "PBES2 (PBKDF2-HMAC-SHA-1, 2048 rounds, DES-EDE3-CBC)",
            "PBES2 (PBKDF2-HMAC-SHA-1, 2048 rounds, DES-CBC)",
            "PBES2 (PBKDF2-HMAC-SHA-1, 2048 rounds, RC2-128-CBC)",
            "PBES2 (PBKDF2-HMAC-SHA-1, 2048 rounds, RC2-64-CBC)",
            "PBES2 (PBKDF2-HMAC-SHA-1, 2048 rounds, RC2-40-CBC)",
            "PBES2 (scrypt, N=2^10, r=8, p=1, AES-256-CBC)",
            "PBES1 (PBKDF1-MD5, 2048 rounds, DES-CBC)",
            "PBES1 (PBKDF1-SHA-1, 2048 rounds, DES-CBC)",
            "PBES1 (PBKDF1-MD5, 2048 rounds, RC2-64-CBC)",
            "PBES1 (PBKDF1-SHA-1, 2048 rounds, RC2-64-CBC)",
            "PKCS#12 PBE (SHA-1, 2048 rounds, RC4-128)",
            "PKCS#12 PBE (SHA-1, 2048 rounds, RC4-40)",
            "PKCS#12 PBE (SHA-1, 2048 rounds, DES-EDE3-CBC)",
            "PKCS#12 PBE (SHA-1, 2048 rounds, DES-EDE-CBC)",
            "PKCS#12 PBE (SHA-1, 2048 rounds, RC2-128-CBC)",
            "PKCS#12 PBE (SHA-1, 2048 rounds, RC2-40-CBC)",
        ]
    );
}

#[test]
fn traditional_pem_is_opened() {
    let public = public_key(fixture!("p256.pub"));
    let blocks = pem_blocks(fixture!("traditional.pem"));
    assert_eq!(blocks.len(), 5);
    for block in &blocks {
        let key = locked(block);
        assert!(key.is_legacy());
        assert_eq!(key.open(&passphrase("fixture")).unwrap().public_key(), Some(&public), "{}", key.encryption());
        assert_eq!(key.open(&passphrase("wrong")).unwrap_err(), OpenError::WrongPassphrase);
    }
    let rsa = locked(&pem_blocks(fixture!("traditional-rsa.pem"))[0]);
    assert_eq!((rsa.form(), rsa.encryption().as_str()), (KeyForm::Pkcs1, "traditional PEM (AES-128-CBC under MD5)"));
    let opened = rsa.open(&passphrase("fixture")).unwrap();
    assert_eq!(opened.public_key(), Some(&public_key(fixture!("rsa.pub"))));
    for attempt in 0..1000 {
        let wrong = rsa.open(&passphrase(&attempt.to_string())).unwrap_err();
        assert_eq!(wrong, OpenError::WrongPassphrase, "noise is not mistaken for damage");
    }
}

#[test]
fn openssh_keys_are_read_and_opened() {
    let mut kinds = Vec::new();
    let blocks = pem_blocks(fixture!("openssh.pem"));
    for (index, block) in blocks.iter().enumerate().filter(|(_, block)| block.label == "OPENSSH PRIVATE KEY") {
        let FoundKey::Opened(key) = FoundKey::from_openssh(body(block)).unwrap() else { panic!("encrypted") };
        if let Some(public) = blocks.get(index + 1).filter(|next| next.label == "PUBLIC KEY") {
            assert_eq!(key.public_key().unwrap().as_der(), body(public), "{}", key.describe());
        }
        kinds.push(format!("{}: {}", key.comment().unwrap(), key.describe()));
    }
    let expected = [
        "rsa 2048: RSA 2048 bits",
        "ecdsa 256: ECDSA P-256",
        "ecdsa 384: ECDSA P-384",
        "ecdsa 521: ECDSA P-521",
        "ed25519 256: Ed25519",
    ];
    assert_eq!(kinds, expected);
    let mut blocks = pem_blocks(fixture!("openssh-encrypted.pem"));
    let public = blocks.pop().unwrap();
    let mut schemes = Vec::new();
    for block in &blocks {
        let key = locked(block);
        let opened = key.open(&passphrase("fixture")).unwrap();
        assert_eq!(opened.public_key().unwrap().as_der(), body(&public), "{}", key.encryption());
        assert_eq!(key.open(&passphrase("wrong")).unwrap_err(), OpenError::WrongPassphrase, "{}", key.encryption());
        schemes.push((key.encryption(), key.is_legacy()));
    }
    let scheme = |cipher: &str, legacy| (format!("OpenSSH (bcrypt, 2 rounds, {cipher})"), legacy);
    let expected = [
        scheme("aes256-ctr", false),
        scheme("aes128-cbc", false),
        scheme("aes256-cbc", false),
        scheme("aes256-gcm@openssh.com", false),
        scheme("chacha20-poly1305@openssh.com", false),
        scheme("3des-cbc", true),
    ];
    assert_eq!(schemes, expected);
}

#[test]
fn openssh_derivations_meant_to_exhaust_are_not_begun() {
    let block = pem_blocks(fixture!("openssh-encrypted.pem")).remove(0);
    let mut bytes = body(&block).to_vec();
    // "bcrypt", the length of the options, the length of the salt, the salt, the rounds
    let at = bytes.windows(6).position(|window| window == b"bcrypt").unwrap() + 6 + 4 + 4 + 16;
    assert_eq!(bytes[at..at + 4], [0, 0, 0, 2]);
    bytes[at] = 1;
    assert!(matches!(FoundKey::from_openssh(&bytes), Err(OpenError::Excessive { .. })));
}

#[test]
fn backups_of_key_manager_are_opened() {
    let public = public_key(fixture!("rsa-1024.pub"));
    let pending = backups(fixture!("key-manager.key")).unwrap();
    assert!(pending.certificate.is_none());
    let (at, key) = pending.key;
    assert_eq!(at, 32);
    let opened = key.as_ref().unwrap().open(&passphrase("fixture")).unwrap();
    assert_eq!((opened.form(), opened.public_key()), (KeyForm::KeyManager, Some(&public)));
    assert_eq!(key.as_ref().unwrap().open(&passphrase("Fixture")).unwrap_err(), OpenError::WrongPassphrase);
    assert!(key.unwrap().is_legacy());

    let backup = backups(fixture!("key-manager-sgc.key")).unwrap();
    let (at, der) = backup.certificate.unwrap();
    assert_eq!(fixture!("key-manager-sgc.key")[at..at + der.len()], *der);
    assert_eq!(Certificate::from_der(der).unwrap().public_key(), &public);
    let opened = backup.key.1.unwrap().open(&passphrase("fixture")).unwrap();
    assert_eq!((opened.form(), opened.public_key()), (KeyForm::KeyManagerSgc, Some(&public)));

    let (at, key) = backups(fixture!("key-manager-umlaut.key")).unwrap().key;
    assert_eq!(at, 0);
    assert_eq!(key.unwrap().open(&passphrase("Paßwört")).unwrap().public_key(), Some(&public));
    let whole = fixture!("key-manager.key");
    let cut = backups(&whole[..400]).unwrap().key.1.unwrap_err();
    assert!(matches!(cut, OpenError::Damaged { .. }), "{cut}");
    assert!(backups(&whole[50..]).is_none());
}

#[test]
fn what_is_not_read_is_named() {
    let name = |block: &PemBlock| match OpenedKey::from_der(body(block)) {
        Ok(key) => format!("{} {}", key.describe(), key.public_key().is_some()),
        Err(error) => error.to_string(),
    };
    let names: Vec<String> = pem_blocks(fixture!("unsupported.pem")).iter().map(name).collect();
    let dsa = "it is a private key of an algorithm that is not supported: DSA";
    assert_eq!(names, ["DSA false", "Ed448 false", "X25519 false", dsa]);
    let explicit = name(&pem_blocks(fixture!("explicit.pem"))[0]);
    assert!(explicit.ends_with("ECDSA with parameters instead of a named curve"), "{explicit}");
    assert_eq!(
        LockedKey::from_pkcs8(body(&pem_blocks(fixture!("camellia.pem"))[0])).unwrap_err().to_string(),
        "it is encrypted with an algorithm that is not supported: Camellia-256-CBC (1.2.392.200011.61.1.1.1.4)"
    );
    assert_eq!(OpenedKey::from_der(&[0x30, 0]).unwrap_err(), OpenError::NoPrivateKey);
}

#[test]
fn numbers_that_do_not_belong_together_are_damage() {
    let good = fixture!("rsa-pkcs1.der");
    assert!(OpenedKey::from_der(good).is_ok());
    // in the modulus, the private exponent, the primes
    for at in [100, 400, 600, 800] {
        let mut damaged = good.to_vec();
        damaged[at] ^= 1;
        let error = OpenedKey::from_der(&damaged).unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{at}: {error}");
    }
    let cut = OpenedKey::from_der(&good[..good.len() - 1]).unwrap_err();
    assert!(matches!(cut, OpenError::Damaged { .. }), "{cut}");
}

proptest! {
    #[test]
    fn never_panics(bytes: Vec<u8>) {
        let _ = OpenedKey::from_der(&bytes);
        let _ = LockedKey::from_pkcs8(&bytes);
        let _ = FoundKey::from_openssh(&bytes);
        let _ = backups(&[b"\x30\x82\x01\x00\x04\x0bprivate-key", &bytes[..]].concat());
    }

    #[test]
    fn never_panics_on_damage(block in 0..30usize, position: prop::sample::Index, octet: u8) {
        let block = pem_blocks(fixture!("plain.pem")).remove(block);
        let mut der = body(&block).to_vec();
        let at = position.index(der.len());
        der[at] = octet;
        let _ = OpenedKey::from_der(&der);
    }

    #[test]
    fn never_panics_on_damaged_envelopes(position: prop::sample::Index, octet: u8) {
        for bytes in [fixture!("openssh.pem"), fixture!("openssh-encrypted.pem")] {
            let mut der = body(&pem_blocks(bytes)[0]).to_vec();
            let at = position.index(der.len());
            der[at] = octet;
            let _ = FoundKey::from_openssh(&der);
        }
        let mut backup = fixture!("key-manager-sgc.key").to_vec();
        let at = position.index(backup.len());
        backup[at] = octet;
        if let Some(backup) = backups(&backup) && let Ok(key) = backup.key.1 {
            let _ = key.open(&passphrase("fixture"));
        }
    }
}
