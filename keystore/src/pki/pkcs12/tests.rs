use proptest::prelude::*;

use super::{Bag, BagContent, Pkcs12, Pkcs12Entry, Pkcs12Protection, Pkcs12Strength};
use crate::pki::{Budget, KeyAlgorithm, OpenError, Passphrase, PrivateKey, PublicKey, pem_blocks};

macro_rules! fixture {
    ($name:literal) => {
        &include_bytes!(concat!("../../../tests/fixtures/formats/", $name))[..]
    };
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned()).unwrap()
}

fn open(bytes: &[u8]) -> Vec<Bag> {
    Pkcs12::read(bytes).unwrap().open(Some(&passphrase("fixture")), &mut Budget::default()).unwrap()
}

/// What the bags hold, in a line.
fn shape(bags: &[Bag]) -> String {
    let one = |bag: &Bag| {
        let what = match &bag.content {
            BagContent::PrivateKey(Ok(key)) => key.describe().to_owned(),
            BagContent::PrivateKey(Err(error)) => error.to_string(),
            BagContent::Certificate(Ok(certificate)) => certificate.subject().to_string(),
            BagContent::Certificate(Err(error)) => error.to_string(),
            BagContent::Crl(_) => "CRL".to_owned(),
            BagContent::Other(what) => what.clone(),
        };
        match &bag.friendly_name {
            Some(name) => format!("{what} \"{name}\""),
            None => what,
        }
    };
    let mut shapes: Vec<String> = bags.iter().map(one).collect();
    shapes.sort();
    shapes.join("; ")
}

#[test]
fn every_file_is_opened_whoever_made_it() {
    let pair = "CN=p-256.fixture.example \"the key\"; ECDSA P-256 \"the key\"";
    let authority = "O=Fixture,CN=Fixture PKCS12 CA";
    let java = "CN=p-256.fixture.example \"main\"; CN=p-384.fixture.example \"spare\"; ECDSA P-256 \"main\"; \
                ECDSA P-384 \"spare\"; O=Fixture,CN=Fixture PKCS12 CA \"authority\"";
    for (name, bytes, holds) in [
        (
            "modern",
            fixture!("modern.p12"),
            "CN=p-256.fixture.example \"the key\"; ECDSA P-256 \"the key\"; \
             O=Fixture,CN=Fixture PKCS12 CA \"the authority\"",
        ),
        ("legacy", fixture!("legacy.p12"), &format!("{pair}; {authority}")),
        ("RC2, RC4, MD5", fixture!("rc2-128.p12"), pair),
        ("no MAC", fixture!("no-mac.p12"), pair),
        ("not encrypted", fixture!("open.p12"), pair),
        ("SHA-512", fixture!("sha512.p12"), pair),
        ("PBMAC1", fixture!("pbmac1.p12"), pair),
        ("Windows", fixture!("windows.p12"), pair),
        ("no key", fixture!("no-key.p12"), authority),
        ("keytool", fixture!("java.p12"), java),
    ] {
        assert_eq!(shape(&open(bytes)), holds, "{name}");
    }
    for (name, bytes) in [("NSS", fixture!("nss.p12")), ("NSS with AES", fixture!("nss-aes.p12"))] {
        let shape = shape(&open(bytes));
        assert!(shape.contains("ECDSA P-256") && shape.contains("CN=p-256.fixture.example"), "{name}: {shape}");
    }
}

#[test]
fn the_private_key_is_the_right_one_and_what_its_bag_says_is_kept() {
    let bags = open(fixture!("windows.p12"));
    let key = bags.iter().find(|bag| matches!(bag.content, BagContent::PrivateKey(_))).unwrap();
    let BagContent::PrivateKey(Ok(opened)) = &key.content else { panic!("{:?}", key.content) };
    let public = pem_blocks(fixture!("p256.pub")).remove(0).body.unwrap();
    assert_eq!(opened.public_key(), Some(&PublicKey::from_spki_der(&public).unwrap()));
    assert_eq!(key.provider.as_deref(), Some("Microsoft RSA SChannel Cryptographic Provider"));
    let certificate = bags.iter().find(|bag| matches!(bag.content, BagContent::Certificate(_))).unwrap();
    assert!(key.local_key_id.is_some());
    assert_eq!(key.local_key_id, certificate.local_key_id);
}

#[test]
fn no_passphrase_is_tried_as_the_empty_one() {
    let pair = "CN=p-256.fixture.example \"the key\"; ECDSA P-256 \"the key\"";
    for bytes in [fixture!("empty-passphrase.p12"), fixture!("open-no-mac.p12")] {
        assert_eq!(shape(&Pkcs12::read(bytes).unwrap().open(None, &mut Budget::default()).unwrap()), pair);
    }
    for bytes in [fixture!("modern.p12"), fixture!("no-mac.p12"), fixture!("open.p12"), fixture!("pbmac1.p12")] {
        assert_eq!(
            Pkcs12::read(bytes).unwrap().open(None, &mut Budget::default()).unwrap_err(),
            OpenError::PassphraseNeeded
        );
    }
}

