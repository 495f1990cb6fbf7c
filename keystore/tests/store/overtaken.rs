//! What is staged, and what another commit did in the meantime, such as a renewal that takes no stage along.

use std::fs;

use keystore::change::Conflict;
use keystore::model::{AuthoritySettings, FileSettings, Generation, Renewal, VersionNumber};
use keystore::ops::delete_key::delete_key;
use keystore::ops::mark_compromised::mark_compromised;
use keystore::ops::rename_key::rename_key;
use keystore::ops::rollback::rollback;
use keystore::ops::{Error, Fault, Warning, commit as op, set_authority, set_renewal};
use keystore::store::Keystore;

use crate::common::{
    DAY, House, asking, bind, certify, commit, create, discard, endpoint, install, installed_key, installed_next, key,
    live, make_csr, staged, unbind,
};

const MAIN: &str = "mail01/imap/main";
const OTHER: &str = "mail01/imap/other";
const AT: [&str; 1] = ["mail01/imap@default"];
const HOST: &str = "mail01.example.com";

/// Does and commits something beside what is staged, which stays.
fn meanwhile(house: &House, act: impl FnOnce(&Keystore)) {
    let (stage, aside) = (house.root().join("stage.json"), house.root().with_file_name("aside.json"));
    fs::rename(&stage, &aside).unwrap();
    let keystore = house.open();
    act(&keystore);
    commit(&keystore).unwrap();
    fs::rename(aside, stage).unwrap();
}

fn conflicts(keystore: &Keystore) -> Vec<Conflict> {
    let conflict = |fault| match fault {
        Fault::Conflict(conflict) => conflict,
        other => panic!("{other:?}"),
    };
    match commit(keystore) {
        Err(Error::Refused { faults }) => faults.into_iter().map(conflict).collect(),
        other => panic!("{other:?}"),
    }
}

fn renew(keystore: &Keystore) {
    let asked = make_csr(keystore, &keystore::ops::make_csr::MakeCsr { reuse_key: true, ..asking(MAIN, HOST) });
    install(keystore, MAIN, &certify(&asked.unwrap())).unwrap();
}

#[test]
fn a_rename_a_deletion_and_a_rollback_do_not_undo_a_renewal() {
    let stages: [fn(&Keystore); 3] = [
        |keystore| drop(rename_key(keystore, &key(MAIN), &key(OTHER)).unwrap()),
        |keystore| drop(delete_key(keystore, &key(MAIN), true).unwrap()),
        |keystore| drop(rollback(keystore, Generation(1), false).unwrap()),
    ];
    for stage in stages {
        let house = House::published(MAIN, &AT);
        let keystore = house.open();
        installed_next(&keystore, MAIN, HOST);
        commit(&keystore).unwrap();
        stage(&keystore);
        // With the private key that it has, so that no number of a version tells.
        meanwhile(&house, renew);
        let served = live(&house.root());
        assert_eq!(conflicts(&keystore), [Conflict::Overtaken { key: key(MAIN), since: Generation(3) }]);
        assert_eq!(live(&house.root()), served);
        discard(&keystore, &[]).unwrap();
        stage(&keystore);
        commit(&keystore).unwrap();
    }
}

#[test]
fn a_copy_does_not_take_the_place_of_a_key_of_its_name() {
    let house = House::published(MAIN, &AT);
    let keystore = house.open();
    rename_key(&keystore, &key(MAIN), &key(OTHER)).unwrap();
    meanwhile(&house, |keystore| {
        installed_key(keystore, OTHER, HOST);
        bind(keystore, OTHER, &["mail01/pop3@default"]).unwrap();
    });
    assert_eq!(conflicts(&keystore), [Conflict::Taken { key: key(OTHER), since: Generation(2) }]);
    let binding = keystore.read().unwrap().committed_binding(&endpoint("mail01/pop3@default")).unwrap();
    assert_eq!(binding, Some(key(OTHER)));
}

