//! Several at once: who waits, who is refused, and what is staged while a commit runs.

use std::io::Read;
use std::time::Duration;

use keystore::change::Change;
use keystore::model::Generation;
use keystore::ops::{Error, commit::plan};
use keystore::progress::Unwatched;
use keystore::store::{CommitError, Committing, Keystore, Prepared, Proposal, Recording, StoreError};

use crate::common::vault::backup;
use crate::common::{
    House, Picture, asking, bind, certify, commit, create, discard, endpoint, install, installed_key, installed_next,
    key, live, make_csr, staged, unbind,
};

const MAIN: &str = "mail01/imap/main";
const OTHER: &str = "mail01/imap/other";
const DEFAULT: &str = "mail01/imap@default";
const ADDRESS: &str = "mail01/imap@192.0.2.7:993";

/// Two keys with certificates, the first published at an endpoint, and a next version of it staged.
fn house() -> House {
    let house = House::new();
    let keystore = house.open();
    installed_key(&keystore, MAIN, "mail01.example.com");
    installed_key(&keystore, OTHER, "mail01.example.com");
    bind(&keystore, MAIN, &[DEFAULT]).unwrap();
    commit(&keystore).unwrap();
    installed_next(&keystore, MAIN, "mail01.example.com");
    house
}

fn propose(keystore: &Keystore, committing: &Committing<'_>) -> Proposal {
    let snapshot = committing.snapshot().unwrap();
    let plan = plan(&snapshot, keystore.world().now()).unwrap();
    plan.check(false).unwrap();
    plan.propose(&snapshot, &Default::default(), None).unwrap()
}

fn prepare(keystore: &Keystore) -> Prepared<'_, Recording> {
    let committing = keystore.begin_commit().unwrap();
    let proposal = propose(keystore, &committing);
    committing.prepare(&proposal).unwrap()
}

fn to(key_path: &str, at: &str) -> Change {
    Change::Bind { endpoint: endpoint(at), key: key(key_path) }
}

#[test]
fn a_writer_waits_and_then_names_the_holder_and_readers_do_not_wait() {
    let house = house();
    let keystore = Keystore::open(house.disk(), house.world("install-cert")).unwrap();
    let held = keystore.write().unwrap();

    let Err(Error::Store(StoreError::Locked { holder })) = bind(&house.open(), OTHER, &[ADDRESS]) else {
        panic!("it did not wait")
    };
    let (pid, since) = (std::process::id(), "2026-11-21T12:00:00Z");
    assert_eq!(holder, format!("`keyring install-cert` (process {pid}, since {since})"));
    assert_eq!(house.open().read().unwrap().generation(), Generation(1));
    assert!(
        keystore::ops::status::status(
            &house.open().read().unwrap(),
            keystore::ops::standing::Look::AtGenerations,
            keystore.world().now()
        )
        .is_ok()
    );

    drop(held);
    bind(&house.open(), OTHER, &[ADDRESS]).unwrap();
}

#[test]
fn the_wait_for_a_lock_ends_with_an_interrupt() {
    let house = house();
    let keystore = house.open();
    let _held = keystore.write().unwrap();
    let mut world = house.world("bind");
    world.lock_wait = Duration::from_secs(3600);
    world.interrupted = || true;
    let waiting = Keystore::open(house.disk(), world).unwrap();
    assert!(matches!(bind(&waiting, OTHER, &[ADDRESS]), Err(Error::Store(StoreError::Interrupted))));
}

#[test]
fn one_commit_at_a_time() {
    let house = house();
    let keystore = Keystore::open(house.disk(), house.world("commit")).unwrap();
    let _running = prepare(&keystore);
    let Err(Error::Store(StoreError::Locked { holder })) = commit(&house.open()) else { panic!("two at once") };
    assert!(holder.starts_with("`keyring commit`"), "{holder}");
}

#[test]
fn what_is_staged_while_a_commit_runs_survives_it_alone() {
    let house = house();
    let keystore = house.open();
    let prepared = prepare(&keystore);
    bind(&house.open(), OTHER, &[ADDRESS]).unwrap();
    let switched = prepared.switch().unwrap();
    create(&house.open(), "mail02/imap/main").unwrap();
    bind(&house.open(), OTHER, &["mail02/imap@default"]).unwrap();
    assert_eq!(staged(&house.open()).len(), 3);

    let recorded = switched.record().unwrap();
    assert_eq!(recorded.generation, Generation(2));
    assert_eq!(staged(&keystore), [to(OTHER, ADDRESS), to(OTHER, "mail02/imap@default")]);
    assert!(keystore.read().unwrap().key(&key("mail02/imap/main")).unwrap().is_some());
    commit(&house.open()).unwrap();
    assert_eq!(live(&house.root()).len(), 3);
}

