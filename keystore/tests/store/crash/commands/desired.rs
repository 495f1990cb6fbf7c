//! `apply`: everything that a file says goes into what is staged, or into a commit of its own, and none of it alone.

use keystore::change::Stage;
use keystore::ops::Error;
use keystore::ops::apply::{Desired, Mistakes, Source, Staged, Way, plan, read, stage};
use keystore::ops::commit as committing;
use keystore::ops::install_cert::Place;
use keystore::ops::publish::Unlocked;
use keystore::store::Keystore;

use super::{DEFAULT, HOST, MAIN, OTHER, never, with_keystore};
use crate::common::crashes::Command;
use crate::common::laboratory::create_lab;
use crate::common::{Machine, bind, commit, installed_key, on};

const FILE: &str = r#"
[[service]]
service = "mail01/imap"
profile = "files"
mode = "0640"

[[key]]
key = "mail01/imap/main"
authority = "lab"
bind = ["mail01/imap@default", "mail02/imap@192.0.2.7:993"]
"#;

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "apply",
        prepare: |machine| {
            housed(machine);
            on(|keystore| apply(keystore, false).map(drop))
        },
        says_done: never,
        is_done: |view| view.picture.stage.len() == 4 && view.served.len() == 1,
    },
    Command {
        name: "apply --commit",
        prepare: |machine| {
            housed(machine);
            on(|keystore| {
                let Staged { apart, .. } = apply(keystore, true)?;
                if apart.is_empty() { Ok(()) } else { commit_apart(keystore, apart) }
            })
        },
        says_done: never,
        // what an administrator has staged is staged still
        is_done: |view| view.picture.generation.0 == 2 && view.picture.stage.len() == 1 && view.served.len() == 2,
    },
];

/// A key in use at one endpoint, an authority that may renew it, and something that an administrator has staged.
fn housed(machine: &Machine) -> Keystore {
    let keystore = with_keystore(machine);
    create_lab(&keystore).unwrap();
    installed_key(&keystore, MAIN, HOST);
    bind(&keystore, MAIN, &[DEFAULT]).unwrap();
    commit(&keystore).unwrap();
    installed_key(&keystore, OTHER, HOST);
    keystore
}

fn apply(keystore: &Keystore, apart: bool) -> Result<Staged, Error> {
    let way = Way { apart, prune: false };
    let desired = planned(keystore, way)?;
    let place = if apart { Place::Apart(Stage::default()) } else { Place::Stage };
    stage(keystore, &desired, way, place)
}

/// What the file says. No key wants another certificate by it.
fn planned(keystore: &Keystore, way: Way) -> Result<Desired, Error> {
    let sources = [Source { name: "fleet.toml".to_owned(), text: FILE.to_owned() }];
    let mut mistakes = Mistakes::new(&sources);
    let desired = read(&sources, &keystore.config().defaults.subject, &mut mistakes);
    let plan = plan(keystore, &desired, way, &mut mistakes)?;
    mistakes.check().unwrap();
    assert!(plan.tasks.is_empty() && plan.bare.is_empty(), "{plan:?}");
    Ok(desired)
}

fn commit_apart(keystore: &Keystore, changes: Stage) -> Result<(), Error> {
    let committing = keystore.begin_commit()?;
    let snapshot = committing.snapshot()?.with_stage(changes);
    let plan = committing::plan(&snapshot, keystore.world().now())?;
    plan.check(false)?;
    let mut proposal = plan.propose(&snapshot, &Unlocked::new(), None)?;
    proposal.apart = true;
    committing.prepare(&proposal)?.switch()?.record()?;
    Ok(())
}
