//! The command lines in README.md and docs/guides are run, each document's in a fresh folder.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "reads documents and runs what they show")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{PROGRAM, World};

/// What a reader of this repository is told to do with cargo; the tests are running inside it.
const NOT_RUN: [&str; 3] = ["cargo run --release -- demo", "./tests/run", "cargo install --path ."];

/// Files that a reader has and no command line makes: backups of Key Manager, the certificate of one, its passphrase.
const KEPT: [(&str, &[u8]); 3] = [
    ("backup.key", include_bytes!("../../keystore/tests/fixtures/formats/key-manager-sgc.key")),
    ("keypair.key", include_bytes!("../../keystore/tests/fixtures/formats/key-manager.key")),
    ("old.txt", b"fixture\n"),
];

/// The certificate in a backup, which is for the keys of both: it stands behind its mark, as DER.
fn certificate(backup: &[u8]) -> &[u8] {
    const MARK: &[u8] = b"\x04\x0bcertificate";
    let at = backup.windows(MARK.len()).position(|octets| octets == MARK).expect("a certificate") + MARK.len();
    let length = usize::from(u16::from_be_bytes([backup[at + 2], backup[at + 3]]));
    &backup[at..at + 4 + length]
}

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents = vec![root.join("README.md")];
    let guides = std::fs::read_dir(root.join("docs/guides")).into_iter().flatten();
    documents
        .extend(guides.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "md")));
    documents.retain(|path| path.exists());
    documents.sort();
    documents
}

/// The command lines of a document's `console` blocks (those after `$ `) and `sh` blocks (all), in order. A line
/// that ends with a backslash goes on in the next.
fn command_lines(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut lines = text.lines();
    while let Some(fence) = lines.next() {
        let everything = match fence.trim() {
            "```console" => false,
            "```sh" => true,
            fence if fence.starts_with("```") => {
                // another kind of block, to its end
                let _end = lines.by_ref().find(|line| line.trim() == "```");
                continue;
            }
            _ => continue,
        };
        while let Some(line) = lines.next().map(str::trim).filter(|line| *line != "```") {
            let command = if everything { Some(line) } else { line.strip_prefix("$ ") };
            let Some(mut command) = command.map(str::to_owned) else { continue };
            while let Some(start) = command.strip_suffix('\\') {
                let rest = lines.next().expect("a line after a backslash").trim();
                command = format!("{start}{}", rest.strip_prefix("> ").unwrap_or(rest));
            }
            commands.push(command);
        }
    }
    commands.retain(|command| !command.is_empty() && !command.starts_with('#'));
    commands
}

/// Says something past the test harness, which keeps what is printed.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn is_cargo(command: &str) -> bool {
    command.split_whitespace().next().is_some_and(|word| word == "cargo" || word == "./tests/run")
}

fn run(document: &Path) {
    let name = document.file_name().unwrap().to_string_lossy();
    let commands = command_lines(&std::fs::read_to_string(document).unwrap());
    for command in commands.iter().filter(|command| is_cargo(command)) {
        let line = command.split('#').next().unwrap().trim();
        assert!(NOT_RUN.contains(&line), "{name}: `{command}` is none of {NOT_RUN:?}");
    }
    let commands: Vec<_> = commands.into_iter().filter(|command| !is_cargo(command)).collect();
    let has_openssl = Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success());
    if !has_openssl && commands.iter().any(|command| command.contains("openssl")) {
        say(&format!("NOT RUN: the command lines of {name}, which need openssl"));
        assert!(std::env::var("CI").as_deref() != Ok("true"), "with CI=true nothing may be left out");
        return;
    }
    let world = World::empty();
    for (name, contents) in KEPT {
        world.write(name, contents);
    }
    world.write("reply.cer", certificate(KEPT[0].1));
    let folder = Path::new(PROGRAM).parent().unwrap().to_str().unwrap();
    // one shell for all, so that variables and folders last; each line is shown before it is run
    let mut script = format!("set -euo pipefail\nPATH={folder}:$PATH\n");
    for command in &commands {
        script.push_str(&format!("echo {} >&2\n{command}\n", shell_words::quote(&format!("$ {command}"))));
    }
    let output = world.shell(&script);
    assert!(output.code == 0, "{name}: the last of these command lines failed\n{output}");
}

#[test]
fn the_command_lines_of_every_document_work() {
    let documents = documents();
    if documents.is_empty() {
        say("NOT RUN: the command lines of README.md and docs/guides, which are not there");
    }
    for document in documents {
        run(&document);
    }
}

#[test]
fn command_lines_are_found() {
    let text = "```console\n$ keyring init\nMade it.\n$ keyring list \\\n>   mail01\n```\n```text\n$ not this\n```\n\
                ```sh\n# a remark\nkeyring log\n```\n";
    assert_eq!(command_lines(text), ["keyring init", "keyring list   mail01", "keyring log"]);
}
