//! Services with settings, on a real disk: whose the files are, files outside the keystore, and what is said of services
//! from generation to generation.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use keystore::model::{FileMode, Generation, Profile, ServiceSettings};
use keystore::ops::commit::plan;
use keystore::ops::diff::diff;
use keystore::ops::doctor::Code;
use keystore::ops::publish::Unlocked;
use keystore::ops::rollback::rollback;
use keystore::ops::{Error, set_service::set_service};
use keystore::store::{Attempt, AttemptOutcome, CommitError, Install, Keystore, Ownership, Publication, StoreError};

use crate::common::vault::{keep, prune};
use crate::common::{House, bind, commit, endpoint, installed_key, installed_next, listing, mode, publish, unbind};
use crate::doctor::{codes, diagnose, repair};

const MAIN: &str = "mail01/imap/main";
const AT: &str = "mail01/imap@default";
const NOBODY: u32 = 65534;

/// A key that is staged for one endpoint.
fn house() -> House {
    let house = House::new();
    let keystore = house.open();
    installed_key(&keystore, MAIN, "mail01.example.com");
    bind(&keystore, MAIN, &[AT]).unwrap();
    house
}

fn say(keystore: &Keystore, settings: Option<ServiceSettings>) {
    set_service::<Error>(keystore, &endpoint(AT).service, |_| Ok(settings)).unwrap();
}

fn readable_by_its_group() -> ServiceSettings {
    ServiceSettings { mode: Some(FileMode::GROUP), ..ServiceSettings::of(Profile::Files) }
}

/// Commits as the program does once it knows what the settings come to.
fn commit_as(keystore: &Keystore, settle: impl Fn(&mut Vec<Publication>)) -> Result<(), CommitError> {
    let committing = keystore.begin_commit().unwrap();
    let snapshot = committing.snapshot().unwrap();
    let plan = plan(&snapshot, keystore.world().now()).unwrap();
    let mut proposal = plan.propose(&snapshot, &Unlocked::new(), None).unwrap();
    settle(&mut proposal.publications);
    committing.prepare(&proposal)?.switch()?.record().map(drop)
}

fn install(publication: &Publication, path: &Path) -> Install {
    let path = path.to_str().unwrap().parse().unwrap();
    Install { path, bytes: publication.private_key.clone(), mode: 0o640 }
}

fn commit_to(keystore: &Keystore, path: &Path) -> Result<(), CommitError> {
    commit_as(keystore, |publications| {
        publications.iter_mut().for_each(|publication| publication.installs = vec![install(publication, path)]);
    })
}

