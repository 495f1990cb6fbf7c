//! What was: generations to look at, to compare and to come back to; private keys that must not come back.

use keystore::model::{Fate, Generation, Next, VersionNumber};
use keystore::ops::copy_key::copy_key;
use keystore::ops::delete_key::delete_key;
use keystore::ops::diff::diff;
use keystore::ops::make_csr::MakeCsr;
use keystore::ops::mark_compromised::mark_compromised;
use keystore::ops::rename_key::rename_key;
use keystore::ops::rollback::rollback;
use keystore::ops::status::{Matter, status};
use keystore::ops::{Error, Fault};
use keystore::store::{Keystore, StoreError};

use crate::common::{
    DAY, House, Picture, asking, bind, certify, commit, create, create_next, endpoint, install, installed_key,
    installed_next, key, live, make_csr, staged, unbind,
};

const MAIN: &str = "mail01/imap/main";
const OTHER: &str = "mail02/smtp/other";
const AT: [&str; 2] = ["mail01/imap@default", "mail02/imap@192.0.2.7:993"];

/// Generation 1: one key at two endpoints. 2: its next version. 3: another key at one of them.
fn house() -> House {
    let house = House::published(MAIN, &AT);
    let keystore = house.open();
    house.later(60);
    installed_next(&keystore, MAIN, "mail01.example.com");
    commit(&keystore).unwrap();
    house.later(60);
    installed_key(&keystore, OTHER, "mail02.example.com");
    bind(&keystore, OTHER, &AT[1..]).unwrap();
    commit(&keystore).unwrap();
    house
}

/// What the committed state says, apart from when it came to be.
fn essence(keystore: &Keystore) -> String {
    let state = format!("{:#?}", Picture::of(keystore).state);
    let mut lines: Vec<_> = state.lines().collect();
    let mut essence = Vec::new();
    while let Some(line) = lines.pop() {
        if line.trim_end().ends_with("since: Generation(") {
            essence.drain(essence.len().saturating_sub(2)..);
        } else {
            essence.push(line);
        }
    }
    essence.reverse();
    essence.join("\n")
}

#[test]
fn a_generation_is_seen_as_it_was() {
    let house = house();
    let keystore = house.open();
    let snapshot = keystore.read().unwrap();
    let first = snapshot.at(Generation(1)).unwrap();
    let view = first.key(&key(MAIN)).unwrap().unwrap();
    assert_eq!(view.facts.versions.len(), 1, "the second private key came later");
    assert_eq!(view.current.unwrap().installed.version, VersionNumber(1));
    assert_eq!(view.bound.len(), 2);
    assert!(first.key(&key(OTHER)).unwrap().is_none());
    assert!(snapshot.at(Generation(0)).unwrap().key(&key(MAIN)).unwrap().is_none());
    let missing = snapshot.at(Generation(4)).err();
    assert!(matches!(missing, Some(StoreError::NoGeneration { newest: Generation(3), .. })));
}

#[test]
fn two_generations_are_compared_key_by_key_and_endpoint_by_endpoint() {
    let house = house();
    let keystore = house.open();
    let snapshot = keystore.read().unwrap();
    let at = |generation| snapshot.at(Generation(generation)).unwrap();
    let differences = diff(&at(1), &at(2)).unwrap();
    assert_eq!((differences.keys.len(), differences.endpoints.len()), (1, 2));
    let differences = diff(&at(2), &snapshot).unwrap();
    let [changed] = &differences.endpoints[..] else { panic!("{differences:?}") };
    assert_eq!(changed.endpoint, endpoint(AT[1]));
    assert_eq!(changed.to.as_ref().unwrap().key, key(OTHER));
    let backwards = diff(&snapshot, &at(2)).unwrap();
    assert_eq!(backwards.endpoints[0].to, changed.from);
    assert_eq!(diff(&at(2), &at(2)).unwrap(), Default::default());
}

#[test]
fn a_rollback_brings_back_exactly_what_was() {
    let house = house();
    let keystore = house.open();
    let third = essence(&keystore);
    for generation in [1, 2, 0, 3] {
        rollback(&keystore, Generation(generation), false).unwrap();
        commit(&keystore).unwrap();
        let snapshot = keystore.read().unwrap();
        let differences = diff(&snapshot.at(Generation(generation)).unwrap(), &snapshot).unwrap();
        assert_eq!(differences, Default::default(), "generation {generation}");
    }
    assert_eq!(essence(&keystore), third);
    assert_eq!(keystore.read().unwrap().generation(), Generation(7), "history only grows");
    assert_eq!(live(&house.root()), Picture::of(&keystore).wanted_live(&keystore));
    assert!(rollback(&keystore, Generation(7), false).unwrap().changes.is_empty());
}

