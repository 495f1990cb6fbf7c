//! `log`.

use crate::common::output::snapshot;
use crate::common::{ENDPOINT, KEY, World};

#[test]
fn shows_the_commits_newest_first() {
    let (world, _) = World::committed();
    world.done(&["unbind", ENDPOINT]);
    world.done(&["commit"]);
    snapshot!(world.done(&["log"]), @"
    exit code 0
    -- stdout
    generation 2
      made          [TIME] by [ACTOR] (`keyring commit`)
      hash          [SHA256]
        unbind   mail01/imap@default
        serves   mail01/imap@default: nothing, before: mail01/imap/main version 1

    generation 1
      made          [TIME] by [ACTOR] (`keyring commit`)
      hash          [SHA256]
      why           first certificate
        install  mail01/imap/main  version 1, certificate until [DATE]
        bind     mail01/imap@default -> mail01/imap/main
        serves   mail01/imap@default: mail01/imap/main version 1
    -- stderr
    ");
    snapshot!(world.done(&["log", "--limit", "1"]), @"
    exit code 0
    -- stdout
    generation 2
      made          [TIME] by [ACTOR] (`keyring commit`)
      hash          [SHA256]
        unbind   mail01/imap@default
        serves   mail01/imap@default: nothing, before: mail01/imap/main version 1
    -- stderr
    ");
    snapshot!(World::new().done(&["log"]), @"
    exit code 0
    -- stdout
    -- stderr
    Nothing has been committed yet.
    ");
}

#[test]
fn reports_them_in_json() {
    let (world, _) = World::committed();
    let log = world.done(&["log", "--json"]);
    log.json();
    snapshot!(log, @r#"
    exit code 0
    -- stdout
    {
      "command": "log",
      "ok": true,
      "result": {
        "commits": [
          {
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
            "command": "commit",
            "endpoints": [
              {
                "endpoint": "mail01/imap@default",
                "from": null,
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
            "host": "[...]",
            "message": "first certificate",
            "parent": null,
            "sudo_user": null,
            "time": "[TIME]",
            "user": "[...]"
          }
        ],
        "cut_off_through": null
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn refuses_a_limit_that_is_no_number_and_a_record_that_is_damaged() {
    let (world, _) = World::committed();
    snapshot!(world.keyring(&["log", "--limit", "many"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: invalid value 'many' for '--limit <COUNT>': invalid digit found in string

    For more information, try '--help'.
    ");
    world.write("keystore/commits/0000000001.json", "not JSON");
    snapshot!(world.keyring(&["log", "--json"]).exits(7), @r#"
    exit code 7
    -- stdout
    {
      "command": "log",
      "error": {
        "code": "damaged",
        "hint": "`keyring doctor` names everything that is damaged and what mends it; nothing was changed",
        "kind": "damaged",
        "message": "[FOLDER]/keystore/commits/0000000001.json is damaged: expected ident at line 1 column 2"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn prints_the_newest_one_to_be_kept_elsewhere() {
    let (world, _) = World::committed();
    let newest = world.done(&["log", "--limit", "1", "--json"]).result()["commits"][0].clone();
    let head = world.done(&["log", "--head"]);
    assert_eq!(head.stdout, format!("1:{}\n", newest["hash"].as_str().unwrap()));
    assert_eq!(head.stderr, "");
    let json = world.done(&["log", "--head", "--json"]).result();
    assert_eq!((&json["head"]["generation"], &json["head"]["hash"]), (&1.into(), &newest["hash"]));

    let empty = World::new();
    snapshot!(empty.done(&["log", "--head"]), @"
    exit code 0
    -- stdout
    -- stderr
    Nothing has been committed yet.
    ");
    assert!(empty.done(&["log", "--head", "--json"]).result()["head"].is_null());
    assert_eq!(world.keyring(&["log", "--head", "--limit", "1"]).code, 2);
}

#[test]
fn lists_who_read_private_keys() {
    let (world, _) = World::committed();
    snapshot!(World::new().done(&["log", "--keys-read"]), @"
    exit code 0
    -- stdout
    -- stderr
    Nobody has read a private key.
    ");
    world.done(&["export-key", KEY, "--format", "pem", "--out", "main.key"]);
    world.done(&["create-key", "web01/https/main"]);
    world.done(&["make-csr", "web01/https/main", "--cn", "www.example.com", "--out", "www.csr"]);
    world.done(&["backup", "keys.tar", "--no-passphrase"]);
    snapshot!(world.done(&["log", "--keys-read"]), @"
    exit code 0
    -- stdout
    reading 4: backup
      asked for     [TIME] by [ACTOR] (`keyring backup`)
      keys          all
      to            [FOLDER]/keys.tar

    reading 3: sign
      asked for     [TIME] by [ACTOR] (`keyring make-csr`)
      key           web01/https/main version 1

    reading 2: export
      asked for     [TIME] by [ACTOR] (`keyring export-key`)
      key           mail01/imap/main version 1
      to            [FOLDER]/main.key

    reading 1: sign
      asked for     [TIME] by [ACTOR] (`keyring make-csr`)
      key           mail01/imap/main version 1
    -- stderr
    ");
    snapshot!(world.done(&["log", "--keys-read", "web01/https/main", "--limit", "2"]), @"
    exit code 0
    -- stdout
    reading 4: backup
      asked for     [TIME] by [ACTOR] (`keyring backup`)
      keys          all
      to            [FOLDER]/keys.tar

    reading 3: sign
      asked for     [TIME] by [ACTOR] (`keyring make-csr`)
      key           web01/https/main version 1
    -- stderr
    ");
    snapshot!(world.done(&["log", "--keys-read", "web01/https/main", "--limit", "1", "--json"]), @r#"
    exit code 0
    -- stdout
    {
      "command": "log",
      "ok": true,
      "result": {
        "keys_read": [
          {
            "all_keys": true,
            "command": "backup",
            "host": "[...]",
            "keys": [],
            "number": 4,
            "purpose": "backup",
            "sudo_user": null,
            "time": "[TIME]",
            "to": "[FOLDER]/keys.tar",
            "user": "[...]"
          }
        ]
      },
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.keyring(&["log", "--keys-read", "no key"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "no key" is not a key: it is written SERVER/PROTOCOL/NAME
    "#);
    let head = world.keyring(&["log", "--keys-read", "--head"]).exits(2);
    assert!(head.stderr.contains("cannot be used with"), "{head}");
}

#[test]
fn gives_no_private_key_away_that_it_cannot_write_down() {
    let (world, _) = World::committed();
    let _ = world.shell("rm -r keystore/audit").exits(0);
    world.write("keystore/audit", "in the way");
    for command in [
        &["export-key", KEY, "--format", "pem", "--out", "main.key"][..],
        &["backup", "keys.tar", "--no-passphrase"],
        &["make-csr", KEY, "--reuse-key", "--cn", "mail01.example.com", "--out", "again.csr"],
    ] {
        let refused = world.keyring(command).exits(7);
        assert!(refused.stderr.contains("keystore/audit"), "{refused}");
    }
    for file in ["main.key", "keys.tar", "again.csr"] {
        assert!(!world.path(file).exists(), "{file}");
    }
}

#[test]
fn at_most_none_is_no_question() {
    let (world, _) = World::committed();
    let refused = world.keyring(&["log", "-n", "0"]).exits(2);
    assert!(refused.stderr.contains("--limit"), "{refused}");
    world.keyring(&["log", "--keys-read", "-n", "0"]).exits(2);
}
