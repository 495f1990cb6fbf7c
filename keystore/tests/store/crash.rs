//! Every command, failed and killed at each of its operations on the disk, and the power cut at each.
//! `docs/architecture.md` says how this proves that nothing is lost.

mod beside;
mod commands;
mod double;
mod taken_back;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use keystore::ops::Error;
use keystore::ops::doctor::Severity;
use keystore::store::{Keystore, StoreError};
use rustix::io::Errno;

use crate::common::crashes::{Command, Count, every_point, mending};
use crate::common::memory_disk::Failure;
use crate::common::{House, Machine, Run, assert_healthy, bind, commit, create, installed_key, key, on};
use commands::commands;

const MAIN: &str = "mail01/imap/main";
const HOST: &str = "mail01.example.com";
const ENDPOINTS: [&str; 2] = ["mail01/imap@default", "mail02/imap@192.0.2.7:993"];

#[test]
fn nothing_is_lost_wherever_a_command_ends() {
    let jobs: Vec<_> = commands().flat_map(|command| [(command, true), (command, false)]).collect();
    let (next, results) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        while let Some((command, syncs_everything)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = every_point(command, *syncs_everything);
            results.lock().unwrap().insert((command.name, !syncs_everything), result);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));

    let results = results.into_inner().unwrap();
    println!("{:<32} | {:^19} | {:^19}", "", "with syncfs", "without");
    println!("{:<32} | operations | fsyncs | operations | fsyncs", "command");
    for Command { name, .. } in commands() {
        let [with, without] = [false, true].map(|without| match &results[&(*name, without)] {
            Ok(Count { operations, syncs }) => format!("{operations:>10} | {syncs:>6}"),
            Err(_) => format!("{:^19}", "FAILED"),
        });
        println!("{name:<32} | {with} | {without}");
    }
    let failures: Vec<_> = results.into_values().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn operations(machine: &Machine, run: &Run, failure: Failure) -> Vec<String> {
    machine.run(run, failure).1
}

fn position(operations: &[String], wanted: &str) -> usize {
    operations.iter().position(|told| told == wanted).unwrap_or_else(|| panic!("no {wanted:?} in {operations:#?}"))
}

#[test]
fn recovery_makes_the_record_durable_before_it_forgets_what_was_staged() {
    let machine = Machine::new();
    let keystore = machine.open();
    installed_key(&keystore, MAIN, HOST);
    bind(&keystore, MAIN, &ENDPOINTS).unwrap();
    let run = on(|keystore| commit(keystore).map(drop));
    let undisturbed = operations(&machine.copy(), &run, Failure::Never);
    let linked = position(&undisturbed, "link commits/0000000001.json");
    assert_eq!(undisturbed[linked + 1], "sync commits");

    operations(&machine, &run, Failure::Crash(linked + 1));
    let recovery = operations(&machine, &run, Failure::Never);
    assert!(position(&recovery, "sync commits") < position(&recovery, "remove stage.json"));
}

/// Whoever is killed leaves what has to be finished or taken back, and nothing that looks lost or changed.
#[test]
fn what_a_killed_process_leaves_is_not_called_damage() {
    for command in commands().filter(|command| !command.name.starts_with("doctor")) {
        let template = Machine::without_keystore();
        let run = (command.prepare)(&template);
        let count = operations(&template.copy(), &run, Failure::Never).len();
        for at in 0..count {
            let machine = template.copy();
            operations(&machine, &run, Failure::Crash(at));
            if machine.has("keystore.toml") {
                let damage = machine.diagnosis().findings.into_iter().find(|it| it.severity() == Severity::Damage);
                assert_eq!(damage, None, "{} was killed before its operation {at}", command.name);
            }
        }
    }
}

#[test]
fn a_key_that_the_disk_refuses_leaves_nothing_to_mend() {
    for create in commands().filter(|command| command.name.starts_with("create-key")) {
        let name = create.name;
        let template = Machine::without_keystore();
        let run = (create.prepare)(&template);
        for at in 0..operations(&template.copy(), &run, Failure::Never).len() {
            let machine = template.copy();
            let refused = machine.run(&run, Failure::Fault(at, Errno::NOSPC)).0.is_err();
            let findings = machine.diagnosis().findings;
            let trouble = findings.iter().find(|it| it.severity() != Severity::Note);
            assert!(!refused || trouble.is_none(), "{name}, operation {at}: {trouble:?}");
        }
    }
}

