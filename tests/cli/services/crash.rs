//! Commits that are killed while services are told.

use super::{FILES, renew, say, told};
use crate::common::daemon::{Daemon, fingerprint};
use crate::common::{KEY, World};

/// Runs a commit that is killed, and has what it left brought back: the files by the next writer, the services by a
/// publication.
fn is_recovered(world: &World, daemon: &Daemon, old: &str, case: &str) {
    let killed = world.command(&["commit"]).output().unwrap();
    assert_eq!(killed.status.code(), None, "{case}");
    // a daemon that was told has read whatever lies there by now
    let _ = daemon.serves();
    world.done(&["unbind", "mail09/imap@default"]);
    assert_eq!(fingerprint(world, FILES), old, "{case}");
    assert!(world.done(&["status"]).stdout.contains("may still serve what was taken back"), "{case}");
    let told = daemon.times_told();
    world.done(&["publish"]);
    assert_eq!((daemon.serves().as_deref(), daemon.times_told()), (Some(old), told + 1), "{case}");
    assert!(!world.done(&["status"]).stdout.contains("may still serve"), "{case}");
}

#[test]
fn a_crash_in_any_phase_is_recovered_from_and_told() {
    for case in ["test", "reload", "prove", "reload-former"] {
        let (world, authority, daemon) = told(&[]);
        world.done(&["bind", KEY, "mail09/imap@default"]);
        world.done(&["commit"]);
        let old = fingerprint(&world, FILES);
        renew(&world, &authority, KEY);
        let (reload, first) = (&daemon.reload, world.path("first").display().to_string());
        let (flag, command) = match case {
            // whoever told the daemon is gone
            "test" => ("--test-command", format!("{reload}; kill -9 $PPID")),
            "reload" => ("--reload-command", format!("{reload}; kill -9 $PPID")),
            // nothing serves the new certificate, so that the proof goes on until then
            "prove" => ("--reload-command", "(sleep 0.5; kill -9 $PPID) &".to_owned()),
            _ => ("--reload-command", format!("test -e {first} && kill -9 $PPID; touch {first}; {reload}; exit 1")),
        };
        say(&world, &[flag, &command]);
        is_recovered(&world, &daemon, &old, case);
    }
}

#[test]
fn a_crash_while_files_are_taken_elsewhere_is_recovered_from_and_told() {
    for case in ["publish", "undo"] {
        let (world, authority) = World::committed();
        world.make_folder("elsewhere");
        let elsewhere = world.path("elsewhere").display().to_string();
        let daemon = Daemon::reading(&world, "elsewhere", world.path("elsewhere/default"));
        let untar = format!("tar -x -f - -C {elsewhere}; {}", daemon.reload);
        let commands = ["--timeout", "3", "--publish-command", &untar, "--undo-command", &untar];
        daemon.set_service(&world, "mail01/imap", "command", &commands);
        world.done(&["bind", KEY, "mail09/imap@default"]);
        world.done(&["commit"]);
        let old = fingerprint(&world, FILES);
        renew(&world, &authority, KEY);
        let kill = format!("{untar}; kill -9 $PPID");
        match case {
            "publish" => say(&world, &["--publish-command", &kill]),
            _ => say(&world, &["--undo-command", &kill, "--test-command", "false"]),
        }
        is_recovered(&world, &daemon, &old, case);
    }
}
