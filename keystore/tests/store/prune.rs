//! What a prune takes, what it leaves, and what the log says afterwards.

use std::collections::BTreeSet;
use std::fs;

use keystore::change::Target;
use keystore::model::{CertificateNumber, Generation, VersionNumber};
use keystore::ops::copy_key::copy_key;
use keystore::ops::create_key::{CreateKey, create_key};
use keystore::ops::delete_key::delete_key;
use keystore::ops::rename_key::rename_key;
use keystore::ops::rollback::rollback;
use keystore::ops::{self, Error};
use keystore::progress::Unwatched;
use keystore::store::{PruneRequest, StoreError};

use crate::common::vault::{ENDPOINTS, MAIN, PENDING, keep, keep_no_keys, pending, plan, prune, with_a_past};
use crate::common::{
    House, Picture, asking, bind, certify, commit, create, create_next, discard, endpoint, install, installed_next,
    key, listing, live, make_csr, material, unbind,
};

const RENAMED: &str = "mail03/imap/renamed";

fn names(house: &House, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(house.root().join(folder)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn generations(house: &House) -> Vec<u64> {
    let keystore = house.open();
    let records = keystore.read().unwrap().records(usize::MAX).unwrap();
    records.iter().map(|(record, _)| record.generation.0).collect()
}

#[test]
fn old_records_give_way_to_a_base_that_keeps_the_chain_whole() {
    let house = with_a_past();
    let keystore = house.open();
    let before = Picture::of(&keystore);
    let (cut_off, _) = keystore.read().unwrap().record(Generation(2)).unwrap().unwrap();
    let hash = keystore.read().unwrap().record(Generation(2)).unwrap().unwrap().1;

    let done = prune(&keystore, &keep(1)).unwrap();
    assert_eq!((done.through, done.records), (Generation(2), [Generation(1), Generation(2)].into()));
    assert_eq!(Picture::of(&keystore), before);
    assert_eq!(names(&house, "commits"), ["0000000003.json", "base.json"]);
    let snapshot = keystore.read().unwrap();
    let base = snapshot.base().unwrap().unwrap();
    assert_eq!((base.through, base.hash, base.keystore), (Generation(2), hash, cut_off.keystore));
    assert_eq!(generations(&house), [3]);
    for gone in [1, 2] {
        match snapshot.record(Generation(gone)) {
            Err(StoreError::Pruned { generation, base }) => {
                assert_eq!((generation.0, base.through.0, base.actor.user.as_str()), (gone, 2, "ada"));
            }
            other => panic!("{other:?}"),
        }
    }
    // One root and two servers, and the hint.
    assert_eq!(names(&house, "state").len(), 4);

    installed_next(&keystore, MAIN, "mail01.example.com");
    commit(&keystore).unwrap();
    assert_eq!(generations(&house), [4, 3]);
    prune(&keystore, &keep(1)).unwrap();
    assert_eq!(keystore.read().unwrap().base().unwrap().unwrap().through, Generation(3));
    assert_eq!(generations(&house), [4]);
}

#[test]
fn a_base_that_is_not_the_parent_is_damage() {
    let house = with_a_past();
    let keystore = house.open();
    prune(&keystore, &keep(2)).unwrap();
    let path = house.root().join("commits/base.json");
    let other = {
        let other = with_a_past();
        prune(&other.open(), &keep(2)).unwrap();
        fs::read(other.root().join("commits/base.json")).unwrap()
    };
    let mut flipped = fs::read(&path).unwrap();
    flipped[100] ^= 1;
    for damage in [other, flipped] {
        fs::write(&path, damage).unwrap();
        match keystore.read().and_then(|snapshot| snapshot.records(usize::MAX)) {
            Err(StoreError::Damaged { path: named, .. }) => assert_eq!(named, path),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_log_that_lost_everything_after_its_base_is_damage() {
    let house = with_a_past();
    prune(&house.open(), &keep(1)).unwrap();
    fs::remove_file(house.root().join("commits/0000000003.json")).unwrap();
    let read = house.open().read().map(|snapshot| snapshot.generation());
    assert!(matches!(read, Err(StoreError::Damaged { .. })), "{read:?}");
}

#[test]
fn the_newest_generation_is_found_past_records_that_a_prune_was_kept_from_removing() {
    let house = with_a_past();
    let keystore = house.open();
    installed_next(&keystore, MAIN, "mail01.example.com");
    commit(&keystore).unwrap();
    let records: Vec<_> = (1..=2).map(|number| house.root().join(format!("commits/000000000{number}.json"))).collect();
    let first = fs::read(&records[0]).unwrap();
    prune(&keystore, &keep(2)).unwrap();
    // The first is there again, the second is not, and the hint is as old as it can be.
    fs::write(&records[0], first).unwrap();
    fs::write(house.root().join("state/head"), "1").unwrap();
    assert_eq!(keystore.read().unwrap().generation(), Generation(4));
    assert_eq!(generations(&house), [4, 3]);
    let refused = keystore.read().unwrap().record(Generation(1));
    assert!(matches!(refused, Err(StoreError::Pruned { .. })), "{refused:?}");
    let done = prune(&keystore, &keep(2)).unwrap();
    assert_eq!(done.records, [Generation(1)].into());
    assert!(!records[0].exists());
}

#[test]
fn nothing_is_left_to_do_for_a_second_prune() {
    let house = with_a_past();
    let request = pending(&PruneRequest { live: true, ..keep_no_keys(1) }, PENDING);
    let planned = plan(&house.open(), &request).unwrap();
    assert!(!planned.is_empty());
    assert_eq!(ops::prune::prune(&house.open(), &planned, &Unwatched).unwrap(), planned, "what was shown was done");
    let before = listing(&house.root());
    assert!(matches!(plan(&house.open(), &request), Err(Error::KeyNotFound { .. })), "its only private key is gone");
    let again = prune(&house.open(), &keep_no_keys(1)).unwrap();
    assert!(again.is_empty(), "{again:?}");
    assert_eq!(listing(&house.root()), before);
    assert!(plan(&House::new().open(), &keep(1)).unwrap().is_empty(), "an empty keystore has nothing to prune");
}

#[test]
fn private_keys_stay_unless_they_are_asked_for() {
    let house = with_a_past();
    prune(&house.open(), &keep(1)).unwrap();
    assert_eq!(names(&house, "servers/mail01/imap/main"), ["1", "2", "3"]);
    let done = prune(&house.open(), &keep_no_keys(2)).unwrap();
    // Generation 2 is gone already, and cannot be kept again.
    assert_eq!(done.servers[&"mail01".parse().unwrap()].private_keys.len(), 2);
    assert_eq!(names(&house, "servers/mail01/imap/main"), ["3"]);
    let keystore = house.open();
    let view = keystore.read().unwrap().key(&key(MAIN)).unwrap().unwrap();
    assert_eq!(view.facts.versions.len(), 1);
    assert_eq!(create_next(&keystore, MAIN).unwrap().version.number, VersionNumber(4));
    commit(&keystore).unwrap();
    assert_eq!(live(&house.root()).len(), 3, "what was kept can be published");
}

#[test]
fn what_a_kept_generation_or_the_stage_needs_stays() {
    let house = with_a_past();
    let keystore = house.open();
    prune(&keystore, &keep_no_keys(2)).unwrap();
    assert_eq!(names(&house, "servers/mail01/imap/main"), ["2", "3"]);
    installed_next(&keystore, MAIN, "mail01.example.com");
    prune(&keystore, &keep_no_keys(1)).unwrap();
    assert_eq!(names(&house, "servers/mail01/imap/main"), ["3", "4"]);
    commit(&keystore).unwrap();
    assert_eq!(live(&house.root()).len(), 3);
}

#[test]
fn a_private_key_that_waits_goes_only_when_it_is_named() {
    let house = with_a_past();
    let keystore = house.open();
    let done = prune(&keystore, &keep_no_keys(1)).unwrap();
    let server = &done.servers[&"mail01".parse().unwrap()];
    assert_eq!(server.waiting, [(key(PENDING), VersionNumber(1))].into());
    assert!(house.root().join("servers/mail01/smtp/pending/1/private-key.pem").exists());

    for (path, says) in [(MAIN, "waits"), ("mail01/imap/nobody", "there")] {
        match plan(&keystore, &pending(&keep(1), path)) {
            Err(Error::NothingWaits { .. }) => assert_eq!(says, "waits"),
            Err(Error::KeyNotFound { .. }) => assert_eq!(says, "there"),
            other => panic!("{other:?}"),
        }
    }
    bind(&keystore, PENDING, &["mail01/smtp@default"]).unwrap();
    assert!(matches!(plan(&keystore, &pending(&keep(1), PENDING)), Err(Error::KeyStaged { .. })));
    discard(&keystore, &[PENDING]).unwrap();

    let done = prune(&keystore, &pending(&keep(1), PENDING)).unwrap();
    assert_eq!(done.servers[&"mail01".parse().unwrap()].pending, [(key(PENDING), VersionNumber(1))].into());
    assert!(keystore.read().unwrap().key(&key(PENDING)).unwrap().is_none());
    // The number is spent for good.
    assert_eq!(names(&house, "servers/mail01/smtp/pending/1"), ["pruned.json"]);
    assert_eq!(create(&keystore, PENDING).unwrap().version.number, VersionNumber(2));
    let done = prune(&keystore, &keep(1)).unwrap();
    assert_eq!(done.servers[&"mail01".parse().unwrap()].left_over, [(key(PENDING), VersionNumber(1))].into());
    assert_eq!(names(&house, "servers/mail01/smtp/pending"), ["2"]);
}

#[test]
fn a_private_key_whose_certificate_was_discarded_waits_on() {
    let house = House::new();
    let keystore = house.open();
    create(&keystore, MAIN).unwrap();
    let reply = certify(&make_csr(&keystore, &asking(MAIN, "mail01.example.com")).unwrap());
    install(&keystore, MAIN, &reply).unwrap();
    discard(&keystore, &[]).unwrap();
    assert!(prune(&keystore, &keep_no_keys(1)).unwrap().is_empty());
    install(&keystore, MAIN, &reply).unwrap();
    bind(&keystore, MAIN, &ENDPOINTS).unwrap();
    commit(&keystore).unwrap();
    assert_eq!(live(&house.root()).len(), 2);
}

#[test]
fn certificates_that_nothing_names_go_but_no_number_is_used_again() {
    let house = House::new();
    let keystore = house.open();
    create(&keystore, MAIN).unwrap();
    let made = make_csr(&keystore, &asking(MAIN, "mail01.example.com")).unwrap();
    for _ in 0..3 {
        install(&keystore, MAIN, &certify(&made)).unwrap();
        discard(&keystore, &[]).unwrap();
    }
    let folder = "servers/mail01/imap/main/1";
    let done = prune(&keystore, &keep(1)).unwrap();
    let gone: BTreeSet<_> = [1, 2].map(|number| (key(MAIN), VersionNumber(1), CertificateNumber(number))).into();
    assert_eq!(done.servers[&"mail01".parse().unwrap()].certificates, gone);
    assert_eq!(
        names(&house, folder),
        ["certificate-3.pem", "chain-3.pem", "private-key.pem", "request-1.csr", "version.json"]
    );
    install(&keystore, MAIN, &certify(&made)).unwrap();
    assert!(names(&house, folder).contains(&"certificate-4.pem".to_owned()));
}

#[test]
fn files_of_endpoints_that_are_free_go_when_asked_for() {
    let house = with_a_past();
    let keystore = house.open();
    unbind(&keystore, &ENDPOINTS[1..]).unwrap();
    commit(&keystore).unwrap();
    assert!(house.root().join("live/mail02").exists());
    let bound = live(&house.root()).len() - 1;
    prune(&keystore, &keep(1)).unwrap();
    assert!(house.root().join("live/mail02").exists());
    let done = prune(&keystore, &PruneRequest { live: true, ..keep(1) }).unwrap();
    assert_eq!(done.live, [endpoint(ENDPOINTS[1])].into());
    assert!(!house.root().join("live/mail02").exists());
    assert_eq!(live(&house.root()).len(), bound);
    bind(&keystore, MAIN, &ENDPOINTS[1..]).unwrap();
    commit(&keystore).unwrap();
    assert_eq!(live(&house.root()).len(), bound + 1);
}

#[test]
fn what_changed_since_the_plan_is_looked_at_again() {
    let house = with_a_past();
    let keystore = house.open();
    let planned = plan(&keystore, &pending(&keep_no_keys(2), PENDING)).unwrap();
    assert_eq!(planned.through, Generation(1));
    // Its certificate comes at the last moment, and generation 4 besides.
    let request = keystore.read().unwrap().key(&key(PENDING)).unwrap().unwrap();
    assert_eq!(request.facts.versions.len(), 1);
    let made = make_csr(&keystore, &asking(PENDING, "smtp.example.com")).unwrap();
    install(&keystore, PENDING, &certify(&made)).unwrap();
    installed_next(&keystore, MAIN, "mail01.example.com");
    commit(&keystore).unwrap();
    create_next(&keystore, PENDING).unwrap();

    let done = ops::prune::prune(&keystore, &planned, &Unwatched).unwrap();
    assert_eq!(done.through, Generation(1), "no more than was shown");
    assert_eq!(generations(&house), [4, 3, 2]);
    let server = &done.servers[&"mail01".parse().unwrap()];
    assert_eq!(server.private_keys, [(key(MAIN), VersionNumber(1))].into());
    assert_eq!(names(&house, "servers/mail01/smtp/pending"), ["1", "2"]);
}

#[test]
fn a_reader_of_a_generation_that_is_cut_off_is_told_so() {
    let house = with_a_past();
    let (reader, keystore) = (house.open(), house.open());
    let old = reader.read().unwrap();
    installed_next(&keystore, MAIN, "mail01.example.com");
    commit(&keystore).unwrap();
    prune(&keystore, &keep(1)).unwrap();
    let read = old.server(&"mail01".parse().unwrap());
    assert!(matches!(read, Err(StoreError::Pruned { generation: Generation(3), .. })), "{read:?}");
    assert_eq!(reader.read().unwrap().generation(), Generation(4));
}

#[test]
fn what_is_kept_must_be_whole() {
    let house = with_a_past();
    let mut damaged = 0;
    for name in names(&house, "state") {
        let copy = House::copy_of(&house);
        let path = copy.root().join("state").join(&name);
        fs::write(&path, b"{}").unwrap();
        let before = listing(&copy.root());
        match prune(&copy.open(), &keep_no_keys(1)) {
            Err(Error::Store(StoreError::Damaged { path: named, .. })) => {
                assert_eq!(named, path);
                assert_eq!(listing(&copy.root()), before, "nothing was removed");
                damaged += 1;
            }
            // What goes, and what only bindings stand in, is not asked.
            pruned => assert!(pruned.is_ok(), "{name}: {pruned:?}"),
        }
    }
    assert_eq!(damaged, 2, "the root, and the server that has keys");
}

#[test]
fn a_key_all_of_whose_private_keys_are_gone_can_be_made_again() {
    let house = House::new();
    let keystore = house.open();
    create(&keystore, MAIN).unwrap();
    prune(&keystore, &pending(&keep(1), MAIN)).unwrap();
    assert!(keystore.read().unwrap().key(&key(MAIN)).unwrap().is_none());
    let asked = CreateKey { key: key(MAIN), next: false };
    assert_eq!(create_key(&keystore, &asked, &material()).unwrap().version.number, VersionNumber(2));
    assert!(!keystore.write().unwrap().withdraw(&Target::Certificate(key(MAIN))));
}

#[test]
fn copies_stay_as_long_as_they_are_in_the_tree_or_on_their_way_there() {
    let house = with_a_past();
    let keystore = house.open();
    let (copy, folder) = ("mail02/smtp/copy", "servers/mail02/smtp/copy");
    discard(&keystore, &[]).unwrap();
    for path in [MAIN, PENDING] {
        copy_key(&keystore, &key(path), &key(copy)).unwrap();
        let done = prune(&keystore, &keep_no_keys(3)).unwrap();
        assert!(done.servers.values().all(|cut| cut.private_keys.is_empty()), "it is staged: {done:?}");
        discard(&keystore, &[copy]).unwrap();
        let done = prune(&keystore, &keep_no_keys(3)).unwrap();
        assert_eq!(done.servers[&"mail02".parse().unwrap()].private_keys.len(), if path == MAIN { 3 } else { 1 });
        let left = if path == MAIN { ["3"] } else { ["4"] };
        assert_eq!(names(&house, folder), left, "the last number, which is spent");
    }
    rename_key(&keystore, &key(MAIN), &key(copy)).unwrap();
    commit(&keystore).unwrap();
    let done = prune(&keystore, &keep_no_keys(1)).unwrap();
    assert_eq!(done.servers[&"mail01".parse().unwrap()].private_keys.len(), 3);
    // Of the copies, the current one is needed, and the others are as old as what they are copies of.
    assert_eq!(done.servers[&"mail02".parse().unwrap()].private_keys.len(), 2);
    assert_eq!(live(&house.root()), Picture::of(&keystore).wanted_live(&keystore));
    installed_next(&keystore, copy, "mail01.example.com");
    commit(&keystore).unwrap();
    assert_eq!(live(&house.root()), Picture::of(&keystore).wanted_live(&keystore));
}

#[test]
fn a_certificate_that_was_tried_and_discarded_answers_no_request() {
    let house = House::published("mail02/imap/main", &["mail02/imap@default"]);
    let (keystore, path) = (house.open(), "mail01/smtp/waits");
    create(&keystore, path).unwrap();
    let tried = certify(&make_csr(&keystore, &asking(path, "mail01.example.com")).unwrap());
    install(&keystore, path, &tried).unwrap();
    discard(&keystore, &[]).unwrap();
    delete_key(&keystore, &key(path), false).unwrap();
    commit(&keystore).unwrap();
    for generations in [2, 1] {
        let plan = plan(&keystore, &keep_no_keys(generations)).unwrap();
        assert_eq!(plan.servers[&"mail01".parse().unwrap()].waiting, [(key(path), VersionNumber(1))].into());
        prune(&keystore, &keep_no_keys(generations)).unwrap();
        assert!(house.root().join("servers/mail01/smtp/waits/1/private-key.pem").exists());
    }
    prune(&keystore, &pending(&keep(9), path)).unwrap();
    assert!(!house.root().join("servers/mail01/smtp/waits/1/private-key.pem").exists());
}

#[test]
fn what_was_pruned_is_not_said_to_come_back() {
    let house = House::published("mail02/imap/main", &["mail02/imap@default"]);
    let (keystore, path) = (house.open(), "mail01/smtp/waits");
    create(&keystore, path).unwrap();
    make_csr(&keystore, &asking(path, "mail01.example.com")).unwrap();
    delete_key(&keystore, &key(path), false).unwrap();
    commit(&keystore).unwrap();
    let back = rollback(&keystore, Generation(1), false).unwrap();
    assert_eq!((back.changes.len(), back.pruned.len()), (1, 0));
    discard(&keystore, &[]).unwrap();
    prune(&keystore, &pending(&keep(9), path)).unwrap();
    let back = rollback(&keystore, Generation(1), false).unwrap();
    assert_eq!((back.changes, back.pruned), (vec![], [key(path)].into()));
}

#[test]
fn a_deleted_key_goes_once_no_kept_generation_needs_it() {
    let house = with_a_past();
    let keystore = house.open();
    discard(&keystore, &[]).unwrap();
    delete_key(&keystore, &key(MAIN), true).unwrap();
    delete_key(&keystore, &key(PENDING), false).unwrap();
    commit(&keystore).unwrap();
    prune(&keystore, &keep_no_keys(2)).unwrap();
    assert_eq!(names(&house, "servers/mail01/imap/main"), ["3"], "for a way back");
    prune(&keystore, &keep_no_keys(1)).unwrap();
    assert_eq!(names(&house, "servers/mail01/imap/main/3"), ["pruned.json"]);
    assert_eq!(names(&house, "servers/mail01/smtp/pending/1").len(), 3, "it was never certified");
    prune(&keystore, &pending(&keep(1), PENDING)).unwrap();
    assert_eq!(names(&house, "servers/mail01/smtp/pending/1"), ["pruned.json"]);
    assert_eq!(create(&keystore, MAIN).unwrap().version.number, VersionNumber(4));
    let copy = crate::common::vault::restored(&crate::common::vault::backup(&keystore, false).unwrap().0);
    assert_eq!(Picture::of(&copy.open()), Picture::of(&keystore));
}

#[test]
fn what_a_crash_left_above_a_spent_number_does_not_free_it() {
    let house = with_a_past();
    let keystore = house.open();
    prune(&keystore, &pending(&keep(1), PENDING)).unwrap();
    let folder = house.root().join("servers/mail01/smtp/pending");
    fs::create_dir(folder.join("2")).unwrap();
    fs::write(folder.join("2/private-key.pem"), "").unwrap();
    prune(&keystore, &keep(1)).unwrap();
    assert_eq!(names(&house, "servers/mail01/smtp/pending/1"), ["pruned.json"]);
    // a repair sets it aside
    fs::remove_dir_all(folder.join("2")).unwrap();
    assert_eq!(create(&keystore, PENDING).unwrap().version.number, VersionNumber(2));
}

#[test]
fn a_copy_that_outlived_what_it_was_copied_from_goes_only_when_it_is_named() {
    let house = House::published(MAIN, &ENDPOINTS);
    let keystore = house.open();
    create(&keystore, PENDING).unwrap();
    make_csr(&keystore, &asking(PENDING, "mail03.example.com")).unwrap();
    rename_key(&keystore, &key(PENDING), &key(RENAMED)).unwrap();
    commit(&keystore).unwrap();
    prune(&keystore, &pending(&keep(2), PENDING)).unwrap();
    let folder = house.root().join("servers").join(RENAMED).join("1");

    // Neither by way of history,
    rollback(&keystore, Generation(1), false).unwrap();
    commit(&keystore).unwrap();
    prune(&keystore, &keep(1)).unwrap();
    assert!(keystore.read().unwrap().key(&key(RENAMED)).unwrap().is_some(), "it is in no other tree");
    // nor when it is deleted.
    delete_key(&keystore, &key(RENAMED), false).unwrap();
    commit(&keystore).unwrap();
    let plan = prune(&keystore, &keep(1)).unwrap();
    let waiting: Vec<_> = plan.servers.values().flat_map(|cut| &cut.waiting).cloned().collect();
    assert_eq!(waiting, [(key(RENAMED), VersionNumber(1))]);
    assert!(folder.join("private-key.pem").exists());
    prune(&keystore, &pending(&keep(1), RENAMED)).unwrap();
    assert!(!folder.join("private-key.pem").exists());
}

#[test]
fn a_copy_stays_with_the_generations_that_had_it_in_their_tree() {
    let house = House::published(MAIN, &ENDPOINTS);
    let keystore = house.open();
    create(&keystore, PENDING).unwrap();
    make_csr(&keystore, &asking(PENDING, "mail03.example.com")).unwrap();
    for (from, to) in [(PENDING, RENAMED), (RENAMED, PENDING)] {
        rename_key(&keystore, &key(from), &key(to)).unwrap();
        commit(&keystore).unwrap();
    }
    prune(&keystore, &keep(3)).unwrap();
    rollback(&keystore, Generation(2), false).unwrap();
    commit(&keystore).unwrap();
    let view = keystore.read().unwrap().key(&key(RENAMED)).unwrap().unwrap();
    assert_eq!(view.state(), "pending");
    prune(&keystore, &keep(1)).unwrap();
    let view = keystore.read().unwrap().key(&key(RENAMED)).unwrap().unwrap();
    assert!(keystore.read().unwrap().private_key_file(&key(RENAMED), &view.facts.versions[0]).is_ok());
}
