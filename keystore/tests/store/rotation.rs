//! A certificate follows another: on a new private key, on the same one, on an encrypted one; and the log of it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use keystore::digest::Digest;
use keystore::model::{Generation, Next};
use keystore::ops::Fault;
use keystore::ops::commit as committing;
use keystore::ops::create_key::{CreateKey, Material, create_key};
use keystore::ops::make_csr::{MakeCsr, make_csr as sign, plan, private_key_file};
use keystore::ops::{Error, log::log};
use keystore::pki::{KeyAlgorithm, Passphrase, Pbes2, PrivateKey, PrivateKeyFile};
use keystore::store::{Keystore, StoreError};

use crate::common::{
    House, asking, bind, certificate, certify, commit, commit_with, create, create_next, endpoint, install,
    installed_key, installed_next, key, listing, live, make_csr, publish,
};

const MAIN: &str = "mail01/imap/main";
const DEFAULT: &str = "mail01/imap@default";

fn published() -> (House, Keystore) {
    let house = House::new();
    let keystore = house.open();
    installed_key(&keystore, MAIN, "mail01.example.com");
    bind(&keystore, MAIN, &[DEFAULT]).unwrap();
    commit(&keystore).unwrap();
    (house, keystore)
}

/// The version folders of the endpoint.
fn versions(keystore: &Keystore) -> Vec<String> {
    let folder = keystore.live_folder(&endpoint(DEFAULT));
    let names = fs::read_dir(folder.parent().unwrap()).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_new_private_key_takes_over_and_the_one_before_stays_until_the_next() {
    let (house, keystore) = published();
    let first = live(&house.root());
    assert!(matches!(create(&keystore, MAIN), Err(Error::KeyHasCertificate { .. })));
    assert_eq!(create_next(&keystore, MAIN).unwrap().version.number.0, 2);
    assert!(matches!(create_next(&keystore, MAIN), Err(Error::NextExists { .. })));
    let made = make_csr(&keystore, &asking(MAIN, "mail01.example.com")).unwrap();
    assert_eq!(made.version.number.0, 2);
    let reply = certify(&made);
    install(&keystore, MAIN, &reply).unwrap();
    assert_eq!(live(&house.root()), first);
    commit(&keystore).unwrap();

    let current = keystore.live_folder(&endpoint(DEFAULT));
    assert_eq!(live(&house.root())[&current], certificate(&reply).fingerprint());
    assert_eq!(fs::read_link(&current).unwrap().to_str(), Some("2"));
    assert_eq!(versions(&keystore), ["1", "2", "current"]);
    let view = keystore.read().unwrap().key(&key(MAIN)).unwrap().unwrap();
    assert_eq!((view.current.unwrap().installed.version.0, view.next), (2, None));

    installed_next(&keystore, MAIN, "mail01.example.com");
    commit(&keystore).unwrap();
    assert_eq!(versions(&keystore), ["2", "3", "current"]);
}

#[test]
fn files_that_were_damaged_are_published_again_beside_those_that_are_read() {
    let (house, keystore) = published();
    installed_next(&keystore, MAIN, "mail01.example.com");
    commit(&keystore).unwrap();
    let (current, whole) = (keystore.live_folder(&endpoint(DEFAULT)), live(&house.root()));
    assert_eq!(publish(&keystore).unwrap(), 0);
    let mut again = 0;
    for name in ["private-key.pem", "certificate.pem", "chain.pem", "fullchain.pem", "combined.pem"] {
        for damage in [|path: &Path| fs::remove_file(path).unwrap(), |path: &Path| fs::write(path, "other").unwrap()] {
            damage(&current.join(name));
            assert_eq!(publish(&keystore).unwrap(), 1, "{name}");
            again += 1;
            assert_eq!(fs::read_link(&current).unwrap().to_str(), Some(format!("2.{again}").as_str()));
            assert_eq!(live(&house.root()), whole);
        }
    }
    assert_eq!(versions(&keystore), ["2.10", "2.9", "current"]);
    // A link to nowhere, or out of the endpoint's folder, is nothing that was published.
    for target in ["7", "../default/2.10"] {
        fs::remove_file(&current).unwrap();
        symlink(target, &current).unwrap();
        assert_eq!(publish(&keystore).unwrap(), 1);
        assert_eq!(live(&house.root()), whole);
    }
    installed_next(&keystore, MAIN, "mail01.example.com");
    commit(&keystore).unwrap();
    assert_eq!(fs::read_link(&current).unwrap().to_str(), Some("3"));
}

#[test]
fn the_same_private_key_is_certified_again() {
    let (house, keystore) = published();
    let reuse = MakeCsr { reuse_key: true, ..asking(MAIN, "mail01.example.com") };
    assert!(matches!(make_csr(&keystore, &asking(MAIN, "a.example")), Err(Error::NothingToRequest { .. })));
    let made = make_csr(&keystore, &reuse).unwrap();
    assert_eq!((made.version.number.0, made.facts.number.0), (1, 2));
    let view = keystore.read().unwrap().key(&key(MAIN)).unwrap().unwrap();
    assert!(matches!(view.next, Some(Next::Pending { reused: true, .. })));

    let before = fs::read(keystore.live_folder(&endpoint(DEFAULT)).join("private-key.pem")).unwrap();
    let reply = certify(&made);
    install(&keystore, MAIN, &reply).unwrap();
    commit(&keystore).unwrap();
    let current = keystore.live_folder(&endpoint(DEFAULT));
    assert_eq!(fs::read(current.join("private-key.pem")).unwrap(), before);
    assert_eq!(live(&house.root())[&current], certificate(&reply).fingerprint());
    assert_eq!(keystore.read().unwrap().key(&key(MAIN)).unwrap().unwrap().next, None);

    create_next(&keystore, MAIN).unwrap();
    assert!(matches!(make_csr(&keystore, &reuse), Err(Error::NothingToReuse { .. })), "a new one comes next");
}

#[test]
fn an_encrypted_private_key_is_opened_for_the_service_alone() {
    let house = House::new();
    let keystore = house.open();
    let passphrase = Passphrase::new("correct horse".to_owned()).unwrap();
    let private_key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let pbes2 = Pbes2 { rounds: 10, salt: keystore.world().random(), iv: keystore.world().random() };
    let material = Material::encrypted(&private_key, &passphrase, &pbes2).unwrap();
    let created = create_key(&keystore, &CreateKey { key: key(MAIN), next: false }, &material).unwrap();
    let snapshot = keystore.read().unwrap();
    let asked = plan(&snapshot, &keystore.config().defaults.subject, &asking(MAIN, "mail01.example.com")).unwrap();
    let file = private_key_file(&keystore, &snapshot, &asked).unwrap();
    let PrivateKeyFile::Encrypted(file) = file else { panic!("readable") };
    let made = sign(&keystore, &asked, &file.decrypt(&passphrase).unwrap()).unwrap();
    install(&keystore, MAIN, &certify(&made)).unwrap();
    bind(&keystore, MAIN, &[DEFAULT]).unwrap();

    let before = listing(&house.root());
    assert!(matches!(commit(&keystore), Err(Error::NotUnlocked { .. })));
    let snapshot = keystore.read().unwrap();
    let plan = committing::plan(&snapshot, keystore.world().now()).unwrap();
    let locked: Vec<_> = plan.publish.locked_keys().into_iter().collect();
    assert_eq!(locked, [(key(MAIN), created.version.number)]);
    let stranger = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let wrong = commit_with(&keystore, &BTreeMap::from([(locked[0].clone(), stranger)]), None);
    assert!(matches!(&wrong, Err(Error::Refused { faults }) if matches!(faults[..], [Fault::KeyMismatch { .. }])));
    assert_eq!(listing(&house.root()), before);

    let PrivateKeyFile::Encrypted(file) = plan.publish.locked_key_file(&snapshot, &locked[0]).unwrap() else {
        panic!("readable")
    };
    let unlocked = BTreeMap::from([(locked[0].clone(), file.decrypt(&passphrase).unwrap())]);
    commit_with(&keystore, &unlocked, None).unwrap();
    let served = fs::read(keystore.live_folder(&endpoint(DEFAULT)).join("private-key.pem")).unwrap();
    assert_eq!(served, private_key.to_pem().as_bytes());
    let kept = fs::read_to_string(created.folder.join("private-key.pem")).unwrap();
    assert!(kept.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
}

#[test]
fn records_are_chained_and_the_log_tells_the_newest_first() {
    let (house, keystore) = published();
    for reason in ["first rotation", "second rotation"] {
        house.later(3600);
        installed_next(&keystore, MAIN, "mail01.example.com");
        commit_with(&keystore, &BTreeMap::new(), Some(reason.to_owned())).unwrap();
    }
    let snapshot = keystore.read().unwrap();
    let records = log(&snapshot, usize::MAX).unwrap();
    let told: Vec<_> = records.iter().map(|(record, _)| (record.generation.0, record.message.as_deref())).collect();
    assert_eq!(told, [(3, Some("second rotation")), (2, Some("first rotation")), (1, None)]);
    let parents: Vec<Option<Digest>> = records.iter().map(|(record, _)| record.parent).collect();
    assert_eq!(parents, [Some(records[1].1), Some(records[2].1), None]);
    assert_eq!(snapshot.head_hash(), Some(records[0].1));
    assert_eq!(log(&snapshot, 1).unwrap().len(), 1);
    let (newest, _) = &records[0];
    assert_eq!((newest.actor.user.as_str(), newest.time), ("ada", keystore.world().now()));
    assert_eq!(newest.keystore, keystore.config().id);
    let [change] = &newest.endpoints[..] else { panic!("{newest:?}") };
    let version = |pair: &Option<keystore::store::Pair>| pair.as_ref().map(|pair| pair.version.0);
    assert_eq!((version(&change.from), version(&change.to)), (Some(2), Some(3)));
    assert!(snapshot.record(Generation(4)).unwrap().is_none());
    assert!(snapshot.record(Generation::EMPTY).unwrap().is_none());
}

#[test]
fn the_newest_generation_is_found_without_its_hint_or_with_a_wrong_one() {
    let (house, keystore) = published();
    installed_next(&keystore, MAIN, "mail01.example.com");
    commit(&keystore).unwrap();
    let hint = house.root().join("state/head");
    assert_eq!(fs::read_to_string(&hint).unwrap(), "2");
    for wrong in ["", "1", "0", "two"] {
        fs::write(&hint, wrong).unwrap();
        assert_eq!(house.open().read().unwrap().generation(), Generation(2), "{wrong:?}");
    }
    // it is written after its record is durable: that record got lost
    fs::write(&hint, "7").unwrap();
    assert!(matches!(house.open().read(), Err(StoreError::Damaged { .. })));
    fs::remove_file(&hint).unwrap();
    assert_eq!(house.open().read().unwrap().generation(), Generation(2));
}
