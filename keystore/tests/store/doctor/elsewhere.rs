//! Private keys whose index and `version.json` are both lost: what is known of them elsewhere is taken over.

use std::fs;

use keystore::model::{VersionFacts, VersionNumber};
use keystore::name::KeyPath;
use keystore::ops::Error;
use keystore::ops::copy_key::copy_key;
use keystore::ops::create_key::{CreateKey, Material, create_key};
use keystore::ops::list::{ListedService, Scope, Staged, list};
use keystore::ops::mark_compromised::mark_compromised;
use keystore::pki::PrivateKeyFile;

use super::{MAIN, faults, repair, with_history};
use crate::common::{House, asking, commit, create, key, make_csr};

/// Takes away what a version's own account is written in.
fn lose(house: &House, path: &str, number: u32) {
    fs::remove_file(house.root().join("servers").join(key(path).server().as_str()).join("facts.json")).unwrap();
    fs::remove_file(house.root().join(format!("servers/{path}/{number}/version.json"))).unwrap();
}

fn version(house: &House, path: &str, number: u32) -> VersionFacts {
    let facts = house.open().read().unwrap().facts(key(path).server()).unwrap();
    facts.key(&key(path)).unwrap().version(VersionNumber(number)).unwrap().clone()
}

/// Puts the private key of one key under the name of another, as an import does; gives its file.
fn again(house: &House, path: &str, other: &str) -> Vec<u8> {
    let pem = fs::read(house.root().join(format!("servers/{path}/1/private-key.pem"))).unwrap();
    let Ok(PrivateKeyFile::Plain(private_key)) = PrivateKeyFile::from_pem(&pem) else { panic!("it is not encrypted") };
    let request = CreateKey { key: key(other), next: false };
    create_key(&house.open(), &request, &Material::plain(&private_key)).unwrap();
    pem
}

/// Every key in the tree.
fn tree(house: &House) -> Vec<KeyPath> {
    let names = |services: Vec<ListedService<'_>>, _: &Staged| {
        services.into_iter().flat_map(|service| service.keys).map(|key| key.path).collect::<Vec<_>>()
    };
    list(&house.open().read().unwrap(), &Scope::All, names).unwrap().concat()
}

#[test]
fn a_private_key_whose_index_and_account_are_both_lost_is_described_by_its_copies() {
    // A copy that is committed, and what it was copied from: on the same server, and on another.
    let pending = "mail03/smtp/pending";
    for (original, copy, number) in [(MAIN, "mail05/https/renamed", 1), (pending, "mail03/imap/copy", 1)] {
        for is_committed in [true, false] {
            let house = with_history();
            if original == pending {
                copy_key(&house.open(), &key(original), &key(copy)).unwrap();
            }
            if is_committed {
                commit(&house.open()).unwrap();
            }
            for lost in [copy, original] {
                let before = (version(&house, lost, number), tree(&house));
                house.later(60);
                lose(&house, lost, number);
                assert_eq!(faults(&repair(&house).diagnosis), [], "{lost}");
                let mut after = version(&house, lost, number);
                assert_eq!(after.copy_of.is_some(), lost == copy);
                after.copy_of.clone_from(&before.0.copy_of);
                assert_eq!((after, tree(&house)), before);
            }
        }
    }
}

#[test]
fn the_same_private_key_under_two_names_is_no_copy() {
    let (house, other) = (House::new(), "mail02/imap/main");
    create(&house.open(), MAIN).unwrap();
    again(&house, MAIN, other);
    make_csr(&house.open(), &asking(other, "mail02.example.com")).unwrap();
    mark_compromised(&house.open(), &key(other), None, "seen on a screen").unwrap();
    let before = (version(&house, other, 1), tree(&house));
    for damage in [None, Some("{")] {
        let house = House::copy_of(&house);
        let broken = |path: &str| match damage {
            None => fs::remove_file(house.root().join(path)).unwrap(),
            Some(text) => fs::write(house.root().join(path), text).unwrap(),
        };
        // An older index of the other server knows nothing of the mark either.
        let older = fs::read_to_string(house.root().join("servers/mail01/facts.json")).unwrap();
        let start = older.find(",\"compromised\"").unwrap();
        let end = start + older[start..].find("screen\"}").unwrap() + "screen\"}".len();
        fs::write(house.root().join("servers/mail01/facts.json"), [&older[..start], &older[end..]].concat()).unwrap();
        broken("servers/mail02/facts.json");
        broken("servers/mail02/imap/main/1/version.json");
        assert_eq!(faults(&repair(&house).diagnosis), []);
        let after = version(&house, other, 1);
        assert_eq!((&after.requests[0].file, tree(&house)), (&before.0.requests[0].file, before.1.clone()));
        assert_eq!((after.copy_of, after.compromised), (None, before.0.compromised.clone()));
        assert!(version(&house, MAIN, 1).compromised.is_some());
    }
}

#[test]
fn a_mark_is_taken_over_from_the_same_private_key_in_another_file() {
    let (house, other) = (House::new(), "mail02/imap/main");
    create(&house.open(), MAIN).unwrap();
    let pem = again(&house, MAIN, other);
    mark_compromised(&house.open(), &key(other), None, "seen on a screen").unwrap();
    let mark = version(&house, other, 1).compromised;
    assert!(mark.is_some());
    let file = house.root().join("servers/mail02/imap/main/1/private-key.pem");
    fs::write(file, [b"\n".as_slice(), &pem].concat()).unwrap();
    lose(&house, other, 1);
    assert_eq!(faults(&repair(&house).diagnosis), []);
    assert_eq!(version(&house, other, 1).compromised, mark);
}

#[test]
fn a_mark_that_came_no_further_than_its_private_key_is_kept_by_the_next_writer() {
    let house = House::new();
    create(&house.open(), MAIN).unwrap();
    let index = house.root().join("servers/mail01/facts.json");
    let before = fs::read(&index).unwrap();
    mark_compromised(&house.open(), &key(MAIN), None, "seen on a screen").unwrap();
    let mark = version(&house, MAIN, 1).compromised;
    fs::write(&index, before).unwrap();
    make_csr(&house.open(), &asking(MAIN, "mail01.example.com")).unwrap();
    assert_eq!(version(&house, MAIN, 1).compromised, mark);
    assert_eq!(faults(&repair(&house).diagnosis), []);
}

#[test]
fn of_a_private_key_that_nothing_tells_of_any_more_it_is_not_taken_for_granted_that_nobody_knows_it() {
    let house = House::new();
    create(&house.open(), MAIN).unwrap();
    lose(&house, MAIN, 1);
    assert_eq!(faults(&repair(&house).diagnosis), []);
    let refused = make_csr(&house.open(), &asking(MAIN, "mail01.example.com"));
    assert!(matches!(refused, Err(Error::WeakKey { .. })), "{refused:?}");
}
