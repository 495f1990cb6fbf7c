//! A keystore that an earlier version of this program wrote is read, looked after and written to by every later one.
//! `tests/fixtures/make-format-1.sh` made it.

use std::path::{Path, PathBuf};

use keystore::model::{Generation, VersionNumber};
use keystore::ops::list::{ListedService, Scope, Staged, list};
use keystore::ops::rollback::rollback;
use keystore::pki::PrivateKeyFile;
use keystore::store::{Keystore, StoreError};

use crate::common::{DAY, House, certify, commit, create, discard, install, key, live, make_csr};
use crate::common::{Picture, asking};
use crate::doctor::diagnose;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// With the keystore of the fixture, as it was written.
fn house() -> House {
    let house = House::without_keystore();
    let folder = house.root().parent().unwrap().to_path_buf();
    let mut archive = tar::Archive::new(std::fs::File::open(fixture("format-1.tar")).unwrap());
    archive.set_preserve_permissions(true);
    archive.unpack(folder).unwrap();
    // Its certificates are valid from the day it was made.
    house.later(2 * DAY);
    house
}

fn keys(keystore: &Keystore) -> Vec<String> {
    let look = |services: Vec<ListedService<'_>>, _: &Staged| -> Vec<String> {
        services.iter().flat_map(|service| &service.keys).map(|key| key.path.to_string()).collect()
    };
    list(&keystore.read().unwrap(), &Scope::All, look).unwrap().concat()
}

#[test]
fn what_format_1_holds_is_read() {
    let house = house();
    let keystore = house.open();
    assert_eq!(keystore.config().format, 1);
    assert_eq!(
        keys(&keystore),
        [
            "gone/nntp/main",
            "mail01/imap/main",
            "mail03/imap/copy",
            "mail04/ldap/fresh",
            "mail04/ldap/pending",
            "new.example.com/smtp/name",
            "www/https/main",
        ]
    );
    let snapshot = keystore.read().unwrap();
    assert_eq!(snapshot.generation(), Generation(6));
    assert_eq!(snapshot.stage().changes().count(), 2);
    let records = snapshot.records(usize::MAX).unwrap();
    let generations: Vec<_> = records.iter().map(|(record, _)| record.generation.0).collect();
    assert_eq!(generations, [6, 5, 4]);
    assert!(matches!(snapshot.at(Generation(1)), Err(StoreError::Pruned { .. })));

    let main = snapshot.key(&key("mail01/imap/main")).unwrap().unwrap();
    assert_eq!(main.current.unwrap().installed.version, VersionNumber(2));
    assert_eq!(main.bound.len(), 3);
    assert_eq!(main.facts.versions[0].compromised.as_ref().unwrap().reason, "the tape was lost");
    let renamed = snapshot.key(&key("new.example.com/smtp/name")).unwrap().unwrap();
    assert_eq!(renamed.facts.versions[0].copy_of.as_ref().unwrap().key, key("old.example.com/smtp/name"));
}

#[test]
fn every_private_key_of_format_1_opens() {
    let house = house();
    let keystore = house.open();
    let snapshot = keystore.read().unwrap();
    let passphrase = keystore::pki::Passphrase::new("format one".to_owned()).unwrap();
    for path in keys(&keystore).iter().map(|path| key(path)) {
        for version in snapshot.key(&path).unwrap().unwrap().facts.versions {
            let file = snapshot.private_key_file(&path, &version).unwrap();
            let private_key = match PrivateKeyFile::from_pem(&file).unwrap() {
                PrivateKeyFile::Plain(private_key) => private_key,
                PrivateKeyFile::Encrypted(encrypted) => encrypted.decrypt(&passphrase).unwrap(),
            };
            assert_eq!(private_key.public_key().hash(), version.spki, "{path} version {}", version.number);
        }
    }
}

#[test]
fn the_doctor_finds_nothing_wrong_with_format_1() {
    let house = house();
    let diagnosis = diagnose(&house);
    assert!(diagnosis.is_sound(), "{:#?}", diagnosis.findings);
}

#[test]
fn format_1_is_written_to() {
    let house = house();
    let keystore = house.open();
    let reply = certify(&make_csr(&keystore, &asking("mail04/ldap/pending", "mail04.example.com")).unwrap());
    install(&keystore, "mail04/ldap/pending", &reply).unwrap();
    create(&keystore, "mail05/imap/new").unwrap();
    commit(&keystore).unwrap();
    assert_eq!(keystore.read().unwrap().generation(), Generation(7));
    discard(&keystore, &[]).unwrap();
    rollback(&keystore, Generation(5), false).unwrap();
    commit(&keystore).unwrap();
    let (served, wanted) = (live(&house.root()), Picture::of(&keystore).wanted_live(&keystore));
    for (folder, certificate) in wanted {
        assert_eq!(served.get(&folder), Some(&certificate), "{folder:?}");
    }
}