#[test]
fn a_wrong_passphrase_is_no_damage_and_damage_no_wrong_passphrase() {
    for bytes in [fixture!("modern.p12"), fixture!("legacy.p12"), fixture!("java.p12"), fixture!("pbmac1.p12")] {
        let wrong = Pkcs12::read(bytes).unwrap().open(Some(&passphrase("wrong")), &mut Budget::default()).unwrap_err();
        assert_eq!(wrong, OpenError::WrongPassphrase);
        let cut = Pkcs12::read(&bytes[..bytes.len() - 1]).unwrap_err();
        assert!(matches!(cut, OpenError::Damaged { .. }), "{cut}");
    }
    let file = Pkcs12::read(fixture!("no-mac.p12")).unwrap();
    for attempt in 0..100 {
        let wrong = file.open(Some(&passphrase(&attempt.to_string())), &mut Budget::default()).unwrap_err();
        assert_eq!(wrong, OpenError::WrongPassphrase, "noise is not mistaken for damage");
    }
}

#[test]
fn protection_is_described_and_judged() {
    let describe = |bytes: &[u8]| {
        let file = Pkcs12::read(bytes).unwrap();
        (file.encryption().join("; "), file.integrity().unwrap_or_default(), file.is_legacy())
    };
    let pbes2 = "PBES2 (PBKDF2-HMAC-SHA-256, 2048 rounds, AES-256-CBC)";
    assert_eq!(
        describe(fixture!("modern.p12")),
        (pbes2.to_owned(), "HMAC-SHA-256 (SHA-256, 2048 rounds)".to_owned(), false)
    );
    assert_eq!(
        describe(fixture!("legacy.p12")),
        (
            "PKCS#12 PBE (SHA-1, 2048 rounds, RC2-40-CBC); PKCS#12 PBE (SHA-1, 2048 rounds, DES-EDE3-CBC)".to_owned(),
            "HMAC-SHA-1 (SHA-1, 2048 rounds)".to_owned(),
            true
        )
    );
    assert_eq!(describe(fixture!("open-no-mac.p12")), (String::new(), String::new(), false));
    assert_eq!(describe(fixture!("pbmac1.p12")).1, "PBMAC1-SHA-256 (PBKDF2-HMAC-SHA-256, 2048 rounds)");
    assert_eq!(format!("{:?}", Pkcs12::read(fixture!("modern.p12")).unwrap()), "[PKCS#12 elided]");
}

proptest! {
    #[test]
    fn never_panics(bytes: Vec<u8>) {
        let _ = Pkcs12::read(&bytes);
    }

    #[test]
    fn never_panics_on_damage(position: prop::sample::Index, octet: u8) {
        for bytes in [fixture!("open-no-mac.p12"), fixture!("nss.p12"), fixture!("java.p12")] {
            let mut bytes = bytes.to_vec();
            let at = position.index(bytes.len());
            bytes[at] = octet;
            if let Ok(file) = Pkcs12::read(&bytes) {
                let _ = (file.encryption(), file.integrity(), file.is_legacy());
                if bytes.len() < 2000 {
                    let _ = file.open(None, &mut Budget::default());
                }
            }
        }
    }
}

#[test]
fn what_is_written_is_read_again_and_says_how_it_is_protected() {
    let private_key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let certificates = crate::pki::read_certificates(include_bytes!("../../../tests/fixtures/chain.pem")).unwrap();
    let entry = Pkcs12Entry {
        private_key: &private_key,
        certificates: &certificates,
        friendly_name: Some("Schlüssel"),
        provider: Some("a provider"),
    };
    let secret = passphrase("Paßwort €");
    for (strength, told, legacy) in [
        (Pkcs12Strength::Modern, "PBES2 (PBKDF2-HMAC-SHA-256, 1000 rounds, AES-256-CBC)", false),
        (Pkcs12Strength::TripleDes, "PKCS#12 PBE (SHA-1, 2048 rounds, DES-EDE3-CBC)", true),
    ] {
        let protection = Pkcs12Protection::random(strength, &secret, 1000, &mut rand::rng());
        let written = entry.write(Some(&protection)).unwrap();
        let read = Pkcs12::read(&written).unwrap();
        assert_eq!((read.encryption(), read.is_legacy()), (vec![told.to_owned()], legacy));
        assert!(matches!(
            read.open(Some(&passphrase("another")), &mut Budget::default()),
            Err(OpenError::WrongPassphrase)
        ));
        check(&read.open(Some(&secret), &mut Budget::default()).unwrap(), &entry);
    }
    let open = Pkcs12::read(&entry.write(None).unwrap()).unwrap();
    assert_eq!((open.encryption(), open.integrity()), (vec![], None));
    check(&open.open(None, &mut Budget::default()).unwrap(), &entry);
    let rounds = Pkcs12Protection::random(Pkcs12Strength::Modern, &secret, 0, &mut rand::rng());
    assert!(entry.write(Some(&rounds)).is_err());
}

fn check(bags: &[Bag], entry: &Pkcs12Entry<'_>) {
    let mut certificates = Vec::new();
    let mut ids = Vec::new();
    for bag in bags {
        match &bag.content {
            BagContent::PrivateKey(Ok(key)) => {
                assert_eq!(key.public_key(), Some(entry.private_key.public_key()));
                assert_eq!(bag.provider.as_deref(), entry.provider);
                ids.push(bag.local_key_id.clone());
            }
            BagContent::Certificate(Ok(certificate)) => {
                certificates.push((**certificate).clone());
                ids.extend(bag.local_key_id.clone().map(Some));
            }
            other => panic!("{other:?}"),
        }
        let is_named = bag.friendly_name.as_deref() == entry.friendly_name;
        assert!(is_named || bag.local_key_id.is_none(), "an authority's certificate has no name of ours");
    }
    assert_eq!(certificates, entry.certificates);
    assert!(matches!(&ids[..], [Some(one), Some(other)] if one == other), "{ids:?}");
}
