use proptest::prelude::*;

use super::{Content, Item, LooksLike, Place, RecogniseError, recognise};
use crate::pki::{Budget, Passphrase, pem, pem_blocks};

macro_rules! fixture {
    ($name:literal) => {
        &include_bytes!(concat!("../../../tests/fixtures/", $name))[..]
    };
}

fn describe(item: &Item) -> String {
    let what = match &item.content {
        Content::Certificate(certificate) => format!("certificate {}", certificate.subject()),
        Content::Request(request) => format!("request {}", request.subject()),
        Content::Crl(crl) => format!("CRL of {}", crl.issuer),
        Content::PublicKey(key) => format!("public key {}", key.describe()),
        Content::PrivateKey(key) => format!("{} {}", key.form(), key.describe()),
        Content::LockedKey(key) => format!("locked {}", key.form()),
        Content::Pkcs12(_) => "PKCS#12".to_owned(),
        Content::JavaKeystore(store) => store.to_string(),
        Content::Other(what) => what.clone(),
        Content::Unreadable { what, error } => format!("unreadable: {what}: {error}"),
    };
    let within = item.within.as_ref().map(|within| format!(" in {within}")).unwrap_or_default();
    format!("{what}{within} at {}", item.place)
}

fn found(bytes: &[u8]) -> Vec<String> {
    recognise(bytes).unwrap().iter().map(describe).collect()
}

#[test]
fn every_kind_of_file_is_recognised_by_its_contents() {
    let binary = |pem: &[u8]| pem_blocks(pem).remove(0).body.unwrap().to_vec();
    for (bytes, first, count) in [
        (fixture!("chain.pem").to_vec(), "certificate CN=www.fixture.example at line 1", 3),
        (fixture!("chain.p7b").to_vec(), "certificate CN=www.fixture.example in PKCS#7 at its beginning", 3),
        (fixture!("chain-ber.p7b").to_vec(), "certificate", 3),
        (fixture!("chain.p7b.pem").to_vec(), "certificate CN=www.fixture.example in PKCS#7 at line 1", 3),
        (fixture!("empty.p7b").to_vec(), "PKCS#7 without certificates at its beginning", 1),
        (fixture!("leaf.crl").to_vec(), "CRL of O=Fixture,CN=Fixture CA at line 1", 1),
        (binary(fixture!("leaf.crl")), "CRL of O=Fixture,CN=Fixture CA at its beginning", 1),
        (fixture!("key-manager-4.0.req").to_vec(), "request C=NL", 1),
        (fixture!("leaf.pfx").to_vec(), "PKCS#12 at its beginning", 1),
        (fixture!("formats/java.jks").to_vec(), "Java keystore (JKS) at its beginning", 4),
        (fixture!("formats/plain.pem").to_vec(), "PKCS#8 RSA 2048 bits at line 2", 30),
        (fixture!("formats/ecparam.pem").to_vec(), "EC PARAMETERS at line 1", 2),
        (fixture!("formats/encrypted.pem").to_vec(), "locked PKCS#8 at line 2", 26),
        (fixture!("formats/traditional.pem").to_vec(), "locked SEC 1 at line 2", 5),
        (fixture!("formats/openssh.pem").to_vec(), "OpenSSH RSA 2048 bits at line 1", 9),
        (binary(fixture!("formats/openssh.pem")), "OpenSSH RSA 2048 bits at its beginning", 1),
        (fixture!("formats/rsa-pkcs1.der").to_vec(), "PKCS#1 RSA 2048 bits at its beginning", 1),
        (fixture!("formats/key-manager-sgc.key").to_vec(), "locked Key Manager backup at octet 32", 2),
        (fixture!("formats/roca.pub").to_vec(), "public key RSA 2048 bits at line 1", 1),
        (
            fixture!("formats/camellia.pem").to_vec(),
            "unreadable: a private key: it is encrypted with an algorithm that is not supported: \
             Camellia-256-CBC (1.2.392.200011.61.1.1.1.4) at line 1",
            1,
        ),
    ] {
        let found = found(&bytes);
        assert!(found[0].starts_with(first), "{found:?} instead of {first}");
        assert_eq!(found.len(), count, "{found:?}");
    }
}

#[test]
fn labels_and_armour_do_not_matter() {
    let key = pem_blocks(fixture!("formats/plain.pem")).remove(28).body.unwrap();
    let expected = "PKCS#8 Ed25519 at line 1";
    for text in [
        pem::encode("PRIVATE KEY", &key),
        pem::encode("CERTIFICATE", &key),
        pem::encode("SOMETHING", &key),
        // forty-eight octets: no long SEQUENCE begins it
        pem::encode("X", &key).lines().filter(|line| !line.starts_with('-')).collect(),
    ] {
        assert_eq!(found(text.as_bytes()), [expected], "{text}");
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(found(&utf16), [expected]);
    }
    let chain = pem_blocks(fixture!("chain.pem"));
    let both = [&**key, &**chain[0].body.as_ref().unwrap(), b"\r\n"].concat();
    assert_eq!(found(&both), ["PKCS#8 Ed25519 at its beginning", "certificate CN=www.fixture.example at octet 48"]);
    let mut pkcs1 = vec![0x30, 0x06, 2, 1, 5, 2, 1, 3];
    assert_eq!(found(&pkcs1), ["public key RSA 3 bits at its beginning"]);
    pkcs1.truncate(4);
    assert!(recognise(&pkcs1).is_err());
}

