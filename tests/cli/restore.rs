//! `restore`.
#![allow(clippy::disallowed_methods, reason = "looks at what was written, and changes it")]

use std::os::unix::fs::PermissionsExt as _;

use crate::common::output::snapshot;
use crate::common::{KEY, World};

/// That of the recipient in the tests of `backup`.
const IDENTITY: &str = "AGE-SECRET-KEY-1EZRFRDZASXULLN8Q6L2GN3HSHRRXV0XQJ84JD5RCRARYCA7S9JSQTWYC40";
/// Another one.
const STRANGER: &str = "AGE-SECRET-KEY-1X3NYM9VK7UTV4N5LZGQKH9N2RPMJT55HWKX80YDL8Y4GH9CHYVTS6LJRZL";

/// A keystore with a past, something pending and something staged; and its backup, in the clear.
fn backed_up() -> World {
    let (world, authority) = World::committed();
    let request = world.done(&["make-csr", KEY, "--new-key"]).stdout;
    world.write("reply.pem", authority.order(&request).chain());
    world.done(&["install-cert", KEY, "reply.pem"]);
    world.done(&["commit"]);
    world.done(&["create-key", "mail01/smtp/second"]);
    world.done(&["bind", KEY, "mail01/pop3@default"]);
    world.done(&["backup", "keys.tar", "--no-passphrase"]);
    world
}

