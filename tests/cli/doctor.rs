//! `doctor`, and `log --head` that it is held against.

#![allow(clippy::disallowed_methods, reason = "damages files behind the keystore's back")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::common::output::snapshot;
use crate::common::{KEY, World};

/// Changes a byte in the middle of a file of the keystore.
fn flip(world: &World, name: &str) {
    let path = world.store().join(name);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
}

#[test]
fn says_that_nothing_is_wrong() {
    let (world, _) = World::committed();
    snapshot!(world.done(&["doctor"]), @"
    exit code 0
    -- stdout
    Checked 1 generation, 1 private key, 1 request, 1 certificate, 1 endpoint: nothing is wrong.
    -- stderr
    ");
    snapshot!(World::new().done(&["doctor"]), @"
    exit code 0
    -- stdout
    Checked 0 generations, 0 private keys, 0 requests, 0 certificates, 0 endpoints: nothing is wrong.
    -- stderr
    ");
    snapshot!(world.done(&["doctor", "--json"]), @r#"
    exit code 0
    -- stdout
    {
      "command": "doctor",
      "ok": true,
      "result": {
        "checked": {
          "certificates": 1,
          "endpoints": 1,
          "entries": 33,
          "generations": 1,
          "keys": 1,
          "private_keys": 1,
          "requests": 1,
          "state_objects": 2
        },
        "findings": [],
        "first_broken_generation": null,
        "repaired": [],
        "sound": true
      },
      "schema": 1
    }
    -- stderr
    "#);
    let before = world.listing("keystore");
    world.done(&["doctor", "--repair"]);
    assert_eq!(world.listing("keystore"), before);
}

#[test]
fn names_what_is_damaged_with_what_mends_it() {
    let (world, _) = World::committed();
    world.done(&["unbind", "mail01/imap@default"]);
    world.done(&["commit"]);
    flip(&world, "commits/0000000001.json");
    flip(&world, "servers/mail01/imap/main/1/private-key.pem");
    fs::set_permissions(world.store().join("servers"), fs::Permissions::from_mode(0o755)).unwrap();
    world.write("keystore/notes.txt", "mine");
    snapshot!(world.keyring(&["doctor"]).exits(7), @"
    exit code 7
    -- stdout
    Damage:
      commits/0000000001.json: its record has the hash [SHA256], it says [SHA256]
        nothing in the keystore can make it again: restore it from a backup
      servers/mail01/imap/main/1/private-key.pem: its SHA-256 is [SHA256], version.json says [SHA256]
        nothing in the keystore can make it again: restore it from a backup

    Trouble:
      servers: its mode is 0755, and must be 0700
        `keyring doctor --repair` can set its mode to 0700

    Notes:
      live/mail01/imap/default: mail01/imap@default is bound to nothing, and its files are still there
        remove them when no service reads them any more
      notes.txt: the keystore did not make this
        move it elsewhere if nobody needs it here

    Checked 1 generation, 1 private key, 1 request, 1 certificate, 0 endpoints: 2 cases of damage and 1 of trouble; the log is broken at generation 1.
    -- stderr
    ");
    world.keyring(&["doctor", "--json"]).exits(7).json();
    snapshot!(world.keyring(&["doctor", "--json"]).exits(7), @r#"
    exit code 7
    -- stdout
    {
      "command": "doctor",
      "error": {
        "code": "findings",
        "kind": "damaged",
        "message": "2 cases of damage and 1 of trouble; the log is broken at generation 1"
      },
      "ok": false,
      "result": {
        "checked": {
          "certificates": 1,
          "endpoints": 0,
          "entries": 36,
          "generations": 1,
          "keys": 1,
          "private_keys": 1,
          "requests": 1,
          "state_objects": 2
        },
        "findings": [
          {
            "advice": "nothing in the keystore can make it again: restore it from a backup",
            "code": "record-damaged",
            "endpoint": null,
            "generation": 1,
            "key": null,
            "message": "its record has the hash [SHA256], it says [SHA256]",
            "paths": [
              "commits/0000000001.json"
            ],
            "remedy": "backup",
            "severity": "damage"
          },
          {
            "advice": "nothing in the keystore can make it again: restore it from a backup",
            "code": "private-key-changed",
            "endpoint": null,
            "generation": null,
            "key": "mail01/imap/main",
            "message": "its SHA-256 is [SHA256], version.json says [SHA256]",
            "paths": [
              "servers/mail01/imap/main/1/private-key.pem"
            ],
            "remedy": "backup",
            "severity": "damage"
          },
          {
            "advice": "`keyring doctor --repair` can set its mode to 0700",
            "code": "mode",
            "endpoint": null,
            "generation": null,
            "key": null,
            "message": "its mode is 0755, and must be 0700",
            "paths": [
              "servers"
            ],
            "remedy": "automatic",
            "severity": "trouble"
          },
          {
            "advice": "remove them when no service reads them any more",
            "code": "left-over",
            "endpoint": "mail01/imap@default",
            "generation": null,
            "key": null,
            "message": "mail01/imap@default is bound to nothing, and its files are still there",
            "paths": [
              "live/mail01/imap/default"
            ],
            "remedy": "by-hand",
            "severity": "note"
          },
          {
            "advice": "move it elsewhere if nobody needs it here",
            "code": "unknown",
            "endpoint": null,
            "generation": null,
            "key": null,
            "message": "the keystore did not make this",
            "paths": [
              "notes.txt"
            ],
            "remedy": "by-hand",
            "severity": "note"
          }
        ],
        "first_broken_generation": 1,
        "repaired": [],
        "sound": false
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn repairs_what_it_can_and_says_what_it_did() {
    let (world, _) = World::committed();
    let tree = world.done(&["show", KEY, "--json"]).stdout;
    fs::remove_file(world.store().join("servers/mail01/facts.json")).unwrap();
    fs::remove_dir_all(world.store().join("state")).unwrap();
    fs::remove_file(world.store().join("keystore.toml")).unwrap();
    assert_eq!(world.keyring(&["list"]).code, 4, "no other command takes it for a keystore");
    snapshot!(world.done(&["doctor", "--repair"]), @"
    exit code 0
    -- stdout
    repaired state: made again, empty
    repaired keystore.toml: made again with the log's identifier and no defaults
    repaired state/[SHA256].json: made again from the log
    repaired state/[SHA256].json: made again from the log
    repaired servers/mail01/facts.json: 1 private key put into the index
    repaired state/head: written anew

    Checked 1 generation, 1 private key, 1 request, 1 certificate, 1 endpoint: nothing is wrong any more.
    -- stderr
    ");
    assert_eq!(world.done(&["show", KEY, "--json"]).stdout, tree);
    fs::write(world.store().join("stage.json"), "gone").unwrap();
    fs::set_permissions(world.store().join("stage.json"), fs::Permissions::from_mode(0o600)).unwrap();
    let repaired = world.done(&["doctor", "--repair", "--json"]).result()["repaired"].clone();
    assert_eq!(repaired.as_array().map(Vec::len), Some(1));
    snapshot!(serde_json_lines(&repaired), @r#"
    [
      {
        "code": "stage-damaged",
        "done": "moved to set-aside/",
        "error": null,
        "ok": true,
        "paths": [
          "stage.json"
        ]
      }
    ]
    "#);
}

fn serde_json_lines(value: &serde_json::Value) -> String {
    format!("{value:#}")
}

#[test]
fn repairs_nothing_that_services_read_and_names_what_does() {
    let (world, _) = World::committed();
    flip(&world, "live/mail01/imap/default/1/fullchain.pem");
    let live = world.listing("keystore/live");
    snapshot!(world.keyring(&["doctor", "--repair"]).exits(7), @"
    exit code 7
    -- stdout
    Trouble:
      live/mail01/imap/default/1/fullchain.pem: fullchain.pem is not made of the files beside it
        `keyring publish mail01/imap` writes its files anew

    Checked 1 generation, 1 private key, 1 request, 1 certificate, 1 endpoint: 1 case of trouble.
    -- stderr
    ");
    assert_eq!(world.listing("keystore/live"), live);
    world.done(&["publish", "mail01/imap"]);
    world.done(&["doctor"]);
}

#[test]
fn verifies_what_was_kept_elsewhere() {
    let (world, _) = World::committed();
    let head = world.done(&["log", "--head"]).stdout;
    world.done(&["doctor", "--expect", &head]);
    world.done(&["unbind", "mail01/imap@default"]);
    world.done(&["commit"]);
    world.done(&["doctor", "--expect", &head]);

    let (other, _) = World::committed();
    snapshot!(other.keyring(&["doctor", "--expect", &head]).exits(7), @"
    exit code 7
    -- stdout
    Damage:
      commits/0000000001.json: its hash is [SHA256], expected was [SHA256]
        nothing in the keystore can make it again: restore it from a backup

    Checked 1 generation, 1 private key, 1 request, 1 certificate, 1 endpoint: 1 case of damage; the log is broken at generation 1.
    -- stderr
    ");
    snapshot!(world.keyring(&["doctor", "--expect", "1:ab"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: what the log is expected to hold is refused: "ab" is not a SHA-256 hash: 64 lower-case hexadecimal digits
    "#);
    snapshot!(world.keyring(&["doctor", "--expect", "latest", "--json"]).exits(3), @r#"
    exit code 3
    -- stdout
    {
      "command": "doctor",
      "error": {
        "code": "bad-mark",
        "kind": "rejected",
        "message": "what the log is expected to hold is refused: \"latest\" is not GENERATION:HASH, as `keyring log --head` prints it"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn refuses_what_is_no_keystore() {
    let world = World::empty();
    assert_eq!(world.keyring(&["doctor"]).exits(4).stdout, "");
    world.write("home/notes.txt", "mine");
    let before = world.listing("home");
    world.keyring(&["doctor", "--repair", "--store", "home"]).exits(4);
    assert_eq!(world.listing("home"), before);
}

#[test]
fn shows_a_person_a_few_of_many_of_a_kind() {
    let (world, _) = World::committed();
    for number in 0..30 {
        world.write(&format!("keystore/stranger-{number}"), "mine");
    }
    let said = world.done(&["doctor"]).stdout;
    assert_eq!(said.matches("stranger-").count(), 10, "{said}");
    assert!(said.contains("and 20 more of the kind unknown"), "{said}");
    let findings = world.done(&["doctor", "--json"]).result()["findings"].clone();
    assert_eq!(findings.as_array().map(Vec::len), Some(30));
}

#[test]
fn every_code_is_documented() {
    let text = include_str!("../../docs/keystore-format.md");
    for code in keystore::ops::doctor::Code::ALL {
        assert!(text.contains(&format!("`{code}`")), "docs/keystore-format.md lacks {code}");
        let row = text.lines().find(|line| line.starts_with("| `") && line.contains(&format!("`{code}`")));
        let severity = row.unwrap().split('|').nth(2).unwrap().trim();
        assert_eq!(severity, code.severity().as_str(), "{code}");
    }
}
