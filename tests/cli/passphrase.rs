//! Encrypted private keys: where the passphrase comes from, and that it goes nowhere.

use crate::common::output::{Output, snapshot};
use crate::common::{Authority, ENDPOINT, KEY, World};

const SECRET: &str = "correct horse battery staple";
const OTHER: &str = "Tr0ub4dor&3";

fn world() -> World {
    let mut world = World::new();
    world.write("secret.txt", format!("{SECRET}\nnot a part of it\n"));
    world.write("wrong.txt", OTHER);
    world.set("MAIL_SECRET", SECRET);
    world.set("OTHER_SECRET", OTHER);
    world
}

#[track_caller]
fn tells_no_secret(world: &World, outputs: &[Output]) {
    for output in outputs {
        for secret in [SECRET, OTHER, "PRIVATE KEY"] {
            assert!(!output.stdout.contains(secret) && !output.stderr.contains(secret), "{secret}: {output}");
        }
    }
    for line in world.listing("keystore") {
        assert!(!line.contains(SECRET) && !line.contains(OTHER), "{line}");
    }
}

#[test]
fn an_encrypted_key_is_opened_for_requests_and_commits_alone() {
    let world = world();
    let file = ["--passphrase-file", "secret.txt"];
    let made = world.done(&[&["create-key", KEY], &file[..]].concat());
    snapshot!(made, @"
    exit code 0
    -- stdout
    -- stderr
    Made mail01/imap/main, version 1 (ecdsa-p256, encrypted), in [FOLDER]/keystore/servers/mail01/imap/main/1.
    ");
    let kept = world.read("keystore/servers/mail01/imap/main/1/private-key.pem");
    assert!(kept.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{kept}");

    let request = world.done(&["make-csr", KEY, "--cn", "mail01.example.com", "--passphrase-env", "MAIL_SECRET"]);
    world.write("reply.pem", Authority::new().order(&request.stdout).chain());
    let installed = world.done(&["install-cert", KEY, "reply.pem", "-v"]);
    let bound = world.done(&["bind", KEY, ENDPOINT]);
    let locked = world.keyring(&["commit", "--no-input"]).exits(2);
    snapshot!(locked, @"
    exit code 2
    -- stdout
    -- stderr
    error: the private key of mail01/imap/main is encrypted, and its passphrase is missing
    hint: give --passphrase-file or --passphrase-env, or run this on a terminal to be asked
    ");
    let named = format!("{KEY}=MAIL_SECRET");
    let committed = world.done(&["commit", "--passphrase-env", "OTHER_SECRET", "--passphrase-env", &named, "--json"]);
    let log = world.done(&["log", "--json"]);
    let shown = world.done(&["show", KEY]);
    tells_no_secret(&world, &[made, request, installed, bound, locked, committed, log, shown]);
    assert!(world.read("keystore/live/mail01/imap/default/current/private-key.pem").starts_with("-----BEGIN PRIVATE"));
}

#[test]
fn a_wrong_or_missing_passphrase_changes_nothing() {
    let world = world();
    world.done(&["create-key", KEY, "--passphrase-env", "MAIL_SECRET"]);
    let before = world.listing("keystore");
    let make = ["make-csr", KEY, "--cn", "mail01.example.com"];
    let wrong = world.keyring(&[&make[..], &["--passphrase-file", "wrong.txt"]].concat()).exits(3);
    snapshot!(wrong, @"
    exit code 3
    -- stdout
    -- stderr
    error: the private key of mail01/imap/main cannot be used: wrong passphrase
    hint: try the passphrase again: nothing was changed
    ");
    let wrong_in_json = world.keyring(&[&make[..], &["--passphrase-env", "OTHER_SECRET", "--json"]].concat()).exits(3);
    assert_eq!(wrong_in_json.error()["code"], "wrong-passphrase");
    let missing = world.keyring(&[&make[..], &["--no-input"]].concat()).exits(2);
    snapshot!(missing, @"
    exit code 2
    -- stdout
    -- stderr
    error: the private key of mail01/imap/main is encrypted, and its passphrase is missing
    hint: give --passphrase-file or --passphrase-env, or run this on a terminal to be asked
    ");
    assert_eq!(world.keyring(&[&make[..], &["--json"]].concat()).exits(2).error()["code"], "passphrase-needed");
    // that somebody tried is written down
    let mut after = world.listing("keystore");
    after.retain(|line| !line.starts_with("keystore/audit"));
    assert_eq!(after, before);
    tells_no_secret(&world, &[wrong, wrong_in_json, missing]);
}

#[test]
fn a_source_that_gives_nothing_is_named() {
    let mut world = world();
    world.write("empty.txt", "\n");
    world.set("EMPTY_SECRET", "");
    let refused = |flag: &str, source: &str, code| world.keyring(&["create-key", KEY, flag, source]).exits(code);
    snapshot!(refused("--passphrase-file", "empty.txt", 3), @"
    exit code 3
    -- stdout
    -- stderr
    error: the passphrase from empty.txt is refused: the passphrase is empty
    hint: the passphrase is the first line of a file, a whole variable, or an answer; leave the flag out where none is wanted
    ");
    snapshot!(refused("--passphrase-env", "EMPTY_SECRET", 3), @"
    exit code 3
    -- stdout
    -- stderr
    error: the passphrase from $EMPTY_SECRET is refused: the passphrase is empty
    hint: the passphrase is the first line of a file, a whole variable, or an answer; leave the flag out where none is wanted
    ");
    snapshot!(refused("--passphrase-file", "nowhere.txt", 1), @"
    exit code 1
    -- stdout
    -- stderr
    error: cannot read nowhere.txt: No such file or directory (os error 2)
    ");
    snapshot!(refused("--passphrase-env", "UNSET_SECRET", 2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the environment variable UNSET_SECRET is not set
    hint: --passphrase-env takes the name of a variable that holds the passphrase
    ");
    let both = ["create-key", KEY, "--passphrase-env", "MAIL_SECRET", "--passphrase-file", "secret.txt"];
    snapshot!(world.keyring(&both).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: two passphrases are named for mail01/imap/main
    hint: give --passphrase-file or --passphrase-env, not both
    ");
    assert!(world.listing("keystore/servers").is_empty());
}

#[test]
fn a_passphrase_can_come_on_standard_input() {
    let world = world();
    let read = |arguments: &[&str]| world.keyring_reading(arguments, &format!("{SECRET}\r\n")).exits(0);
    let _ = read(&["create-key", KEY, "--passphrase-file", "-"]);
    let _ = read(&["make-csr", KEY, "--cn", "mail01.example.com", "--passphrase-file", "-"]);
}
