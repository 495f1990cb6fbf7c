//! The JSON documents: the envelope where no command has been reached, and docs/json.md held against every result.

use std::io::Read as _;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::common::World;
use crate::common::output::snapshot;

/// Whether a process does something of its own at SIGINT.
#[expect(clippy::disallowed_methods, reason = "asks the system about a process")]
fn catches_ctrl_c(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 2 != 0))
}

#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_is_one_document_too() {
    let world = World::new();
    let mut command = world.command(&["--json", "create-key", "--from", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // its list never comes, and never ends: `wait` would close it
    let _list = child.stdin.take();
    if crate::wizard::ctrl_c_is_ignored() {
        println!("NOT RUN: whoever started this has Ctrl-C ignored");
        child.kill().unwrap();
        child.wait().unwrap();
        return;
    }
    while !catches_ctrl_c(child.id()) {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        thread::sleep(Duration::from_millis(5));
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said.lines().count(), 1);
    let document: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(document["command"], "create-key");
    assert_eq!((&document["ok"], &document["error"]["kind"]), (&false.into(), &"interrupted".into()));
}

#[test]
fn usage_errors_are_one_document_too() {
    let world = World::new();
    snapshot!(world.keyring(&["--json", "bind", "--colour"]).exits(2), @r#"
    exit code 2
    -- stdout
    {
      "command": "bind",
      "error": {
        "code": "usage",
        "hint": "to pass '--colour' as a value, use '-- --colour'; `keyring bind --help` shows what it takes",
        "kind": "usage",
        "message": "unexpected argument '--colour' found"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.keyring(&["log", "--limit", "many", "--json"]).exits(2), @r#"
    exit code 2
    -- stdout
    {
      "command": "log",
      "error": {
        "code": "usage",
        "hint": "`keyring log --help` shows what it takes",
        "kind": "usage",
        "message": "invalid value 'many' for '--limit <COUNT>': invalid digit found in string"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.keyring(&["list", "--lock-wait", "-1", "--json"]).exits(2), @r#"
    exit code 2
    -- stdout
    {
      "command": "list",
      "error": {
        "code": "usage",
        "hint": "to pass '-1' as a value, use '-- -1'; `keyring list --help` shows what it takes",
        "kind": "usage",
        "message": "unexpected argument '-1' found"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.keyring(&["--store", "list", "--json", "instal-cert"]).exits(2), @r#"
    exit code 2
    -- stdout
    {
      "command": "keyring",
      "error": {
        "code": "usage",
        "hint": "some similar subcommands exist: 'sign-csr', 'inspect', 'install-cert'; `keyring --help` names the commands",
        "kind": "usage",
        "message": "unrecognized subcommand 'instal-cert'"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.keyring(&["--json"]).exits(2), @r#"
    exit code 2
    -- stdout
    {
      "command": "keyring",
      "error": {
        "code": "usage",
        "hint": "`keyring --help` names the commands",
        "kind": "usage",
        "message": "no command is given"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
    for arguments in
        [&["--json", "bind", "--colour"][..], &["--json", "fly"], &["--json"], &["-q", "-v", "list", "--json"]]
    {
        let error = world.keyring(arguments).exits(2).error();
        assert_eq!((&error["kind"], &error["code"]), (&"usage".into(), &"usage".into()));
        assert!(error["hint"].is_string(), "{error}");
    }
}

#[test]
fn usage_errors_for_people_go_to_standard_error() {
    let world = World::new();
    snapshot!(world.keyring(&["bind", "--colour"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: unexpected argument '--colour' found

      tip: to pass '--colour' as a value, use '-- --colour'

    Usage: keyring bind [OPTIONS] [KEY] [ENDPOINT]...

    For more information, try '--help'.
    ");
    snapshot!(world.keyring(&["instal-cert"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: unrecognized subcommand 'instal-cert'

      tip: some similar subcommands exist: 'sign-csr', 'inspect', 'install-cert'

    Usage: keyring [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    let bare = world.keyring(&[]).exits(2);
    assert_eq!(bare.stdout, "");
    assert!(bare.stderr.contains("Usage: keyring"), "{bare}");
}

/// The names between backquotes in the row of a command, or in the paragraph of a shape, of docs/json.md.
fn documented(start: &str) -> Vec<String> {
    #[allow(clippy::disallowed_methods, reason = "reads a document")]
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md")).unwrap();
    let from = text.find(start).unwrap_or_else(|| panic!("docs/json.md has no {start}"));
    let end = if start.starts_with('|') { "\n" } else { "\n\n" };
    let paragraph = text[from..].split(end).next().unwrap();
    paragraph.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

pub(crate) fn assert_documented(place: &str, value: &serde_json::Value) {
    let names = documented(place);
    for field in value.as_object().unwrap_or_else(|| panic!("{place}: {value}")).keys() {
        assert!(names.contains(field), "docs/json.md: {place} lacks {field}");
    }
}

#[test]
fn every_result_is_documented() {
    let (world, authority) = World::committed();
    let result = |arguments: &[&str]| {
        let result = world.done(&[arguments, &["--json"]].concat()).result();
        assert_documented(&format!("| `{}` |", arguments[0]), &result);
        result
    };
    result(&["init", "--store", "other"]);
    result(&["create-key", "mail01/imap/main", "--next"]);
    let request = result(&["make-csr", "mail01/imap/main", "--out", "next.csr"]);
    result(&["export-csr", "mail01/imap/main"]);
    world.write("keys.txt", "{\"key\":\"mail02/imap/main\",\"subject\":\"CN=a.example\"}\n");
    world.write("key.p12", include_bytes!("../../keystore/tests/fixtures/formats/open-no-mac.p12"));
    result(&["import-key", "mail04/imap/main", "key.p12", "--key-only"]);
    let list = world.done(&["create-key", "--from", "keys.txt", "--out-dir", "requests", "--json"]).result();
    assert_documented("| `create-key --from` |", &list);
    assert_documented("| `create-key --from` |", &list["keys"][0]["request"]);
    world.write("reply.pem", authority.order(request["request_pem"].as_str().unwrap()).chain());
    let certificate = result(&["install-cert", "mail01/imap/main", "reply.pem"])["certificate"].clone();
    assert_documented("**certificate**", &certificate);
    let verified = result(&["verify", "mail01/imap/main", "--roots", "none"]);
    assert_documented("**trust**", &verified["trust"]);
    assert_documented("**difference**", &verified["differences"][0]);
    assert_documented("**object**", &result(&["inspect", "reply.pem"])["objects"][0]);
    result(&["bind", "mail01/imap/main", "mail01/pop3@default"]);
    let status = result(&["status"]);
    assert_documented("**change**", &status["staged"][0]);
    assert_documented("**standing**", &status["drift"][0]);
    assert_documented("**pair**", &status["drift"][0]["staged"]);
    assert_documented("**standing**", &result(&["check", "--no-probe"])["endpoints"][0]);
    assert_documented("**pair**", &result(&["diff"])["endpoints"][0]["to"]);
    result(&["commit", "--no-publish"]);
    result(&["publish"]);
    result(&["unbind", "mail01/pop3@default"]);
    result(&["discard"]);
    result(&["copy-key", "mail01/imap/main", "mail01/imap/copy"]);
    assert_documented("**change**", &result(&["discard"])["discarded"][0]);
    result(&["rename-key", "mail01/imap/main", "mail01/imap/other"]);
    result(&["discard"]);
    result(&["delete-key", "mail01/imap/main", "--unbind"]);
    result(&["discard"]);
    result(&["diff", "0", "1"]);
    result(&["rollback", "1"]);
    result(&["discard"]);
    result(&["mark-compromised", "mail01/imap/main", "--reason", "lost"]);
    let key = result(&["list"])["services"][0]["keys"][0].clone();
    assert_documented("**key**", &key);
    assert_documented("**version**", &key["current"]);
    result(&["backup", "keys.tar", "--no-passphrase"]);
    result(&["restore", "keys.tar", "--store", "copy"]);
    result(&["prune", "--keep", "1", "--keys", "--yes"]);
    for command in
        [&["show", "mail01/imap/main"][..], &["log"], &["log", "--head"], &["demo"], &["completions", "bash"], &["man"]]
    {
        result(command);
    }
}

#[test]
fn every_result_of_authorities_is_documented() {
    let (world, authority) = World::with_people();
    let result = |arguments: &[&str]| {
        let document = world.keyring(&[arguments, &["--json"]].concat()).json();
        assert_documented(&format!("| `{}` |", arguments[0]), &document["result"]);
        document["result"].clone()
    };
    let timeout = ["set-authority", "program", "--kind", "command", "--run", "true"];
    assert_documented("**authority**", &result(&timeout)["authority"]);
    assert_documented("**authority**", &result(&["set-authority", "people"])["authority"]);
    result(&["list-authorities"]);
    let renewal = result(&["set-renewal", "mail01/imap/main", "--authority", "people", "--reuse-key"]);
    assert_documented("**renewal**", &renewal["keys"][0]["renewal"]);
    assert_documented("**renewal**", &renewal["keys"][0]["renewal"]["reuse_key"]);
    assert_documented("**errand**", &result(&["submit", "mail01/imap/main"])["keys"][0]);
    world.answer(&authority);
    assert_documented("**errand**", &result(&["collect"])["keys"][0]);
    assert_documented("**change**", &result(&["status"])["staged"][0]);
    world.done(&["commit"]);
    assert_documented("**errand**", &result(&["renew", "mail01/imap/main"])["keys"][0]);
    assert_documented("| `show` |", &result(&["show", "mail01/imap/main"])["requests"][0]["submission"]);
    result(&["diff", "0", "1"]);
}
