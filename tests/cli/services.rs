//! A commit that tells services: tested, reloaded, proven, or all of it taken back.

mod crash;
mod elsewhere;
mod installed;
mod shared;
mod taken_back;

use crate::common::daemon::{Daemon, fingerprint};
use crate::common::output::snapshot;
use crate::common::{Authority, ENDPOINT, KEY, World};

const FILES: &str = "keystore/live/mail01/imap/default/current/fullchain.pem";

/// A committed keystore whose service is told of new files, by a daemon that serves the first ones.
fn told(flags: &[&str]) -> (World, Authority, Daemon) {
    let (world, authority) = World::committed();
    let daemon = Daemon::start(&world, "mail01/imap/default");
    let reload = ["--timeout", "3", "--reload-command", &daemon.reload];
    daemon.set_service(&world, "mail01/imap", "files", &[&reload[..], flags].concat());
    world.done(&["commit"]);
    (world, authority, daemon)
}

/// Stages more of what is said of the service; commands are lines for a shell.
#[track_caller]
fn say(world: &World, flags: &[&str]) {
    world.done(&[&["set-service", "mail01/imap", "--shell"], flags].concat());
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
    say(&world, &["--reload-command", &daemon.reload]);
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
fn services_that_share_a_command_are_reloaded_by_it_once() {
    let (world, authority, imap) = told(&[]);
    let pop3 = Daemon::start(&world, "mail01/pop3/default");
    let both =
        format!("{}; {}; env | grep KEYRING_ | sort > {}", imap.reload, pop3.reload, world.path("env").display());
    world.done(&["bind", KEY, "mail01/pop3@default"]);
    for (service, daemon) in [("mail01/imap", &imap), ("mail01/pop3", &pop3)] {
        daemon.set_service(&world, service, "files", &["--reload-command", &both]);
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
