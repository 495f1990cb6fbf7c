//! `list`.

use crate::common::output::snapshot;
use crate::common::{KEY, World};

fn tree() -> World {
    let (world, _) = World::committed();
    world.done(&["create-key", KEY, "--next"]);
    world.done(&["create-key", "mail01/imap/second"]);
    world.done(&["create-key", "mx1.example.com/smtp/main"]);
    world.done(&["bind", KEY, "mail02/pop3@192.0.2.7:995"]);
    world.done(&["make-csr", "mx1.example.com/smtp/main", "--cn", "mx1.example.com", "--quiet"]);
    world
}

#[test]
fn shows_the_tree_or_a_part_of_it() {
    let world = tree();
    snapshot!(world.done(&["list"]), @"
    exit code 0
    -- stdout
    mail01
      imap
        main    installed, dns:mail01.example.com, until [DATE] ([DAYS])
                next: new, ecdsa-p256, no request yet
                bound to @default, mail02/pop3@192.0.2.7:995 (staged)
        second  new, ecdsa-p256, no request yet
    mail02
      pop3
        @192.0.2.7:995 -> mail01/imap/main (staged)
    mx1.example.com
      smtp
        main  pending, requested [DATE]
    -- stderr
    ");
    snapshot!(world.done(&["list", "mail02"]), @"
    exit code 0
    -- stdout
    mail02
      pop3
        @192.0.2.7:995 -> mail01/imap/main (staged)
    -- stderr
    ");
    snapshot!(world.done(&["list", "mx1.example.com/smtp"]), @"
    exit code 0
    -- stdout
    mx1.example.com
      smtp
        main  pending, requested [DATE]
    -- stderr
    ");
    snapshot!(world.done(&["list", KEY]), @"
    exit code 0
    -- stdout
    mail01
      imap
        main  installed, dns:mail01.example.com, until [DATE] ([DAYS])
              next: new, ecdsa-p256, no request yet
              bound to @default, mail02/pop3@192.0.2.7:995 (staged)
    -- stderr
    ");
    snapshot!(World::new().done(&["list"]), @"
    exit code 0
    -- stdout
    -- stderr
    The keystore is empty: `keyring create-key SERVER/PROTOCOL/NAME` makes the first key.
    ");
}

#[test]
fn reports_it_in_json() {
    let world = tree();
    let listed = world.done(&["list", "mail01", "--json"]);
    listed.json();
    snapshot!(listed, @r#"
    exit code 0
    -- stdout
    {
      "command": "list",
      "ok": true,
      "result": {
        "generation": 1,
        "services": [
          {
            "bindings": [
              {
                "committed": "mail01/imap/main",
                "endpoint": "mail01/imap@default",
                "upcoming": "mail01/imap/main"
              }
            ],
            "keys": [
              {
                "bound": [
                  "mail01/imap@default"
                ],
                "current": {
                  "algorithm": "ecdsa-p256",
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
                  "encrypted": false,
                  "requested": "[TIME]",
                  "requests": 1,
                  "since_generation": 1,
                  "spki_sha256": "[SHA256]",
                  "state": "installed",
                  "version": 1
                },
                "key": "mail01/imap/main",
                "next": {
                  "algorithm": "ecdsa-p256",
                  "encrypted": false,
                  "requests": 0,
                  "spki_sha256": "[SHA256]",
                  "state": "new",
                  "version": 2
                },
                "state": "installed"
              },
              {
                "bound": [],
                "current": null,
                "key": "mail01/imap/second",
                "next": {
                  "algorithm": "ecdsa-p256",
                  "encrypted": false,
                  "requests": 0,
                  "spki_sha256": "[SHA256]",
                  "state": "new",
                  "version": 1
                },
                "state": "new"
              }
            ],
            "service": "mail01/imap"
          }
        ]
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn refuses_what_is_not_there() {
    let world = tree();
    snapshot!(world.keyring(&["list", "mail09"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is nothing under mail09
    hint: `keyring list` shows what there is
    ");
    let refused = world.keyring(&["list", "mail01/imap/none", "--json"]).exits(4);
    refused.error();
    snapshot!(refused, @r#"
    exit code 4
    -- stdout
    {
      "command": "list",
      "error": {
        "code": "key-not-found",
        "hint": "`keyring create-key mail01/imap/none` makes it; `keyring list` shows what there is",
        "kind": "conflict",
        "message": "there is no key mail01/imap/none"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.keyring(&["list", "Mail01"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "Mail01" is not a server name: names are lower case
    hint: write it "mail01"
    "#);
}
