//! Keys that are copied, renamed and deleted.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use keystore::change::Change;
use keystore::model::{Fate, Generation, Next, VersionNumber};
use keystore::ops::copy_key::copy_key;
use keystore::ops::delete_key::delete_key;
use keystore::ops::list::{ListedService, Scope, list};
use keystore::ops::rename_key::rename_key;
use keystore::ops::{Error, Fault};
use keystore::store::{Keystore, Pair};

use crate::common::{
    House, asking, bind, certify, commit, create, create_next, discard, endpoint, install, installed_next, key, live,
    make_csr, staged, unbind,
};

const MAIN: &str = "mail01/imap/main";
const NEW: &str = "mail02/smtp/2026";
const ENDPOINTS: [&str; 2] = ["mail01/imap@default", "mail02/imap@192.0.2.7:993"];

/// With a key that two endpoints serve.
fn house() -> House {
    House::published(MAIN, &ENDPOINTS)
}

fn keys(keystore: &Keystore) -> Vec<String> {
    let paths = |services: &[ListedService<'_>]| -> Vec<String> {
        services.iter().flat_map(|service| &service.keys).map(|key| key.path.to_string()).collect()
    };
    list(&keystore.read().unwrap(), &Scope::All, |services, _| paths(&services)).unwrap().concat()
}

fn bound(keystore: &Keystore, path: &str) -> Vec<String> {
    let view = keystore.read().unwrap().key(&key(path)).unwrap().unwrap();
    view.bound.iter().map(ToString::to_string).collect()
}

#[test]
fn a_renamed_key_takes_its_bindings_along_and_keeps_its_history() {
    let house = house();
    let keystore = house.open();
    let served = live(&house.root());
    let renamed = rename_key(&keystore, &key(MAIN), &key(NEW)).unwrap();
    assert_eq!(renamed.moved.len(), 2);
    assert_eq!(keys(&keystore), [MAIN, NEW], "both are shown until the commit");
    let fate = |path: &str| keystore.read().unwrap().key(&key(path)).unwrap().unwrap().fate;
    assert_eq!(fate(MAIN), Fate::Goes { renamed_to: Some(key(NEW)) });
    assert_eq!(fate(NEW), Fate::Arrives { from: key(MAIN) });

    commit(&keystore).unwrap();
    assert_eq!(keys(&keystore), [NEW]);
    assert_eq!(bound(&keystore, NEW), ENDPOINTS);
    assert_eq!(live(&house.root()), served, "the certificates are the same");

    // What was is still there to be looked at, and the new name lives on.
    let snapshot = keystore.read().unwrap();
    let past = snapshot.at(Generation(1)).unwrap();
    assert!(past.key(&key(MAIN)).unwrap().unwrap().current.is_some());
    assert!(past.key(&key(NEW)).unwrap().is_none());
    installed_next(&keystore, NEW, "mail01.example.com");
    commit(&keystore).unwrap();
    assert_ne!(live(&house.root()), served);
}

#[test]
fn the_files_of_a_copy_are_second_names_of_the_same() {
    let house = house();
    let keystore = house.open();
    copy_key(&keystore, &key(MAIN), &key(NEW)).unwrap();
    for file in ["private-key.pem", "request-1.csr", "certificate-1.pem", "chain-1.pem"] {
        let inode =
            |path: &str| fs::metadata(house.root().join("servers").join(path).join("1").join(file)).unwrap().ino();
        assert_eq!(inode(MAIN), inode(NEW), "{file}");
    }
    commit(&keystore).unwrap();
    assert_eq!(keys(&keystore), [MAIN, NEW]);
    assert_eq!(bound(&keystore, MAIN), ENDPOINTS, "bindings stay");
    assert!(bound(&keystore, NEW).is_empty());
    bind(&keystore, NEW, &["mail02/smtp@default"]).unwrap();
    commit(&keystore).unwrap();
}

#[test]
fn a_pending_request_is_answered_under_the_new_name() {
    let house = House::new();
    let keystore = house.open();
    create(&keystore, MAIN).unwrap();
    let reply = certify(&make_csr(&keystore, &asking(MAIN, "mail01.example.com")).unwrap());
    rename_key(&keystore, &key(MAIN), &key(NEW)).unwrap();
    assert!(matches!(install(&keystore, MAIN, &reply), Err(Error::KeyGoes { renamed_to: Some(_), .. })));
    install(&keystore, NEW, &reply).unwrap();
    bind(&keystore, NEW, &ENDPOINTS).unwrap();
    commit(&keystore).unwrap();
    assert_eq!((keys(&keystore), bound(&keystore, NEW)), (vec![NEW.to_owned()], ENDPOINTS.map(str::to_owned).to_vec()));
}

