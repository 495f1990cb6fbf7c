//! Two at once: a lock that another process holds.
#![allow(clippy::disallowed_methods, reason = "takes the lock as another process would")]

use std::fs::{File, OpenOptions};

use crate::common::output::snapshot;
use crate::common::{KEY, World};

/// Takes a lock as its last holder took it, whose note then says that it was let go.
fn hold(world: &World, name: &str) -> File {
    let path = world.store().join(name);
    let file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
    file.lock().unwrap();
    let note = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, note.replace("\"settled\":true", "\"settled\":false")).unwrap();
    file
}

#[test]
fn a_writer_names_who_holds_the_keystore() {
    let (world, _) = World::with_request();
    let lock = hold(&world, "lock");
    snapshot!(world.keyring(&["create-key", "a/https/main", "--lock-wait", "0"]).exits(5), @"
    exit code 5
    -- stdout
    -- stderr
    error: the keystore is in use by `keyring make-csr` (process [PID], since [TIME])
    hint: try again, or wait longer with --lock-wait SECONDS
    ");
    let refused = world.keyring(&["discard", "--lock-wait", "0", "--json"]).exits(5);
    refused.error();
    snapshot!(refused, @r#"
    exit code 5
    -- stdout
    {
      "command": "discard",
      "error": {
        "code": "locked",
        "hint": "try again, or wait longer with --lock-wait SECONDS",
        "kind": "locked",
        "message": "the keystore is in use by `keyring make-csr` (process [PID], since [TIME])"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
    // readers never wait
    world.done(&["list", "--lock-wait", "0"]);
    world.done(&["show", KEY, "--lock-wait", "0"]);
    drop(lock);
    world.done(&["create-key", "a/https/main", "--lock-wait", "0"]);
}

#[test]
fn a_writer_waits_as_long_as_it_is_told_to() {
    let world = World::new();
    let lock = hold(&world, "lock");
    let writer = std::thread::scope(|scope| {
        // longer than any clock goes
        let writer = scope.spawn(|| world.keyring(&["create-key", KEY, "--lock-wait", "18446744073709551615"]));
        std::thread::sleep(std::time::Duration::from_millis(100));
        assert!(!writer.is_finished());
        drop(lock);
        writer.join().unwrap()
    });
    assert_eq!(writer.exits(0).stdout, "");
}

#[test]
fn two_commits_do_not_run_at_once() {
    let (world, _) = World::committed();
    world.done(&["bind", KEY, "mail02/smtp@default"]);
    let lock = hold(&world, "publish.lock");
    snapshot!(world.keyring(&["commit", "--lock-wait", "0"]).exits(5), @"
    exit code 5
    -- stdout
    -- stderr
    error: the keystore is in use by `keyring commit` (process [PID], since [TIME])
    hint: try again, or wait longer with --lock-wait SECONDS
    ");
    drop(lock);
    world.done(&["commit"]);
}

#[test]
fn a_commit_that_meets_a_writer_does_nothing_and_says_so() {
    let (world, _) = World::committed();
    world.done(&["bind", KEY, "mail02/smtp@default"]);
    let before = world.listing("keystore/live");
    let lock = hold(&world, "lock");
    snapshot!(world.keyring(&["commit", "--lock-wait", "0"]).exits(5), @"
    exit code 5
    -- stdout
    -- stderr
    error: the commit did not begin: the keystore is in use by `keyring bind` (process [PID], since [TIME])
    hint: try again, or wait longer with --lock-wait SECONDS
    ");
    drop(lock);
    assert_eq!(world.listing("keystore/live"), before);
    assert!(!world.path("keystore/intent.json").exists());
    world.done(&["commit"]);
}
