//! Where what is said goes: what was asked for to standard output, all else to standard error.
#![allow(clippy::disallowed_types, reason = "closes the program's standard output")]

use std::process::Stdio;

use crate::common::output::{Output, snapshot};
use crate::common::{ENDPOINT, KEY, PROGRAM, World};

#[test]
fn quiet_leaves_only_what_was_asked_for_and_verbose_names_the_keystore() {
    let world = World::empty();
    for arguments in [&["init"][..], &["create-key", KEY], &["bind", KEY, ENDPOINT], &["discard"]] {
        let output = world.done(&[arguments, &["--quiet"]].concat());
        assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", ""), "{output}");
    }
    assert_ne!(world.done(&["list", "-q"]).stdout, "");
    let refused = world.keyring(&["bind", KEY, "-q"]).exits(2);
    assert_ne!(refused.stderr, "");
    snapshot!(world.done(&["list", "--verbose"]), @"
    exit code 0
    -- stdout
    mail01
      imap
        main  new, ecdsa-p256, no request yet
    -- stderr
    Keystore: [FOLDER]/keystore
    ");
}

#[test]
fn a_reader_that_has_gone_is_no_reason_to_panic() {
    let (world, _) = World::committed();
    for arguments in [
        &["--help"][..],
        &["list", "--help"],
        &["list"],
        &["show", KEY],
        &["log", "--json"],
        &["completions", "bash"],
        &["man"],
        &["bind", "--json"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = world.command(arguments);
        let output = command.stdout(Stdio::from(writer)).stderr(Stdio::piped()).spawn().unwrap();
        let output = Output::of(output.wait_with_output().unwrap(), &world.path(""));
        assert_eq!((output.code, output.stderr.as_str()), (1, ""), "{arguments:?}: {output}");
    }
}

#[test]
fn no_colours_where_they_are_not_wanted() {
    let mut world = World::new();
    let mut terminal = world.terminal(&["list", "mail01"]);
    terminal.expect("error:");
    let raw = terminal.raw().to_vec();
    assert!(raw.windows(4).any(|four| four == b"\x1b[1m" || four.starts_with(b"\x1b[3")), "colours on a terminal");
    assert_eq!(terminal.end().0, Some(4));
    world.set("NO_COLOR", "1");
    let mut terminal = world.terminal(&["list", "mail01"]);
    terminal.expect("error:");
    assert!(!terminal.raw().contains(&b'\x1b'));
    assert_eq!(terminal.end().0, Some(4));
}

#[test]
fn the_store_is_named_by_flag_variable_or_home() {
    let mut world = World::empty();
    world.done(&["init", "--store", "flag"]);
    world.done(&["init"]);
    world.set("KEYRING_STORE", "");
    world.set("XDG_DATA_HOME", "");
    assert!(world.path("flag/keystore.toml").exists() && world.path("keystore/keystore.toml").exists());
    if !rustix::process::geteuid().is_root() {
        world.done(&["init"]);
        assert!(world.listing("home").iter().any(|line| line.contains("keyring/keystore.toml")));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_result_that_cannot_be_written_is_not_taken_for_a_failure() {
    let world = World::new();
    let refused = world.shell(&format!("{PROGRAM} create-key {KEY} --json > /dev/full")).exits(1);
    let said = refused.stderr;
    assert!(said.contains("cannot write the result") && said.contains("keyring status"), "{said}");
    assert!(world.done(&["list"]).stdout.contains("main"), "it was made");
}

#[test]
fn a_mistake_in_the_arguments_does_not_steer_the_terminal() {
    let world = World::new();
    for arguments in [&["doctor", "\u{1b}]0;pwn\u{7}"][..], &["\u{9b}31m"], &["list", "--\u{202e}x"]] {
        let refused = world.keyring(arguments).exits(2);
        assert!(refused.stderr.starts_with("error: "), "{refused}");
        let steers = |character: char| character.is_control() && character != '\n' || character == '\u{202e}';
        assert!(!refused.stderr.contains(steers), "{:?}", refused.stderr);
        assert!(refused.stderr.contains('\u{fffd}'), "{:?}", refused.stderr);
    }
}
