//! The workflow: from a new keystore to a committed rotation, and recovery.

use keystore::model::{AuthoritySettings, FileSettings, Generation, Renewal, Submission};
use keystore::ops::commit as committing;
use keystore::ops::create_key::{CreateKey, Material, create_key};
use keystore::ops::make_csr::{make_csr as sign, plan, private_key_file};
use keystore::ops::publish::{to_publish, unpublished_or_differing};
use keystore::ops::{Error, account, publish, set_authority, set_renewal, submit};
use keystore::pki::{KeyAlgorithm, Passphrase, Pbes2, PrivateKey, PrivateKeyFile};
use keystore::store::{Keystore, StoreError};
use keystore::timestamp::Timestamp;

use super::{
    DEFAULT, ENDPOINTS, HOST, MAIN, OTHER, installed_and_bound, is_committed, never, published, versions, with_keystore,
};
use crate::common::crashes::{Command, recovery};
use crate::common::memory_disk::Failure;
use crate::common::{
    Machine, Run, asking, bind, certify, commit, commit_with, create, discard, install, installed_key, installed_next,
    key, make_csr, material, on, unbind,
};

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "init",
        prepare: |_| Box::new(|disk, world| Ok(Keystore::init(disk, world, "").map(drop)?)),
        says_done: |error| matches!(error, Error::Store(StoreError::AlreadyThere { .. })),
        is_done: |view| view.picture.generation == Generation::EMPTY,
    },
    Command {
        name: "create-key, on a new server",
        prepare: |machine| {
            with_keystore(machine);
            creating(false)
        },
        says_done: key_waits,
        is_done: |view| versions(view).len() == 1,
    },
    Command {
        name: "create-key, of a known service",
        prepare: |machine| {
            create(&with_keystore(machine), OTHER).unwrap();
            creating(false)
        },
        says_done: key_waits,
        is_done: |view| versions(view).len() == 1,
    },
    Command {
        name: "create-key --next",
        prepare: |machine| {
            published(machine);
            creating(true)
        },
        says_done: |error| matches!(error, Error::NextExists { .. }),
        is_done: |view| versions(view).len() == 2,
    },
    Command {
        name: "make-csr",
        prepare: |machine| {
            let keystore = with_keystore(machine);
            // Signs the same each time.
            let private_key = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
            let asked = CreateKey { key: key(MAIN), next: false };
            create_key(&keystore, &asked, &Material::plain(&private_key)).unwrap();
            make_csr(&keystore, &asking(MAIN, HOST)).unwrap();
            on(requesting)
        },
        says_done: never,
        is_done: |view| versions(view)[0].requests.len() >= 2,
    },
    Command {
        name: "set-authority",
        prepare: |machine| {
            with_keystore(machine);
            on(|keystore| describe(keystore).map(drop))
        },
        says_done: never,
        is_done: |view| view.picture.authorities.len() == 1,
    },
    Command {
        name: "register-account",
        prepare: |machine| {
            let keystore = with_keystore(machine);
            describe(&keystore).unwrap();
            on(|keystore| {
                let (name, directory) = ("internal".parse().unwrap(), "https://acme.example/dir".parse().unwrap());
                account::key(keystore, &name)?;
                account::keep(keystore, &name, &directory, "https://acme.example/account/1".to_owned(), &[]).map(drop)
            })
        },
        says_done: never,
        is_done: |view| view.picture.accounts.len() == 1,
    },
    Command {
        name: "set-renewal",
        prepare: |machine| {
            let keystore = with_keystore(machine);
            create(&keystore, MAIN).unwrap();
            describe(&keystore).unwrap();
            on(|keystore| {
                let renewal = Some(Renewal::by("internal".parse().unwrap()));
                set_renewal::set_renewal::<Error>(keystore, &[key(MAIN)], |_, _| Ok(renewal.clone())).map(drop)
            })
        },
        says_done: never,
        is_done: |view| view.picture.stage.len() == 1,
    },
    Command {
        name: "submit, what is noted",
        prepare: |machine| {
            let keystore = with_keystore(machine);
            create(&keystore, MAIN).unwrap();
            make_csr(&keystore, &asking(MAIN, HOST)).unwrap();
            on(|keystore| {
                let waiting = submit::waiting(&keystore.read()?, &key(MAIN))?;
                submit::take_note(keystore, &waiting, &submission(keystore.world().now()))
            })
        },
        says_done: never,
        is_done: |view| versions(view)[0].requests[0].submission.is_some(),
    },
    Command {
        name: "install-cert",
        prepare: |machine| {
            let keystore = with_keystore(machine);
            create(&keystore, MAIN).unwrap();
            let reply = certify(&make_csr(&keystore, &asking(MAIN, HOST)).unwrap());
            on(move |keystore| install(keystore, MAIN, &reply).map(drop))
        },
        says_done: never,
        is_done: |view| view.picture.stage.len() == 1,
    },
    Command {
        name: "bind",
        prepare: |machine| {
            create(&with_keystore(machine), MAIN).unwrap();
            on(|keystore| bind(keystore, MAIN, &ENDPOINTS).map(drop))
        },
        says_done: never,
        is_done: |view| view.picture.stage.len() == 2,
    },
    Command {
        name: "unbind",
        prepare: |machine| {
            published(machine);
            on(|keystore| unbind(keystore, &ENDPOINTS).map(drop))
        },
        says_done: |error| matches!(error, Error::NotBound { .. }),
        is_done: |view| view.picture.stage.len() == 2,
    },
    Command {
        name: "discard",
        prepare: |machine| {
            installed_and_bound(&with_keystore(machine));
            on(|keystore| discard(keystore, &[]).map(drop))
        },
        says_done: never,
        is_done: |view| view.picture.stage.is_empty() && versions(view).len() == 1,
    },
    Command {
        name: "discard KEY",
        prepare: |machine| {
            let keystore = with_keystore(machine);
            installed_and_bound(&keystore);
            installed_key(&keystore, OTHER, HOST);
            on(|keystore| discard(keystore, &[OTHER]).map(drop))
        },
        says_done: never,
        is_done: |view| view.picture.stage.len() == 3,
    },
    Command {
        name: "commit, the first",
        prepare: |machine| {
            installed_and_bound(&with_keystore(machine));
            on(|keystore| commit(keystore).map(drop))
        },
        says_done: never,
        is_done: |view| is_committed(view, 1) && view.served.len() == 2,
    },
    Command {
        name: "commit, a rotation",
        prepare: |machine| {
            let keystore = published(machine);
            // The third version: the first one's folders are there to be cleared up.
            installed_next(&keystore, MAIN, HOST);
            commit(&keystore).unwrap();
            installed_next(&keystore, MAIN, HOST);
            on(|keystore| commit(keystore).map(drop))
        },
        says_done: never,
        is_done: |view| is_committed(view, 3),
    },
    Command {
        name: "commit, an unbinding",
        prepare: |machine| {
            // What comes of it has been the state before: its files are shared with an earlier generation.
            let keystore = with_keystore(machine);
            installed_key(&keystore, MAIN, HOST);
            commit(&keystore).unwrap();
            bind(&keystore, MAIN, &ENDPOINTS).unwrap();
            commit(&keystore).unwrap();
            unbind(&keystore, &ENDPOINTS).unwrap();
            on(|keystore| commit(keystore).map(drop))
        },
        says_done: never,
        is_done: |view| is_committed(view, 3),
    },
    Command {
        name: "commit --no-publish",
        prepare: |machine| {
            installed_next(&published(machine), MAIN, HOST);
            on(commit_unpublished)
        },
        says_done: never,
        is_done: |view| is_committed(view, 2),
    },
    Command {
        name: "commit, an encrypted key",
        prepare: encrypted,
        says_done: never,
        is_done: |view| is_committed(view, 1) && view.served.len() == 1,
    },
    Command {
        name: "publish",
        prepare: |machine| {
            let keystore = published(machine);
            installed_next(&keystore, MAIN, HOST);
            commit_unpublished(&keystore).unwrap();
            on(publish_all)
        },
        says_done: never,
        is_done: |view| is_committed(view, 2),
    },
    Command {
        name: "recovery, that takes back",
        prepare: |machine| {
            installed_next(&published(machine), MAIN, HOST);
            killed_before(machine, "link commits/0000000002.json")
        },
        says_done: never,
        is_done: |view| view.picture.generation == Generation(1),
    },
    Command {
        name: "recovery, that finishes",
        prepare: |machine| {
            installed_next(&published(machine), MAIN, HOST);
            killed_before(machine, "remove stage.json")
        },
        says_done: never,
        is_done: |view| is_committed(view, 2),
    },
];
fn key_waits(error: &Error) -> bool {
    matches!(error, Error::KeyWaits { .. })
}

