//! Private authorities: what they issue is on their list before anybody has it, numbers are never given twice.

use keystore::change::Change;
use keystore::digest::Digest;
use keystore::ops::{Error, submit};
use keystore::pki::read_certificates;

use super::{HOST, MAIN, never, with_keystore};
use crate::common::crashes::Command;
use crate::common::laboratory::{create_lab, export_list, hand_in, issue, lab, revoke_first};
use crate::common::{View, asking, create, key, make_csr, on};

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
        name: "submit, to a private authority",
        prepare: |machine| {
            let keystore = with_keystore(machine);
            create_lab(&keystore).unwrap();
            create(&keystore, MAIN).unwrap();
            make_csr(&keystore, &asking(MAIN, HOST)).unwrap();
            on(|keystore| {
                let waiting = submit::waiting(&keystore.read()?, &key(MAIN))?;
                hand_in(keystore, waiting)
            })
        },
        says_done: |error| matches!(error, Error::NoRequestWaits { .. }),
        // one was issued, however often it was asked, and it is the one that is staged
        is_done: |view| view.picture.stage.len() == 1 && staged(view) == issued(view),
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

/// The certificates that the authority has issued.
fn issued(view: &View) -> Vec<Digest> {
    let certificates = view.picture.lists[&lab()].0.iter().flat_map(|batch| &batch.certificates);
    certificates.map(|one| read_certificates(one.certificate.as_bytes()).unwrap()[0].fingerprint()).collect()
}

/// The certificates that are staged.
fn staged(view: &View) -> Vec<Digest> {
    let of = |change: &Change| match change {
        Change::InstallCertificate { installed, .. } => Some(installed.summary.fingerprint),
        _ => None,
    };
    view.picture.stage.iter().filter_map(of).collect()
}