#[test]
fn an_undone_commit_leaves_everything_staged() {
    for switch in [false, true] {
        let house = house();
        let keystore = house.open();
        let (before, served) = (Picture::of(&keystore), live(&house.root()));
        let prepared = prepare(&keystore);
        bind(&house.open(), OTHER, &[ADDRESS]).unwrap();
        if switch {
            let switched = prepared.switch().unwrap();
            assert_ne!(live(&house.root()), served);
            switched.undo().unwrap();
        } else {
            prepared.undo().unwrap();
        }
        assert_eq!(live(&house.root()), served);
        let mut expected = before;
        expected.stage.push(to(OTHER, ADDRESS));
        assert_eq!(Picture::of(&keystore), expected);

        // The two change sets are one stage: each change of both can be replaced, and they are committed together.
        bind(&keystore, MAIN, &[ADDRESS]).unwrap();
        assert_eq!(staged(&keystore).len(), 2);
        commit(&keystore).unwrap();
        assert_eq!(staged(&keystore), []);
        assert_eq!(live(&house.root()).len(), 2);
    }
}

#[test]
fn a_commit_that_died_is_recovered_by_the_next_writer_and_not_by_readers() {
    let house = house();
    let keystore = house.open();
    let served = live(&house.root());
    // What a killed process leaves: everything switched, its locks gone.
    let intent = house.root().join("intent.json");
    let switched = prepare(&keystore).switch().unwrap();
    drop(switched);
    assert!(intent.exists());
    assert_eq!(Picture::of(&house.open()).generation, Generation(1));
    assert_ne!(live(&house.root()), served, "a reader has recovered");

    bind(&house.open(), OTHER, &[ADDRESS]).unwrap();
    assert!(!intent.exists());
    assert_eq!(live(&house.root()), served);
    assert_eq!(staged(&keystore).len(), 2);
}

#[test]
fn nothing_is_discarded_while_a_commit_of_it_runs() {
    let house = house();
    let keystore = house.open();
    let before = staged(&keystore);
    let prepared = prepare(&keystore);
    assert!(matches!(discard(&house.open(), &[]), Err(Error::CommitRunning)));
    assert!(matches!(discard(&house.open(), &[MAIN]), Err(Error::CommitRunning)));
    prepared.undo().unwrap();
    assert_eq!(staged(&keystore), before);
    assert_eq!(discard(&house.open(), &[MAIN]).unwrap(), before);
}

#[test]
fn what_is_staged_between_the_plan_and_the_commit_is_not_lost() {
    let house = house();
    let keystore = house.open();
    let before = staged(&keystore);
    let committing = keystore.begin_commit().unwrap();
    let proposal = propose(&keystore, &committing);
    bind(&house.open(), OTHER, &[ADDRESS]).unwrap();
    assert!(matches!(committing.prepare(&proposal), Err(CommitError::Moved)));
    assert_eq!(staged(&keystore), [before, vec![to(OTHER, ADDRESS)]].concat());
    assert!(!house.root().join("intent.json").exists());
}

#[test]
fn what_is_discarded_between_the_plan_and_the_commit_is_not_committed() {
    let house = house();
    let keystore = house.open();
    let committing = keystore.begin_commit().unwrap();
    let proposal = propose(&keystore, &committing);
    discard(&house.open(), &[]).unwrap();
    assert!(matches!(committing.prepare(&proposal), Err(CommitError::Moved)));
    assert_eq!(Picture::of(&keystore).generation, Generation(1));
}

#[test]
fn a_writer_that_began_before_the_commit_keeps_it_waiting() {
    let house = house();
    let keystore = house.open();
    let committing = keystore.begin_commit().unwrap();
    let proposal = propose(&keystore, &committing);
    // This writer does not know of the commit and adds to the change set that the commit is about to take.
    let other = house.open();
    let mut transaction = other.write().unwrap();
    transaction.put(to(OTHER, ADDRESS));
    let refused = committing.prepare(&proposal).err();
    assert!(matches!(refused, Some(CommitError::NotBegun(StoreError::Locked { .. }))), "{refused:?}");
    transaction.finish().unwrap();
    assert_eq!(staged(&keystore).len(), 2);
}