fn creating(next: bool) -> Run {
    let (asked, material) = (CreateKey { key: key(MAIN), next }, material());
    on(move |keystore| create_key(keystore, &asked, &material).map(drop))
}

fn requesting(keystore: &Keystore) -> Result<(), Error> {
    let made = make_csr(keystore, &asking(MAIN, HOST))?;
    let kept = keystore.read()?.request_file(&key(MAIN), &made.version, &made.facts)?;
    assert_eq!(kept, made.request.to_pem().as_bytes(), "what was handed out is what is kept");
    Ok(())
}

fn commit_unpublished(keystore: &Keystore) -> Result<(), Error> {
    let committing = keystore.begin_commit()?;
    let snapshot = committing.snapshot()?;
    let plan = committing::plan(&snapshot, keystore.world().now())?;
    if !plan.is_empty() {
        let proposal = plan.without_publishing().propose(&snapshot, &publish::Unlocked::new(), None)?;
        committing.prepare(&proposal)?.switch()?.record()?;
    }
    Ok(())
}

fn publish_all(keystore: &Keystore) -> Result<(), Error> {
    let committing = keystore.begin_commit()?;
    let snapshot = committing.snapshot()?;
    let files =
        to_publish(&unpublished_or_differing(&snapshot, &[], None)?).gather(&snapshot, &publish::Unlocked::new())?;
    if !files.is_empty() {
        committing.prepare_publication(snapshot.generation(), &files)?.switch()?.keep()?;
    }
    Ok(())
}

