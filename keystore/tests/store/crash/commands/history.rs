//! Keys that go from one place to another, go altogether and come back.

use keystore::change::Change;
use keystore::model::Generation;
use keystore::ops::Error;
use keystore::ops::copy_key::copy_key;
use keystore::ops::delete_key::delete_key;
use keystore::ops::mark_compromised::mark_compromised;
use keystore::ops::rename_key::rename_key;
use keystore::ops::rollback::rollback;
use keystore::store::Keystore;

use super::{ENDPOINTS, HOST, MAIN, OTHER, is_committed, never, published};
use crate::common::crashes::Command;
use crate::common::{Machine, View, bind, commit, installed_key, installed_next, key, on};

const NEW: &str = "mail02/smtp/2026";

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "copy-key",
        prepare: |machine| {
            published(machine);
            on(|keystore| copy_key(keystore, &key(MAIN), &key(NEW)).map(drop))
        },
        says_done: |error| matches!(error, Error::KeyHasStaged { .. }),
        is_done: |view| is_staged(view, 1),
    },
    Command {
        name: "rename-key",
        prepare: |machine| {
            published(machine);
            on(|keystore| rename_key(keystore, &key(MAIN), &key(NEW)).map(drop))
        },
        says_done: |error| matches!(error, Error::KeyHasStaged { .. }),
        is_done: |view| is_staged(view, 4),
    },
    Command {
        name: "delete-key --unbind",
        prepare: |machine| {
            published(machine);
            on(|keystore| delete_key(keystore, &key(MAIN), true).map(drop))
        },
        says_done: |error| matches!(error, Error::KeyHasStaged { .. }),
        is_done: |view| is_staged(view, 3),
    },
    Command {
        name: "commit, a renaming",
        prepare: |machine| {
            rename_key(&published(machine), &key(MAIN), &key(NEW)).unwrap();
            on(|keystore| commit(keystore).map(drop))
        },
        says_done: never,
        is_done: |view| is_committed(view, 2),
    },
    Command {
        name: "commit, a deletion",
        prepare: |machine| {
            delete_key(&published(machine), &key(MAIN), true).unwrap();
            on(|keystore| commit(keystore).map(drop))
        },
        says_done: never,
        is_done: |view| is_committed(view, 2),
    },
    Command {
        name: "mark-compromised",
        prepare: |machine| {
            copy_key(&published(machine), &key(MAIN), &key(OTHER)).unwrap();
            on(|keystore| mark_compromised(keystore, &key(MAIN), None, "mailed").map(drop))
        },
        says_done: never,
        is_done: |view| {
            let facts = view.picture.facts.values().flat_map(|server| server.protocols.values());
            let mut versions = facts.flat_map(|keys| keys.values()).flat_map(|key| &key.versions);
            versions.all(|version| version.compromised.is_some())
        },
    },
    Command {
        name: "rollback",
        prepare: |machine| {
            three_generations(machine);
            on(|keystore| rollback(keystore, Generation(1), false).map(drop))
        },
        says_done: |error| matches!(error, Error::StageNotEmpty),
        is_done: |view| view.picture.stage.iter().any(|change| matches!(change, Change::RestoreKey { .. })),
    },
    Command {
        name: "commit, a rollback",
        prepare: |machine| {
            rollback(&three_generations(machine), Generation(1), false).unwrap();
            on(|keystore| commit(keystore).map(drop))
        },
        says_done: never,
        is_done: |view| is_committed(view, 4),
    },
];

fn is_staged(view: &View, changes: usize) -> bool {
    view.picture.stage.len() == changes
}

/// One key at two endpoints; its next version; another key at one of them.
fn three_generations(machine: &Machine) -> Keystore {
    let keystore = published(machine);
    installed_next(&keystore, MAIN, HOST);
    commit(&keystore).unwrap();
    installed_key(&keystore, OTHER, HOST);
    bind(&keystore, OTHER, &ENDPOINTS[1..]).unwrap();
    commit(&keystore).unwrap();
    keystore
}
