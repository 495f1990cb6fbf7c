use super::{Found, find};
use crate::ops::Error;
use crate::ops::import_key::ImportError;
use crate::ops::inspect::File;
use crate::pki::{Budget, KeyAlgorithm, Passphrase, PrivateKeyError, recognise};
use crate::timestamp::Timestamp;

macro_rules! fixture {
    ($name:literal) => {
        &include_bytes!(concat!("../../../../tests/fixtures/", $name))[..]
    };
}

fn file(name: &str, bytes: &[u8], passphrase: Option<&str>) -> File {
    let passphrase = passphrase.map(|text| Passphrase::new(text.to_owned()).unwrap());
    let mut budget = Budget::default();
    let mut opened = Vec::new();
    for item in recognise(bytes).unwrap() {
        let tried = item.unlock(None, &mut budget);
        opened.extend(tried.into_iter().flat_map(|item| item.unlock(passphrase.as_ref(), &mut budget)));
    }
    File { name: name.to_owned(), items: opened }
}

fn look(bytes: &[u8], passphrase: Option<&str>) -> Result<Found, Error> {
    find(vec![file("file", bytes, passphrase)], Vec::new())
}

#[track_caller]
fn cause<T>(result: Result<T, Error>) -> ImportError {
    match result {
        Err(Error::Import { source, .. }) => source,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("not refused"),
    }
}

/// Long before any fixture's certificate ends, and after each began.
fn in_time(found: &Found, index: usize) -> Timestamp {
    found
        .beside
        .iter()
        .filter(|beside| Some(beside.public_key().hash()) == found.keys[index].spki())
        .map(|beside| beside.not_before())
        .max()
        .unwrap()
}

#[test]
fn a_pfx_gives_key_and_chain() {
    let found = look(fixture!("formats/modern.p12"), Some("fixture")).unwrap();
    let chosen = found.choose(None).unwrap();
    let key = found.private_key(chosen, false).unwrap();
    let chain = found.chain(chosen, in_time(&found, chosen)).unwrap().unwrap();
    assert_eq!(chain.leaf.public_key(), key.public_key());
    assert_eq!(found.keys()[chosen].friendly_names, ["the key"]);
    assert!(!found.keys()[chosen].protection.as_ref().unwrap().legacy);
    let legacy = look(fixture!("formats/legacy.p12"), Some("fixture")).unwrap();
    assert!(legacy.keys()[0].protection.as_ref().unwrap().legacy);
}

#[test]
fn every_cause_is_told_apart() {
    let p12 = fixture!("formats/modern.p12");
    assert_eq!(cause(look(p12, None)).code(), "passphrase-needed");
    assert_eq!(cause(look(p12, Some("wrong"))).code(), "wrong-passphrase");
    assert_eq!(cause(look(&p12[..p12.len() - 9], Some("fixture"))).code(), "damaged");
    assert_eq!(cause(look(fixture!("formats/camellia.pem"), Some("fixture"))).code(), "unsupported-encryption");
    assert_eq!(cause(look(fixture!("formats/no-key.p12"), Some("fixture"))).code(), "no-private-key");
    assert_eq!(cause(look(fixture!("formats/java.jks"), None)).code(), "java-keystore");
    assert_eq!(cause(look(fixture!("key-manager-4.0.req"), None)).code(), "no-private-key");
    let found = look(fixture!("ecdsa-p521.key"), None).unwrap();
    let named = PrivateKeyError::UnsupportedAlgorithm { algorithm: "ECDSA P-521".to_owned() };
    assert_eq!(cause(found.private_key(0, true)), ImportError::PrivateKey(named));
}

#[test]
fn one_of_several_is_chosen_by_name_or_by_certificate() {
    let found = look(fixture!("formats/java.p12"), Some("fixture")).unwrap();
    assert_eq!(found.keys().len(), 2);
    let ImportError::Several { keys } = cause(found.choose(None)) else { panic!("chosen") };
    assert!(keys[0].starts_with('"'), "{keys:?}");
    for (index, key) in found.keys().iter().enumerate() {
        assert_eq!(found.choose(key.friendly_names.first().map(String::as_str)).unwrap(), index);
        let chain = found.chain(index, in_time(&found, index)).unwrap().unwrap();
        assert_eq!(Some(chain.leaf.public_key().hash()), key.spki());
        let pem = chain.leaf.to_pem();
        let again = vec![file("file", fixture!("formats/java.p12"), Some("fixture"))];
        let given = find(again, vec![file("certificate", pem.as_bytes(), None)]).unwrap();
        assert_eq!(given.choose(None).unwrap(), index);
    }
    assert_eq!(cause(found.choose(Some("nobody"))).code(), "no-such-name");
}

#[test]
fn the_certificate_of_another_key_is_refused() {
    let key = || file("key", fixture!("formats/open.p12"), Some("fixture"));
    let other = |bytes| file("other", bytes, None);
    let found = find(vec![key()], vec![other(fixture!("chain.pem"))]).unwrap();
    let refused = cause(found.chain(0, Timestamp::from_unix(0)));
    assert_eq!(refused.code(), "key-mismatch");
    let beside = find(vec![key(), other(fixture!("chain.pem"))], Vec::new()).unwrap();
    let own = beside.chain(0, in_time(&beside, 0)).unwrap().unwrap();
    assert!(!own.foreign.is_empty(), "those of others are left out");
    assert_eq!(cause(find(vec![key()], vec![other(fixture!("formats/p256.pub"))])).code(), "no-certificate");
    assert_eq!(cause(beside.chain(0, Timestamp::from_unix(0))).code(), "not-yet-valid");
    assert_eq!(cause(beside.chain(0, Timestamp::from_unix(1 << 40))).code(), "expired");
}

#[test]
fn weak_keys_are_taken_when_that_is_said_aloud() {
    let backup = fixture!("formats/key-manager-sgc.key");
    let found = look(backup, Some("fixture")).unwrap();
    assert_eq!(cause(found.private_key(0, false)).code(), "weak-key");
    let key = found.private_key(0, true).unwrap();
    assert_eq!(key.algorithm(), KeyAlgorithm::OtherRsa);
    let chain = found.chain(0, in_time(&found, 0)).unwrap().unwrap();
    assert_eq!(chain.leaf.public_key(), key.public_key());
    // a pair of KeySet files: the blob alone, and its certificate
    let at = backup.windows(11).position(|window| window == b"private-key").unwrap() - 6;
    let blob = &backup[at..backup.windows(11).position(|window| window == b"certificate").unwrap() - 6];
    let certificate = file("certificate", chain.leaf.to_pem().as_bytes(), None);
    let pair = find(vec![file("keypair.key", blob, Some("fixture")), certificate], Vec::new()).unwrap();
    assert!(pair.chain(0, in_time(&pair, 0)).unwrap().is_some());
}
