//! One command, failed and killed at each of its operations on the disk, and the power cut at each.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keystore::change::{Change, Target};
use keystore::ops::Error;
use keystore::ops::doctor::{Request, doctor};
use keystore::progress::Unwatched;
use keystore::store::CommitError;
use rustix::io::Errno;

use super::memory_disk::{Failure, is_sync};
use super::{Machine, Picture, Run, View, assert_healthy, bind, create, endpoint, key, on};

/// A command under test.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    /// Brings an empty machine to where the command makes sense, and gives the command: the same each time.
    pub(crate) prepare: fn(&Machine) -> Run,
    /// Whether an error says that it has been done already.
    pub(crate) says_done: fn(&Error) -> bool,
    /// Whether a keystore looks as after it, however many attempts it took.
    pub(crate) is_done: fn(&View) -> bool,
}

/// What a command asks of the disk.
pub(crate) struct Count {
    pub(crate) operations: usize,
    pub(crate) syncs: usize,
}

/// Runs a command on copies of a machine, with a failure of each kind at each operation, and with every loss of
/// power. Whatever happens: readers see the state before or the state after; services read whole pairs, all old or all new
/// once a writer has recovered; nothing that the keystore names is missing; the command can be run again, and what
/// it then reports as done is there for good.
///
/// # Errors
/// How it came to a state in which one of these does not hold, and what that is.
pub(crate) fn every_point(command: &Command, syncs_everything: bool) -> Result<Count, String> {
    let template = Machine::without_keystore().that_syncs_everything(syncs_everything);
    let run = (command.prepare)(&template);
    template.sync();
    let undisturbed = template.copy();
    let (result, operations) = undisturbed.run(&run, Failure::Never);
    result.unwrap();
    assert_ne!(template.live_fingerprint(), undisturbed.live_fingerprint(), "it does nothing");
    let after = undisturbed.view().unwrap();
    assert!((command.is_done)(&after), "not done: {after:#?}");
    let before = template.view();
    let trial = Trial {
        command,
        run,
        template,
        before,
        after,
        seen: RefCell::default(),
        recovered: RefCell::default(),
        trail: RefCell::default(),
    };
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| trial.everything(&undisturbed, operations.len()))) {
        let trail = trial.trail.borrow().join(", ");
        let told: Vec<_> = operations.iter().enumerate().map(|(at, told)| format!("{at} {told}")).collect();
        let said = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        return Err(format!("{}: {trail}: {said}\nits operations: {told:#?}", command.name));
    }
    Ok(Count { operations: operations.len(), syncs: operations.iter().filter(|told| is_sync(told)).count() })
}

/// What may be found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Found {
    Before,
    After,
    Either,
}

/// How much is tried with what was found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Depth {
    /// Recovery, killed at each of its operations too; another run; another command.
    CrashingAgain,
    /// Recovery, where there is something to recover, else another run.
    Crashed,
    /// The same, and fewer losses of power: it has crashed before.
    CrashedAgain,
}

struct Trial<'a> {
    command: &'a Command,
    run: Run,
    template: Machine,
    before: Option<Arc<View>>,
    after: Arc<View>,
    /// What has been tried: many crashes look the same.
    seen: RefCell<HashSet<(u64, Found, Depth)>>,
    /// What recovery came to: many crashes end the same.
    recovered: RefCell<HashSet<(u64, Found)>>,
    /// How it came to where it is.
    trail: RefCell<Vec<String>>,
}