#[test]
fn keys_of_a_killed_batch_are_taken_in_with_their_requests() {
    let create = commands().find(|command| command.name == "create-key --from").unwrap();
    let template = Machine::without_keystore();
    let run = (create.prepare)(&template);
    let mut taken_in = 0;
    for at in 0..operations(&template.copy(), &run, Failure::Never).len() {
        let machine = template.copy();
        operations(&machine, &run, Failure::Crash(at));
        machine.run(&mending(), Failure::Never).0.unwrap();
        let view = machine.view().unwrap();
        let other = key(commands::OTHER);
        if let Some(facts) = view.picture.facts.get(other.server()).and_then(|index| index.key(&other)) {
            assert_eq!(facts.versions[0].requests.len(), 1, "killed before operation {at}");
            taken_in += 1;
        }
    }
    assert!(taken_in > 1);
}

/// A sync of all new keys fails, and the process dies before it takes back what it wrote.
#[test]
fn what_a_repair_takes_in_after_a_failed_sync_is_durable_before_an_index_names_it() {
    let create = commands().find(|command| command.name == "create-key --from").unwrap();
    let machine = Machine::without_keystore();
    let run = (create.prepare)(&machine);
    machine.sync();
    let undisturbed = operations(&machine.copy(), &run, Failure::Never);
    machine.run(&run, Failure::Crash(position(&undisturbed, "sync everything"))).0.unwrap_err();
    machine.fail_to_sync();
    machine.run(&mending(), Failure::Never).0.unwrap();
    assert!((create.is_done)(&machine.view().unwrap()), "the repair took nothing in");
    for (loss, machine) in machine.losses(true) {
        assert_healthy(&machine);
        let diagnosis = machine.diagnosis();
        assert!(diagnosis.is_sound(), "{loss:?}: {:#?}", diagnosis.findings);
    }
}

#[test]
fn a_keystore_can_be_made_again_where_its_making_was_cut_short() {
    let Some(Command { prepare, .. }) = commands().find(|command| command.name == "init") else { panic!("no init") };
    let init = prepare(&Machine::without_keystore());
    let count = operations(&Machine::without_keystore(), &init, Failure::Never).len();
    assert!(count > 5);
    for at in 0..count {
        let machine = Machine::without_keystore();
        let ended = machine.run(&init, Failure::Crash(at)).0;
        // The last operation only says that the lock was let go.
        assert!(ended.is_err() || at == count - 1, "{at}");
        match machine.run(&init, Failure::Never).0 {
            Ok(()) => {}
            Err(Error::Store(StoreError::AlreadyThere { .. })) => assert!(machine.has("keystore.toml")),
            Err(error) => panic!("{at}: {error}"),
        }
        installed_key(&machine.open(), MAIN, HOST);
    }
}

#[test]
fn no_keystore_is_made_over_one_that_lost_its_configuration() {
    let house = House::new();
    create(&house.open(), MAIN).unwrap();
    std::fs::remove_file(house.root().join("keystore.toml")).unwrap();
    let refused = Keystore::init(house.disk(), house.world("init"), "");
    assert!(matches!(refused, Err(StoreError::NotEmpty { .. })));
}

#[test]
fn a_folder_that_a_crash_left_is_made_durable_with_the_private_key_in_it() {
    let machine = Machine::new();
    let run = on(|keystore| create(keystore, MAIN).map(drop));
    let undisturbed = operations(&machine.copy(), &run, Failure::Never);
    // The folders above are there, and none of them is durable.
    let last = undisturbed.iter().rposition(|told| told == "make servers/mail01/imap/main").unwrap();
    operations(&machine, &run, Failure::Crash(last));
    assert!(machine.has("servers/mail01/imap") && !machine.has("servers/mail01/imap/main"));
    let again = operations(&machine, &run, Failure::Never);
    let indexed = position(&again, "rename servers/mail01/facts.json");
    for folder in ["servers", "servers/mail01", "servers/mail01/imap", "servers/mail01/imap/main"] {
        assert!(position(&again, &format!("sync {folder}")) < indexed, "{folder} in {again:#?}");
    }
}
