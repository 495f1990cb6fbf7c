//! A commit that tells services: tested, reloaded, proven, or all of it taken back.

use crate::common::daemon::{Daemon, fingerprint};
use crate::common::output::snapshot;
use crate::common::{Authority, ENDPOINT, KEY, World};

const FILES: &str = "keystore/live/mail01/imap/default/current/fullchain.pem";

/// A committed keystore whose service is told of new files, by a daemon that serves the first ones.
fn told(flags: &[&str]) -> (World, Authority, Daemon) {
    let (world, authority) = World::committed();
    let daemon = Daemon::start(&world, "mail01/imap/default");
    let own = ["set-service", "mail01/imap", "--profile", "files", "--shell", "--probe", &daemon.url];
    let reload = ["--timeout", "3", "--reload-command", &daemon.reload];
    world.done(&[&own[..], &reload, flags].concat());
    world.done(&["commit"]);
    (world, authority, daemon)
}

/// Stages the next version of a key.
fn renew(world: &World, authority: &Authority, key: &str) {
    world.done(&["create-key", key, "--next"]);
    let request = world.done(&["make-csr", key]).stdout;
    world.write("next.pem", authority.order(&request).chain());
    world.done(&["install-cert", key, "next.pem"]);
}

#[test]
fn what_is_said_of_a_service_is_proven_by_the_commit_that_says_it() {
    let (world, authority) = World::committed();
    let daemon = Daemon::start(&world, "mail01/imap/default");
    let said = ["set-service", "mail01/imap", "--profile", "files", "--probe", &daemon.url];
    world.done(&said);
    snapshot!(world.done(&["commit"]), @"
    exit code 0
    -- stdout
    -- stderr
    Committed generation 2:
      service  mail01/imap  profile files, proven at tls://127.0.0.1:[PORT]
      mail01/imap: proven
    ");
    renew(&world, &authority, KEY);
    // it is not told, and serves what it has
    let old = fingerprint(&world, FILES);
    world.done(&["set-service", "mail01/imap", "--timeout", "1"]);
    snapshot!(world.keyring(&["commit"]).exits(6), @"
    exit code 6
    -- stdout
    -- stderr
    error: publishing failed at mail01/imap (prove) and everything is as it was
      - mail01/imap  prove         failed     tls://127.0.0.1:[PORT] serves the certificate [SHORT] and not [SHORT]: it is the one from before, as if it had not been told
      - mail01/imap  prove-former  done
    hint: what is staged stays staged: mend what is named and commit again
    ");
    assert_eq!(daemon.serves(), Some(old.clone()));
    assert_eq!(fingerprint(&world, FILES), old);
    world.done(&["set-service", "mail01/imap", "--shell", "--reload-command", &daemon.reload]);
    world.done(&["commit"]);
    assert_eq!(daemon.serves(), Some(fingerprint(&world, "next.pem")));
    assert_eq!((daemon.times_told(), fingerprint(&world, FILES)), (1, fingerprint(&world, "next.pem")));
}

#[test]
fn a_service_is_tested_reloaded_once_and_proven() {
    let (world, authority, daemon) = told(&["--test-command", "true"]);
    let told = daemon.times_told();
    renew(&world, &authority, KEY);
    snapshot!(world.done(&["commit", "--json"]), @r#"
    exit code 0
    -- stdout
    {
      "command": "commit",
      "ok": true,
      "result": {
        "changes": [
          {
            "certificate": {
              "chain_length": 1,
              "issuer": "CN=Test Issuing CA",
              "names": [
                "dns:mail01.example.com"
              ],
              "not_after": "[TIME]",
              "not_before": "[TIME]",
              "serial": "[...]",
              "sha256": "[SHA256]",
              "spki_sha256": "[SHA256]",
              "subject": "CN=mail01.example.com"
            },
            "change": "install-certificate",
            "key": "mail01/imap/main",
            "version": 2
          }
        ],
        "committed": true,
        "endpoints": [
          {
            "endpoint": "mail01/imap@default",
            "folder": "[FOLDER]/keystore/live/mail01/imap/default/current",
            "from": {
              "certificate": 1,
              "key": "mail01/imap/main",
              "not_after": "[TIME]",
              "sha256": "[SHA256]",
              "version": 1
            },
            "published": true,
            "to": {
              "certificate": 1,
              "key": "mail01/imap/main",
              "not_after": "[TIME]",
              "sha256": "[SHA256]",
              "version": 2
            }
          }
        ],
        "generation": 3,
        "hash": "[SHA256]",
        "services": [
          {
            "outcome": "done",
            "phase": "test",
            "service": "mail01/imap"
          },
          {
            "outcome": "done",
            "phase": "reload",
            "service": "mail01/imap"
          },
          {
            "outcome": "done",
            "phase": "prove",
            "service": "mail01/imap"
          }
        ],
        "warnings": []
      },
      "schema": 1
    }
    -- stderr
    "#);
    assert_eq!(daemon.times_told(), told + 1);
    assert_eq!(daemon.serves(), Some(fingerprint(&world, "next.pem")));
}

#[test]
fn a_test_that_fails_takes_everything_back_before_anybody_is_told() {
    let (world, authority, daemon) = told(&[]);
    let (told, old) = (daemon.times_told(), fingerprint(&world, FILES));
    renew(&world, &authority, KEY);
    world.done(&["set-service", "mail01/imap", "--shell", "--test-command", "echo line 7 is wrong >&2; exit 2"]);
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
    world.done(&["set-service", "mail01/imap", "--shell", "--reload-command", &once]);
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
    let own = ["set-service", "mail01/pop3", "--profile", "files", "--timeout", "2", "--probe", &pop3.url];
    world.done(&[&own[..], &["--shell", "--reload-command", &pop3.reload]].concat());
    world.done(&["commit"]);
    renew(&world, &authority, KEY);
    // the one is told of new files alone, the other of none
    let first = world.path("first").display().to_string();
    let once = format!("test -e {first} || {}; touch {first}", imap.reload);
    world.done(&["set-service", "mail01/imap", "--shell", "--reload-command", &once]);
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

#[test]
fn what_is_proven_and_cannot_be_recorded_is_taken_back_too() {
    let (world, authority, daemon) = told(&[]);
    let (old, store) = (fingerprint(&world, FILES), world.store().display().to_string());
    renew(&world, &authority, KEY);
    // a record has nowhere to stand
    let reload = format!("{}; mv {store}/commits {store}/moved 2>/dev/null || true", daemon.reload);
    world.done(&["set-service", "mail01/imap", "--shell", "--reload-command", &reload]);
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
        let said = ["set-service", service, "--profile", "files", "--shell", "--timeout", "3", "--probe", &daemon.url];
        world.done(&[&said[..], &["--reload-command", &daemon.reload]].concat());
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
fn services_that_share_a_command_are_reloaded_by_it_once() {
    let (world, authority, imap) = told(&[]);
    let pop3 = Daemon::start(&world, "mail01/pop3/default");
    let both =
        format!("{}; {}; env | grep KEYRING_ | sort > {}", imap.reload, pop3.reload, world.path("env").display());
    world.done(&["bind", KEY, "mail01/pop3@default"]);
    for (service, daemon) in [("mail01/imap", &imap), ("mail01/pop3", &pop3)] {
        let said = ["set-service", service, "--profile", "files", "--shell", "--probe", &daemon.url];
        world.done(&[&said[..], &["--reload-command", &both]].concat());
    }
    world.done(&["commit"]);
    let times = (imap.times_told(), pop3.times_told());
    renew(&world, &authority, KEY);
    world.done(&["commit"]);
    assert_eq!((imap.times_told(), pop3.times_told()), (times.0 + 1, times.1 + 1));
    insta::assert_snapshot!(world.read("env").replace(world.path("").to_str().unwrap(), "[FOLDER]/"), @"
    KEYRING_CERTIFICATE_FILE=[FOLDER]/keystore/live/mail01/imap/default/current/certificate.pem
    KEYRING_CHAIN_FILE=[FOLDER]/keystore/live/mail01/imap/default/current/chain.pem
    KEYRING_COMBINED_FILE=[FOLDER]/keystore/live/mail01/imap/default/current/combined.pem
    KEYRING_ENDPOINTS=mail01/imap@default mail01/pop3@default
    KEYRING_FULLCHAIN_FILE=[FOLDER]/keystore/live/mail01/imap/default/current/fullchain.pem
    KEYRING_GENERATION=4
    KEYRING_PHASE=reload
    KEYRING_PRIVATE_KEY_FILE=[FOLDER]/keystore/live/mail01/imap/default/current/private-key.pem
    KEYRING_PROTOCOL=imap
    KEYRING_SERVER=mail01
    KEYRING_SERVICE=mail01/imap
    KEYRING_SERVICES=mail01/imap mail01/pop3
    KEYRING_STORE=[FOLDER]/keystore
    ");
}

#[test]
fn a_command_inside_a_publication_may_look_and_not_change() {
    let keyring = crate::common::PROGRAM;
    let look = format!("{keyring} list && ! {keyring} unbind {ENDPOINT} && {keyring} unbind {ENDPOINT}; test $? = 5");
    let (world, _, _) = told(&["--test-command", &look]);
    assert!(world.done(&["status"]).stdout.contains("Nothing is staged"));
}

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
        world.done(&["set-service", "mail01/imap", "--shell", flag, &command]);
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
        let own = ["set-service", "mail01/imap", "--profile", "command", "--shell", "--probe", &daemon.url];
        let commands = ["--timeout", "3", "--publish-command", &untar, "--undo-command", &untar];
        world.done(&[&own[..], &commands].concat());
        world.done(&["bind", KEY, "mail09/imap@default"]);
        world.done(&["commit"]);
        let old = fingerprint(&world, FILES);
        renew(&world, &authority, KEY);
        let kill = format!("{untar}; kill -9 $PPID");
        match case {
            "publish" => world.done(&["set-service", "mail01/imap", "--shell", "--publish-command", &kill]),
            _ => world.done(&[
                "set-service",
                "mail01/imap",
                "--shell",
                "--undo-command",
                &kill,
                "--test-command",
                "false",
            ]),
        };
        is_recovered(&world, &daemon, &old, case);
    }
}

#[test]
fn ctrl_c_in_the_middle_takes_everything_back() {
    let (world, authority, daemon) = told(&[]);
    let old = fingerprint(&world, FILES);
    renew(&world, &authority, KEY);
    let wait = format!("{}; test -e first && exit 0; touch first; kill -INT $PPID; sleep 60", daemon.reload);
    let wait = wait.replace("first", &world.path("first").display().to_string());
    world.done(&["set-service", "mail01/imap", "--shell", "--timeout", "60", "--reload-command", &wait]);
    let _ = world.keyring(&["commit"]).exits(130);
    assert_eq!((daemon.serves(), fingerprint(&world, FILES)), (Some(old.clone()), old));
    assert!(!world.path("keystore/intent.json").exists());
}

#[test]
fn files_outside_the_keystore_change_with_it() {
    let (world, authority) = World::committed();
    world.make_folder("tls");
    world.write("tls/fullchain.pem", "what somebody had there before\n");
    let folder = world.path("tls");
    let daemon = Daemon::reading(&world, "outside", folder.clone());
    let said = ["set-service", "mail01/imap", "--profile", "nginx", "--install-to", folder.to_str().unwrap()];
    let hooks = ["--shell", "--test-command", "none", "--reload-command", &daemon.reload, "--probe", &daemon.url];
    world.done(&[&said[..], &hooks, &["--timeout", "3"]].concat());
    world.done(&["commit"]);
    let old = fingerprint(&world, "tls/fullchain.pem");
    assert_eq!((daemon.serves(), &old), (Some(old.clone()), &fingerprint(&world, FILES)));
    let modes: Vec<_> =
        world.listing("tls").iter().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(modes, ["tls/fullchain.pem 0644", "tls/private-key.pem 0600"]);
    renew(&world, &authority, KEY);
    world.done(&["set-service", "mail01/imap", "--reload-command", "true"]);
    let _ = world.keyring(&["commit"]).exits(6);
    assert_eq!((daemon.serves(), fingerprint(&world, "tls/fullchain.pem")), (Some(old.clone()), old));
    assert_eq!(world.listing("tls").len(), 2, "nothing is left beside them");
}

#[test]
fn commands_take_the_files_to_another_place_and_bring_the_old_ones_back() {
    let (world, authority) = World::committed();
    world.make_folder("elsewhere");
    let elsewhere = world.path("elsewhere").display().to_string();
    let daemon = Daemon::reading(&world, "elsewhere", world.path("elsewhere/default"));
    let untar = format!("tar -x -f - -C {elsewhere}; {}", daemon.reload);
    let said =
        ["set-service", "mail01/imap", "--profile", "command", "--shell", "--probe", &daemon.url, "--timeout", "3"];
    world.done(&[&said[..], &["--publish-command", &untar, "--undo-command", &untar]].concat());
    world.done(&["commit"]);
    let old = fingerprint(&world, FILES);
    assert_eq!(daemon.serves(), Some(old.clone()));
    renew(&world, &authority, KEY);
    world.done(&["set-service", "mail01/imap", "--test-command", "false"]);
    snapshot!(world.keyring(&["commit"]).exits(6), @"
    exit code 6
    -- stdout
    -- stderr
    error: publishing failed at mail01/imap (test) and everything is as it was
      - mail01/imap  publish       done
      - mail01/imap  test          failed     false ended with exit status 1
      - mail01/imap  undo          done
      - mail01/imap  prove-former  done
    hint: what is staged stays staged: mend what is named and commit again
    ");
    assert_eq!((daemon.serves(), fingerprint(&world, "elsewhere/default/fullchain.pem")), (Some(old.clone()), old));
    world.done(&["set-service", "mail01/imap", "--test-command", "default"]);
    world.done(&["commit"]);
    assert_eq!(daemon.serves(), Some(fingerprint(&world, "next.pem")));
}
