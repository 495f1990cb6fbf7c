//! One command, failed and killed at each of its changes to the disk.

use std::cell::RefCell;
use std::collections::HashSet;

use keystore::digest::Digest;
use keystore::ops::Error;
use keystore::store::{Keystore, StoreError};

use super::picture::Served;
use super::{Failure, FaultyDisk, House, Picture, listing, live};

/// A command under test.
pub(crate) struct Command<'a> {
    /// What it does, the same each time.
    pub(crate) run: &'a dyn Fn(&Keystore) -> Result<(), Error>,
    /// Whether an error says that it has been done already.
    pub(crate) says_done: fn(&Error) -> bool,
    /// Whether a keystore looks as after it, however many attempts it took.
    pub(crate) is_done: fn(&Picture) -> bool,
}

/// Runs a command on copies of a keystore, with a failure of each kind at each operation that changes something.
/// Whatever happens, readers see the state before or the state after, services read whole pairs, and so it is
/// after recovery, when live folders and state agree; and the command can be run again.
pub(crate) fn every_point(template: &House, command: &Command<'_>) {
    let before = Picture::of(&template.open());
    for syncs_everything in [true, false] {
        let (after, operations) = undisturbed(template, command, syncs_everything);
        assert_ne!(before, after, "a command that does nothing proves nothing");
        let crashed = RefCell::default();
        let trial = Trial { template, command, before: &before, after: &after, syncs_everything, crashed };
        for at in 0..operations {
            trial.run(Failure::Crash(at));
            trial.run(Failure::Fault(at));
            if syncs_everything {
                trial.run(Failure::DoneFault(at));
            }
        }
    }
}

fn disk(house: &House, failure: Failure, syncs_everything: bool) -> FaultyDisk {
    let disk = FaultyDisk::open(&house.root(), failure);
    if syncs_everything { disk } else { disk.syncing_one_by_one() }
}

/// What the command comes to, and how many operations it takes.
fn undisturbed(template: &House, command: &Command<'_>, syncs_everything: bool) -> (Picture, usize) {
    let house = House::copy_of(template);
    let disk = disk(&house, Failure::Never, syncs_everything);
    let journal = disk.journal();
    (command.run)(&house.open_on(disk)).unwrap();
    (Picture::of(&house.open()), journal.lock().unwrap().len())
}

struct Trial<'a> {
    template: &'a House,
    command: &'a Command<'a>,
    before: &'a Picture,
    after: &'a Picture,
    syncs_everything: bool,
    /// What crashes have left on the disk so far: not every operation makes a difference.
    crashed: RefCell<HashSet<Digest>>,
}

impl Trial<'_> {
    fn run(&self, failure: Failure) {
        let house = House::copy_of(self.template);
        let result = (self.command.run)(&house.open_on(disk(&house, failure, self.syncs_everything)));
        self.check(&house, failure, result.is_ok());
        if matches!(failure, Failure::Crash(_)) {
            self.crash_in_recovery(&house, failure);
        }
        recover(&house.open_unsynced()).unwrap();
        self.check_recovered(&house, failure, result.is_ok());

        let keystore = house.open_unsynced();
        match (self.command.run)(&keystore) {
            Err(error) if !(self.command.says_done)(&error) => panic!("{failure:?}: again: {error} ({error:?})"),
            _ => {}
        }
        let picture = Picture::of(&keystore);
        assert!((self.command.is_done)(&picture), "{failure:?}: not done after another run: {picture:#?}");
        assert_eq!(live(&house.root()), picture.wanted_live(&keystore), "{failure:?}");
    }

    /// What holds at any moment, for readers that never recover anything. Says which certificates are served and
    /// which the state wants served.
    fn check(&self, house: &House, failure: Failure, succeeded: bool) -> (Served, Served) {
        let keystore = house.open();
        let picture = Picture::of(&keystore);
        assert!(picture == *self.after || picture == *self.before && !succeeded, "{failure:?}: between: {picture:#?}");
        let (old, new) = (self.before.wanted_live(&keystore), self.after.wanted_live(&keystore));
        let served = live(&house.root());
        for (folder, fingerprint) in &served {
            let known = [old.get(folder), new.get(folder)];
            assert!(known.contains(&Some(fingerprint)), "{failure:?}: {folder:?} serves something else");
        }
        (served, if picture == *self.after { new } else { old })
    }

    fn check_recovered(&self, house: &House, failure: Failure, succeeded: bool) {
        let (served, wanted) = self.check(house, failure, succeeded);
        assert_eq!(served, wanted, "{failure:?}: live folders and state differ");
        assert!(!house.root().join("intent.json").exists(), "{failure:?}");
    }

    /// Kills the recovery at each of its own operations too, until one is late enough to let it pass.
    fn crash_in_recovery(&self, house: &House, failure: Failure) {
        let left = format!("{:?}", listing(&house.root()));
        let is_known = !self.crashed.borrow_mut().insert(Digest::of(left.as_bytes()));
        if is_known || !self.syncs_everything || !house.root().join("intent.json").exists() {
            return;
        }
        for at in 0.. {
            let again = House::copy_of(house);
            let disk = disk(&again, Failure::Crash(at), self.syncs_everything);
            let journal = disk.journal();
            // Some operations may fail without harm, such as the one that leaves a hint.
            let _ = recover(&again.open_on(disk));
            self.check(&again, failure, false);
            recover(&again.open_unsynced()).unwrap();
            self.check_recovered(&again, failure, false);
            if journal.lock().unwrap().len() <= at {
                break;
            }
        }
    }
}

fn recover(keystore: &Keystore) -> Result<(), StoreError> {
    keystore.begin_commit().map(drop)
}
