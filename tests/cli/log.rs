//! `log`.

use crate::common::output::snapshot;
use crate::common::{ENDPOINT, World};

#[test]
fn shows_the_commits_newest_first() {
    let (world, _) = World::committed();
    world.done(&["unbind", ENDPOINT]);
    world.done(&["commit"]);
    snapshot!(world.done(&["log"]), @"
    exit code 0
    -- stdout
    generation 2
      made          [TIME] by [ACTOR]
      hash          [SHA256]
        unbind   mail01/imap@default
        serves   mail01/imap@default: nothing, before: mail01/imap/main version 1

    generation 1
      made          [TIME] by [ACTOR]
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
      made          [TIME] by [ACTOR]
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