#[test]
fn a_binding_is_put_back_while_its_change_is_being_committed() {
    let house = house();
    let keystore = house.open();
    bind(&keystore, OTHER, &[DEFAULT]).unwrap();
    let prepared = prepare(&keystore);
    bind(&house.open(), MAIN, &[DEFAULT]).unwrap();
    prepared.switch().unwrap().record().unwrap();
    assert_eq!(staged(&keystore), [to(MAIN, DEFAULT)], "it was asked for last");

    let prepared = prepare(&keystore);
    unbind(&house.open(), &[DEFAULT]).unwrap();
    bind(&house.open(), OTHER, &[DEFAULT]).unwrap();
    prepared.undo().unwrap();
    let upcoming = keystore.read().unwrap().upcoming_binding(&endpoint(DEFAULT)).unwrap();
    assert_eq!(upcoming, Some(key(OTHER)));
}

#[test]
fn a_certificate_is_put_back_while_its_successor_is_being_committed() {
    let house = House::new();
    let keystore = house.open();
    create(&keystore, MAIN).unwrap();
    let made = make_csr(&keystore, &asking(MAIN, "mail01.example.com")).unwrap();
    let (first, second) = (certify(&made), certify(&made));
    install(&keystore, MAIN, &first).unwrap();
    commit(&keystore).unwrap();
    install(&keystore, MAIN, &second).unwrap();

    let prepared = prepare(&keystore);
    let again = install(&house.open(), MAIN, &first).unwrap();
    assert!(!again.unchanged);
    prepared.switch().unwrap().record().unwrap();
    let staged = staged(&keystore);
    let [Change::InstallCertificate { installed, .. }] = &staged[..] else { panic!("not staged: {staged:?}") };
    assert_eq!(installed.summary.fingerprint, crate::common::certificate(&first).fingerprint());
}

#[test]
fn many_at_once_lose_nothing() {
    const EACH: usize = 8;
    let house = house();
    let work = |writer: usize| {
        let mut world = house.world("bind");
        world.lock_wait = Duration::from_secs(60);
        let keystore = Keystore::open(house.disk(), world).unwrap();
        for number in 1..=EACH {
            bind(&keystore, MAIN, &[&format!("mail01/imap@192.0.2.{writer}:{number}")]).unwrap();
            match commit(&keystore) {
                // Others stage while this commits.
                Ok(_) | Err(Error::Commit(CommitError::Moved)) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    };
    std::thread::scope(|scope| {
        for writer in 1..=3 {
            scope.spawn(move || work(writer));
        }
    });
    let keystore = house.open();
    commit(&keystore).unwrap();
    assert_eq!(live(&house.root()).len(), 1 + 3 * EACH);
    assert_eq!(keystore.read().unwrap().key(&key(MAIN)).unwrap().unwrap().bound.len(), 1 + 3 * EACH);
    let records = keystore.read().unwrap().records(usize::MAX).unwrap();
    assert_eq!(records.last().unwrap().0.generation, Generation(1));
}

/// A backup that is read while something else happens.
struct Meanwhile<'a> {
    backup: &'a [u8],
    act: &'a dyn Fn(),
}

impl Read for Meanwhile<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        (self.act)();
        self.backup.read(buffer)
    }
}

#[test]
fn no_keystore_is_made_where_one_is_being_restored() {
    let original = house();
    let (bytes, _) = backup(&original.open(), false).unwrap();
    for (length, is_whole) in [(bytes.len(), true), (bytes.len() / 2, false)] {
        let folder = House::without_keystore();
        let init = || {
            let mut world = folder.world("init");
            world.lock_wait = Duration::ZERO;
            Keystore::init(folder.disk(), world, "")
        };
        let refused = || match init().map(drop) {
            Err(StoreError::Locked { holder }) => assert!(holder.contains("keyring restore"), "{holder}"),
            other => panic!("{other:?}"),
        };
        let mut input = Meanwhile { backup: &bytes[..length], act: &refused };
        let restored = Keystore::restore(folder.disk(), folder.world("restore"), &mut input, &Unwatched);
        assert_eq!(restored.is_ok(), is_whole);
        drop(restored);
        match init() {
            Err(StoreError::AlreadyThere { .. }) if is_whole => {
                assert_eq!(folder.open().config().id, original.open().config().id);
            }
            Ok(_) if !is_whole => assert_eq!(folder.open().read().unwrap().generation(), Generation::EMPTY),
            other => panic!("{:?}", other.map(drop)),
        }
    }
}
