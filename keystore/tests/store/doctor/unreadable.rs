//! What can't be read is no reason to take it out of its place: it may be whole.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use keystore::ops::doctor::{Code, Remedy, Request};

use super::{codes, run_on};
use crate::common::laboratory::create_lab;
use crate::common::{Failure, FaultyDisk, House, bind, commit, installed_key, listing, mode};

const REPAIR: Request = Request { repair: true, expected: None, placing: None };

/// Files that a repair sets aside when they are damaged.
const FILES: [&str; 4] = [
    "authorities/lab/authority.json",
    "authorities/lab/account-key.pem",
    "attempts/0000000001.json",
    "to-be-told.json",
];

fn house() -> House {
    let house = House::new();
    create_lab(&house.open()).unwrap();
    house
}

fn faulty(house: &House) -> FaultyDisk {
    FaultyDisk::open(&house.root(), Failure::Never)
}

#[test]
fn what_the_disk_does_not_give_is_unreadable_and_stays_where_it_is() {
    for name in FILES.into_iter().chain(["intent.json"]) {
        let house = house();
        let path = house.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "nobody can tell").unwrap();
        let outcome = run_on(&faulty(&house).with_bad(name), &house, &REPAIR);
        let found = outcome.diagnosis.findings.iter().find(|finding| finding.code == Code::Unreadable);
        let found = found.unwrap_or_else(|| panic!("{name}: {:#?}", outcome.diagnosis.findings));
        assert_eq!(found.paths[0].as_path().to_str(), Some(name));
        assert!(matches!(found.remedy, Remedy::ByHand(_)), "{name}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "nobody can tell", "{name}");
        assert!(!house.root().join("set-aside").exists(), "{name}");
    }
}

#[test]
fn what_a_mended_mode_lets_read_is_judged_by_what_is_in_it() {
    let house = house();
    let settings = house.root().join(FILES[0]);
    fs::set_permissions(&settings, fs::Permissions::from_mode(0o000)).unwrap();
    let outcome = run_on(&faulty(&house).heeding_modes(), &house, &REPAIR);
    assert_eq!(codes(&outcome.diagnosis), [], "{:#?}", outcome.diagnosis.findings);
    assert_eq!((outcome.mended.len(), mode(&settings)), (1, 0o600));
    assert!(!house.root().join("set-aside").exists());
    // and one that is damaged is set aside then
    let told = house.root().join(FILES[3]);
    fs::write(&told, "{").unwrap();
    fs::set_permissions(&told, fs::Permissions::from_mode(0o000)).unwrap();
    let outcome = run_on(&faulty(&house).heeding_modes(), &house, &REPAIR);
    assert_eq!(outcome.mended.len(), 2, "{:#?}", outcome.mended);
    assert!(listing(&house.root()).keys().any(|name| name.starts_with("set-aside/") && name.ends_with(FILES[3])));
}

#[test]
fn what_a_folder_that_can_be_read_again_shows_is_looked_at() {
    let house = House::new();
    let keystore = house.open();
    installed_key(&keystore, "mail01/imap/main", "mail01.example.com");
    bind(&keystore, "mail01/imap/main", &["mail01/imap@default"]).unwrap();
    commit(&keystore).unwrap();
    fs::write(house.root().join("live/mail01/note.txt"), "mine").unwrap();
    fs::set_permissions(house.root().join("live"), fs::Permissions::from_mode(0o000)).unwrap();
    let outcome = run_on(&faulty(&house).heeding_modes(), &house, &REPAIR);
    assert_eq!(mode(&house.root().join("live")), 0o711);
    assert_eq!(codes(&outcome.diagnosis), [Code::Unknown], "{:#?}", outcome.diagnosis.findings);
}

#[test]
fn a_file_that_is_larger_than_any_memory_is_unreadable() {
    let house = House::new();
    let stage = fs::File::create(house.root().join("stage.json")).unwrap();
    fs::set_permissions(house.root().join("stage.json"), fs::Permissions::from_mode(0o600)).unwrap();
    stage.set_len(1 << 40).unwrap();
    let outcome = run_on(&faulty(&house), &house, &REPAIR);
    assert_eq!(codes(&outcome.diagnosis), [Code::Unreadable], "{:#?}", outcome.diagnosis.findings);
    let told = &outcome.diagnosis.findings[0];
    assert_eq!(told.paths[0].as_path().to_str(), Some("stage.json"));
    assert!(told.message.contains("larger than 1 GiB"), "{}", told.message);
}
