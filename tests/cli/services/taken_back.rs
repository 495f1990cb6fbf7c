//! Commits that are taken back, and what cannot be.

use super::{FILES, renew, say, told};
use crate::common::daemon::{Daemon, fingerprint};
use crate::common::output::snapshot;
use crate::common::{KEY, World};

#[test]
fn a_test_that_fails_takes_everything_back_before_anybody_is_told() {
    let (world, authority, daemon) = told(&[]);
    let (told, old) = (daemon.times_told(), fingerprint(&world, FILES));
    renew(&world, &authority, KEY);
    say(&world, &["--test-command", "echo line 7 is wrong >&2; exit 2"]);
    snapshot!(world.keyring(&["commit"]).exits(6), @"
    exit code 6
    -- stdout
    -- stderr
    error: publishing failed at mail01/imap (test) and everything is as it was
      - mail01/imap  test          failed     /bin/sh ended with exit status 2: line 7 is wrong
      - mail01/imap  prove-former  done
    hint: what is staged stays staged: mend what is named and commit again
    ");
    assert_eq!((daemon.times_told(), daemon.serves()), (told, Some(old.clone())));
    assert_eq!(fingerprint(&world, FILES), old);
    snapshot!(world.done(&["status"]), @"
    exit code 0
    -- stdout
    Generation 2. 2 changes are staged:
      install  mail01/imap/main  version 2, certificate until [DATE]
      service  mail01/imap  profile files, test `sh -c 'echo line 7 is wrong >&2; exit 2'`, reload `sh -c 'touch [FOLDER]/mail01-imap-default.told; echo x >> [FOLDER]/mail01-imap-default.count'`, proven at tls://127.0.0.1:[PORT], within 3 s
    To see to:
      publishing generation 3 failed at [TIME]:
        mail01/imap  test  /bin/sh ended with exit status 2: line 7 is wrong
    Not the same everywhere:
      mail01/imap@default
        staged        mail01/imap/main, version 2, until [DATE]
        committed     mail01/imap/main, version 1, until [DATE]
        on disk       generation 2, until [DATE]
    -- stderr
    ");
    // nothing of it is recorded, and all of it is staged
    world.done(&["set-service", "mail01/imap", "--test-command", "default"]);
    world.done(&["commit"]);
    assert_eq!(daemon.serves(), Some(fingerprint(&world, "next.pem")));
    assert!(!world.done(&["status"]).stdout.contains("failed"));
}

#[test]
fn a_reload_that_fails_is_taken_back_by_another_reload() {
    let (world, authority, daemon) = told(&[]);
    let old = fingerprint(&world, FILES);
    renew(&world, &authority, KEY);
    // it tells the daemon, and fails where the files are new
    let once = format!("{}; test ! -e first || exit 0; touch first; exit 75", daemon.reload);
    let once = once.replace("first", &world.path("first").display().to_string());
    say(&world, &["--reload-command", &once]);
    snapshot!(world.keyring(&["commit", "--json"]).exits(6), @r#"
    exit code 6
    -- stdout
    {
      "command": "commit",
      "error": {
        "code": "publishing-undone",
        "details": [
          {
            "code": "failed",
            "message": "mail01/imap  reload         failed     /bin/sh ended with exit status 75"
          },
          {
            "code": "done",
            "message": "mail01/imap  reload-former  done"
          },
          {
            "code": "done",
            "message": "mail01/imap  prove-former   done"
          }
        ],
        "hint": "what is staged stays staged: mend what is named and commit again",
        "kind": "publishing",
        "message": "publishing failed at mail01/imap (reload) and everything is as it was"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
    assert_eq!(daemon.serves(), Some(old));
}

#[test]
fn a_reload_that_cannot_run_leaves_everything_as_it_was() {
    let (world, authority, daemon) = told(&[]);
    let old = fingerprint(&world, FILES);
    renew(&world, &authority, KEY);
    world.done(&["set-service", "mail01/imap", "--reload-command", "/no/such/program"]);
    snapshot!(world.keyring(&["commit"]).exits(6), @"
    exit code 6
    -- stdout
    -- stderr
    error: publishing failed at mail01/imap (reload) and everything is as it was
      - mail01/imap  reload         failed     /no/such/program cannot be run: No such file or directory (os error 2)
      - mail01/imap  reload-former  failed     /no/such/program cannot be run: No such file or directory (os error 2)
      - mail01/imap  prove-former   done
    hint: what is staged stays staged: mend what is named and commit again
    ");
    assert_eq!(daemon.serves(), Some(old));
    assert!(world.done(&["status"]).stdout.contains("publishing generation 3 failed"));
}

#[test]
fn what_cannot_be_brought_back_is_named() {
    let (world, authority, imap) = told(&[]);
    let pop3 = Daemon::start(&world, "mail01/pop3/default");
    world.done(&["bind", KEY, "mail01/pop3@default"]);
    pop3.set_service(&world, "mail01/pop3", "files", &["--timeout", "2", "--reload-command", &pop3.reload]);
    world.done(&["commit"]);
    renew(&world, &authority, KEY);
    // the one is told of new files alone, the other of none
    let first = world.path("first").display().to_string();
    let once = format!("test -e {first} || {}; touch {first}", imap.reload);
    say(&world, &["--reload-command", &once]);
    world.done(&["set-service", "mail01/pop3", "--reload-command", "true"]);
    snapshot!(world.keyring(&["commit"]).exits(8), @"
    exit code 8
    -- stdout
    -- stderr
    error: publishing failed at mail01/pop3 (prove) and could not be taken back whole: see to mail01/imap
      - mail01/imap  reload         done
      - mail01/pop3  reload         done
      - mail01/imap  prove          done
      - mail01/pop3  prove          failed     tls://127.0.0.1:[PORT] serves the certificate [SHORT] and not [SHORT]: it is the one from before, as if it had not been told
      - mail01/imap  reload-former  done
      - mail01/pop3  reload-former  done
      - mail01/imap  prove-former   failed     tls://127.0.0.1:[PORT] serves the certificate [SHORT] and not [SHORT]
      - mail01/pop3  prove-former   done
    hint: look at the services that are named, with `keyring probe`; `keyring publish` tells them again
    ");
    assert!(world.done(&["status"]).stdout.contains("mail01/imap: may still serve what was taken back"));
    // what is owed is done by the next publication, once it can be
    let _ = world.shell("rm first").exits(0);
    world.done(&["publish"]);
    assert_eq!(imap.serves(), Some(fingerprint(&world, FILES)));
    assert!(!world.done(&["status"]).stdout.contains("may still serve"));
}

/// A service that cannot be brought back: its reload fails `times` times, and a commit came to twice of them.
fn left_behind(times: usize) -> World {
    let (world, authority) = World::committed();
    let fails = world.path("fails").display().to_string();
    let reload = format!("if test -s {fails}; then sed -i 1d {fails}; exit 1; fi");
    say(&world, &["--profile", "files", "--reload-command", &reload]);
    world.done(&["commit"]);
    renew(&world, &authority, KEY);
    world.write("fails", "again\n".repeat(times));
    let _ = world.keyring(&["commit"]).exits(8);
    assert!(is_owed(&world));
    world
}

fn is_owed(world: &World) -> bool {
    world.done(&["status"]).stdout.contains("may still serve what was taken back: `keyring publish` tells it again")
}

#[test]
fn a_service_that_nobody_can_see_is_told_again_once() {
    let world = left_behind(2);
    snapshot!(world.done(&["publish"]), @"
    exit code 0
    -- stdout
    -- stderr
      mail01/imap: reloaded with its files of before
    warning: mail01/imap: not proven, as nobody listens at imaps://mail01:993: `keyring set-service mail01/imap --probe URL` says where
    ");
    assert!(!is_owed(&world));
}

#[test]
fn a_commit_that_tells_a_service_of_new_files_leaves_nothing_to_tell_again() {
    let world = left_behind(3);
    // it is not told again, and then it is told of its new files
    snapshot!(world.done(&["commit"]), @"
    exit code 0
    -- stdout
    -- stderr
    Committed generation 3:
      install  mail01/imap/main  version 2, certificate until [DATE]
      published mail01/imap@default in [FOLDER]/keystore/live/mail01/imap/default/current
      mail01/imap: reloaded
    warning: mail01/imap: /bin/sh ended with exit status 1
    warning: mail01/imap: not proven, as nobody listens at imaps://mail01:993: `keyring set-service mail01/imap --probe URL` says where
    warning: mail01/imap: not proven, as nobody listens at imaps://mail01:993: `keyring set-service mail01/imap --probe URL` says where
    ");
    assert!(!is_owed(&world));
}

#[test]
fn a_service_is_told_again_until_it_is_whatever_fails_meanwhile() {
    let world = left_behind(3);
    say(&world, &["--publish-command", "false"]);
    let _ = world.keyring(&["commit"]).exits(6);
    assert!(is_owed(&world));
}

#[test]
fn what_is_proven_and_cannot_be_recorded_is_taken_back_too() {
    let (world, authority, daemon) = told(&[]);
    let (old, store) = (fingerprint(&world, FILES), world.store().display().to_string());
    renew(&world, &authority, KEY);
    // a record has nowhere to stand
    let reload = format!("{}; mv {store}/commits {store}/moved 2>/dev/null || true", daemon.reload);
    say(&world, &["--reload-command", &reload]);
    let failed = world.keyring(&["commit"]);
    assert!(failed.stderr.contains("everything is as it was"), "{failed}");
    let _ = world.shell("mv keystore/moved keystore/commits").exits(0);
    assert_eq!((daemon.serves(), fingerprint(&world, FILES)), (Some(old.clone()), old));
    assert!(world.done(&["status"]).stdout.contains("Generation 2. 2 changes are staged"));
}

#[test]
fn of_several_services_one_that_fails_takes_all_of_them_back() {
    let (world, authority, first) = told(&[]);
    let second = Daemon::start(&world, "mail01/pop3/default");
    let third = Daemon::start(&world, "mail02/smtp/default");
    world.done(&["bind", KEY, "mail01/pop3@default", "mail02/smtp@default"]);
    for (service, daemon) in [("mail01/pop3", &second), ("mail02/smtp", &third)] {
        daemon.set_service(&world, service, "files", &["--timeout", "3", "--reload-command", &daemon.reload]);
    }
    world.done(&["commit"]);
    let old = fingerprint(&world, FILES);
    renew(&world, &authority, KEY);
    world.done(&["set-service", "mail02/smtp", "--reload-command", "true"]);
    snapshot!(world.keyring(&["commit"]).exits(6), @"
    exit code 6
    -- stdout
    -- stderr
    error: publishing failed at mail02/smtp (prove) and everything is as it was
      - mail01/imap  reload         done
      - mail01/pop3  reload         done
      - mail02/smtp  reload         done
      - mail01/imap  prove          done
      - mail01/pop3  prove          done
      - mail02/smtp  prove          failed     tls://127.0.0.1:[PORT] serves the certificate [SHORT] and not [SHORT]: it is the one from before, as if it had not been told
      - mail01/imap  reload-former  done
      - mail01/pop3  reload-former  done
      - mail02/smtp  reload-former  done
      - mail01/imap  prove-former   done
      - mail01/pop3  prove-former   done
      - mail02/smtp  prove-former   done
    hint: what is staged stays staged: mend what is named and commit again
    ");
    for daemon in [&first, &second, &third] {
        assert_eq!(daemon.serves(), Some(old.clone()));
    }
    // one by one, those that can be are published
    snapshot!(world.keyring(&["commit", "--each"]).exits(11), @"
    exit code 11
    -- stdout
    -- stderr
    Committed generation 4:
      install  mail01/imap/main  version 2, certificate until [DATE]
      service  mail02/smtp  profile files, reload `true`, proven at tls://127.0.0.1:[PORT], within 3 s
      published mail01/imap@default in [FOLDER]/keystore/live/mail01/imap/default/current
      published mail01/pop3@default in [FOLDER]/keystore/live/mail01/pop3/default/current
      mail02/smtp@default is as it was
      mail01/imap: reloaded, proven
      mail01/pop3: reloaded, proven
    failed: mail02/smtp: publishing failed at mail02/smtp (prove) and everything is as it was
    failed: mail02/smtp  reload         done
    failed: mail02/smtp  prove          failed     tls://127.0.0.1:[PORT] serves the certificate [SHORT] and not [SHORT]: it is the one from before, as if it had not been told
    failed: mail02/smtp  reload-former  done
    failed: mail02/smtp  prove-former   done
    ");
    let new = fingerprint(&world, "next.pem");
    assert_eq!((first.serves(), second.serves()), (Some(new.clone()), Some(new.clone())));
    assert_eq!(third.serves(), Some(old));
    assert!(world.done(&["status"]).stdout.contains("mail02/smtp@default: committed in generation"));
    world.done(&["set-service", "mail02/smtp", "--shell", "--reload-command", &third.reload]);
    world.done(&["commit"]);
    assert_eq!(third.serves(), Some(new));
}

#[test]
fn ctrl_c_in_the_middle_takes_everything_back() {
    let (world, authority, daemon) = told(&[]);
    let old = fingerprint(&world, FILES);
    renew(&world, &authority, KEY);
    let wait = format!("{}; test -e first && exit 0; touch first; kill -INT $PPID; sleep 60", daemon.reload);
    let wait = wait.replace("first", &world.path("first").display().to_string());
    say(&world, &["--timeout", "60", "--reload-command", &wait]);
    let _ = world.keyring(&["commit"]).exits(130);
    assert_eq!((daemon.serves(), fingerprint(&world, FILES)), (Some(old.clone()), old));
    assert!(!world.path("keystore/intent.json").exists());
}