#[test]
fn a_bound_key_is_not_deleted_unless_its_endpoints_are_freed() {
    let house = house();
    let keystore = house.open();
    match delete_key(&keystore, &key(MAIN), false) {
        Err(Error::KeyBound { endpoints, .. }) => assert_eq!(endpoints.len(), 2),
        other => panic!("{other:?}"),
    }
    assert!(staged(&keystore).is_empty());
    unbind(&keystore, &ENDPOINTS[..1]).unwrap();
    assert_eq!(delete_key(&keystore, &key(MAIN), true).unwrap().unbound, [endpoint(ENDPOINTS[1])].into());
    commit(&keystore).unwrap();
    assert!(keys(&keystore).is_empty());
    assert!(house.root().join("servers/mail01/imap/main/1/private-key.pem").exists(), "for history");

    // The name is free again, and no number is used twice.
    let again = create(&keystore, MAIN).unwrap();
    assert_eq!(again.version.number, VersionNumber(2));
    let view = keystore.read().unwrap().key(&key(MAIN)).unwrap().unwrap();
    assert_eq!(view.facts.versions.len(), 1);
    assert!(matches!(view.next, Some(Next::New(_))));
}

#[test]
fn nothing_is_done_for_a_key_that_is_about_to_go() {
    let house = house();
    let keystore = house.open();
    delete_key(&keystore, &key(MAIN), true).unwrap();
    let goes = |result: Result<(), Error>| assert!(matches!(result, Err(Error::KeyGoes { .. })), "{result:?}");
    goes(bind(&keystore, MAIN, &ENDPOINTS).map(drop));
    goes(create_next(&keystore, MAIN).map(drop));
    let plan = |keystore: &Keystore| {
        let snapshot = keystore.read().unwrap();
        keystore::ops::make_csr::plan(&snapshot, &Default::default(), &asking(MAIN, "a.example")).map(drop)
    };
    goes(plan(&keystore));
    assert!(matches!(create(&keystore, MAIN), Err(Error::KeyHasCertificate { .. })), "it is there until the commit");
    assert!(matches!(copy_key(&keystore, &key(MAIN), &key(NEW)), Err(Error::KeyHasStaged { .. })));
    assert!(matches!(delete_key(&keystore, &key(MAIN), true), Err(Error::KeyHasStaged { .. })));
}

#[test]
fn a_name_that_is_taken_is_refused_and_a_missing_key_too() {
    let house = house();
    let keystore = house.open();
    create(&keystore, NEW).unwrap();
    assert!(matches!(copy_key(&keystore, &key(MAIN), &key(NEW)), Err(Error::KeyWaits { .. })));
    assert!(matches!(copy_key(&keystore, &key(MAIN), &key(MAIN)), Err(Error::KeyHasCertificate { .. })));
    assert!(matches!(rename_key(&keystore, &key("a/imap/b"), &key("a/imap/c")), Err(Error::KeyNotFound { .. })));
    installed_next(&keystore, MAIN, "mail01.example.com");
    let other = key("mail03/imap/main");
    assert!(matches!(rename_key(&keystore, &key(MAIN), &other), Err(Error::KeyHasStaged { .. })));
}

#[test]
fn what_is_discarded_leaves_no_trace_in_the_tree() {
    let house = house();
    let keystore = house.open();
    rename_key(&keystore, &key(MAIN), &key(NEW)).unwrap();
    assert_eq!(discard(&keystore, &[MAIN]).unwrap().len(), 4, "copy, two bindings, deletion");
    assert!(staged(&keystore).is_empty());
    assert_eq!(keys(&keystore), [MAIN]);
    // A second attempt takes new numbers.
    let again = rename_key(&keystore, &key(MAIN), &key(NEW)).unwrap();
    assert_eq!(again.copy.versions, [(VersionNumber(1), VersionNumber(2))].into());
    assert_eq!(discard(&keystore, &[NEW]).unwrap().len(), 4);
    delete_key(&keystore, &key(MAIN), true).unwrap();
    assert_eq!(discard(&keystore, &[MAIN]).unwrap().len(), 3, "deletion, two unbindings");
    assert!(staged(&keystore).is_empty());
    delete_key(&keystore, &key(MAIN), true).unwrap();
    commit(&keystore).unwrap();
    assert!(keys(&keystore).is_empty());
}

#[test]
fn the_record_names_what_each_endpoint_serves_under_the_new_name() {
    let house = house();
    let keystore = house.open();
    rename_key(&keystore, &key(MAIN), &key(NEW)).unwrap();
    commit(&keystore).unwrap();
    let (record, _) = keystore.read().unwrap().record(Generation(2)).unwrap().unwrap();
    let named = |pair: &Option<Pair>| pair.as_ref().unwrap().key.to_string();
    let sides: Vec<_> = record.endpoints.iter().map(|change| (named(&change.from), named(&change.to))).collect();
    assert_eq!(sides, [(MAIN.to_owned(), NEW.to_owned()), (MAIN.to_owned(), NEW.to_owned())]);
    assert!(matches!(
        &record.changes[..],
        [Change::CopyKey { .. }, Change::Bind { .. }, Change::Bind { .. }, Change::DeleteKey { .. }]
    ));
}

#[test]
fn an_expired_certificate_is_not_published_under_another_name() {
    let house = house();
    let keystore = house.open();
    house.later(400 * crate::common::DAY);
    rename_key(&keystore, &key(MAIN), &key(NEW)).unwrap();
    match commit(&keystore) {
        Err(Error::Refused { faults }) => assert!(matches!(faults[..], [Fault::Expired { .. }]), "{faults:?}"),
        other => panic!("{other:?}"),
    }
}
