//! Services with settings: whose the files are, which files outside the keystore change with them, and who is told.

use keystore::model::{AbsolutePath, FileMode, Generation, Profile, ServiceSettings};
use keystore::ops::commit::plan;
use keystore::ops::publish::{Unlocked, to_publish, unpublished_or_differing};
use keystore::ops::{Error, set_service::set_service};
use keystore::store::{
    Attempt, AttemptOutcome, Install, Keystore, Ownership, Phase, PhaseAttempt, PhaseOutcome, Prepared, Publication,
    Recording, ServiceAttempt,
};
use keystore::timestamp::Timestamp;

use super::{HOST, MAIN, installed_and_bound, is_committed, never, with_keystore};
use crate::common::crashes::{Command, recovery};
use crate::common::memory_disk::Failure;
use crate::common::{Machine, NOW, Run, View, commit, endpoint, installed_next, on};

/// A service of each server reads files here.
const FOLDERS: [&str; 2] = ["/etc/tls", "/srv/exchange"];

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "set-service",
        prepare: |machine| {
            super::published(machine);
            on(say)
        },
        says_done: never,
        is_done: |view| view.picture.stage.len() == 1,
    },
    Command {
        name: "commit, settings of a service",
        prepare: |machine| {
            say(&super::published(machine)).unwrap();
            on(|keystore| commit(keystore).map(drop))
        },
        says_done: never,
        is_done: |view| is_committed(view, 2) && view.served.len() == 2,
    },
    Command {
        name: "commit, the first, files outside",
        prepare: |machine| {
            first(machine);
            on(|keystore| prepared(keystore).and_then(record))
        },
        says_done: never,
        is_done: |view| is_committed(view, 1) && is_installed(view),
    },
    Command {
        name: "commit, a rotation, files outside",
        prepare: |machine| {
            rotating(machine);
            on(|keystore| prepared(keystore).and_then(record))
        },
        says_done: never,
        is_done: |view| is_committed(view, 2) && is_installed(view),
    },
    Command {
        name: "publish, files outside",
        prepare: |machine| {
            commit_unpublished(&rotating(machine)).unwrap();
            on(publish)
        },
        says_done: never,
        is_done: |view| is_committed(view, 2) && is_installed(view),
    },
    Command {
        name: "recovery, files outside back",
        prepare: |machine| {
            rotating(machine);
            killed_before(machine, "link commits/0000000002.json")
        },
        says_done: never,
        is_done: |view| view.picture.generation == Generation(1) && is_installed(view),
    },
    Command {
        name: "recovery, files outside kept",
        prepare: |machine| {
            rotating(machine);
            killed_before(machine, "remove stage.json")
        },
        says_done: never,
        is_done: |view| is_committed(view, 2) && is_installed(view),
    },
    Command {
        name: "who was told",
        prepare: |machine| {
            rotating(machine);
            let recovery = killed_before(machine, "link commits/0000000002.json");
            machine.run(&recovery, Failure::Never).0.unwrap();
            on(|keystore| Ok(keystore.begin_commit()?.told(&[endpoint("mail01/imap@default").service].into())?))
        },
        says_done: never,
        is_done: |view| view.picture.generation == Generation(1),
    },
    Command {
        name: "how an attempt went",
        prepare: |machine| {
            published(machine);
            on(|keystore| {
                keystore.keep_attempt(&attempt())?;
                let snapshot = keystore.read()?;
                assert_eq!(snapshot.attempt(Generation(1))?, Some(attempt()));
                assert_eq!(snapshot.last_attempt()?, Some(attempt()));
                Ok(())
            })
        },
        says_done: never,
        is_done: |view| is_committed(view, 1),
    },
];

/// The files of each service, whose and for whom they shall be, and nothing beside them.
fn is_installed(view: &View) -> bool {
    let names: Vec<_> = view.outside.keys().map(|path| path.to_str().unwrap()).collect();
    let owner = rustix::process::geteuid().as_raw();
    view.outside.values().all(|(mode, of, _)| *of == owner && (*mode == 0o640 || *mode == 0o644))
        && names
            == [
                "etc/tls/certificate.pem",
                "etc/tls/combined.pem",
                "etc/tls/private-key.pem",
                "srv/exchange/combined.pem",
            ]
}

fn say(keystore: &Keystore) -> Result<(), Error> {
    let settings = ServiceSettings { mode: Some(FileMode::GROUP), ..ServiceSettings::of(Profile::Files) };
    set_service::<Error>(keystore, &endpoint("mail01/imap@default").service, |_| Ok(Some(settings))).map(drop)
}