impl Trial<'_> {
    fn everything(&self, undisturbed: &Machine, operations: usize) {
        self.step("done", || self.crash(undisturbed, Found::After, Depth::CrashingAgain));
        for at in 0..operations {
            for failure in [
                Failure::Crash(at),
                Failure::Fault(at, Errno::IO),
                Failure::Fault(at, Errno::NOSPC),
                Failure::DoneFault(at),
            ] {
                self.step(&format!("{failure:?}"), || {
                    let machine = self.template.copy();
                    let found = self.found(&machine.run(&self.run, failure).0);
                    self.crash(&machine, found, Depth::CrashingAgain);
                });
            }
        }
    }

    fn step<T>(&self, what: &str, act: impl FnOnce() -> T) -> T {
        self.trail.borrow_mut().push(what.to_owned());
        let done = act();
        self.trail.borrow_mut().pop();
        done
    }

    /// What a command's answer promises.
    fn found(&self, result: &Result<(), Error>) -> Found {
        match result {
            Ok(()) => Found::After,
            Err(Error::Commit(CommitError::Undone(_) | CommitError::NotBegun(_) | CommitError::Moved)) => Found::Before,
            Err(_) => Found::Either,
        }
    }

    /// The process is gone. The machine goes on, or its power is cut.
    fn crash(&self, machine: &Machine, found: Found, depth: Depth) {
        self.step("killed", || self.left(machine, found, depth));
        if depth == Depth::CrashedAgain {
            return self.cut(machine, false, |machine| self.left(machine, found, depth));
        }
        self.cut(machine, false, |machine| self.left(machine, found, Depth::CrashingAgain));
        self.cut(machine, true, |machine| self.left(machine, found, Depth::Crashed));
    }

    /// Every loss of power.
    fn cut(&self, machine: &Machine, all: bool, check: impl Fn(&Machine)) {
        for (loss, machine) in machine.losses(all) {
            self.step(&format!("{loss:?}"), || check(&machine));
        }
    }

    /// Tries what readers, recovery and the next run of the command make of what a crash left.
    fn left(&self, machine: &Machine, found: Found, depth: Depth) {
        let fingerprint = machine.fingerprint();
        let tried = |depth| (fingerprint, found, depth);
        if self.seen.borrow().contains(&tried(Depth::CrashingAgain)) || !self.seen.borrow_mut().insert(tried(depth)) {
            return;
        }
        self.look(machine, found);
        let must_recover = machine.has("intent.json");
        if depth == Depth::CrashingAgain || !must_recover {
            self.run_again(&machine.copy());
        }
        if must_recover {
            if depth == Depth::CrashingAgain {
                self.crash_again(machine, found);
            }
            let recovered = machine.copy();
            recovered.run(&recovery(), Failure::Never).0.unwrap();
            self.step("recovered", || {
                let settled = self.settled(&recovered, found);
                let owed = &machine.in_hand() | &machine.to_be_told();
                let is_owed = |machine: &Machine| {
                    let told = machine.to_be_told();
                    assert!(settled == Found::After || told == owed, "{told:?} are to be told, not {owed:?}");
                };
                is_owed(&recovered);
                if !self.recovered.borrow_mut().insert((recovered.fingerprint(), settled)) {
                    return;
                }
                self.cut(&recovered, false, |machine| {
                    self.settled(machine, settled);
                    is_owed(machine);
                });
            });
        }
        if depth == Depth::CrashingAgain && machine.has("keystore.toml") {
            self.repair(machine);
            if machine.has_unsynced() {
                self.build_on(machine);
            }
        }
    }

    /// Has the doctor mend what it finds: nothing is lost by that, and nothing is left to find.
    fn repair(&self, machine: &Machine) {
        let before = machine.diagnosis();
        if before.is_sound() {
            return;
        }
        self.step("repaired", || {
            let repaired = machine.copy();
            repaired.run(&mending(), Failure::Never).0.unwrap();
            let after = repaired.diagnosis();
            assert!(after.is_sound(), "{:#?}", after.findings);
            self.mended(machine, &repaired);
            self.run_again(&repaired);
        });
    }

    /// A repair takes in private keys that a crash left, and what was written of them; it changes nothing else.
    fn mended(&self, machine: &Machine, repaired: &Machine) {
        let (Some(left), Some(mended)) = (machine.view(), repaired.view()) else { panic!("the keystore is gone") };
        let apart_from_facts =
            |view: &View| View { picture: Picture { facts: BTreeMap::new(), ..view.picture.clone() }, ..view.clone() };
        let is_either = [self.before.as_deref(), Some(&self.after)].into_iter().flatten();
        let is_either = is_either.map(apart_from_facts).any(|either| either == apart_from_facts(&mended));
        assert!(is_either, "neither before nor after: {mended:#?}");
        let versions = |view: &View| -> BTreeSet<_> {
            let services = view.picture.facts.values().flat_map(|server| &server.protocols);
            let keys = services.flat_map(|(protocol, keys)| keys.iter().map(move |key| (protocol, key)));
            let versions = keys
                .flat_map(|(protocol, (name, key))| key.versions.iter().map(move |version| (protocol, name, version)));
            versions.map(|(protocol, name, version)| (protocol.clone(), name.clone(), version.number)).collect()
        };
        assert!(versions(&left).is_subset(&versions(&mended)), "a repair lost a private key: {mended:#?}");
    }

    /// Kills the recovery at each of its operations too. How it fails is tried where it is a command of its own.
    fn crash_again(&self, machine: &Machine, found: Found) {
        let operations = machine.copy().run(&recovery(), Failure::Never).1.len();
        for at in 0..operations {
            self.step(&format!("recovery: {at}"), || {
                let again = machine.copy();
                // The last operation may fail without harm: it leaves a hint.
                let _ = again.run(&recovery(), Failure::Crash(at));
                self.crash(&again, found, Depth::CrashedAgain);
            });
        }
    }

    /// What holds at any moment, for readers that never recover anything.
    fn look(&self, machine: &Machine, found: Found) -> Arc<View> {
        let Some(view) = machine.view() else {
            assert!(self.before.is_none() && found != Found::After, "the keystore is gone");
            return Arc::clone(&self.after);
        };
        let is_before = self.before.as_ref().is_some_and(|before| before.picture == view.picture);
        let is_after = self.after.picture == view.picture;
        let is_right = match found {
            Found::Before => is_before,
            Found::After => is_after,
            Found::Either => is_before || is_after || self.is_between(&view),
        };
        assert!(is_right, "{found:?} is wanted: {view:#?}");
        let old = |folder| self.before.as_ref().and_then(|before| before.served.get(folder));
        for folder in self.after.served.keys().chain(view.served.keys()) {
            let served = view.served.get(folder);
            let is_known = served == old(folder) || served == self.after.served.get(folder);
            assert!(is_known, "{folder:?} serves something else");
        }
        let was = |path| self.before.as_ref().and_then(|before| before.outside.get(path));
        for path in self.after.outside.keys().chain(view.outside.keys()).filter(|path| !is_beside(path)) {
            let there = view.outside.get(path);
            assert!(there == was(path) || there == self.after.outside.get(path), "{path:?} is {there:?}");
        }
        assert_healthy(machine);
        view
    }

    /// Whether what the command issues is on its authority's list, and nothing has come of it yet; or whether what it
    /// makes a fact is there as well, and nothing of what it stages.
    fn is_between(&self, view: &View) -> bool {
        self.before.as_ref().is_some_and(|before| {
            let after = &self.after.picture;
            let listed = Picture { lists: after.lists.clone(), ..before.picture.clone() };
            view.picture == listed || view.picture == Picture { facts: after.facts.clone(), ..listed }
        })
    }

    /// What holds once a writer has recovered what there was to recover. Says which state it is.
    fn settled(&self, machine: &Machine, found: Found) -> Found {
        let view = self.look(machine, found);
        let is_before = self.before.as_ref() == Some(&view);
        assert!(is_before || view == self.after, "services and state differ: {view:#?}");
        assert!(!machine.has("intent.json"), "an intent is left");
        if is_before && found != Found::After { Found::Before } else { Found::After }
    }

    /// Runs the command again, which must come to its end, and for good when it says so.
    fn run_again(&self, machine: &Machine) {
        self.step("again", || {
            let result = machine.run(&self.run, Failure::Never).0;
            let done = |machine: &Machine| {
                let view = machine.view().unwrap_or_else(|| panic!("the keystore is gone"));
                assert!((self.command.is_done)(&view), "not done: {view:#?}");
                assert_healthy(machine);
            };
            done(machine);
            match result {
                Ok(()) => {
                    assert_eq!(machine.closed_folders(), Vec::<PathBuf>::new(), "services can't pass");
                    let outside = machine.view().map(|view| view.outside.clone());
                    assert_eq!(outside.as_ref(), Some(&self.after.outside));
                    self.cut(machine, false, done);
                }
                Err(error) => assert!((self.command.says_done)(&error), "{error} ({error:?})"),
            }
        });
    }

    /// Runs other commands on what was found: what they stand on must be as durable as what they do.
    fn build_on(&self, machine: &Machine) {
        let knows = |view: &View, path: &str| {
            let key = key(path);
            view.picture.facts.get(key.server()).is_some_and(|server| server.key(&key).is_some())
        };
        let check = |path: &'static str, run: Run, is_done: fn(&View) -> bool| {
            let machine = machine.copy();
            machine.run(&run, Failure::Never).0.unwrap();
            self.cut(&machine, false, |machine| {
                let view = machine.view().unwrap_or_else(|| panic!("the keystore is gone"));
                assert!(knows(&view, path) && is_done(&view), "what another command did is lost: {view:#?}");
                assert_healthy(machine);
            });
        };
        self.step("create-key", || check(NEW, on(|keystore| create(keystore, NEW).map(drop)), |_| true));
        let is_last = |change: &Change| matches!(change, Change::DeleteKey { key: gone, .. } if *gone == key(MAIN));
        let goes = |view: &View| view.picture.stage.iter().any(is_last);
        if machine.view().is_some_and(|view| knows(&view, MAIN) && !goes(&view)) {
            let is_bound = |view: &View| view.picture.stage.iter().any(|change| change.target() == elsewhere());
            self.step("bind", || check(MAIN, on(|keystore| bind(keystore, MAIN, &[ELSEWHERE]).map(drop)), is_bound));
        }
    }
}

/// Whether it is what stands beside a file outside the keystore while that is exchanged.
fn is_beside(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

const MAIN: &str = "mail01/imap/main";
const NEW: &str = "mail07/imap/new";
const ELSEWHERE: &str = "mail07/imap@default";

fn elsewhere() -> Target {
    Target::Binding(endpoint(ELSEWHERE))
}

/// What the next writer does first.
pub(crate) fn recovery() -> Run {
    on(|keystore| Ok(keystore.begin_commit().map(drop)?))
}

/// Has the doctor mend what it can; what it could not is an error.
pub(crate) fn mending() -> Run {
    Box::new(|disk, world| {
        let outcome = doctor(&*disk, &world, &Request { repair: true, expected: None, placing: None }, &Unwatched)?;
        outcome.mended.into_iter().try_for_each(|mended| mended.result).map_err(Error::from)
    })
}