#[test]
fn files_are_whose_and_for_whom_they_shall_be() {
    let house = house();
    let folder = tempfile::tempdir().unwrap();
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        println!("not run as root: files are given to nobody but ourselves");
    }
    let owner = if is_root { NOBODY } else { rustix::process::geteuid().as_raw() };
    let group = if is_root { NOBODY } else { rustix::process::getegid().as_raw() };
    let outside = folder.path().join("key.pem");
    commit_as(&house.open(), |publications| {
        for publication in publications {
            publication.ownership = Ownership { owner: Some(owner), group: Some(group), mode: 0o440 };
            publication.installs = vec![install(publication, &outside)];
        }
    })
    .unwrap();
    let live = house.root().join("live/mail01/imap/default/current");
    let all = ["private-key.pem", "combined.pem", "certificate.pem", "chain.pem", "fullchain.pem"];
    for (file, wanted) in all.map(|name| live.join(name)).into_iter().zip([0o440, 0o440, 0o644, 0o644, 0o644]) {
        assert_eq!(mode(&file), wanted, "{file:?}");
        let status = fs::metadata(&file).unwrap();
        assert_eq!((status.uid(), status.gid()), (owner, group), "{file:?}");
    }
    let status = fs::metadata(&outside).unwrap();
    assert_eq!((mode(&outside), status.uid(), status.gid()), (0o640, owner, group));
    assert_eq!(fs::read(&outside).unwrap(), fs::read(live.join("private-key.pem")).unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn where_a_file_cannot_go_nothing_is_changed() {
    type Case = (&'static str, fn(&Path), fn(&StoreError) -> bool);
    let cases: [Case; 7] = [
        ("missing/key.pem", |_| (), |error| matches!(error, StoreError::OutsideNoFolder { .. })),
        (
            "key.pem",
            |folder| symlink("/etc/passwd", folder.join("key.pem")).unwrap(),
            |error| matches!(error, StoreError::OutsideNoFile { is_link: true, .. }),
        ),
        (
            "key.pem",
            |folder| fs::create_dir(folder.join("key.pem")).unwrap(),
            |error| matches!(error, StoreError::OutsideNoFile { is_link: false, .. }),
        ),
        (
            "link/key.pem",
            |folder| symlink(folder, folder.join("link")).unwrap(),
            |error| matches!(error, StoreError::OutsideLinked { .. }),
        ),
        ("key.pem", |folder| chmod(folder, 0o777), |error| matches!(error, StoreError::OutsideWritable { .. })),
        ("key.pem", |folder| chmod(folder, 0o1777), |error| matches!(error, StoreError::OutsideWritable { .. })),
        ("key.pem", |folder| chmod(folder, 0o775), |error| matches!(error, StoreError::OutsideWritable { .. })),
    ];
    let house = house();
    for (path, arrange, is_refusal) in cases {
        let folder = tempfile::tempdir().unwrap();
        arrange(folder.path());
        let before = (listing(&house.root()), listing(folder.path()));
        match commit_to(&house.open(), &folder.path().join(path)) {
            Err(CommitError::NotBegun(error)) if is_refusal(&error) => {}
            other => panic!("{path}: {other:?}"),
        }
        assert_eq!((listing(&house.root()), listing(folder.path())), before, "{path}");
    }
    let within = commit_to(&house.open(), &house.root().join("live/key.pem"));
    assert!(matches!(within, Err(CommitError::NotBegun(StoreError::OutsideWithin { .. }))), "{within:?}");
    if rustix::process::geteuid().is_root() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::chown(folder.path(), Some(NOBODY), None).unwrap();
        let foreign = commit_to(&house.open(), &folder.path().join("key.pem"));
        let is_refused =
            matches!(foreign, Err(CommitError::NotBegun(StoreError::OutsideForeign { owner: NOBODY, .. })));
        assert!(is_refused, "{foreign:?}");
    }
    commit_to(&house.open(), &tempfile::tempdir().unwrap().path().join("key.pem")).unwrap();
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn two_endpoints_do_not_share_a_file() {
    let house = house();
    let other = "mail02/imap@192.0.2.7:993";
    bind(&house.open(), MAIN, &[other]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    match commit_to(&house.open(), &folder.path().join("key.pem")) {
        Err(CommitError::NotBegun(StoreError::OutsideTwice { first, second, .. })) => {
            assert_eq!([*first, *second], [endpoint(AT), endpoint(other)]);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_doctor_takes_what_the_settings_say_for_right_and_mends_it_so() {
    let house = house();
    let keystore = house.open();
    say(&keystore, Some(readable_by_its_group()));
    let owner = rustix::process::geteuid().is_root().then_some(NOBODY);
    commit_as(&keystore, |publications| {
        publications.iter_mut().for_each(|it| it.ownership = Ownership { owner, group: None, mode: 0o640 });
    })
    .unwrap();
    assert_eq!(codes(&diagnose(&house)), []);
    let file = house.root().join("live/mail01/imap/default/current/combined.pem");
    for wrong in [0o600, 0o644] {
        chmod(&file, wrong);
        assert_eq!(codes(&diagnose(&house)), [Code::Mode], "{wrong:o}");
        assert_eq!(repair(&house).mended.len(), 1);
        assert_eq!(mode(&file), 0o640);
    }
    // What its profile adds is not the library's to know; what opens the private key to everybody is.
    say(&keystore, Some(ServiceSettings::of(Profile::Exim)));
    commit_as(&keystore, |publications| {
        publications.iter_mut().for_each(|it| it.ownership = Ownership { owner, group: None, mode: 0o640 });
    })
    .unwrap();
    assert_eq!(codes(&diagnose(&house)), []);
    chmod(&house.root().join("live/mail01/imap/default/current/combined.pem"), 0o644);
    assert_eq!(codes(&diagnose(&house)), [Code::Mode]);
    assert_eq!(repair(&house).mended.len(), 1);
    // Nothing is said any more: the files are our own again, and what services read before may stay as it was.
    say(&keystore, None);
    commit(&keystore).unwrap();
    assert_eq!(codes(&diagnose(&house)), []);
}

/// Published so that the group of its files may read them, as its settings say.
fn published_for_its_group() -> House {
    let house = house();
    say(&house.open(), Some(readable_by_its_group()));
    let given = Ownership { owner: None, group: None, mode: 0o640 };
    commit_as(&house.open(), |publications| publications.iter_mut().for_each(|it| it.ownership = given)).unwrap();
    house
}

#[test]
fn files_that_are_left_over_keep_the_mode_that_they_were_published_with() {
    let house = published_for_its_group();
    let keystore = house.open();
    unbind(&keystore, &[AT]).unwrap();
    say(&keystore, None);
    commit(&keystore).unwrap();
    assert_eq!(codes(&diagnose(&house)), [Code::LeftOver]);
    assert_eq!(repair(&house).mended.len(), 0);
    chmod(&house.root().join("live/mail01/imap/default/current/combined.pem"), 0o644);
    assert!(codes(&diagnose(&house)).contains(&Code::Mode), "it is open to everybody");
}

#[test]
fn settings_that_were_removed_and_not_published_are_to_be_published() {
    let house = published_for_its_group();
    let keystore = house.open();
    say(&keystore, None);
    commit_as(&keystore, Vec::clear).unwrap();
    let file = house.root().join("live/mail01/imap/default/current/combined.pem");
    assert_eq!(codes(&diagnose(&house)), [Code::Unpublished]);
    assert_eq!(repair(&house).mended.len(), 0);
    assert_eq!(mode(&file), 0o640);
    assert_eq!(publish(&keystore).unwrap(), 1);
    assert_eq!((codes(&diagnose(&house)), mode(&file)), (vec![], 0o600));
    assert_eq!(publish(&keystore).unwrap(), 0);
    chmod(&file, 0o640);
    assert_eq!(codes(&diagnose(&house)), [Code::Mode], "nobody said so");
}

#[test]
fn settings_are_compared_and_brought_back() {
    let house = house();
    let keystore = house.open();
    commit(&keystore).unwrap();
    say(&keystore, Some(readable_by_its_group()));
    commit(&keystore).unwrap();
    say(&keystore, Some(ServiceSettings::of(Profile::Nginx)));
    commit(&keystore).unwrap();
    let said = |generation| {
        let snapshot = keystore.read().unwrap().at(Generation(generation)).unwrap();
        snapshot.committed_settings(&endpoint(AT).service).unwrap()
    };
    let generations = [None, Some(readable_by_its_group()), Some(ServiceSettings::of(Profile::Nginx))];
    assert_eq!([1, 2, 3].map(said), generations);
    let snapshot = keystore.read().unwrap();
    let differences = diff(&snapshot.at(Generation(1)).unwrap(), &snapshot.at(Generation(3)).unwrap()).unwrap();
    assert!(differences.keys.is_empty() && differences.endpoints.is_empty());
    let [change] = &differences.services[..] else { panic!("{differences:?}") };
    assert_eq!((&change.service, &change.from, &change.to), (&endpoint(AT).service, &None, &generations[2]));
    for (back, to) in [(2, 4), (1, 5), (3, 6)] {
        rollback(&keystore, Generation(back), false).unwrap();
        commit(&keystore).unwrap();
        assert_eq!(said(to), said(back));
    }
    assert_eq!(codes(&diagnose(&house)), []);
}

fn attempt(keystore: &Keystore, generation: u64) -> Attempt {
    let (time, actor) = (keystore.world().now(), keystore.world().actor.clone());
    Attempt { generation: Generation(generation), time, actor, outcome: AttemptOutcome::Undone, services: Vec::new() }
}

#[test]
fn attempts_go_with_their_generations_and_are_judged_by_the_doctor() {
    let house = house();
    let keystore = house.open();
    commit(&keystore).unwrap();
    keystore.keep_attempt(&attempt(&keystore, 1)).unwrap();
    installed_next(&keystore, MAIN, "mail01.example.com");
    // One that failed, and a publication after it.
    keystore.keep_attempt(&attempt(&keystore, 2)).unwrap();
    house.later(60);
    keystore.keep_attempt(&attempt(&keystore, 1)).unwrap();
    let last = |keystore: &Keystore| keystore.read().unwrap().last_attempt().unwrap().map(|last| last.generation.0);
    assert_eq!(last(&keystore), Some(1));
    commit(&keystore).unwrap();
    keystore.keep_attempt(&attempt(&keystore, 2)).unwrap();
    assert_eq!(codes(&diagnose(&house)), []);
    prune(&keystore, &keep(1)).unwrap();
    assert_eq!(keystore.read().unwrap().attempt(Generation(1)).unwrap(), None);
    assert_eq!(last(&keystore), Some(2));
    fs::write(house.root().join("attempts/0000000002.json"), "{}").unwrap();
    assert!(codes(&diagnose(&house)).contains(&Code::AttemptDamaged));
    repair(&house);
    assert_eq!(last(&keystore), None);
    fs::write(house.root().join("to-be-told.json"), r#"{"services":["mail01/imap"]}"#).unwrap();
    chmod(&house.root().join("to-be-told.json"), 0o600);
    assert!(codes(&diagnose(&house)).contains(&Code::NotTold));
    fs::write(house.root().join("to-be-told.json"), "{").unwrap();
    assert!(codes(&diagnose(&house)).contains(&Code::ToldDamaged));
    repair(&house);
    assert_eq!(keystore.read().unwrap().to_be_told().unwrap(), [].into());
}

#[test]
fn a_commit_is_not_taken_back_where_what_it_replaced_is_not_mounted() {
    let (house, base) = (house(), tempfile::tempdir().unwrap());
    let (folder, elsewhere) = (base.path().join("tls"), base.path().join("elsewhere"));
    fs::create_dir(&folder).unwrap();
    chmod(&folder, 0o755);
    let outside = folder.join("key.pem");
    commit_to(&house.open(), &outside).unwrap();
    let before = fs::read(&outside).unwrap();
    // cut off when everything is switched
    let keystore = house.open();
    installed_next(&keystore, MAIN, "mail01.example.com");
    let committing = keystore.begin_commit().unwrap();
    let plan = plan(&committing.snapshot().unwrap(), keystore.world().now()).unwrap();
    let mut proposal = plan.propose(&committing.snapshot().unwrap(), &Unlocked::new(), None).unwrap();
    proposal
        .publications
        .iter_mut()
        .for_each(|publication| publication.installs = vec![install(publication, &outside)]);
    drop(committing.prepare(&proposal).unwrap().switch().unwrap());
    assert_ne!(fs::read(&outside).unwrap(), before);

    fs::rename(&folder, &elsewhere).unwrap();
    for is_empty in [false, true] {
        if is_empty {
            fs::create_dir(&folder).unwrap();
        }
        let refused = house.open().write().map(drop);
        assert!(matches!(refused, Err(StoreError::OutsideGone { .. })), "{refused:?}");
    }
    fs::remove_dir(&folder).unwrap();
    fs::rename(&elsewhere, &folder).unwrap();
    drop(house.open().write().unwrap());
    assert_eq!(fs::read(&outside).unwrap(), before);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn what_an_earlier_commit_left_beside_a_file_is_never_put_back() {
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    let outside = folder.path().join("key.pem");
    let always_the_same = |publications: &mut Vec<Publication>| {
        let install = |it: &Publication| Install { bytes: b"always the same".to_vec().into(), ..install(it, &outside) };
        publications.iter_mut().for_each(|it| it.installs = vec![install(it)]);
    };
    commit_as(&house.open(), always_the_same).unwrap();
    installed_next(&house.open(), MAIN, "mail01.example.com");
    fs::write(folder.path().join(".key.pem.keyring-old"), "of long ago").unwrap();
    // in the way of the new file: the commit is taken back before it comes to the old one
    fs::create_dir(folder.path().join(".key.pem.keyring-new")).unwrap();
    let failed = commit_as(&house.open(), always_the_same);
    assert!(failed.is_err());
    assert_eq!(fs::read(&outside).unwrap(), b"always the same");
}
