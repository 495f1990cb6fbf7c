//! `export-key`.
#![allow(clippy::disallowed_methods, reason = "looks at what was written")]

use std::os::unix::fs::PermissionsExt as _;

use crate::common::output::snapshot;
use crate::common::{KEY, World};

/// A keystore with a certificate in use, and a passphrase in a file.
fn world() -> World {
    let (world, _) = World::committed();
    world.write("passphrase", "correct horse\n");
    world
}

fn kept(world: &World, name: &str) -> String {
    world.read(&format!("keystore/servers/{KEY}/1/{name}"))
}

#[test]
fn certificates_go_to_standard_output_or_to_a_file() {
    let world = world();
    let (certificate, chain) = (kept(&world, "certificate-1.pem"), kept(&world, "chain-1.pem"));
    let export = |format: &str| world.done(&["export-key", KEY, "--format", format]).stdout;
    assert_eq!(export("certificate"), certificate);
    assert_eq!(export("chain"), chain);
    assert_eq!(export("fullchain"), format!("{certificate}{chain}"));
    world.write("chain.p7b", export("pkcs7"));
    let inside = world.done(&["inspect", "chain.p7b", "--json"]).result();
    assert_eq!(inside["objects"].as_array().unwrap().len(), 1 + chain.matches("BEGIN").count());
    snapshot!(world.done(&["export-key", KEY, "--format", "fullchain", "--out", "full.pem"]), @"
    exit code 0
    -- stdout
    -- stderr
    Exported version 1 of mail01/imap/main: without its private key, 2 certificates
      written to    full.pem
    ");
    assert_eq!(world.read("full.pem"), format!("{certificate}{chain}"));
}

#[test]
fn a_private_key_goes_to_a_file_of_its_owners_that_is_not_there_yet() {
    let world = world();
    snapshot!(world.keyring(&["export-key", KEY, "--format", "pem"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: a private key goes to a file only
    hint: name one with --out FILE
    ");
    let export = ["export-key", KEY, "--format", "pem", "--out", "main.key"];
    snapshot!(world.done(&export), @"
    exit code 0
    -- stdout
    -- stderr
    Exported version 1 of mail01/imap/main: the private key, not encrypted
      written to    main.key
    ");
    assert_eq!(world.read("main.key"), kept(&world, "private-key.pem"));
    let mode = || std::fs::metadata(world.path("main.key")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    snapshot!(world.keyring(&export).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: main.key exists already
    hint: name another file, or say --force to replace it
    ");
    std::fs::set_permissions(world.path("main.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    world.done(&[&export[..], &["--force", "--new-passphrase-file", "passphrase"]].concat());
    assert!(world.read("main.key").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    assert_eq!(mode(), 0o600);
    world.done(&["export-key", KEY, "--format", "combined", "--out", "combined.pem"]);
    let all = ["private-key.pem", "certificate-1.pem", "chain-1.pem"].map(|name| kept(&world, name)).concat();
    assert_eq!(world.read("combined.pem"), all);
}

#[test]
fn a_pkcs12_file_is_encrypted_unless_that_is_said() {
    let world = world();
    let export = ["export-key", KEY, "--format", "pkcs12", "--out", "main.p12"];
    snapshot!(world.keyring(&export).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the passphrase to encrypt the file with is missing
    hint: give --new-passphrase-file, --new-passphrase-env or --no-passphrase, or run this on a terminal to be asked
    ");
    let with = |more: &[&str]| world.keyring(&[&export[..], more].concat());
    snapshot!(with(&["--new-passphrase-file", "passphrase", "--windows-2016"]).exits(0), @"
    exit code 0
    -- stdout
    -- stderr
    Exported version 1 of mail01/imap/main: the encrypted private key, 2 certificates
      written to    main.p12
      friendly name main
    warning: Triple DES and SHA-1 protect it badly: guard the file, and remove it when it is imported
    ");
    snapshot!(with(&["--no-passphrase", "--force", "--json"]).exits(0), @r#"
    exit code 0
    -- stdout
    {
      "command": "export-key",
      "ok": true,
      "result": {
        "certificates": 2,
        "encrypted": false,
        "format": "pkcs12",
        "friendly_name": "main",
        "key": "mail01/imap/main",
        "out": "main.p12",
        "private_key": true,
        "version": 1
      },
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(with(&["--no-passphrase", "--force", "--profile", "exchange"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: mail01/imap/main cannot be exported: the Windows provider "Microsoft RSA SChannel Cryptographic Provider" takes RSA keys, and this one is ecdsa-p256
    hint: leave --profile exchange out, or make an RSA key: Exchange takes no other
    "#);
    snapshot!(world.keyring(&["export-key", KEY, "--format", "pem", "--profile", "java"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: profiles and friendly names are for PKCS#12 files
    hint: say --format pkcs12
    ");
}

#[test]
fn what_is_exported_is_imported_again() {
    let world = world();
    let spki = world.done(&["show", KEY, "--json"]).result()["key"]["current"]["spki_sha256"].clone();
    for (number, format) in ["pem", "pkcs8-der", "pkcs12", "combined"].iter().enumerate() {
        for (secret, flags) in
            [("open", &["--no-passphrase"][..]), ("closed", &["--new-passphrase-file", "passphrase"])]
        {
            let file = format!("{format}-{secret}");
            world.done(&[&["export-key", KEY, "--format", format, "--out", &file], flags].concat());
            let key = format!("copy/https/{secret}{number}");
            let imported = world.done(&["import-key", &key, &file, "--passphrase-file", "passphrase", "--json"]);
            assert_eq!(imported.result()["spki_sha256"], spki, "{file}");
        }
    }
}

#[test]
fn a_key_without_certificate_is_exported_alone() {
    let (world, _) = World::with_request();
    world.done(&["export-key", KEY, "--format", "pkcs8-der", "--out", "main.der"]);
    snapshot!(world.keyring(&["export-key", KEY, "--format", "fullchain"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main has no certificate yet
    hint: `keyring install-cert mail01/imap/main FILE` installs one
    ");
    snapshot!(world.keyring(&["export-key", KEY, "--format", "pem", "--version", "7", "--out", "x"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main has no version 7
    hint: `keyring show mail01/imap/main` shows its versions
    ");
}
