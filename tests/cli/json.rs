//! The JSON envelope where no command has been reached: usage errors.

use crate::common::World;
use crate::common::output::snapshot;

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
        "hint": "a similar subcommand exists: 'install-cert'; `keyring --help` names the commands",
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

      tip: a similar subcommand exists: 'install-cert'

    Usage: keyring [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    let bare = world.keyring(&[]).exits(2);
    assert_eq!(bare.stdout, "");
    assert!(bare.stderr.contains("Usage: keyring"), "{bare}");
}
