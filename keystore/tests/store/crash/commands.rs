//! Every command that changes a keystore. A new one is one more entry.

mod authority;
mod care;
mod desired;
mod history;
mod import;
pub(super) mod outside;
mod workflow;

use keystore::model::{Generation, VersionFacts};
use keystore::ops::Error;
use keystore::store::Keystore;

use crate::common::crashes::Command;
use crate::common::memory_disk::Failure;
use crate::common::{Machine, View, bind, commit, installed_key, key};

const MAIN: &str = "mail01/imap/main";
pub(super) const OTHER: &str = "mail01/imap/other";
const HOST: &str = "mail01.example.com";
const DEFAULT: &str = "mail01/imap@default";
const ENDPOINTS: [&str; 2] = [DEFAULT, "mail02/imap@192.0.2.7:993"];

pub(super) fn commands() -> impl Iterator<Item = &'static Command> {
    let all = [workflow::COMMANDS, history::COMMANDS, import::COMMANDS, care::COMMANDS, outside::COMMANDS];
    all.into_iter().chain([authority::COMMANDS, desired::COMMANDS]).flatten()
}

fn never(_: &Error) -> bool {
    false
}

fn versions(view: &View) -> &[VersionFacts] {
    let main = key(MAIN);
    view.picture.facts.get(main.server()).and_then(|server| server.key(&main)).map_or(&[], |key| &key.versions)
}

fn is_committed(view: &View, generation: u64) -> bool {
    view.picture.stage.is_empty() && view.picture.generation == Generation(generation)
}

pub(super) fn with_keystore(machine: &Machine) -> Keystore {
    Keystore::init(Box::new(machine.disk(Failure::Never)), machine.world("init"), "").unwrap()
}

pub(super) fn installed_and_bound(keystore: &Keystore) {
    installed_key(keystore, MAIN, HOST);
    bind(keystore, MAIN, &ENDPOINTS).unwrap();
}

fn published(machine: &Machine) -> Keystore {
    let keystore = with_keystore(machine);
    installed_and_bound(&keystore);
    commit(&keystore).unwrap();
    keystore
}
