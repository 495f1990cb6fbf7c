//! A commit that is taken back after it was switched: services read the new files for a while, and then what they read
//! before, whether the undo comes to its end or a recovery does it.

use std::collections::BTreeSet;

use keystore::name::ServicePath;
use keystore::ops::Error;
use keystore::store::CommitError;
use rustix::io::Errno;

use super::commands::outside::{first, prepared, rotating};
use super::commands::{installed_and_bound, with_keystore};
use super::{operations, position};
use crate::common::crashes::recovery;
use crate::common::memory_disk::Failure;
use crate::common::{Machine, Run, assert_healthy, commit, endpoint, on};

fn taking_back() -> Run {
    on(|keystore| {
        if let Some(prepared) = prepared(keystore)? {
            prepared.switch()?.undo()?;
        }
        Ok(())
    })
}

fn taking_back_to_tell() -> Run {
    on(|keystore| {
        let Some(prepared) = prepared(keystore)? else { return Ok(()) };
        let committing = prepared.switch()?.undo_to_tell()?;
        let services = committing.snapshot()?.to_be_told()?;
        Ok::<_, Error>(committing.told(&services)?)
    })
}

fn both() -> BTreeSet<ServicePath> {
    ["mail01/imap@default", "mail02/imap@192.0.2.7:993"].map(|text| endpoint(text).service).into()
}

/// Kills it before each operation, with every loss of power, and has the next writer recover. Calls `check` with what
/// came of it.
fn each_crash(template: &Machine, run: &Run, check: impl Fn(usize, &Machine)) {
    template.sync();
    let before = template.view().unwrap();
    let count = operations(&template.copy(), run, Failure::Never).len();
    for at in 0..=count {
        let machine = template.copy();
        let _ = machine.run(run, Failure::Crash(at));
        let mut left: Vec<_> = machine.losses(true).map(|(_, machine)| machine).collect();
        left.push(machine);
        for machine in left {
            machine.run(&recovery(), Failure::Never).0.unwrap();
            assert_eq!(machine.view().unwrap(), before, "{at}");
            assert!(!machine.has("intent.json"), "{at}");
            assert_healthy(&machine);
            check(at, &machine);
        }
    }
}

#[test]
fn files_of_services_are_as_before_wherever_an_undo_is_cut_short() {
    for prepare in [first, rotating] {
        for syncs_everything in [true, false] {
            let machine = Machine::without_keystore().that_syncs_everything(syncs_everything);
            prepare(&machine);
            each_crash(&machine, &taking_back(), |_, _| ());
        }
    }
}

#[test]
fn services_are_to_be_told_until_they_have_been() {
    let machine = Machine::without_keystore();
    rotating(&machine);
    let run = taking_back_to_tell();
    let undisturbed = operations(&machine.copy(), &run, Failure::Never);
    let from = position(&undisturbed, "write and sync .to-be-told.json.new");
    let to = position(&undisturbed, "remove to-be-told.json");
    let switched = position(&undisturbed, "sync outside/srv/exchange/");
    assert!(switched < from && from < to);
    each_crash(&machine, &run, |at, machine| {
        let told = machine.to_be_told();
        match at {
            _ if (from..=to).contains(&at) => assert_eq!(told, both(), "{at}"),
            _ if at == undisturbed.len() => assert_eq!(told, [].into(), "{at}"),
            _ => {}
        }
    });
}

#[test]
fn files_go_back_although_nobody_can_write_down_whom_to_tell() {
    let machine = Machine::without_keystore();
    rotating(&machine);
    let before = machine.view().unwrap();
    let run = on(|keystore| {
        let Some(prepared) = prepared(keystore)? else { return Ok(()) };
        Ok(prepared.switch()?.undo_to_tell().map(drop)?)
    });
    let undisturbed = operations(&machine.copy(), &run, Failure::Never);
    let noted = position(&undisturbed, "write and sync .to-be-told.json.new");
    // whom nobody could tell is to be noted all the same, and where that fails it is said
    let owing = on(|keystore| {
        let Some(prepared) = prepared(keystore)? else { return Ok(()) };
        Ok(prepared.switch()?.undo_to_tell()?.owe(both())?)
    });
    let full = machine.copy();
    full.run(&owing, Failure::Full(noted)).0.unwrap_err();
    assert_eq!(full.view().unwrap(), before);

    let fails = |failure| {
        let machine = machine.copy();
        machine.run(&run, failure).0.unwrap();
        assert_eq!(machine.view().unwrap(), before, "{failure:?}");
        assert!(!machine.has("intent.json"), "{failure:?}");
        assert_healthy(&machine);
        machine.to_be_told()
    };
    assert_eq!(fails(Failure::Full(noted)), [].into());
    // what the undo took away makes room for the note
    let last = position(&undisturbed, "rename to-be-told.json") + 1;
    assert_eq!(undisturbed[last], "sync ");
    for at in noted..=last {
        assert_eq!(fails(Failure::Fault(at, Errno::NOSPC)), both(), "{at}");
    }
}

#[test]
fn a_commit_that_may_not_be_durable_is_told_as_that() {
    let machine = Machine::without_keystore();
    let run = on(|keystore| commit(keystore).map(drop));
    installed_and_bound(&with_keystore(&machine));
    let told = operations(&machine.copy(), &run, Failure::Never);
    let linked = position(&told, "link commits/0000000001.json");
    assert_eq!(told[linked + 1], "sync commits");
    let failed = machine.run(&run, Failure::Fault(linked + 1, Errno::IO)).0;
    assert!(matches!(failed, Err(Error::Commit(CommitError::NotDurable { .. }))), "{failed:?}");
    machine.run(&recovery(), Failure::Never).0.unwrap();
    assert_healthy(&machine);
}
