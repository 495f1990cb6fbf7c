//! `show`.

use crate::common::output::snapshot;
use crate::common::{ENDPOINT, KEY, World};

#[test]
fn shows_one_key_whole() {
    let (world, authority) = World::committed();
    world.done(&["create-key", KEY, "--next", "--algorithm", "ecdsa-p384"]);
    snapshot!(world.done(&["show", KEY]), @r#"
    exit code 0
    -- stdout
    mail01/imap/main
      current: version 1, since generation 1
        private key   ecdsa-p256, made [TIME] by [ACTOR]
        public key    SHA-256 [SHA256]
        request 1     [TIME] "CN=mail01.example.com"
        subject       CN=mail01.example.com
        names         dns:mail01.example.com
        issuer        CN=Test Issuing CA
        serial        [SERIAL]
        valid         from [DATE] until [DATE] ([DAYS])
        certificate   SHA-256 [SHA256]
        chain         1 intermediate(s)
      next: version 2, new: no request yet
        private key   ecdsa-p384, made [TIME] by [ACTOR]
        public key    SHA-256 [SHA256]
      kept in       [FOLDER]/keystore/servers/mail01/imap/main/1
      kept in       [FOLDER]/keystore/servers/mail01/imap/main/2
      published     mail01/imap@default in [FOLDER]/keystore/live/mail01/imap/default/current
    -- stderr
    "#);
    let request = world.done(&["make-csr", KEY]).stdout;
    world.write("next.pem", authority.order(&request).chain());
    world.done(&["install-cert", KEY, "next.pem"]);
    world.done(&["bind", KEY, "mail02/smtp@default"]);
    snapshot!(world.done(&["show", KEY]), @r#"
    exit code 0
    -- stdout
    mail01/imap/main
      current: version 1, since generation 1
        private key   ecdsa-p256, made [TIME] by [ACTOR]
        public key    SHA-256 [SHA256]
        request 1     [TIME] "CN=mail01.example.com"
        subject       CN=mail01.example.com
        names         dns:mail01.example.com
        issuer        CN=Test Issuing CA
        serial        [SERIAL]
        valid         from [DATE] until [DATE] ([DAYS])
        certificate   SHA-256 [SHA256]
        chain         1 intermediate(s)
      next: version 2, installed, staged
        private key   ecdsa-p384, made [TIME] by [ACTOR]
        public key    SHA-256 [SHA256]
        request 1     [TIME] "CN=mail01.example.com"
        subject       CN=mail01.example.com
        names         dns:mail01.example.com
        issuer        CN=Test Issuing CA
        serial        [SERIAL]
        valid         from [DATE] until [DATE] ([DAYS])
        certificate   SHA-256 [SHA256]
        chain         1 intermediate(s)
      kept in       [FOLDER]/keystore/servers/mail01/imap/main/1
      kept in       [FOLDER]/keystore/servers/mail01/imap/main/2
      published     mail01/imap@default in [FOLDER]/keystore/live/mail01/imap/default/current
      staged        mail02/smtp@default to be bound
    -- stderr
    "#);
}

#[test]
fn reports_it_in_json() {
    let (world, _) = World::with_request();
    world.done(&["bind", KEY, ENDPOINT]);
    let shown = world.done(&["show", KEY, "--json"]);
    shown.json();
    snapshot!(shown, @r#"
    exit code 0
    -- stdout
    {
      "command": "show",
      "ok": true,
      "result": {
        "folders": [
          "[FOLDER]/keystore/servers/mail01/imap/main/1"
        ],
        "generation": 0,
        "key": {
          "bound": [],
          "current": null,
          "key": "mail01/imap/main",
          "next": {
            "algorithm": "ecdsa-p256",
            "encrypted": false,
            "requested": "[TIME]",
            "requests": 1,
            "spki_sha256": "[SHA256]",
            "state": "pending",
            "version": 1
          },
          "state": "pending"
        },
        "published": [],
        "renewal": null,
        "requests": [
          {
            "made": "[TIME]",
            "names": [
              "dns:mail01.example.com"
            ],
            "request": 1,
            "subject": "CN=mail01.example.com",
            "version": 1
          }
        ],
        "staged_bindings": [
          "mail01/imap@default"
        ]
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn refuses_a_key_that_is_not_there() {
    let world = World::new();
    snapshot!(world.keyring(&["show", KEY]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is no key mail01/imap/main
    hint: `keyring create-key mail01/imap/main` makes it; `keyring list` shows what there is
    ");
    let refused = world.keyring(&["show", KEY, "--json"]).exits(4);
    refused.error();
    snapshot!(refused, @r#"
    exit code 4
    -- stdout
    {
      "command": "show",
      "error": {
        "code": "key-not-found",
        "hint": "`keyring create-key mail01/imap/main` makes it; `keyring list` shows what there is",
        "kind": "conflict",
        "message": "there is no key mail01/imap/main"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.keyring(&["show", "mail01"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "mail01" is not a key: it is written SERVER/PROTOCOL/NAME
    "#);
    snapshot!(world.keyring(&["show"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the key to show is missing
    hint: give KEY, or run this on a terminal to be asked
    ");
}

#[test]
fn says_that_an_earlier_generation_had_no_such_key() {
    let (world, _) = World::committed();
    snapshot!(world.keyring(&["show", &format!("{KEY}@0")]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there was no key mail01/imap/main in generation 0
    hint: `keyring log` shows what each generation changed
    ");
    assert_eq!(world.keyring(&["show", &format!("{KEY}@0"), "--json"]).exits(4).error()["code"], "key-not-found");
}
