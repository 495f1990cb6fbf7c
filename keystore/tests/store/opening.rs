//! Which folders are taken for keystores, and which keystores may be written to.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use keystore::ops::Error;
use keystore::store::{Keystore, StoreError};

use crate::common::{House, bind, create, listing};

fn open(house: &House) -> Result<Keystore, StoreError> {
    Keystore::open(house.disk(), house.world("test"))
}

#[test]
fn a_keystore_that_others_can_write_to_is_refused() {
    let house = House::new();
    for mode in [0o731, 0o713, 0o777] {
        fs::set_permissions(house.root(), fs::Permissions::from_mode(mode)).unwrap();
        let Err(StoreError::WritableByOthers { path, mode: found }) = open(&house) else { panic!("{mode:o} is taken") };
        assert_eq!((path, found), (house.root(), mode));
    }
    fs::set_permissions(house.root(), fs::Permissions::from_mode(0o700)).unwrap();
    open(&house).unwrap();

    let house = House::without_keystore();
    fs::set_permissions(house.root(), fs::Permissions::from_mode(0o777)).unwrap();
    let refused = Keystore::init(house.disk(), house.world("init"), "");
    assert!(matches!(refused, Err(StoreError::WritableByOthers { .. })));
    assert!(listing(&house.root()).is_empty());
}

#[test]
fn a_keystore_is_made_only_where_nothing_stands() {
    let house = House::new();
    let again = Keystore::init(house.disk(), house.world("init"), "");
    assert!(matches!(again, Err(StoreError::AlreadyThere { .. })));

    let house = House::without_keystore();
    assert!(matches!(open(&house), Err(StoreError::NoKeystore { .. })));
    fs::write(house.root().join("notes.txt"), "mine").unwrap();
    let refused = Keystore::init(house.disk(), house.world("init"), "");
    assert!(matches!(refused, Err(StoreError::NotEmpty { .. })));
    assert_eq!(listing(&house.root()).len(), 1);
}

#[test]
fn a_newer_format_is_read_and_not_written() {
    let house = House::new();
    create(&house.open(), "mail01/imap/main").unwrap();
    let config = house.root().join("keystore.toml");
    let text = fs::read_to_string(&config).unwrap();
    let newer = text.replace("format = 1", "format = 2") + "\n[invented-later]\nanything = true\n";
    assert_ne!(newer, text);
    fs::write(&config, newer).unwrap();

    let before = listing(&house.root());
    let keystore = house.open();
    assert!(keystore.read().unwrap().key(&"mail01/imap/main".parse().unwrap()).unwrap().is_some());
    for refused in [
        bind(&keystore, "mail01/imap/main", &["mail01/imap@default"]).err(),
        create(&keystore, "mail01/imap/other").err(),
        keystore.begin_commit().err().map(Error::Store),
    ] {
        let refused = refused.expect("it is written to");
        assert!(matches!(refused, Error::Store(StoreError::NewerFormat { format: 2, known: 1, .. })), "{refused}");
    }
    assert_eq!(listing(&house.root()), before);
}

#[test]
fn mistakes_in_the_configuration_are_named() {
    let house = House::new();
    let config = house.root().join("keystore.toml");
    let text = fs::read_to_string(&config).unwrap();
    for (wrong, named) in [
        (format!("{text}[defaults]\nalgoritm = \"rsa-2048\"\n"), "algoritm"),
        (format!("{text}[defaults]\nalgorithm = \"rsa-1024\"\n"), "rsa-1024"),
        (format!("{text}[defaults.subject]\ncountry = 7\n"), "line 5"),
        (format!("{text}colour = \"red\"\n"), "colour"),
        (text.replace("format = 1", "format = one"), "line 1"),
        (text.replace("format = 1", "format = 0"), "format 0"),
        (text.replace("id = ", "name = "), "id"),
        (String::new(), "format"),
    ] {
        fs::write(&config, &wrong).unwrap();
        let Err(StoreError::Config { path, reason }) = open(&house) else { panic!("taken: {wrong}") };
        assert_eq!(path, config);
        assert!(reason.contains(named), "{named:?} is not in: {reason}");
    }
    let house = House::without_keystore();
    let refused = Keystore::init(house.disk(), house.world("init"), "[defaults]\nalgorithm = \"dsa\"\n");
    assert!(matches!(refused, Err(StoreError::Config { .. })));
    assert!(listing(&house.root()).is_empty(), "the place is still free");
}

#[test]
fn defaults_are_what_the_configuration_says() {
    let house = House::without_keystore();
    let text = "[defaults]\nalgorithm = \"rsa-3072\"\nsubject = { country = \"NL\", unit = [\"a\", \"b\"] }\n";
    Keystore::init(house.disk(), house.world("init"), text).unwrap();
    let defaults = house.open().config().defaults.clone();
    assert_eq!(defaults.algorithm.to_string(), "rsa-3072");
    assert_eq!((defaults.subject.country.as_deref(), defaults.subject.unit.len()), (Some("NL"), 2));
}
