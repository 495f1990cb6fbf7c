//! Keystores with a past, their backups and what is pruned of them.

use std::num::NonZeroU64;

use keystore::envelope::{Envelope, Sealed};
use keystore::ops::backup::{Backup, Written};
use keystore::ops::restore::Restored;
use keystore::ops::{self, Error};
use keystore::progress::Unwatched;
use keystore::store::{Disk, Keystore, PrunePlan, PruneRequest};

use super::{House, asking, bind, commit, create, installed_key, installed_next, key, make_csr};

pub(crate) const MAIN: &str = "mail01/imap/main";
pub(crate) const PENDING: &str = "mail01/smtp/pending";
pub(crate) const ENDPOINTS: [&str; 2] = ["mail01/imap@default", "mail02/imap@192.0.2.7:993"];

/// Three generations, a private key each, both endpoints bound; one key that waits for its certificate; one binding
/// that is staged.
pub(crate) fn with_a_past() -> House {
    let house = House::new();
    let keystore = house.open_unsynced();
    installed_key(&keystore, MAIN, "mail01.example.com");
    bind(&keystore, MAIN, &ENDPOINTS).unwrap();
    commit(&keystore).unwrap();
    for _ in 0..2 {
        installed_next(&keystore, MAIN, "mail01.example.com");
        commit(&keystore).unwrap();
    }
    create(&keystore, PENDING).unwrap();
    make_csr(&keystore, &asking(PENDING, "smtp.example.com")).unwrap();
    bind(&keystore, MAIN, &["mail03/pop3@default"]).unwrap();
    house
}

pub(crate) fn backup(keystore: &Keystore, history: bool) -> Result<(Vec<u8>, Written), Error> {
    let asked = Backup { history, envelope: Envelope::None, to: "keys.tar".to_owned() };
    let mut bytes = Vec::new();
    let written = ops::backup::backup(keystore, &asked, &mut bytes, &Unwatched)?;
    Ok((bytes, written))
}

pub(crate) fn restore_on(house: &House, disk: Box<dyn Disk>, backup: &[u8]) -> Result<Restored, Error> {
    let mut opened = Sealed::read(backup)?.open()?;
    ops::restore::restore(disk, house.world("restore"), &mut opened, &Unwatched)
}

/// A house of its own, restored from a backup.
pub(crate) fn restored(backup: &[u8]) -> House {
    let house = House::without_keystore();
    restore_on(&house, house.disk(), backup).unwrap();
    house
}

/// Keeps so many generations, and everything else.
pub(crate) fn keep(generations: u64) -> PruneRequest {
    let keep = NonZeroU64::new(generations).unwrap();
    PruneRequest { keep, keys: false, pending: [].into(), live: false }
}

/// Keeps so many generations, and no private key that only others need.
pub(crate) fn keep_no_keys(generations: u64) -> PruneRequest {
    PruneRequest { keys: true, ..keep(generations) }
}

pub(crate) fn pending(request: &PruneRequest, path: &str) -> PruneRequest {
    PruneRequest { pending: [key(path)].into(), ..request.clone() }
}

pub(crate) fn plan(keystore: &Keystore, request: &PruneRequest) -> Result<PrunePlan, Error> {
    ops::prune::plan(&keystore.read()?, request, &Unwatched)
}

pub(crate) fn prune(keystore: &Keystore, request: &PruneRequest) -> Result<PrunePlan, Error> {
    ops::prune::prune(keystore, &plan(keystore, request)?, &Unwatched)
}
