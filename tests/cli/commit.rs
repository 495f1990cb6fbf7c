//! `commit`.
#![allow(clippy::disallowed_methods, reason = "puts something in the way and takes it away")]

use crate::common::output::snapshot;
use crate::common::{Authority, ENDPOINT, KEY, World};

fn staged() -> World {
    let (world, request) = World::with_request();
    world.write("reply.pem", Authority::new().order(&request).chain());
    world.done(&["install-cert", KEY, "reply.pem"]);
    world.done(&["bind", KEY, ENDPOINT]);
    world
}

#[test]
fn a_dry_run_finds_the_damage_that_a_commit_would_find() {
    let world = staged();
    world.write("keystore/servers/mail01/imap/main/1/private-key.pem", "gone");
    for command in [&["commit", "--dry-run"][..], &["commit"]] {
        let refused = world.keyring(command).exits(7);
        assert!(refused.stderr.contains("private-key.pem is damaged"), "{refused}");
    }
    world.done(&["commit", "--dry-run", "--no-publish"]);
}

#[test]
fn makes_what_is_staged_effective() {
    let world = staged();
    let before = world.listing("keystore");
    snapshot!(world.done(&["commit", "--dry-run"]), @"
    exit code 0
    -- stdout
    -- stderr
    A commit would do this:
      install  mail01/imap/main  version 1, certificate until [DATE]
      bind     mail01/imap@default -> mail01/imap/main
      would publish mail01/imap@default in [FOLDER]/keystore/live/mail01/imap/default/current
    ");
    assert_eq!(world.listing("keystore"), before, "a dry run changes nothing");
    snapshot!(world.done(&["commit", "-m", "first certificate"]), @"
    exit code 0
    -- stdout
    -- stderr
    Committed generation 1:
      install  mail01/imap/main  version 1, certificate until [DATE]
      bind     mail01/imap@default -> mail01/imap/main
      published mail01/imap@default in [FOLDER]/keystore/live/mail01/imap/default/current
    ");
    snapshot!(world.done(&["commit"]), @"
    exit code 0
    -- stdout
    -- stderr
    Nothing is staged: nothing to commit.
    ");
}

#[test]
fn reports_it_in_json() {
    let world = staged();
    let committed = world.done(&["commit", "--json"]);
    committed.json();
    snapshot!(committed, @r#"
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
            "version": 1
          },
          {
            "change": "bind",
            "endpoint": "mail01/imap@default",
            "key": "mail01/imap/main"
          }
        ],
        "committed": true,
        "endpoints": [
          {
            "endpoint": "mail01/imap@default",
            "folder": "[FOLDER]/keystore/live/mail01/imap/default/current",
            "from": null,
            "published": true,
            "to": {
              "certificate": 1,
              "key": "mail01/imap/main",
              "not_after": "[TIME]",
              "sha256": "[SHA256]",
              "version": 1
            }
          }
        ],
        "generation": 1,
        "hash": "[SHA256]",
        "services": [],
        "warnings": []
      },
      "schema": 1
    }
    -- stderr
    "#);
    assert_eq!(world.done(&["commit", "--json"]).result()["committed"], false);
}

#[test]
fn publishes_files_that_belong_together() {
    let world = staged();
    world.done(&["commit"]);
    let live = |name: &str| world.read(&format!("keystore/live/mail01/imap/default/current/{name}"));
    let kept = |name: &str| world.read(&format!("keystore/servers/mail01/imap/main/1/{name}"));
    assert_eq!(live("private-key.pem"), kept("private-key.pem"));
    assert_eq!(live("certificate.pem"), kept("certificate-1.pem"));
    assert_eq!(live("chain.pem"), kept("chain-1.pem"));
    assert_eq!(live("fullchain.pem"), live("certificate.pem") + &live("chain.pem"));
    assert_eq!(live("combined.pem"), live("private-key.pem") + &live("fullchain.pem"));
    let modes: Vec<_> =
        world.listing("keystore/live").iter().map(|line| line.lines().next().unwrap().to_owned()).collect();
    insta::assert_snapshot!(modes.join("\n"), @"
    keystore/live/mail01 0711 /
    keystore/live/mail01/imap 0711 /
    keystore/live/mail01/imap/default 0711 /
    keystore/live/mail01/imap/default/1 0711 /
    keystore/live/mail01/imap/default/1/certificate.pem 0644 -----BEGIN CERTIFICATE-----
    keystore/live/mail01/imap/default/1/chain.pem 0644 -----BEGIN CERTIFICATE-----
    keystore/live/mail01/imap/default/1/combined.pem 0600 -----BEGIN PRIVATE KEY-----
    keystore/live/mail01/imap/default/1/fullchain.pem 0644 -----BEGIN CERTIFICATE-----
    keystore/live/mail01/imap/default/1/private-key.pem 0600 -----BEGIN PRIVATE KEY-----
    keystore/live/mail01/imap/default/current 0777 -> 1
    ");
}

#[test]
fn names_every_fault_at_once_and_changes_nothing() {
    let (world, _) = World::with_request();
    world.done(&["create-key", "mail01/imap/second"]);
    world.done(&["bind", KEY, ENDPOINT]);
    world.done(&["bind", "mail01/imap/second", "mail02/smtp@default"]);
    let before = world.listing("keystore");
    snapshot!(world.keyring(&["commit"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: the commit is refused
      - mail01/imap/main has no certificate, and would be bound to mail01/imap@default
      - mail01/imap/second has no certificate, and would be bound to mail02/smtp@default
    hint: mend these, or take them back with `keyring discard`; nothing was changed
    ");
    let refused = world.keyring(&["commit", "--json"]).exits(3);
    refused.error();
    snapshot!(refused, @r#"
    exit code 3
    -- stdout
    {
      "command": "commit",
      "error": {
        "code": "plan-refused",
        "details": [
          {
            "code": "no-certificate",
            "message": "mail01/imap/main has no certificate, and would be bound to mail01/imap@default"
          },
          {
            "code": "no-certificate",
            "message": "mail01/imap/second has no certificate, and would be bound to mail02/smtp@default"
          }
        ],
        "hint": "mend these, or take them back with `keyring discard`; nothing was changed",
        "kind": "rejected",
        "message": "the commit is refused"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
    assert_eq!(world.listing("keystore"), before);
}

#[test]
fn a_publication_that_fails_is_undone_whole_and_can_be_tried_again() {
    let world = staged();
    // a file stands where the endpoint's folder belongs
    world.write("keystore/live/mail01", "in the way");
    let before = world.listing("keystore");
    snapshot!(world.keyring(&["commit"]).exits(6), @"
    exit code 6
    -- stdout
    -- stderr
    error: the commit failed and everything is as it was: cannot read [FOLDER]/keystore/live/mail01/imap/default/current: Not a directory (os error 20)
    hint: mend the cause and commit again: the changes are still staged
    ");
    assert_eq!(world.keyring(&["commit", "--json"]).exits(6).error()["kind"], "publishing");
    assert_eq!(world.listing("keystore"), before);
    std::fs::remove_file(world.path("keystore/live/mail01")).unwrap();
    world.done(&["commit"]);
}
