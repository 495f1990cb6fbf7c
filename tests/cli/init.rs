//! `init`.
#![allow(clippy::disallowed_methods, reason = "looks at what the program left")]

use std::os::unix::fs::PermissionsExt as _;

use crate::common::World;
use crate::common::output::snapshot;

#[test]
fn makes_a_keystore() {
    snapshot!(World::empty().done(&["init"]), @"
    exit code 0
    -- stdout
    -- stderr
    Made a keystore in [FOLDER]/keystore.
    ");
    let made = World::empty().done(&["init", "--json"]);
    made.json();
    snapshot!(made, @r#"
    exit code 0
    -- stdout
    {
      "command": "init",
      "ok": true,
      "result": {
        "id": "[...]",
        "keystore": "[FOLDER]/keystore"
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn only_its_owner_reads_it() {
    let world = World::new();
    world.done(&["create-key", "mail01/imap/main"]);
    let mode = |name: &str| world.path(name).metadata().unwrap().permissions().mode() & 0o7777;
    // services pass through to live/ and list nothing
    assert_eq!(mode("keystore"), 0o711);
    assert_eq!(mode("keystore/servers"), 0o700);
    assert_eq!(mode("keystore/keystore.toml"), 0o600);
    assert_eq!(mode("keystore/servers/mail01/imap/main/1"), 0o700);
    assert_eq!(mode("keystore/servers/mail01/imap/main/1/private-key.pem"), 0o600);
}

#[test]
fn writes_the_defaults_that_are_given() {
    let world = World::empty();
    world.done(&["init", "--algorithm", "rsa-2048", "--subject", "C=US,O=\"Quote \\\" Corp\",OU=IT,OU=Mail"]);
    let text = world.read("keystore/keystore.toml");
    for line in ["algorithm = \"rsa-2048\"", "country = \"US\"", "# state =", "unit = [\"IT\", \"Mail\"]"] {
        assert!(text.contains(line), "{line} in:\n{text}");
    }
    let request = {
        world.done(&["create-key", "a/https/main", "--algorithm", "ed25519"]);
        world.done(&["make-csr", "a/https/main", "--cn", "a.example.com", "--json"]).result()
    };
    assert_eq!(request["subject"], "C=US,O=Quote \\\" Corp,OU=IT,OU=Mail,CN=a.example.com");
}

#[test]
fn refuses_a_second_one_and_what_is_not_empty() {
    let world = World::new();
    snapshot!(world.keyring(&["init"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is a keystore at [FOLDER]/keystore already
    hint: use it as it is, or name another place with --store DIR
    ");
    let refused = world.keyring(&["init", "--json"]).exits(4);
    refused.error();
    snapshot!(refused, @r#"
    exit code 4
    -- stdout
    {
      "command": "init",
      "error": {
        "code": "keystore-exists",
        "hint": "use it as it is, or name another place with --store DIR",
        "kind": "conflict",
        "message": "there is a keystore at [FOLDER]/keystore already"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
    world.write("home/letter", "Dear Bob");
    snapshot!(world.keyring(&["init", "--store", "home"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: [FOLDER]/home is not empty
    hint: name an empty or a new folder with --store DIR
    ");
    assert_eq!(world.listing("home").len(), 1);
}

/// Makes a folder with this mode, with a letter in it or empty.
fn folder(world: &World, name: &str, mode: u32, holds: Option<&str>) {
    std::fs::create_dir(world.path(name)).unwrap();
    if let Some(text) = holds {
        world.write(&format!("{name}/letter"), text);
    }
    std::fs::set_permissions(world.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_that_is_refused_keeps_its_mode() {
    let world = World::new();
    let mode = |name: &str| world.path(name).metadata().unwrap().permissions().mode() & 0o7777;
    folder(&world, "shared", 0o1777, Some("Dear Bob"));
    world.keyring(&["init", "--store", "shared"]).exits(4);
    assert_eq!(mode("shared"), 0o1777);
    folder(&world, "open", 0o1777, None);
    snapshot!(world.keyring(&["init", "--store", "open"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: others can write to [FOLDER]/open (mode 1777)
    hint: `chmod go-w [FOLDER]/open`
    ");
    assert_eq!(mode("open"), 0o1777);
    assert!(world.listing("open").is_empty());
    std::fs::set_permissions(world.store(), std::fs::Permissions::from_mode(0o700)).unwrap();
    world.keyring(&["init"]).exits(4);
    assert_eq!(mode("keystore"), 0o700);
}

#[test]
fn an_empty_folder_is_opened_for_services_to_pass() {
    let world = World::empty();
    folder(&world, "keystore", 0o700, None);
    world.done(&["init"]);
    assert_eq!(world.store().metadata().unwrap().permissions().mode() & 0o7777, 0o711);
}

#[test]
fn refuses_defaults_that_no_request_could_use() {
    let world = World::empty();
    snapshot!(world.keyring(&["init", "--algorithm", "rsa-1024"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "rsa-1024" is not a key algorithm: there are ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096, ed25519
    "#);
    snapshot!(world.keyring(&["init", "--subject", "CN=mail.example.com"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: CN is no default for all requests
    hint: --subject takes C, ST, L, O and OU here; the rest is given to make-csr
    ");
    snapshot!(world.keyring(&["init", "--subject", "C=Germany"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: the subject is refused: "Germany" is not a country code: C is two letters of ISO 3166, such as US
    "#);
    assert!(!world.store().exists());
}

#[test]
fn a_keystore_that_others_can_write_to_is_refused() {
    let world = World::new();
    std::fs::set_permissions(world.store(), std::fs::Permissions::from_mode(0o777)).unwrap();
    snapshot!(world.keyring(&["list"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: others can write to [FOLDER]/keystore (mode 0777)
    hint: `chmod go-w [FOLDER]/keystore`
    ");
}

#[test]
fn every_command_says_how_to_make_the_keystore_that_is_missing() {
    let world = World::empty();
    snapshot!(world.keyring(&["list"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is no keystore at [FOLDER]/keystore
    hint: `keyring init` makes one; --store DIR names another place
    ");
    for command in [
        &["create-key", "a/b/c"][..],
        &["make-csr", "a/b/c"],
        &["install-cert", "a/b/c", "x"],
        &["bind", "a/b/c", "a/b@default"],
        &["unbind", "a/b@default"],
        &["status"],
        &["diff"],
        &["commit"],
        &["discard"],
        &["show", "a/b/c"],
        &["log"],
    ] {
        let refused = world.keyring(&[command, &["--json"]].concat()).exits(4);
        assert_eq!(refused.error()["code"], "no-keystore", "{refused}");
    }
}
