//! Private authorities: what they issue is on their list before anybody has it, numbers are never given twice.

use keystore::ops::Error;

use super::{never, with_keystore};
use crate::common::crashes::Command;
use crate::common::laboratory::{create_lab, export_list, issue, lab, revoke_first};
use crate::common::on;

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "create-ca",
        prepare: |machine| {
            with_keystore(machine);
            on(|keystore| create_lab(keystore).map(drop))
        },
        says_done: |error| matches!(error, Error::AuthorityExists { .. }),
        is_done: |view| view.picture.authorities.contains_key(&lab()),
    },
    Command {
        name: "sign-csr",
        prepare: |machine| {
            let keystore = with_keystore(machine);
            create_lab(&keystore).unwrap();
            issue(&keystore).unwrap();
            on(|keystore| issue(keystore).map(drop))
        },
        says_done: never,
        is_done: |view| {
            let (issued, _) = &view.picture.lists[&lab()];
            // each under a number of its own
            issued.len() >= 2 && issued.iter().zip(1..).all(|(batch, number)| batch.number == number)
        },
    },
    Command {
        name: "revoke",
        prepare: |machine| {
            let keystore = with_keystore(machine);
            create_lab(&keystore).unwrap();
            issue(&keystore).unwrap();
            on(|keystore| revoke_first(keystore).map(drop))
        },
        says_done: never,
        is_done: |view| view.picture.lists[&lab()].1.revoked.len() == 1,
    },
    Command {
        name: "export-crl",
        prepare: |machine| {
            let keystore = with_keystore(machine);
            create_lab(&keystore).unwrap();
            on(|keystore| export_list(keystore).map(drop))
        },
        says_done: never,
        is_done: |view| view.picture.lists[&lab()].1.list >= 1,
    },
];