/// A key at two endpoints, staged; one file of somebody else's stands where one goes.
pub(in crate::crash) fn first(machine: &Machine) -> Keystore {
    let keystore = with_keystore(machine);
    installed_and_bound(&keystore);
    FOLDERS.iter().for_each(|folder| machine.make_outside(folder));
    machine.write_outside("/etc/tls/combined.pem", b"somebody else's");
    keystore
}

pub(in crate::crash) fn published(machine: &Machine) -> Keystore {
    let keystore = first(machine);
    prepared(&keystore).and_then(record).unwrap();
    keystore
}

/// The next version is staged.
pub(in crate::crash) fn rotating(machine: &Machine) -> Keystore {
    let keystore = published(machine);
    installed_next(&keystore, MAIN, HOST);
    keystore
}

/// Fills in what settings would say.
fn with_settings(mut publications: Vec<Publication>) -> Vec<Publication> {
    for (publication, folder) in publications.iter_mut().zip(FOLDERS) {
        let owner = Some(rustix::process::geteuid().as_raw());
        let group = Some(rustix::process::getegid().as_raw());
        publication.ownership = Ownership { owner, group, mode: 0o640 };
        let combined = [&publication.private_key[..], &publication.certificate, &publication.chain].concat();
        let install = |name: &str, bytes: &[u8], mode| {
            let path: AbsolutePath = format!("{folder}/{name}").parse().unwrap();
            Install { path, bytes: bytes.to_vec().into(), mode }
        };
        publication.installs = vec![
            install("combined.pem", &combined, 0o640),
            install("private-key.pem", &publication.private_key, 0o640),
            install("certificate.pem", &publication.certificate, 0o644),
        ];
        if folder != FOLDERS[0] {
            publication.installs.truncate(1);
        }
        publication.told = true;
    }
    publications
}

pub(in crate::crash) fn prepared(keystore: &Keystore) -> Result<Option<Prepared<'_, Recording>>, Error> {
    let committing = keystore.begin_commit()?;
    let snapshot = committing.snapshot()?;
    let plan = plan(&snapshot, keystore.world().now())?;
    if plan.is_empty() {
        return Ok(None);
    }
    let mut proposal = plan.propose(&snapshot, &Unlocked::new(), None)?;
    proposal.publications = with_settings(proposal.publications);
    Ok(Some(committing.prepare(&proposal)?))
}

fn record(prepared: Option<Prepared<'_, Recording>>) -> Result<(), Error> {
    if let Some(prepared) = prepared {
        prepared.switch()?.record()?;
    }
    Ok(())
}

fn commit_unpublished(keystore: &Keystore) -> Result<(), Error> {
    let committing = keystore.begin_commit()?;
    let snapshot = committing.snapshot()?;
    let plan = plan(&snapshot, keystore.world().now())?.without_publishing();
    committing.prepare(&plan.propose(&snapshot, &Unlocked::new(), None)?)?.switch()?.record()?;
    Ok(())
}

fn publish(keystore: &Keystore) -> Result<(), Error> {
    let committing = keystore.begin_commit()?;
    let snapshot = committing.snapshot()?;
    let files = to_publish(&unpublished_or_differing(&snapshot, &[], None)?).gather(&snapshot, &Unlocked::new())?;
    if !files.is_empty() {
        committing.prepare_publication(snapshot.generation(), &with_settings(files))?.switch()?.keep()?;
    }
    Ok(())
}

fn killed_before(machine: &Machine, operation: &str) -> Run {
    let run = on(|keystore| prepared(keystore).and_then(record));
    let (_, operations) = machine.copy().run(&run, Failure::Never);
    let at = operations.iter().position(|told| told == operation).unwrap();
    machine.run(&run, Failure::Crash(at)).0.unwrap_err();
    recovery()
}

fn attempt() -> Attempt {
    let phase = PhaseAttempt {
        phase: Phase::Test,
        outcome: PhaseOutcome::Failed,
        message: Some("it ended with 1".to_owned()),
        output: Some("nginx: configuration file test failed\n".to_owned()),
    };
    let service = endpoint("mail01/imap@default").service;
    Attempt {
        generation: Generation(1),
        time: Timestamp::from_unix(NOW),
        actor: keystore::world::Actor {
            user: "ada".to_owned(),
            sudo_user: None,
            host: "here".to_owned(),
            command: "commit".to_owned(),
        },
        outcome: AttemptOutcome::Undone,
        services: vec![ServiceAttempt { service, phases: vec![phase] }],
    }
}
