//! `mark-compromised`.

use crate::common::output::snapshot;
use crate::common::{KEY, World};

#[test]
fn what_somebody_else_may_know_is_used_for_nothing_new() {
    let (world, _) = World::committed();
    snapshot!(world.done(&["mark-compromised", KEY, "--reason", "backup tape lost"]), @"
    exit code 0
    -- stdout
    -- stderr
    mail01/imap/main version 1 is marked compromised.
    warning: mail01/imap/main runs on it: `keyring make-csr mail01/imap/main --new-key` begins its replacement
    ");
    snapshot!(world.done(&["status"]), @"
    exit code 0
    -- stdout
    Generation 1. Nothing is staged.
    To see to:
      mail01/imap/main: its private key is compromised (backup tape lost): replace it
    -- stderr
    ");
    snapshot!(world.done(&["show", KEY]), @r#"
    exit code 0
    -- stdout
    mail01/imap/main
      current: version 1, since generation 1
        private key   ecdsa-p256, made [TIME] by [ACTOR]
        public key    SHA-256 [SHA256]
        compromised: backup tape lost ([TIME] by [ACTOR]
        request 1     [TIME] "CN=mail01.example.com"
        subject       CN=mail01.example.com
        names         dns:mail01.example.com
        issuer        CN=Test Issuing CA
        serial        [SERIAL]
        valid         from [DATE] until [DATE] ([DAYS])
        certificate   SHA-256 [SHA256]
        chain         1 intermediate(s)
      kept in       [FOLDER]/keystore/servers/mail01/imap/main/1
      published     mail01/imap@default in [FOLDER]/keystore/live/mail01/imap/default/current
    -- stderr
    "#);
    snapshot!(world.keyring(&["make-csr", KEY, "--reuse-key"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: the private key of mail01/imap/main (version 1) is marked compromised: backup tape lost
    hint: `keyring make-csr mail01/imap/main --new-key` makes a new private key and its request
    ");
    world.done(&["bind", KEY, "mail02/imap@default"]);
    snapshot!(world.keyring(&["commit"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: the commit is refused
      - the private key of mail01/imap/main (version 1) is marked compromised: backup tape lost
    hint: mend these, or take them back with `keyring discard`; nothing was changed
    ");

    let again = world.done(&["mark-compromised", KEY, "--reason", "again", "--json"]);
    again.json();
    snapshot!(again, @r#"
    exit code 0
    -- stdout
    {
      "command": "mark-compromised",
      "ok": true,
      "result": {
        "marked": [
          {
            "changed": false,
            "current": true,
            "key": "mail01/imap/main",
            "version": 1
          }
        ],
        "reason": "again"
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn wants_a_key_a_reason_and_a_version_that_is_there() {
    let (world, _) = World::committed();
    snapshot!(world.keyring(&["mark-compromised", KEY]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the reason is missing
    hint: give --reason, or run this on a terminal to be asked
    ");
    snapshot!(world.keyring(&["mark-compromised", "--reason", "lost"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the key to mark is missing
    hint: give KEY, or run this on a terminal to be asked
    ");
    let none = ["mark-compromised", KEY, "--version", "7", "--reason", "lost"];
    snapshot!(world.keyring(&none).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main has no version 7
    hint: `keyring show mail01/imap/main` shows its versions
    ");
}

#[test]
fn wants_a_reason_that_says_something() {
    let world = World::new();
    world.done(&["create-key", KEY]);
    world.keyring(&["mark-compromised", KEY, "--reason", ""]).exits(2);
}

#[test]
fn a_private_key_that_waits_for_its_certificate_is_replaced() {
    let (world, _) = World::with_request();
    world.done(&["mark-compromised", KEY, "--reason", "backup tape lost"]);
    snapshot!(world.done(&["status"]), @"
    exit code 0
    -- stdout
    Generation 0. Nothing is staged.
    To see to:
      mail01/imap/main: its next private key is compromised (backup tape lost): `keyring make-csr mail01/imap/main --new-key` makes another
    -- stderr
    ");
    snapshot!(world.keyring(&["make-csr", KEY]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: the private key of mail01/imap/main (version 1) is marked compromised: backup tape lost
    hint: `keyring make-csr mail01/imap/main --new-key` makes a new private key and its request
    ");
    assert!(world.done(&["make-csr", KEY, "--new-key"]).stdout.contains("CERTIFICATE REQUEST"));
    snapshot!(world.done(&["list"]), @"
    exit code 0
    -- stdout
    mail01
      imap
        main  pending, requested [DATE]
    -- stderr
    ");
    snapshot!(world.done(&["status"]), @"
    exit code 0
    -- stdout
    Generation 0. Nothing is staged.
    To see to:
      mail01/imap/main: requested [DATE], its certificate has not come
    -- stderr
    ");
    world.keyring(&["create-key", KEY, "--next"]).exits(4);
    world.done(&["mark-compromised", KEY, "--reason", "again"]);
    world.done(&["create-key", KEY, "--next"]);
    world.done(&["make-csr", KEY]);
}

#[test]
fn a_next_version_is_passed_over() {
    let (world, authority) = World::committed();
    world.done(&["make-csr", KEY, "--new-key"]);
    world.keyring(&["make-csr", KEY, "--new-key"]).exits(4);
    world.done(&["mark-compromised", KEY, "--version", "2", "--reason", "mailed"]);
    snapshot!(world.done(&["status"]), @"
    exit code 0
    -- stdout
    Generation 1. Nothing is staged.
    To see to:
      mail01/imap/main: its next private key is compromised (mailed): `keyring make-csr mail01/imap/main --new-key` makes another
    -- stderr
    ");
    let request = world.done(&["make-csr", KEY, "--new-key"]).stdout;
    world.write("next.pem", authority.order(&request).chain());
    world.done(&["install-cert", KEY, "next.pem"]);
    world.done(&["commit"]);
    assert!(world.done(&["show", KEY]).stdout.contains("current: version 3"));
}

#[test]
fn a_key_that_has_nothing_but_a_compromised_private_key_is_told_how_to_go_on() {
    let world = World::new();
    world.done(&["create-key", KEY]);
    world.done(&["mark-compromised", KEY, "--reason", "lost"]);
    snapshot!(world.keyring(&["create-key", KEY]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main is there already and has no certificate yet (compromised)
    hint: `keyring create-key mail01/imap/main --next` makes a new private key in its place
    ");
    world.done(&["create-key", KEY, "--next"]);
    world.done(&["make-csr", KEY, "--cn", "mail01.example.com"]);
}
