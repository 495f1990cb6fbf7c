//! `backup`, and what it leaves.
#![allow(clippy::disallowed_methods, reason = "looks at what was written")]

use std::os::unix::fs::PermissionsExt as _;

use crate::common::output::snapshot;
use crate::common::terminal::Terminal;
use crate::common::{KEY, World};

const SECRET: &str = "correct horse battery";
/// Made by `age-keygen` for these tests.
pub(crate) const RECIPIENT: &str = "age1ru4dumhlxknjjv4fvg762sexayt8ur587tz7f5yvpdykqt26aftsy4gnqn";

#[test]
fn writes_one_file_for_its_owner_alone() {
    let (world, _) = World::committed();
    world.write("secret.txt", SECRET);
    let listing = || {
        let mut all = world.listing("keystore");
        all.retain(|entry| !entry.starts_with("keystore/audit/0000000002.json "));
        all
    };
    let before = listing();
    snapshot!(world.done(&["backup", "keys.age", "--passphrase-file", "secret.txt"]), @"
    exit code 0
    -- stdout
    -- stderr
    Backed up generation 1 in keys.age: 12 files, encrypted to a passphrase
    ");
    assert_eq!(listing(), before, "nothing is changed by it, but that it is written down");
    let made = std::fs::metadata(world.path("keys.age")).unwrap();
    assert_eq!(made.permissions().mode() & 0o777, 0o600);
    let bytes = std::fs::read(world.path("keys.age")).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1\n-> scrypt "), "what age itself would write");
    assert!(bytes[..80].windows(4).any(|part| part == b" 18\n"), "with the work factor of age itself");

    snapshot!(world.keyring(&["backup", "keys.age", "--no-passphrase"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: keys.age exists already
    hint: name another file, or say --force to replace it
    ");
    assert_eq!(std::fs::read(world.path("keys.age")).unwrap(), bytes);
    snapshot!(world.done(&["backup", "keys.age", "--no-passphrase", "--force", "--history"]), @"
    exit code 0
    -- stdout
    -- stderr
    warning: it is not encrypted: whoever reads it has every private key
    Backed up generation 1, with its history, in keys.age: 13 files
    ");
    assert!(std::fs::read(world.path("keys.age")).unwrap().starts_with(b"manifest.json\0"));
    assert_eq!(std::fs::metadata(world.path("keys.age")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn does_not_stand_in_the_keystore_that_it_is_of() {
    let (world, _) = World::committed();
    let _ = world.shell("ln -s keystore/live elsewhere").exits(0);
    let refused = world.keyring(&["backup", "elsewhere/keys.tar", "--no-passphrase"]).exits(2);
    assert!(refused.stderr.contains("elsewhere/keys.tar would be lost with the keystore"), "{refused}");
    world.done(&["backup", "keystore.tar", "--no-passphrase"]);
}

#[test]
fn reports_it_in_json() {
    let (world, _) = World::committed();
    world.write("team.txt", format!("# the team\n{RECIPIENT}\n"));
    let arguments = ["backup", "keys.age", "--recipient", RECIPIENT, "--recipient-file", "team.txt", "--json"];
    let output = world.done(&arguments);
    output.json();
    snapshot!(output, @r#"
    exit code 0
    -- stdout
    {
      "command": "backup",
      "ok": true,
      "result": {
        "encrypted_to": "recipients",
        "file": "keys.age",
        "files": 12,
        "generation": 1,
        "hash": "[SHA256]",
        "history": false,
        "id": "[...]",
        "left_out": []
      },
      "schema": 1
    }
    -- stderr
    "#);
    let bytes = std::fs::read(world.path("keys.age")).unwrap();
    assert_eq!(bytes.windows(10).filter(|part| part == b"-> X25519 ").count(), 2);
}

#[test]
fn goes_to_standard_output_but_to_no_terminal() {
    let (world, _) = World::committed();
    world.done(&["backup", "plain.tar", "--no-passphrase"]);
    let program = crate::common::PROGRAM;
    snapshot!(world.shell(&format!("{program} backup - --no-passphrase >piped.tar")), @"
    exit code 0
    -- stdout
    -- stderr
    warning: it is not encrypted: whoever reads it has every private key
    Backed up generation 1 in standard output: 13 files
    ");
    // the second one holds that there was a first one
    let names = |file: &str| world.shell(&format!("tar tf {file}")).exits(0).stdout;
    assert_eq!(names("piped.tar").replace("audit/0000000003.json\n", ""), names("plain.tar"));
    snapshot!(world.keyring(&["backup", "-", "--no-passphrase", "--json"]).exits(2), @r#"
    exit code 2
    -- stdout
    {
      "command": "backup",
      "error": {
        "code": "usage",
        "hint": "name a file, or leave --json out",
        "kind": "usage",
        "message": "standard output can't carry the backup and a JSON document"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
    let (code, text, _) = world.terminal(&["backup", "-", "--no-passphrase"]).end();
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("a backup does not go to a terminal"), "{text}");
}

#[test]
fn asks_twice_for_a_passphrase_on_a_terminal_and_nowhere_else() {
    let (world, _) = World::committed();
    snapshot!(world.keyring(&["backup", "keys.age"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: a passphrase or a recipient is missing
    hint: give --passphrase-file, --passphrase-env or --recipient, or run this on a terminal to be asked
    ");
    let mut terminal = world.terminal(&["backup", "keys.age"]);
    terminal.ask("Passphrase of the backup", SECRET);
    terminal.ask("The same again", SECRET);
    ended_well(terminal, "Backed up");
    let mut terminal = world.terminal(&["restore", "keys.age", "--store", "copy"]);
    terminal.ask("Passphrase of the backup", SECRET);
    ended_well(terminal, "Restored");
}

fn ended_well(terminal: Terminal, said: &str) {
    let (code, text, _) = terminal.end();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(said) && !text.contains(SECRET), "{text}");
}

#[test]
fn refuses_what_it_cannot_encrypt_to() {
    let world = World::new();
    snapshot!(world.keyring(&["backup", "keys.age", "--recipient", "ssh-ed25519 AAAA"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "ssh-ed25519 AAAA" is not an age recipient: age1 and 58 characters more
    hint: `age-keygen` prints one as `Public key`; others, of ssh or plugins, are not known here
    "#);
    world.write("empty.txt", "\n");
    snapshot!(world.keyring(&["backup", "keys.age", "--passphrase-file", "empty.txt"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: the passphrase from empty.txt is refused: the passphrase is empty
    hint: the passphrase is the first line of a file, a whole variable, or an answer; leave the flag out where none is wanted
    ");
    let both = ["backup", "keys.age", "--recipient", RECIPIENT, "--no-passphrase"];
    assert!(world.keyring(&both).exits(2).stderr.contains("cannot be used with '--no-passphrase'"));
    assert!(!world.path("keys.age").exists());
    assert_eq!(std::fs::read_dir(world.path(".")).unwrap().count(), 3, "no temporary file is left");
}

#[test]
fn damage_is_not_backed_up() {
    let (world, _) = World::committed();
    world.write(&format!("keystore/servers/{KEY}/1/private-key.pem"), "-----BEGIN nothing-----\n");
    snapshot!(world.keyring(&["backup", "keys.age", "--no-passphrase"]).exits(7), @"
    exit code 7
    -- stdout
    -- stderr
    error: [FOLDER]/keystore/servers/mail01/imap/main/1/private-key.pem is damaged: its SHA-256 is [SHA256], the record says [SHA256]
    hint: `keyring doctor` names everything that is damaged and what mends it; nothing was changed
    ");
    assert!(!world.path("keys.age").exists());
}

#[test]
fn a_damaged_entry_about_readings_is_told_and_the_rest_is_backed_up_and_restored() {
    let world = World::new();
    for file in ["one.tar", "two.tar"] {
        world.done(&["backup", file, "--no-passphrase"]);
    }
    world.write("keystore/audit/0000000001.json", "{}");
    snapshot!(world.done(&["backup", "three.tar", "--no-passphrase"]), @"
    exit code 0
    -- stdout
    -- stderr
    warning: audit/0000000001.json, which should say who read private keys, is not whole in it: missing field `hash` at line 1 column 2; `keyring doctor` tells more
    warning: it is not encrypted: whoever reads it has every private key
    Backed up generation 0 in three.tar: 4 files
    ");
    snapshot!(world.done(&["restore", "three.tar", "--store", "copy"]), @"
    exit code 0
    -- stdout
    -- stderr
    warning: audit/0000000001.json, which should say who read private keys, is not whole in it: missing field `hash` at line 1 column 2; `keyring doctor` tells more
    Restored generation 0 in [FOLDER]/copy, as it was at [TIME] by [ACTOR]
    The keystore that it was taken from has the same id: let only one of them go on.
    ");
    let faults = world.done(&["backup", "four.tar", "--no-passphrase", "--json"]).result()["reading_faults"].clone();
    assert_eq!((&faults[0]["file"], &faults[1]), (&"audit/0000000001.json".into(), &serde_json::Value::Null));
}
