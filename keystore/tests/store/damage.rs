//! Files that are not what was written: said so, with the path.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use keystore::ops::list::{Scope, list};
use keystore::ops::{Error, find_key, log::log};
use keystore::store::{Keystore, StoreError};

use crate::common::vault::{keep_no_keys, prune};
use crate::common::{
    House, asking, bind, certify, commit, create, install, installed_key, installed_next, key, make_csr,
};

const MAIN: &str = "mail01/imap/main";

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn only_file(folder: &Path, wanted: impl Fn(&str) -> bool) -> PathBuf {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = names.filter(|path| wanted(path.file_name().unwrap().to_str().unwrap())).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn assert_damaged<T>(result: Result<T, Error>, path: &Path) {
    match result.err() {
        Some(Error::Store(StoreError::Damaged { path: named, .. })) => assert_eq!(named, path),
        other => panic!("{path:?} was believed: {other:?}"),
    }
}

/// A key whose certificate is staged and bound.
fn staged() -> (House, Keystore, PathBuf) {
    let house = House::new();
    let keystore = house.open();
    installed_key(&keystore, MAIN, "mail01.example.com");
    bind(&keystore, MAIN, &["mail01/imap@default"]).unwrap();
    let folder = house.root().join("servers/mail01/imap/main/1");
    (house, keystore, folder)
}

#[test]
fn material_that_was_changed_or_lost_is_not_published() {
    for name in ["private-key.pem", "certificate-1.pem", "chain-1.pem"] {
        for damage in [flip, |path: &Path| fs::remove_file(path).unwrap()] {
            let (_house, keystore, folder) = staged();
            damage(&folder.join(name));
            assert_damaged(commit(&keystore), &folder.join(name));
            assert_eq!(keystore.read().unwrap().generation().0, 0);
        }
    }
}

#[test]
fn a_private_key_that_was_changed_makes_no_request() {
    let house = House::new();
    let keystore = house.open();
    let folder = create(&keystore, MAIN).unwrap().folder;
    flip(&folder.join("private-key.pem"));
    assert_damaged(make_csr(&keystore, &asking(MAIN, "mail01.example.com")), &folder.join("private-key.pem"));
}

#[test]
fn a_request_that_was_changed_is_not_handed_out() {
    let house = House::new();
    let keystore = house.open();
    let folder = create(&keystore, MAIN).unwrap().folder;
    let made = make_csr(&keystore, &asking(MAIN, "mail01.example.com")).unwrap();
    flip(&folder.join("request-1.csr"));
    let snapshot = keystore.read().unwrap();
    let request = snapshot.request_file(&key(MAIN), &made.version, &made.facts);
    assert_damaged(request.map_err(Error::from), &folder.join("request-1.csr"));
}

#[test]
fn state_that_was_changed_or_lost_is_not_believed() {
    let is_root = |path: &Path| fs::read_to_string(path).unwrap().starts_with(r#"{"servers""#);
    for damage in [flip, |path: &Path| fs::remove_file(path).unwrap()] {
        for of_root in [true, false] {
            let (house, keystore, _) = staged();
            commit(&keystore).unwrap();
            let state = house.root().join("state");
            let object = only_file(&state, |name| name.ends_with(".json") && is_root(&state.join(name)) == of_root);
            damage(&object);
            let looked = keystore.read().map_err(Error::from).and_then(|snapshot| find_key(&snapshot, &key(MAIN)));
            assert_damaged(looked, &object);
            assert_damaged(bind(&keystore, MAIN, &["mail01/imap@192.0.2.7:993"]), &object);
        }
    }
}

#[test]
fn strangers_among_the_servers_are_in_nobodys_way_and_links_are_not_followed() {
    let (house, keystore, _) = staged();
    fs::write(house.root().join("servers/notes"), "mine").unwrap();
    assert_eq!(keystore.read().unwrap().servers().unwrap().len(), 1);
    commit(&keystore).unwrap();
    prune(&keystore, &keep_no_keys(1)).unwrap();

    let elsewhere = house.root().with_file_name("elsewhere");
    let server = house.root().join("servers/mail01");
    fs::rename(&server, &elsewhere).unwrap();
    symlink(&elsewhere, &server).unwrap();
    match find_key(&keystore.read().unwrap(), &key(MAIN)) {
        Err(Error::Store(StoreError::Disk(error))) => assert!(error.is_barred(), "{error:?}"),
        other => panic!("the link was followed: {other:?}"),
    }
    let listed = list(&keystore.read().unwrap(), &Scope::All, |_, _| ()).err();
    assert!(matches!(listed, Some(Error::Store(StoreError::Disk(error))) if error.is_barred()), "it is not left out");
}

#[test]
fn what_is_no_json_any_more_is_named() {
    let (house, keystore, _) = staged();
    for name in ["servers/mail01/facts.json", "stage.json"] {
        let path = house.root().join(name);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let looked = keystore.read().map_err(Error::from).and_then(|snapshot| find_key(&snapshot, &key(MAIN)));
        assert_damaged(looked, &path);
        assert_damaged(create(&keystore, MAIN), &path);
        fs::write(&path, whole).unwrap();
    }
    commit(&keystore).unwrap();
}

#[test]
fn a_stage_that_was_changed_is_not_committed() {
    let (house, keystore, _) = staged();
    let path = house.root().join("stage.json");
    let text = fs::read_to_string(&path).unwrap();
    let forged = text.replace("mail01/imap@default", "mail02/imap@default");
    assert_ne!(forged, text);
    fs::write(&path, forged).unwrap();
    assert_damaged(keystore.read().map_err(Error::from), &path);
    assert_damaged(commit(&keystore), &path);
}

#[test]
fn a_record_that_was_changed_is_found_by_the_log_and_the_newest_by_every_reader() {
    let (house, keystore, _) = staged();
    commit(&keystore).unwrap();
    let path = house.root().join("commits/0000000001.json");
    let text = fs::read_to_string(&path).unwrap();
    let forged = text.replace("\"user\":\"ada\"", "\"user\":\"bob\"");
    assert_ne!(forged, text);
    fs::write(&path, &forged).unwrap();
    assert_damaged(keystore.read().map_err(Error::from), &path);
    fs::write(&path, text).unwrap();
    installed_next(&keystore, MAIN, "mail01.example.com");
    commit(&keystore).unwrap();
    fs::write(&path, forged).unwrap();
    assert_damaged(log(&keystore.read().unwrap(), 10), &path);
}

#[test]
fn a_record_that_was_exchanged_is_found_by_the_log() {
    let (house, keystore, _) = staged();
    commit(&keystore).unwrap();
    let other = House::copy_of(&house);
    for house in [&house, &other] {
        for _ in 0..2 {
            installed_next(&house.open(), MAIN, "mail01.example.com");
            commit(&house.open()).unwrap();
        }
    }
    // Whole in itself, of the right number, and not the parent of its successor.
    let (name, later) = ("commits/0000000002.json", "commits/0000000003.json");
    fs::copy(other.root().join(name), house.root().join(name)).unwrap();
    assert_damaged(log(&keystore.read().unwrap(), 10), &house.root().join(name));
    // The newest one has no successor to tell; one of another number tells itself.
    fs::copy(house.root().join("commits/0000000001.json"), house.root().join(later)).unwrap();
    assert_damaged(keystore.read().map_err(Error::from), &house.root().join(later));
}

#[test]
fn a_record_that_was_lost_is_found_by_the_log() {
    let (house, keystore, _) = staged();
    commit(&keystore).unwrap();
    installed_next(&keystore, MAIN, "mail01.example.com");
    commit(&keystore).unwrap();
    let path = house.root().join("commits/0000000001.json");
    fs::remove_file(&path).unwrap();
    assert_damaged(log(&keystore.read().unwrap(), 10), &path);
    assert_eq!(log(&keystore.read().unwrap(), 1).unwrap().len(), 1, "the rest can be told");
}

#[test]
fn a_log_that_was_cut_off_at_its_end_takes_no_more_generations() {
    let (house, keystore, _) = staged();
    commit(&keystore).unwrap();
    let path = house.root().join("commits/0000000001.json");
    fs::remove_file(&path).unwrap();
    assert_damaged(keystore.read().map_err(Error::from), &path);
    assert_damaged(bind(&keystore, MAIN, &["mail01/smtp@default"]), &path);
    assert_damaged(commit(&keystore), &path);
    fs::remove_dir(house.root().join("commits")).unwrap();
    assert_damaged(keystore.read().map_err(Error::from), &path);
}

#[test]
fn a_key_that_is_committed_is_never_told_as_none_where_its_index_is_gone() {
    let (house, keystore, _) = staged();
    commit(&keystore).unwrap();
    let path = house.root().join("servers/mail01/facts.json");
    for index in [None, Some("{\"protocols\":{}}")] {
        fs::remove_file(&path).unwrap();
        if let Some(index) = index {
            fs::write(&path, index).unwrap();
        }
        let snapshot = keystore.read().unwrap();
        assert_damaged(find_key(&snapshot, &key(MAIN)), &path);
        assert_damaged(list(&snapshot, &Scope::All, |_, _| ()), &path);
        assert_damaged(prune(&keystore, &keep_no_keys(1)), &path);
        assert_damaged(create(&keystore, MAIN), &path);
        fs::write(&path, "").unwrap();
    }
}

#[test]
fn installing_a_certificate_again_mends_its_files() {
    for committed in [false, true] {
        let house = House::new();
        let keystore = house.open();
        let folder = create(&keystore, MAIN).unwrap().folder;
        let reply = certify(&make_csr(&keystore, &asking(MAIN, "mail01.example.com")).unwrap());
        install(&keystore, MAIN, &reply).unwrap();
        bind(&keystore, MAIN, &["mail01/imap@default"]).unwrap();
        if committed {
            commit(&keystore).unwrap();
            bind(&keystore, MAIN, &["mail02/imap@default"]).unwrap();
        }
        flip(&folder.join("certificate-1.pem"));
        assert_damaged(commit(&keystore), &folder.join("certificate-1.pem"));
        assert!(!install(&keystore, MAIN, &reply).unwrap().unchanged);
        commit(&keystore).unwrap();
        assert!(install(&keystore, MAIN, &reply).unwrap().unchanged);
    }
}

#[test]
fn an_intent_that_was_changed_removes_nothing_elsewhere() {
    let elsewhere = "../../../../servers/mail01/imap/main/1";
    for (from, to) in [("null", elsewhere), ("null", "1/../1"), ("null", "2"), (r#""../1""#, "1"), (r#""..""#, "1")] {
        let (house, keystore, folder) = staged();
        let switch = format!(r#"{{"endpoint":"mail01/imap@default","from":{from},"to":"{to}"}}"#);
        let intent = format!(r#"{{"generation":1,"change_sets":["0"],"switches":[{switch}]}}"#);
        fs::write(house.root().join("intent.json"), intent).unwrap();
        assert_damaged(bind(&keystore, MAIN, &["mail02/imap@default"]), &house.root().join("intent.json"));
        assert!(folder.join("private-key.pem").exists(), "{switch}");
    }
}

#[test]
fn a_link_that_was_pointed_elsewhere_is_replaced_and_what_it_led_to_stays() {
    let (house, keystore, _) = staged();
    let folder = house.root().join("live/mail01/imap/default");
    fs::create_dir_all(folder.join("by-hand")).unwrap();
    symlink("by-hand", folder.join("current")).unwrap();
    commit(&keystore).unwrap();
    assert_eq!(fs::read_link(folder.join("current")).unwrap(), Path::new("1"));
    assert!(folder.join("by-hand").exists());
}
