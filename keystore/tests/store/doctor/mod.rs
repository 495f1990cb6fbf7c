//! `doctor`: what is wrong is found and named; what can be mended without loss is mended.

mod elsewhere;
mod findings;
mod flips;
mod forgeries;
mod live;
mod pruned;
mod races;
mod repairs;
mod unreadable;

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use keystore::model::VersionNumber;
use keystore::ops::copy_key::copy_key;
use keystore::ops::create_key::{CreateKey, Material, create_key};
use keystore::ops::doctor::{Code, Diagnosis, Outcome, Request, Scope, Severity, doctor, examine};
use keystore::ops::make_csr::make_csr as sign;
use keystore::ops::make_csr::plan;
use keystore::ops::mark_compromised::mark_compromised;
use keystore::ops::publish::Unlocked;
use keystore::ops::rename_key::rename_key;
use keystore::pki::{KeyAlgorithm, Passphrase, Pbes2, PrivateKey};
use keystore::progress::Unwatched;
use keystore::store::{Disk, Keystore};

use crate::common::{
    House, asking, bind, certify, commit, commit_with, create, create_next, install, installed_key, installed_next,
    key, make_csr, unbind,
};

pub(crate) const MAIN: &str = "mail01/imap/main";
pub(crate) const SECRET: &str = "mail01/pop3/secret";

/// A keystore with a past: rotated, shared between servers, encrypted, copied, renamed, compromised, freed,
/// pending, new, staged.
pub(crate) fn with_history() -> House {
    static TEMPLATE: LazyLock<House> = LazyLock::new(make_history);
    House::copy_of(&TEMPLATE)
}

pub(crate) fn make_history() -> House {
    let house = House::new();
    let keystore = house.open();
    installed_key(&keystore, MAIN, "mail01.example.com");
    bind(&keystore, MAIN, &["mail01/imap@default", "mail02/imap@192.0.2.7:993"]).unwrap();
    commit(&keystore).unwrap();
    let secret = encrypted_key(&keystore);
    bind(&keystore, SECRET, &["mail01/pop3@default"]).unwrap();
    installed_key(&keystore, "mail03/smtp/spare", "mail03.example.com");
    bind(&keystore, "mail03/smtp/spare", &["mail03/smtp@default"]).unwrap();
    let unlocked = Unlocked::from([((key(SECRET), VersionNumber(1)), secret)]);
    commit_with(&keystore, &unlocked, Some("an encrypted one".to_owned())).unwrap();
    copy_key(&keystore, &key(MAIN), &key("mail05/https/copy")).unwrap();
    commit(&keystore).unwrap();
    installed_next(&keystore, MAIN, "mail01.example.com");
    rename_key(&keystore, &key("mail05/https/copy"), &key("mail05/https/renamed")).unwrap();
    unbind(&keystore, &["mail03/smtp@default"]).unwrap();
    commit(&keystore).unwrap();

    mark_compromised(&keystore, &key(MAIN), Some(VersionNumber(1)), "seen on a screen").unwrap();
    create(&keystore, "mail04/ldap/new").unwrap();
    create(&keystore, "mail03/smtp/pending").unwrap();
    make_csr(&keystore, &asking("mail03/smtp/pending", "mail03.example.com")).unwrap();
    make_csr(&keystore, &asking("mail03/smtp/pending", "mail03.example.org")).unwrap();
    create_next(&keystore, MAIN).unwrap();
    let reply = certify(&make_csr(&keystore, &asking(MAIN, "mail01.example.com")).unwrap());
    install(&keystore, MAIN, &reply).unwrap();
    bind(&keystore, MAIN, &["mail04/imap@default"]).unwrap();
    house
}

/// Makes the encrypted key, up to its staged certificate, and gives it back opened.
fn encrypted_key(keystore: &Keystore) -> PrivateKey {
    let private_key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let passphrase = Passphrase::new("correct horse".to_owned()).unwrap();
    let pbes2 = Pbes2 { rounds: 10, salt: [1; 16], iv: [2; 16] };
    let material = Material::encrypted(&private_key, &passphrase, &pbes2).unwrap();
    create_key(keystore, &CreateKey { key: key(SECRET), next: false }, &material).unwrap();
    let asked = asking(SECRET, "mail01.example.com");
    let plan = plan(&keystore.read().unwrap(), &keystore.config().defaults.subject, &asked).unwrap();
    let reply = certify(&sign(keystore, &plan, &private_key).unwrap());
    install(keystore, SECRET, &reply).unwrap();
    private_key
}

/// What the doctor says, without mending anything.
pub(crate) fn diagnose(house: &House) -> Diagnosis {
    run(house, &Request::default()).diagnosis
}

/// What the first look finds, which is all there is to find where nobody writes.
pub(crate) fn glance(house: &House) -> Diagnosis {
    examine(&*house.disk(), &house.world("doctor"), &Scope::default(), &Unwatched).unwrap()
}

/// Mends what can be mended.
pub(crate) fn repair(house: &House) -> Outcome {
    run(house, &Request { repair: true, expected: None, placing: None })
}

pub(crate) fn run(house: &House, request: &Request) -> Outcome {
    run_on(&*house.disk(), house, request)
}

pub(crate) fn run_on(disk: &dyn Disk, house: &House, request: &Request) -> Outcome {
    doctor(disk, &house.world("doctor"), request, &Unwatched).unwrap()
}

/// The codes of what is more than a note.
pub(crate) fn faults(diagnosis: &Diagnosis) -> Vec<Code> {
    let faults = diagnosis.findings.iter().filter(|finding| finding.severity() != Severity::Note);
    faults.map(|finding| finding.code).collect()
}

pub(crate) fn codes(diagnosis: &Diagnosis) -> Vec<Code> {
    diagnosis.findings.iter().map(|finding| finding.code).collect()
}

/// Every file below a folder of the keystore, by its path in the keystore; links are none.
pub(crate) fn files(house: &House, folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(&house.root().join(folder), &mut found);
    found.iter_mut().for_each(|path| *path = path.strip_prefix(house.root()).unwrap().to_owned());
    found.sort();
    found
}

fn collect(folder: &std::path::Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match fs::symlink_metadata(&path).unwrap().file_type() {
            kind if kind.is_dir() => collect(&path, found),
            kind if kind.is_file() => found.push(path),
            _ => {}
        }
    }
}

#[test]
fn a_keystore_with_a_past_is_sound() {
    let house = with_history();
    let diagnosis = diagnose(&house);
    assert!(diagnosis.is_sound(), "{:#?}", diagnosis.findings);
    assert_eq!(codes(&diagnosis), [Code::LeftOver], "{:#?}", diagnosis.findings);
    let counts = diagnosis.counts;
    assert_eq!((counts.generations, counts.keys, counts.private_keys), (4, 7, 9));
    assert_eq!((counts.requests, counts.certificates, counts.endpoints), (9, 7, 3));
    assert_eq!(diagnosis.first_broken(), None);
    let again = repair(&house);
    assert!(again.mended.is_empty());
}

#[test]
fn an_empty_keystore_is_sound() {
    assert_eq!(diagnose(&House::new()).findings, []);
}
