//! `--help`, and docs/cli.md, which is made of it.
#![allow(clippy::disallowed_methods, reason = "reads the repository's documents, and the variable BLESS")]

use std::fmt::Write as _;
use std::path::Path;

use crate::common::World;

#[test]
fn every_command_says_what_it_takes_with_examples_and_exit_codes() {
    let world = World::empty();
    for command in world.commands() {
        let command = command.as_str();
        let help = world.done(&[command, "--help"]);
        assert_eq!(help.stderr, "");
        for part in ["Usage: keyring ", "Examples:\n", "Exit codes:\n  0  ", "Global options:\n"] {
            assert!(help.stdout.contains(part), "{command} lacks {part:?}:\n{help}");
        }
        assert_eq!(help.stdout, world.done(&["help", command]).stdout);
        assert!(world.done(&[command, "-h"]).stdout.contains("Usage: keyring "));
    }
    assert!(world.done(&["--version"]).stdout.starts_with("keyring "));
}

#[test]
fn docs_cli_md_is_what_the_program_says() {
    let world = World::empty();
    let mut text = include_str!("reference.md").to_owned();
    let mut add = |title: &str, arguments: &[&str]| {
        let help = world.done(arguments).stdout;
        let help: Vec<_> = help.trim_end().lines().map(str::trim_end).collect();
        writeln!(text, "\n## {title}\n\n```text\n{}\n```", help.join("\n")).unwrap();
    };
    add("keyring", &["--help"]);
    for command in world.commands() {
        add(&format!("keyring {command}"), &[&command, "--help"]);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "docs/cli.md is not what the program says: BLESS=1 cargo test --test cli writes it anew");
}