#[test]
fn a_rollback_wants_a_stage_of_its_own() {
    let house = house();
    let keystore = house.open();
    unbind(&keystore, &AT[..1]).unwrap();
    assert!(matches!(rollback(&keystore, Generation(1), true), Err(Error::StageNotEmpty)));
}

#[test]
fn deleted_and_renamed_keys_come_back() {
    let house = house();
    let keystore = house.open();
    delete_key(&keystore, &key(OTHER), true).unwrap();
    commit(&keystore).unwrap();
    rename_key(&keystore, &key(MAIN), &key("mail09/imap/main")).unwrap();
    commit(&keystore).unwrap();
    rollback(&keystore, Generation(3), false).unwrap();
    commit(&keystore).unwrap();
    let snapshot = keystore.read().unwrap();
    for path in [MAIN, OTHER] {
        assert_eq!(snapshot.key(&key(path)).unwrap().unwrap().fate, Fate::Stays, "{path}");
    }
    assert!(snapshot.key(&key("mail09/imap/main")).unwrap().is_none());
    assert_eq!(live(&house.root()), Picture::of(&keystore).wanted_live(&keystore));
}

#[test]
fn an_expired_certificate_comes_back_only_by_force() {
    let house = house();
    let keystore = house.open();
    house.later(400 * DAY);
    match rollback(&keystore, Generation(1), false) {
        Err(Error::RollbackRefused { faults, .. }) => assert!(matches!(faults[..], [Fault::Expired { .. }])),
        other => panic!("{other:?}"),
    }
    assert!(staged(&keystore).is_empty());
    assert_eq!(rollback(&keystore, Generation(1), true).unwrap().forced.len(), 1);
    commit(&keystore).unwrap();
    assert_eq!(live(&house.root()), Picture::of(&keystore).wanted_live(&keystore));
}

