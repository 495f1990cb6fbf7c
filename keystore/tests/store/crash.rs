//! Every command, failed and killed at each of its changes to the disk.

use keystore::model::Generation;
use keystore::ops::create_key::{CreateKey, create_key};
use keystore::ops::{Error, make_csr as request};
use keystore::pki::PrivateKeyFile;
use keystore::store::{Keystore, StoreError};

use crate::common::{
    Command, Failure, FaultyDisk, House, Journal, Picture, asking, bind, certify, commit, create, create_next, discard,
    every_point, install, installed_key, installed_next, key, make_csr, material,
};

const MAIN: &str = "mail01/imap/main";
const ENDPOINTS: [&str; 2] = ["mail01/imap@default", "mail02/imap@192.0.2.7:993"];

fn versions(picture: &Picture) -> &[keystore::model::VersionFacts] {
    let main = key(MAIN);
    picture.facts.get(main.server()).and_then(|server| server.key(&main)).map_or(&[], |key| &key.versions)
}

fn never(_: &Error) -> bool {
    false
}

#[test]
fn create_key_keeps_the_private_key_or_makes_none() {
    let house = House::new();
    create(&house.open(), "mail01/smtp/other").unwrap();
    let (asked, material) = (CreateKey { key: key(MAIN), next: false }, material());
    every_point(
        &house,
        &Command {
            run: &|keystore| create_key(keystore, &asked, &material).map(drop),
            says_done: |error| matches!(error, Error::KeyWaits { .. }),
            is_done: |picture| versions(picture).len() == 1,
        },
    );
}

#[test]
fn a_first_key_on_a_new_server_is_kept_or_not_made() {
    let (asked, material) = (CreateKey { key: key(MAIN), next: false }, material());
    every_point(
        &House::new(),
        &Command {
            run: &|keystore| create_key(keystore, &asked, &material).map(drop),
            says_done: |error| matches!(error, Error::KeyWaits { .. }),
            is_done: |picture| versions(picture).len() == 1,
        },
    );
}

#[test]
fn a_next_version_is_kept_or_not_made() {
    let house = House::new();
    installed_key(&house.open(), MAIN, "mail01.example.com");
    commit(&house.open()).unwrap();
    let (asked, material) = (CreateKey { key: key(MAIN), next: true }, material());
    every_point(
        &house,
        &Command {
            run: &|keystore| create_key(keystore, &asked, &material).map(drop),
            says_done: |error| matches!(error, Error::NextExists { .. }),
            is_done: |picture| versions(picture).len() == 2,
        },
    );
}

#[test]
fn make_csr_keeps_the_request_or_makes_none() {
    let house = House::new();
    let keystore = house.open();
    create(&keystore, MAIN).unwrap();
    make_csr(&keystore, &asking(MAIN, "mail01.example.com")).unwrap();
    every_point(
        &house,
        &Command {
            run: &|keystore| {
                let made = make_csr(keystore, &asking(MAIN, "mail01.example.com"))?;
                let pem = made.request.to_pem();
                let kept = keystore.read()?.request_file(&key(MAIN), &made.version, &made.facts)?;
                assert_eq!(kept, pem.as_bytes(), "what was handed out is what is kept");
                Ok(())
            },
            says_done: never,
            is_done: |picture| versions(picture)[0].requests.len() >= 2,
        },
    );
    // Nothing of this touched the private key.
    let snapshot = keystore.read().unwrap();
    let plan = request::plan(&snapshot, &keystore.config().defaults.subject, &asking(MAIN, "a.example")).unwrap();
    assert!(matches!(request::private_key_file(&snapshot, &plan).unwrap(), PrivateKeyFile::Plain(_)));
}

#[test]
fn install_cert_stages_the_certificate_or_does_not() {
    let house = House::new();
    let keystore = house.open();
    create(&keystore, MAIN).unwrap();
    let reply = certify(&make_csr(&keystore, &asking(MAIN, "mail01.example.com")).unwrap());
    every_point(
        &house,
        &Command {
            run: &|keystore| install(keystore, MAIN, &reply).map(drop),
            says_done: never,
            is_done: |picture| picture.stage.len() == 1,
        },
    );
}

#[test]
fn bind_stages_all_bindings_or_none() {
    let house = House::new();
    create(&house.open(), MAIN).unwrap();
    every_point(
        &house,
        &Command {
            run: &|keystore| bind(keystore, MAIN, &ENDPOINTS).map(drop),
            says_done: never,
            is_done: |picture| picture.stage.len() == 2,
        },
    );
}

#[test]
fn discard_throws_everything_away_or_nothing() {
    let house = House::new();
    let keystore = house.open();
    installed_key(&keystore, MAIN, "mail01.example.com");
    bind(&keystore, MAIN, &ENDPOINTS).unwrap();
    every_point(
        &house,
        &Command {
            run: &|keystore| discard(keystore, &[]).map(drop),
            says_done: never,
            is_done: |picture| picture.stage.is_empty() && versions(picture).len() == 1,
        },
    );
}

