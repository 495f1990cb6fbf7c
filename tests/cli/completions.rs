//! `completions`.
#![allow(clippy::disallowed_types, reason = "has bash look at the script")]

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::common::World;
use crate::common::output::snapshot;

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    let world = World::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = world.done(&["completions", shell]);
        assert_eq!(script.stderr, "");
        for word in ["create-key", "install-cert", "passphrase-file"] {
            assert!(script.stdout.contains(word), "{shell} lacks {word}");
        }
        let document = world.done(&["completions", shell, "--json"]).result();
        assert_eq!(document["script"].as_str(), Some(script.stdout.as_str()));
        assert_eq!(document["shell"], shell);
    }
}

#[test]
fn bash_reads_its_script() {
    let script = World::empty().done(&["completions", "bash"]).stdout;
    let bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut bash) = bash else { return };
    bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = bash.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn refuses_a_shell_that_it_does_not_know() {
    let world = World::empty();
    snapshot!(world.keyring(&["completions", "tcsh"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: invalid value 'tcsh' for '<SHELL>'
      [possible values: bash, elvish, fish, powershell, zsh]

      tip: a similar value exists: 'zsh'

    For more information, try '--help'.
    ");
    let refused = world.keyring(&["completions", "--json"]).exits(2);
    refused.error();
    snapshot!(refused, @r#"
    exit code 2
    -- stdout
    {
      "command": "completions",
      "error": {
        "code": "usage",
        "hint": "`keyring completions --help` shows what it takes",
        "kind": "usage",
        "message": "the following required arguments were not provided: <SHELL>"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
}