/// An encrypted private key, opened for the service alone.
fn encrypted(machine: &Machine) -> Run {
    let keystore = with_keystore(machine);
    let passphrase = Passphrase::new("correct horse".to_owned()).unwrap();
    let private_key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let pbes2 = Pbes2 { rounds: 10, salt: keystore.world().random(), iv: keystore.world().random() };
    let material = Material::encrypted(&private_key, &passphrase, &pbes2).unwrap();
    let created = create_key(&keystore, &CreateKey { key: key(MAIN), next: false }, &material).unwrap();
    let snapshot = keystore.read().unwrap();
    let asked = plan(&snapshot, &keystore.config().defaults.subject, &asking(MAIN, HOST)).unwrap();
    let PrivateKeyFile::Encrypted(_) = private_key_file(&keystore, &snapshot, &asked).unwrap() else {
        panic!("readable")
    };
    let made = sign(&keystore, &asked, &private_key).unwrap();
    install(&keystore, MAIN, &certify(&made)).unwrap();
    bind(&keystore, MAIN, &[DEFAULT]).unwrap();
    let unlocked = publish::Unlocked::from([((key(MAIN), created.version.number), private_key)]);
    on(move |keystore| commit_with(keystore, &unlocked, None).map(drop))
}

/// Kills the commit before this operation; what is left for the next writer is the command.
fn killed_before(machine: &Machine, operation: &str) -> Run {
    let run = on(|keystore| commit(keystore).map(drop));
    let (_, operations) = machine.copy().run(&run, Failure::Never);
    let at = operations.iter().position(|told| told == operation).unwrap();
    machine.run(&run, Failure::Crash(at)).0.unwrap_err();
    recovery()
}

fn describe(keystore: &Keystore) -> Result<set_authority::Outcome, Error> {
    let folder = |path: &str| path.parse().unwrap();
    let settings = FileSettings { requests: folder("/srv/requests"), replies: folder("/srv/replies") };
    let settings = Some(AuthoritySettings::File(settings));
    set_authority::set_authority(keystore, &"internal".parse().unwrap(), settings)
}

fn submission(now: Timestamp) -> Submission {
    Submission { authority: "internal".parse().unwrap(), submitted: now, ticket: None, received: None, refused: None }
}