#[test]
fn force_is_for_what_is_rolled_back_and_nothing_else() {
    let house = house();
    let keystore = house.open();
    unbind(&keystore, &AT[..1]).unwrap();
    commit(&keystore).unwrap();
    house.later(400 * DAY);
    rollback(&keystore, Generation(3), true).unwrap();
    bind(&keystore, OTHER, &["mail03/imap@default"]).unwrap();
    match commit(&keystore) {
        Err(Error::Refused { faults }) => {
            assert!(
                matches!(&faults[..], [Fault::Expired { key: expired, .. }] if *expired == key(OTHER)),
                "{faults:?}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_binding_comes_back_by_force_to_a_key_that_has_expired_since() {
    let house = house();
    let keystore = house.open();
    unbind(&keystore, &AT).unwrap();
    commit(&keystore).unwrap();
    house.later(400 * DAY);
    assert!(matches!(rollback(&keystore, Generation(3), false), Err(Error::RollbackRefused { .. })));
    rollback(&keystore, Generation(3), true).unwrap();
    commit(&keystore).unwrap();
    assert_eq!(live(&house.root()), Picture::of(&keystore).wanted_live(&keystore));
}

#[test]
fn a_compromised_private_key_is_used_for_nothing_new() {
    let house = House::new();
    let keystore = house.open();
    create(&keystore, MAIN).unwrap();
    let reply = certify(&make_csr(&keystore, &asking(MAIN, "mail01.example.com")).unwrap());
    let marked = mark_compromised(&keystore, &key(MAIN), None, "mailed").unwrap();
    assert!(matches!(&marked[..], [only] if only.before.is_none() && !only.current));
    assert!(matches!(install(&keystore, MAIN, &reply), Err(Error::Compromised { .. })));
    let snapshot = keystore.read().unwrap();
    let plan = keystore::ops::make_csr::plan(&snapshot, &Default::default(), &asking(MAIN, "a.example"));
    assert!(matches!(plan, Err(Error::Compromised { .. })));
    // The first word stays.
    let again = mark_compromised(&keystore, &key(MAIN), None, "something else").unwrap();
    assert_eq!(again[0].before.as_ref().unwrap().reason, "mailed");
    let none = mark_compromised(&keystore, &key(MAIN), Some(VersionNumber(9)), "mailed");
    assert!(matches!(none, Err(Error::VersionNotFound { .. })));
}

#[test]
fn a_compromised_private_key_stays_where_it_is_and_comes_back_only_by_force() {
    let house = house();
    let keystore = house.open();
    copy_key(&keystore, &key(MAIN), &key("mail09/imap/copy")).unwrap();
    commit(&keystore).unwrap();
    let marked = mark_compromised(&keystore, &key(MAIN), Some(VersionNumber(1)), "lost").unwrap();
    assert_eq!(marked.len(), 2, "the copy holds the same private key");
    assert!(matches!(rollback(&keystore, Generation(1), false), Err(Error::RollbackRefused { .. })));

    let marked = mark_compromised(&keystore, &key(MAIN), None, "lost too").unwrap();
    assert!(marked.iter().any(|marked| marked.current));
    let concerns =
        status(&keystore.read().unwrap(), keystore::ops::standing::Look::AtGenerations, keystore.world().now())
            .unwrap()
            .concerns;
    assert!(concerns.iter().any(|concern| matches!(concern.matter, Matter::Compromised { .. })));
    bind(&keystore, MAIN, &["mail03/imap@default"]).unwrap();
    assert!(matches!(commit(&keystore), Err(Error::Refused { .. })), "published nowhere new");
    unbind(&keystore, &["mail03/imap@default"]).unwrap();

    rollback(&keystore, Generation(1), true).unwrap();
    commit(&keystore).unwrap();
    let current = keystore.read().unwrap().key(&key(MAIN)).unwrap().unwrap().current.unwrap();
    assert_eq!(current.installed.version, VersionNumber(1));
}

#[test]
fn what_was_made_after_a_commit_is_not_seen_in_its_generation_even_in_the_same_second() {
    let house = House::published(MAIN, &AT[..1]);
    let keystore = house.open();
    let at = |generation| keystore.read().unwrap().at(Generation(generation)).unwrap().key(&key(MAIN)).unwrap();
    make_csr(&keystore, &MakeCsr { reuse_key: true, ..asking(MAIN, "mail01.example.com") }).unwrap();
    let first = at(1).unwrap();
    assert_eq!((first.next, first.facts.versions[0].requests.len()), (None, 1), "a request of the private key in use");
    installed_next(&keystore, MAIN, "mail01.example.com");
    assert_eq!(at(1).unwrap().facts.versions.len(), 1);
    commit(&keystore).unwrap();
    assert_eq!(at(1).unwrap().next, None, "it became current later");
    assert_eq!(at(2).unwrap().current.unwrap().installed.version, VersionNumber(2));

    house.later(60);
    mark_compromised(&keystore, &key(MAIN), Some(VersionNumber(1)), "lost").unwrap();
    assert_eq!(at(2).unwrap().facts.versions[0].compromised, None, "nobody knew that yet");
    rename_key(&keystore, &key(MAIN), &key(OTHER)).unwrap();
    commit(&keystore).unwrap();
    create(&keystore, MAIN).unwrap();
    assert_eq!(at(3), None, "it was renamed, and made anew later");
    let other = keystore.read().unwrap().at(Generation(3)).unwrap().key(&key(OTHER)).unwrap().unwrap();
    assert_eq!(other.facts.versions.len(), 2, "what is copied came with the commit");
}

#[test]
fn what_is_pending_before_a_commit_is_seen_in_its_generation() {
    let house = House::published(MAIN, &AT[..1]);
    let keystore = house.open();
    create_next(&keystore, MAIN).unwrap();
    make_csr(&keystore, &asking(MAIN, "mail01.example.com")).unwrap();
    house.later(1);
    bind(&keystore, MAIN, &AT[1..]).unwrap();
    commit(&keystore).unwrap();
    let view = keystore.read().unwrap().at(Generation(2)).unwrap().key(&key(MAIN)).unwrap().unwrap();
    assert!(matches!(view.next, Some(Next::Pending { version, .. }) if version.number == VersionNumber(2)));
}

#[test]
fn a_next_version_that_is_compromised_is_passed_over() {
    let house = House::published(MAIN, &AT[..1]);
    let keystore = house.open();
    let mark = |path: &str| mark_compromised(&keystore, &key(path), None, "lost").unwrap();
    let view = |path: &str| keystore.read().unwrap().key(&key(path)).unwrap().unwrap();
    create_next(&keystore, MAIN).unwrap();
    make_csr(&keystore, &asking(MAIN, "mail01.example.com")).unwrap();
    assert!(matches!(create_next(&keystore, MAIN), Err(Error::NextExists { .. })));
    mark_compromised(&keystore, &key(MAIN), Some(VersionNumber(2)), "lost").unwrap();
    installed_next(&keystore, MAIN, "mail01.example.com");
    commit(&keystore).unwrap();
    assert_eq!(view(MAIN).current.unwrap().installed.version, VersionNumber(3));

    create(&keystore, OTHER).unwrap();
    assert!(matches!(create_next(&keystore, OTHER), Err(Error::NothingToFollow { .. })));
    mark(OTHER);
    create_next(&keystore, OTHER).unwrap();
    assert_eq!(view(OTHER).working_version().unwrap().number, VersionNumber(2));
    assert!(matches!(create_next(&keystore, OTHER), Err(Error::NothingToFollow { .. })), "this one is sound");

    installed_next(&keystore, MAIN, "mail01.example.com");
    mark_compromised(&keystore, &key(MAIN), Some(VersionNumber(4)), "lost").unwrap();
    assert!(matches!(create_next(&keystore, MAIN), Err(Error::KeyHasStaged { .. })), "its certificate is staged");
}