#[test]
fn a_passphrase_opens_what_is_encrypted() {
    let unlock = |bytes: &[u8], passphrase: Option<&str>| {
        let passphrase = passphrase.map(|text| Passphrase::new(text.to_owned()).unwrap());
        let items = recognise(bytes).unwrap();
        let items: Vec<Item> =
            items.into_iter().flat_map(|item| item.unlock(passphrase.as_ref(), &mut Budget::default())).collect();
        let closed = items.iter().filter(|item| item.is_closed()).count();
        (items.iter().map(describe).collect::<Vec<_>>(), closed)
    };
    let traditional = fixture!("formats/traditional-rsa.pem");
    assert_eq!(unlock(traditional, Some("fixture")), (vec!["PKCS#1 RSA 2048 bits at line 1".to_owned()], 0));
    assert_eq!(unlock(traditional, Some("wrong")), (vec!["locked PKCS#1 at line 1".to_owned()], 1));
    assert_eq!(unlock(traditional, None).1, 1);
    let (opened, closed) = unlock(fixture!("formats/modern.p12"), Some("fixture"));
    assert_eq!((opened.len(), closed), (4, 0));
    assert_eq!(opened[0], "PKCS#12 at its beginning");
    assert!(opened.contains(&"PKCS#8 ECDSA P-256 in PKCS#12 \"the key\" at its beginning".to_owned()), "{opened:?}");
    assert_eq!(unlock(fixture!("formats/modern.p12"), None), (vec!["PKCS#12 at its beginning".to_owned()], 1));
    assert_eq!(unlock(fixture!("formats/empty-passphrase.p12"), None).0.len(), 3);
}

#[test]
fn a_crowd_of_encrypted_things_is_not_opened_for_hours() {
    let wrong = Passphrase::new("wrong".to_owned()).unwrap();
    let code = |budget: &mut Budget| {
        let mut items = recognise(fixture!("formats/modern.p12")).unwrap();
        let item = items.remove(0).unlock(Some(&wrong), budget).remove(0);
        item.protection.unwrap().closed.unwrap().code()
    };
    assert_eq!(code(&mut Budget::default()), "wrong-passphrase");
    let mut spent = Budget::default();
    spent.take(100_000_000).unwrap();
    assert_eq!(code(&mut spent), "excessive-derivation");
}

#[test]
fn a_certificate_of_a_backup_that_is_cut_off_is_damage() {
    let whole = fixture!("formats/key-manager-sgc.key");
    let found = found(&whole[..whole.len() - 20]);
    assert_eq!(found.len(), 2);
    assert!(found[1].starts_with("unreadable: a certificate"), "{found:?}");
}

#[test]
fn damage_is_an_item_with_its_place() {
    let text = String::from_utf8(fixture!("chain.pem").to_vec()).unwrap();
    let second = 2 + text.lines().skip(1).position(|line| line.contains("BEGIN")).unwrap();
    let lines: Vec<&str> = text.lines().enumerate().map(|(at, line)| if at == second { "!!" } else { line }).collect();
    let items = recognise(lines.join("\n").as_bytes()).unwrap();
    assert_eq!(items.len(), 3);
    assert_eq!(items[1].place, Place::Line(second));
    assert_eq!(
        describe(&items[1]),
        format!("unreadable: a certificate: it is damaged: damaged base64 in line {} at line {second}", second + 1)
    );
    let der = pem_blocks(fixture!("chain.pem")).remove(0).body.unwrap();
    let cut = found(&der[..der.len() - 5]);
    assert_eq!(cut, ["unreadable: some other binary file: it is damaged: it is cut off or not DER at its beginning"]);
}

#[test]
fn what_is_nothing_is_named() {
    assert_eq!(recognise(b" \r\n").unwrap_err(), RecogniseError::Empty);
    for (bytes, looks_like) in [
        (&b"Dear Sir, your request"[..], LooksLike::Text),
        (b"<html>Access denied</html>", LooksLike::Html),
        (&[0x89, b'P', b'N', b'G', 0, 1], LooksLike::Binary),
        (&[0x30, 3, 2, 1, 0], LooksLike::Binary),
        (b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA me", LooksLike::OpensshKey),
        (b"AAAA", LooksLike::Text),
    ] {
        assert_eq!(recognise(bytes).unwrap_err(), RecogniseError::NotRecognised { looks_like });
    }
    let many = pem::encode("EC PARAMETERS", &[6, 1, 1]).repeat(super::MAX_ITEMS + 1);
    assert_eq!(recognise(many.as_bytes()).unwrap_err(), RecogniseError::TooMany { limit: super::MAX_ITEMS });
}

proptest! {
    #[test]
    fn never_panics(bytes: Vec<u8>, label in "[A-Z ]{1,20}") {
        let _ = recognise(&bytes);
        let _ = recognise(pem::encode(&label, &bytes).as_bytes());
        let _ = recognise(&[&[0x30, 0x82][..], &bytes].concat());
        let _ = recognise(&crate::pki::asn1::write(0x30, &bytes));
    }
}
