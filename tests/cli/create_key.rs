//! `create-key`.

use crate::common::output::snapshot;
use crate::common::{KEY, World};

#[test]
fn makes_a_private_key() {
    let world = World::new();
    snapshot!(world.done(&["create-key", KEY]), @"
    exit code 0
    -- stdout
    -- stderr
    Made mail01/imap/main, version 1 (ecdsa-p256), in [FOLDER]/keystore/servers/mail01/imap/main/1.
    ");
    let made = world.done(&["create-key", "mail01/imap/second", "--algorithm", "ed25519", "--json"]);
    made.json();
    snapshot!(made, @r#"
    exit code 0
    -- stdout
    {
      "command": "create-key",
      "ok": true,
      "result": {
        "algorithm": "ed25519",
        "encrypted": false,
        "folder": "[FOLDER]/keystore/servers/mail01/imap/second/1",
        "key": "mail01/imap/second",
        "spki_sha256": "[SHA256]",
        "version": 1
      },
      "schema": 1
    }
    -- stderr
    "#);
    assert!(world.read("keystore/servers/mail01/imap/main/1/private-key.pem").starts_with("-----BEGIN PRIVATE KEY"));
}

#[test]
fn makes_every_algorithm() {
    let world = World::new();
    for algorithm in ["ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-3072", "rsa-4096", "ed25519"] {
        let key = format!("a/https/{algorithm}");
        let made = world.done(&["create-key", &key, "--algorithm", algorithm, "--json"]).result();
        assert_eq!(made["algorithm"], algorithm);
    }
}

#[test]
fn refuses_a_key_that_is_there() {
    let (world, _) = World::with_request();
    snapshot!(world.keyring(&["create-key", KEY]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main is there already and has no certificate yet (pending)
    hint: `keyring make-csr mail01/imap/main` makes a request with it; or choose another name
    ");
    let refused = world.keyring(&["create-key", KEY, "--json"]).exits(4);
    refused.error();
    snapshot!(refused, @r#"
    exit code 4
    -- stdout
    {
      "command": "create-key",
      "error": {
        "code": "key-exists",
        "hint": "`keyring make-csr mail01/imap/main` makes a request with it; or choose another name",
        "kind": "conflict",
        "message": "mail01/imap/main is there already and has no certificate yet (pending)"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.keyring(&["create-key", KEY, "--next"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main has no committed certificate yet, so there is nothing to prepare a next version of
    hint: `keyring make-csr mail01/imap/main` makes a request with the private key there is; commit its certificate first
    ");

    let (world, _) = World::committed();
    snapshot!(world.keyring(&["create-key", KEY]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main is there already and has a certificate
    hint: `keyring create-key mail01/imap/main --next` makes a new private key beside the one in use
    ");
    world.done(&["create-key", KEY, "--next"]);
    snapshot!(world.keyring(&["create-key", KEY, "--next"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main has a next version already: version 2
    hint: `keyring make-csr mail01/imap/main` makes a request with it; `keyring show mail01/imap/main` shows it
    ");
}

#[test]
fn refuses_names_that_are_not_lower_case_with_the_lower_case_form() {
    let world = World::new();
    snapshot!(world.keyring(&["create-key", "Mail01/imap/main"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "Mail01" is not a server name: names are lower case
    hint: write it "mail01"
    "#);
    snapshot!(world.keyring(&["create-key", "mail01/IMAP/main", "--json"]).exits(3), @r#"
    exit code 3
    -- stdout
    {
      "command": "create-key",
      "error": {
        "code": "bad-name",
        "hint": "write it \"imap\"",
        "kind": "rejected",
        "message": "\"IMAP\" is not a protocol name: names are lower case"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.keyring(&["create-key", "mail01/imap"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "mail01/imap" is not a key: it is written SERVER/PROTOCOL/NAME
    "#);
    snapshot!(world.keyring(&["create-key", "mail01/imap/../../etc"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "mail01/imap/../../etc" is not a key: it is written SERVER/PROTOCOL/NAME
    "#);
    snapshot!(world.keyring(&["create-key", "mail01/imap/.."]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: ".." is not a key name: dots stand singly between parts
    "#);
    snapshot!(world.keyring(&["create-key", KEY, "--algorithm", "ECDSA-P256"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "ECDSA-P256" is not a key algorithm: there are ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096, ed25519
    "#);
    assert!(world.listing("keystore/servers").is_empty());
}

#[test]
fn asks_nothing_where_nobody_is() {
    let world = World::new();
    snapshot!(world.keyring(&["create-key"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the key to make is missing
    hint: give KEY, or run this on a terminal to be asked
    ");
    let refused = world.keyring(&["create-key", "--json"]).exits(2);
    assert_eq!(refused.error()["code"], "missing-argument");
}