#[test]
fn a_first_publication_takes_place_everywhere_or_nowhere() {
    let house = House::new();
    let keystore = house.open();
    installed_key(&keystore, MAIN, "mail01.example.com");
    bind(&keystore, MAIN, &ENDPOINTS).unwrap();
    every_point(
        &house,
        &Command {
            run: &|keystore| commit(keystore).map(drop),
            says_done: never,
            is_done: |picture| picture.stage.is_empty() && picture.generation == Generation(1),
        },
    );
}

#[test]
fn a_rotation_takes_place_at_both_endpoints_or_at_neither() {
    let house = House::new();
    let keystore = house.open();
    installed_key(&keystore, MAIN, "mail01.example.com");
    bind(&keystore, MAIN, &ENDPOINTS).unwrap();
    commit(&keystore).unwrap();
    installed_next(&keystore, MAIN, "mail01.example.com");
    commit(&keystore).unwrap();
    // The third version: the first one's folders are there to be cleared up.
    create_next(&keystore, MAIN).unwrap();
    let reply = certify(&make_csr(&keystore, &asking(MAIN, "mail01.example.com")).unwrap());
    install(&keystore, MAIN, &reply).unwrap();
    every_point(
        &house,
        &Command {
            run: &|keystore| commit(keystore).map(drop),
            says_done: never,
            is_done: |picture| picture.stage.is_empty() && picture.generation == Generation(3),
        },
    );
}

#[test]
fn recovery_makes_the_record_durable_before_it_forgets_what_was_staged() {
    let house = House::new();
    let keystore = house.open();
    installed_key(&keystore, MAIN, "mail01.example.com");
    bind(&keystore, MAIN, &ENDPOINTS).unwrap();
    let position = |journal: &Journal, wanted: &str| {
        let journal = journal.lock().unwrap();
        journal.iter().position(|told| told == wanted).unwrap_or_else(|| panic!("no {wanted:?} in {journal:#?}"))
    };
    let commit_on = |house: &House, failure| {
        let disk = FaultyDisk::open(&house.root(), failure);
        let journal = disk.journal();
        let _ = commit(&house.open_on(disk));
        journal
    };
    let undisturbed = commit_on(&House::copy_of(&house), Failure::Never);
    let linked = position(&undisturbed, "link commits/0000000001.json");
    assert_eq!(position(&undisturbed, "sync commits"), linked + 1);

    commit_on(&house, Failure::Crash(linked + 1));
    let recovery = commit_on(&house, Failure::Never);
    assert!(position(&recovery, "sync commits") < position(&recovery, "remove stage.json"));
}

#[test]
fn a_keystore_can_be_made_again_where_its_making_was_cut_short() {
    let init = |house: &House, disk: FaultyDisk| Keystore::init(Box::new(disk), house.world("init"), "").map(drop);
    let mut at = 0;
    loop {
        let house = House::without_keystore();
        let made = init(&house, FaultyDisk::open(&house.root(), Failure::Crash(at)));
        match init(&house, FaultyDisk::open(&house.root(), Failure::Never)) {
            Ok(()) => {}
            Err(StoreError::AlreadyThere { .. }) => assert!(house.root().join("keystore.toml").exists()),
            Err(error) => panic!("{at}: {error}"),
        }
        installed_key(&house.open_unsynced(), MAIN, "mail01.example.com");
        if made.is_ok() {
            break;
        }
        at += 1;
    }
    assert!(at > 5);
}

#[test]
fn no_keystore_is_made_over_one_that_lost_its_configuration() {
    let house = House::new();
    create(&house.open(), MAIN).unwrap();
    std::fs::remove_file(house.root().join("keystore.toml")).unwrap();
    let refused = Keystore::init(house.disk(), house.world("init"), "");
    assert!(matches!(refused, Err(StoreError::NotEmpty { .. })));
}

#[test]
fn a_folder_that_a_crash_left_is_made_durable_with_the_private_key_in_it() {
    let house = House::new();
    let create_on = |failure| {
        let disk = FaultyDisk::open(&house.root(), failure);
        let journal = disk.journal();
        let _ = create(&house.open_on(disk), MAIN);
        journal.lock().unwrap().clone()
    };
    create_on(Failure::Crash(6));
    let left = house.root().join("servers/mail01/imap");
    assert!(left.exists() && !left.join("main").exists(), "the crash comes where it makes a difference");
    let again = create_on(Failure::Never);
    let indexed = again.iter().position(|told| told == "rename servers/mail01/facts.json").unwrap();
    for folder in ["servers", "servers/mail01", "servers/mail01/imap", "servers/mail01/imap/main"] {
        let synced = again.iter().position(|told| told == &format!("sync {folder}"));
        assert!(synced.is_some_and(|synced| synced < indexed), "{folder} in {again:#?}");
    }
}