#[test]
fn nothing_brings_a_key_back_that_was_deleted_meanwhile() {
    let house = House::published(OTHER, &AT);
    let keystore = house.open();
    installed_key(&keystore, MAIN, HOST);
    bind(&keystore, MAIN, &["mail01/pop3@default"]).unwrap();
    meanwhile(&house, |keystore| drop(delete_key(keystore, &key(MAIN), false).unwrap()));
    assert_eq!(conflicts(&keystore), [Conflict::Deleted { key: key(MAIN) }]);
    assert_eq!(discard(&keystore, &[MAIN]).unwrap().len(), 2, "what is left of it can be taken back");
    assert!(staged(&keystore).is_empty());

    // The same of a deletion that somebody else was quicker with.
    delete_key(&keystore, &key(OTHER), true).unwrap();
    meanwhile(&house, |keystore| drop(delete_key(keystore, &key(OTHER), true).unwrap()));
    assert!(commit(&keystore).is_err());
    discard(&keystore, &[]).unwrap();
}

#[test]
fn a_renewal_is_not_said_of_a_name_that_nobody_has_any_more() {
    let house = House::published(OTHER, &AT);
    let keystore = house.open();
    create(&keystore, MAIN).unwrap();
    let folder = || "/srv/requests".parse().unwrap();
    let authority = AuthoritySettings::File(FileSettings { requests: folder(), replies: folder() });
    set_authority::set_authority(&keystore, &"self".parse().unwrap(), Some(authority)).unwrap();
    let renewal = Some(Renewal::by("self".parse().unwrap()));
    set_renewal::set_renewal::<Error>(&keystore, &[key(MAIN)], |_, _| Ok(renewal.clone())).unwrap();
    meanwhile(&house, |keystore| drop(delete_key(keystore, &key(MAIN), false).unwrap()));
    assert_eq!(conflicts(&keystore), [Conflict::Deleted { key: key(MAIN) }]);
}

#[test]
fn a_renewal_by_an_authority_that_is_gone_is_warned_of() {
    let house = House::published(MAIN, &AT);
    let keystore = house.open();
    let nobody = || "nobody".parse().unwrap();
    set_renewal::set_renewal::<Error>(&keystore, &[key(MAIN)], |_, _| Ok(Some(Renewal::by(nobody())))).unwrap_err();
    let folder = || "/srv/requests".parse().unwrap();
    let authority = AuthoritySettings::File(FileSettings { requests: folder(), replies: folder() });
    set_authority::set_authority(&keystore, &nobody(), Some(authority)).unwrap();
    set_renewal::set_renewal::<Error>(&keystore, &[key(MAIN)], |_, _| Ok(Some(Renewal::by(nobody())))).unwrap();
    let warnings = || op::plan(&keystore.read().unwrap(), keystore.world().now()).unwrap().warnings;
    assert!(!warnings().iter().any(|warning| matches!(warning, Warning::NoAuthority { .. })));
    fs::remove_dir_all(house.root().join("authorities/nobody")).unwrap();
    assert!(warnings().contains(&Warning::NoAuthority { key: key(MAIN), authority: nobody() }));
}

#[test]
fn force_is_for_what_could_be_known_when_it_was_said() {
    let house = House::published(MAIN, &AT);
    let keystore = house.open();
    unbind(&keystore, &AT).unwrap();
    commit(&keystore).unwrap();
    house.later(400 * DAY);
    rollback(&keystore, Generation(1), true).unwrap();
    let plan = op::plan(&keystore.read().unwrap(), keystore.world().now()).unwrap();
    assert!(matches!(plan.warnings[..], [Warning::Forced { fault: Fault::Expired { .. } }, ..]), "{:?}", plan.warnings);

    house.later(60);
    mark_compromised(&keystore, &key(MAIN), Some(VersionNumber(1)), "stolen").unwrap();
    match commit(&keystore) {
        Err(Error::Refused { faults }) => assert!(matches!(faults[..], [Fault::Compromised { .. }]), "{faults:?}"),
        other => panic!("{other:?}"),
    }
}
