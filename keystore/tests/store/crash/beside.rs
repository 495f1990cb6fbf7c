//! A writer that gets its turn in the middle of a commit, and then the power is cut.

use std::sync::{Arc, Mutex};

use keystore::change::{Change, Target};
use keystore::model::Generation;
use keystore::ops::Error;
use keystore::store::StoreError;

use super::{ENDPOINTS, HOST, MAIN};
use crate::common::memory_disk::Failure;
use crate::common::{
    Machine, Run, View, assert_healthy, bind, commit, create, endpoint, installed_key, is_sync, key, on,
};

const OTHER: &str = "mail01/imap/other";
const NEW: &str = "mail07/imap/new";
const ELSEWHERE: &str = "mail07/imap@default";

/// What a writer does beside the commit, and how it is seen that it is still there.
struct Beside {
    run: fn() -> Run,
    is_there: fn(&View) -> bool,
}

const WRITERS: [Beside; 2] = [
    Beside {
        run: || on(|keystore| bind(keystore, OTHER, &[ELSEWHERE]).map(drop)),
        is_there: |view| view.picture.stage.iter().any(is_elsewhere) || is_bound(view),
    },
    Beside {
        run: || on(|keystore| create(keystore, NEW).map(drop)),
        is_there: |view| view.picture.facts.get(key(NEW).server()).is_some_and(|it| it.key(&key(NEW)).is_some()),
    },
];

fn is_elsewhere(change: &Change) -> bool {
    change.target() == Target::Binding(endpoint(ELSEWHERE))
}

/// Whether the commit took what was staged before it looked.
fn is_bound(view: &View) -> bool {
    let endpoint = endpoint(ELSEWHERE);
    let service = view.picture.state.get(endpoint.server()).and_then(|it| it.services.get(&endpoint.service.protocol));
    service.is_some_and(|service| service.bindings.contains_key(&endpoint.address))
}

#[test]
fn what_is_done_beside_a_commit_and_what_it_commits_are_both_kept() {
    for syncs_everything in [true, false] {
        let template = Machine::new().that_syncs_everything(syncs_everything);
        let keystore = template.open();
        installed_key(&keystore, MAIN, HOST);
        installed_key(&keystore, OTHER, HOST);
        bind(&keystore, MAIN, &ENDPOINTS).unwrap();
        let commit = on(|keystore| commit(keystore).map(drop));
        let operations = template.copy().run(&commit, Failure::Never).1;
        for beside in &WRITERS {
            let turns = (0..operations.len()).filter(|turn| try_turn(&template, &commit, beside, *turn, &operations));
            assert!(turns.count() > operations.len() / 2, "a commit holds the lock for writers but shortly");
        }
    }
}

/// Gives the writer its turn before one operation of the commit, and lets the commit die right then, before its next sync,
/// or never. Says whether the writer did not have to wait.
fn try_turn(template: &Machine, commit: &Run, beside: &Beside, turn: usize, operations: &[String]) -> bool {
    let staged = template.view().unwrap().picture.stage.clone();
    let next_sync = (turn..operations.len()).find(|at| is_sync(&operations[*at]));
    let crashes = [Some(turn), next_sync].into_iter().flatten().map(Failure::Crash);
    for failure in crashes.chain([Failure::Never]) {
        let machine = template.copy();
        let (writer, run, answer) = (machine.clone(), (beside.run)(), Arc::new(Mutex::new(None)));
        let told = Arc::clone(&answer);
        let act = move || *told.lock().unwrap() = Some(writer.run(&run, Failure::Never).0);
        let _ = machine.run_on(commit, machine.disk(failure).interrupted_at(turn, act));
        match answer.lock().unwrap().take() {
            Some(Ok(())) => {}
            Some(Err(Error::Store(StoreError::Locked { .. }))) => return false,
            other => panic!("{turn}: {other:?}"),
        }
        let at = format!("turn {turn}, {failure:?}");
        check(&machine, beside, &staged, &at);
        machine.losses(true).for_each(|(loss, machine)| check(&machine, beside, &staged, &format!("{at}, {loss:?}")));
    }
    true
}

fn check(machine: &Machine, beside: &Beside, staged: &[Change], at: &str) {
    let view = machine.view().unwrap();
    assert!((beside.is_there)(&view), "{at}: what was done beside it is lost: {view:#?}");
    let left: Vec<_> = view.picture.stage.iter().filter(|change| !is_elsewhere(change)).cloned().collect();
    match view.picture.generation {
        Generation::EMPTY => assert_eq!(left, staged, "{at}"),
        generation => assert_eq!((generation, &left[..]), (Generation(1), &[][..]), "{at}"),
    }
    assert_healthy(machine);
}
