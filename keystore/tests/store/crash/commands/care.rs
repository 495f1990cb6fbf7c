//! What is not done every day: many keys at once, old material removed, a backup restored, damage mended.

use keystore::envelope::Sealed;
use keystore::model::Generation;
use keystore::ops::Error;
use keystore::ops::create_key::{Existing, Generated, create_keys, generate, read_list};
use keystore::ops::restore::restore;
use keystore::pki::{KeyAlgorithm, Pbes2};
use keystore::progress::Unwatched;
use keystore::store::{Defaults, PruneRequest, StoreError};

use super::{ENDPOINTS, MAIN, OTHER, never, published, versions, with_keystore};
use crate::common::crashes::{Command, mending};
use crate::common::vault::{PENDING, backup, keep, keep_no_keys, pending, prune, with_a_past};
use crate::common::{View, commit, create, discard, installed_key, key, on, unbind};

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "create-key --from",
        prepare: |machine| {
            create(&with_keystore(machine), "mail01/imap/first").unwrap();
            let list = format!("{MAIN}\n{{\"key\":\"{OTHER}\",\"subject\":\"CN=other\"}}\n");
            let generated = generated(&list);
            on(move |keystore| create_keys(keystore, &generated, Existing::Skip, &Unwatched).map(drop))
        },
        says_done: never,
        is_done: |view| [MAIN, OTHER].iter().all(|path| is_there(view, path)),
    },
    Command {
        name: "prune --keys --live --pending",
        prepare: |machine| {
            machine.take_in(&with_a_past().root());
            let request = pending(&PruneRequest { live: true, ..keep_no_keys(1) }, PENDING);
            on(move |keystore| prune(keystore, &request).map(drop))
        },
        says_done: |error| matches!(error, Error::KeyNotFound { .. } | Error::NothingWaits { .. }),
        is_done: |view| !is_there(view, PENDING) && versions(view).len() == 1,
    },
    Command {
        name: "prune --live",
        prepare: |machine| {
            let keystore = published(machine);
            unbind(&keystore, &ENDPOINTS[1..]).unwrap();
            commit(&keystore).unwrap();
            let request = PruneRequest { live: true, ..keep(10) };
            on(move |keystore| prune(keystore, &request).map(drop))
        },
        says_done: never,
        is_done: |view| view.served.len() == 1,
    },
    Command {
        name: "restore",
        prepare: |_| {
            let (bytes, _) = backup(&with_a_past().open(), true).unwrap();
            Box::new(move |disk, world| {
                restore(disk, world, &mut Sealed::read(&bytes[..])?.open()?, &Unwatched).map(drop)
            })
        },
        says_done: |error| matches!(error, Error::Store(StoreError::AlreadyThere { .. })),
        is_done: |view| view.picture.generation == Generation(3) && is_there(view, PENDING),
    },
    Command {
        name: "doctor --repair, a lost index",
        prepare: |machine| {
            let keystore = with_keystore(machine);
            installed_key(&keystore, MAIN, "mail01.example.com");
            create(&keystore, OTHER).unwrap();
            discard(&keystore, &[]).unwrap();
            machine.remove("servers/mail01/facts.json");
            mending()
        },
        says_done: never,
        is_done: |view| [MAIN, OTHER].iter().all(|path| is_there(view, path)),
    },
];

fn is_there(view: &View, path: &str) -> bool {
    let key = key(path);
    view.picture.facts.get(key.server()).is_some_and(|server| server.key(&key).is_some())
}

fn generated(list: &str) -> Vec<Generated> {
    let asked = read_list(list.as_bytes(), KeyAlgorithm::EcdsaP256, &Defaults::default()).unwrap();
    let pbes2 = || Pbes2::random(1, &mut rand::rng());
    generate(asked, pbes2, 1, &Unwatched).unwrap()
}