#[test]
fn brings_a_keystore_back_and_publish_brings_its_files() {
    let world = backed_up();
    let restore = ["restore", "keys.tar", "--store", "copy"];
    snapshot!(world.done(&restore), @"
    exit code 0
    -- stdout
    -- stderr
    Restored generation 2 in [FOLDER]/copy, as it was at [TIME] by [ACTOR]
    1 change is staged: `keyring status` shows it.
    1 endpoint is not published yet: `keyring publish` does it.
    The keystore that it was taken from has the same id: let only one of them go on.
    ");
    snapshot!(world.keyring(&restore).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is a keystore at [FOLDER]/copy already
    hint: use it as it is, or name another place with --store DIR
    ");
    let listed = |store: &str| world.done(&["list", "--json", "--store", store]).stdout;
    assert_eq!(listed("copy"), listed("keystore"));
    snapshot!(world.done(&["publish", "--store", "copy"]), @"
    exit code 0
    -- stdout
    -- stderr
    Published mail01/imap@default in [FOLDER]/copy/live/mail01/imap/default/current
    ");
    let served = |store: &str| world.read(&format!("{store}/live/mail01/imap/default/current/combined.pem"));
    assert_eq!(served("copy"), served("keystore"));
    snapshot!(world.done(&["log", "--store", "copy"]), @"
    exit code 0
    -- stdout
    generation 2
      made          [TIME] by [ACTOR] (`keyring commit`)
      hash          [SHA256]
        install  mail01/imap/main  version 2, certificate until [DATE]
        serves   mail01/imap@default: mail01/imap/main version 2, before: mail01/imap/main version 1
    -- stderr
    Those up to generation 1 were cut off at [TIME] by [ACTOR] (`keyring backup`).
    ");
    world.done(&["commit", "--store", "copy"]);
    snapshot!(world.keyring(&["rollback", "1", "--store", "copy"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: generation 1 is gone: those up to 1 were cut off at [TIME] by [ACTOR] (`keyring backup`)
    hint: `keyring log` shows what is kept; a backup with --history from before has the rest
    ");
}

#[test]
fn a_folder_gets_its_mode_only_with_a_whole_keystore() {
    let world = backed_up();
    let mode = |name: &str| world.path(name).metadata().unwrap().permissions().mode() & 0o7777;
    let set = |name: &str, mode| {
        std::fs::set_permissions(world.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    world.make_folder("copy");
    set("copy", 0o700);
    let whole = std::fs::read(world.path("keys.tar")).unwrap();
    world.write("short.tar", &whole[..whole.len() / 2]);
    world.keyring(&["restore", "short.tar", "--store", "copy"]).exits(3);
    assert_eq!(mode("copy"), 0o700);
    set("copy", 0o1777);
    world.keyring(&["restore", "keys.tar", "--store", "copy"]).exits(3);
    assert_eq!(mode("copy"), 0o1777);
    set("copy", 0o750);
    world.done(&["restore", "keys.tar", "--store", "copy"]);
    assert_eq!(mode("copy"), 0o711);
    set("copy", 0o700);
    world.keyring(&["restore", "keys.tar", "--store", "copy"]).exits(4);
    assert_eq!(mode("copy"), 0o700);
}

#[test]
fn reports_it_in_json() {
    let world = backed_up();
    let output = world.done(&["restore", "keys.tar", "--store", "copy", "--json"]);
    output.json();
    snapshot!(output, @r#"
    exit code 0
    -- stdout
    {
      "command": "restore",
      "ok": true,
      "result": {
        "backed_up": "[TIME]",
        "files": 22,
        "generation": 2,
        "hash": "[SHA256]",
        "history": false,
        "id": "[...]",
        "keystore": "[FOLDER]/copy",
        "staged": 1,
        "unpublished": [
          "mail01/imap@default"
        ]
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn reads_standard_input() {
    let world = backed_up();
    let program = crate::common::PROGRAM;
    let output = world.shell(&format!("cat keys.tar | {program} restore - --store copy"));
    assert_eq!(output.exits(0).stdout, "");
    world.done(&["list", "--store", "copy"]);
}

#[test]
fn each_cause_has_an_error_of_its_own() {
    let world = backed_up();
    world.write("secret.txt", "correct horse battery");
    world.write("wrong.txt", "correct horse batterie");
    world.write("key.txt", format!("# created: once\n{STRANGER}\n"));
    world.write("mine.txt", format!("{STRANGER}\n{IDENTITY}\n"));
    world.done(&["backup", "keys.age", "--passphrase-file", "secret.txt"]);
    world.done(&["backup", "team.age", "--recipient", crate::backup::RECIPIENT]);
    let bytes = std::fs::read(world.path("keys.age")).unwrap();
    world.write("short.age", &bytes[..bytes.len() - 100]);
    let mut changed = bytes;
    changed[100] ^= 1;
    world.write("changed.age", changed);
    let plain = std::fs::read(world.path("keys.tar")).unwrap();
    world.write("short.tar", &plain[..plain.len() / 2]);
    let at = plain.windows(11).position(|part| part == b"BEGIN PRIVA").unwrap();
    let mut changed = plain;
    changed[at] ^= 1;
    world.write("changed.tar", changed);
    let refused = |arguments: &[&str], code: i32| {
        let refused = world.keyring(&[&["restore", "--store", "copy"], arguments].concat()).exits(code);
        assert!(!world.path("copy/keystore.toml").exists());
        refused.stderr
    };
    let all = [
        refused(&["keys.age", "--passphrase-file", "wrong.txt"], 3),
        refused(&["keys.age"], 2),
        refused(&["keys.age", "--identity-file", "key.txt"], 3),
        refused(&["team.age"], 2),
        refused(&["team.age", "--passphrase-file", "secret.txt"], 3),
        refused(&["team.age", "--identity-file", "key.txt"], 3),
        refused(&["team.age", "--identity-file", "secret.txt"], 3),
        refused(&["short.age", "--passphrase-file", "secret.txt"], 3),
        refused(&["changed.age", "--passphrase-file", "secret.txt"], 3),
        refused(&["keys.tar", "--passphrase-file", "secret.txt"], 3),
        refused(&["short.tar"], 3),
        refused(&["changed.tar"], 3),
        refused(&["reply.pem"], 3),
        refused(&["nowhere.age"], 1),
    ];
    let text = all.join("\n");
    let text = text.replace(world.path("").to_str().unwrap(), "[FOLDER]/");
    insta::with_settings!({ filters => crate::common::output::FILTERS.to_vec() }, {
        insta::assert_snapshot!(text, @"
        error: the passphrase does not open the backup
        hint: try the passphrase again: nothing was changed

        error: the passphrase of the backup is missing
        hint: give --passphrase-file or --passphrase-env, or run this on a terminal to be asked

        error: the backup is encrypted to a passphrase
        hint: give --passphrase-file or --passphrase-env, or run this on a terminal to be asked

        error: the backup is encrypted to recipients, and no identity is named
        hint: give the file that `age-keygen` made with --identity-file

        error: the backup is encrypted to recipients
        hint: give the file that `age-keygen` made with --identity-file

        error: none of the identities opens the backup
        hint: give an identity of one of its recipients with --identity-file

        error: secret.txt cannot be used: line 1 is not an identity
        hint: give a file that `age-keygen` made; one that is encrypted itself is opened with `age -d` first

        error: the backup is cut short, or damaged in its last part
        hint: restore another copy, or an older backup; nothing was changed

        error: the backup's header cannot be understood
        hint: was it made by a newer age, or changed on its way? Try another copy

        error: the backup is not encrypted, and a passphrase or an identity was given to open it
        hint: make sure that it is the right file; then leave the passphrase or identity out

        error: the backup is cut short: 15 of its files are missing or not whole
        hint: restore another copy, or an older backup; nothing was changed

        error: the backup is damaged: the SHA-256 of servers/mail01/imap/main/1/private-key.pem is [SHA256], its manifest says [SHA256]
        hint: restore another copy, or an older backup; nothing was changed

        error: this is not a backup of a keystore: it is no tar archive
        hint: give a file that `keyring backup` made

        error: cannot read nowhere.age: No such file or directory (os error 2)
        ");
    });
    // none of them is in the way of the right one
    world.done(&["restore", "keys.age", "--store", "copy", "--passphrase-file", "secret.txt"]);
    world.done(&["restore", "team.age", "--store", "another", "--identity-file", "mine.txt"]);
}
