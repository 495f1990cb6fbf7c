//! `export-csr`.
#![allow(clippy::disallowed_methods, reason = "looks at what was written")]

use crate::common::output::snapshot;
use crate::common::{KEY, World};

#[test]
fn writes_the_request_that_waits_as_it_was_made() {
    let (world, request) = World::with_request();
    snapshot!(world.done(&["export-csr", KEY]), @"
    exit code 0
    -- stdout
    -----BEGIN CERTIFICATE REQUEST-----
    [BASE64]
    -----END CERTIFICATE REQUEST-----
    -- stderr
    Request 1 with version 1 of mail01/imap/main, made [TIME].
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      kept in       [FOLDER]/keystore/servers/mail01/imap/main/1/request-1.csr
    ");
    assert_eq!(world.done(&["export-csr", KEY]).stdout, request);
    let before = world.listing("keystore");
    world.done(&["export-csr", KEY, "--out", "mail.csr"]);
    assert_eq!(world.read("mail.csr"), request);
    snapshot!(world.keyring(&["export-csr", KEY, "--out", "mail.csr"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail.csr exists already
    hint: name another file, or say --force to replace it
    ");
    world.done(&["export-csr", KEY, "--der", "--out", "mail.csr", "--force"]);
    let der = std::fs::read(world.path("mail.csr")).unwrap();
    assert_eq!(der, pem::parse(&request).unwrap().into_contents());
    assert_eq!(world.listing("keystore"), before, "nothing changes");
    let piped = world.command(&["export-csr", KEY, "--der"]).output().unwrap();
    assert_eq!(piped.stdout, der);
}

#[test]
fn reports_it_in_json() {
    let (world, _) = World::with_request();
    let exported = world.done(&["export-csr", KEY, "--json"]);
    exported.json();
    snapshot!(exported, @r#"
    exit code 0
    -- stdout
    {
      "command": "export-csr",
      "ok": true,
      "result": {
        "kept": "[FOLDER]/keystore/servers/mail01/imap/main/1/request-1.csr",
        "key": "mail01/imap/main",
        "made": "[TIME]",
        "names": [
          "dns:mail01.example.com"
        ],
        "request": 1,
        "request_pem": "-----BEGIN CERTIFICATE REQUEST-----\n[BASE64]\n-----END CERTIFICATE REQUEST-----\n",
        "subject": "CN=mail01.example.com",
        "version": 1
      },
      "schema": 1
    }
    -- stderr
    "#);
    let refused = world.keyring(&["export-csr", KEY, "--out", "-", "--json"]).exits(2);
    assert_eq!(refused.error()["code"], "usage");
}

#[test]
fn finds_requests_by_version_and_number() {
    let (world, _) = World::committed();
    let first = world.done(&["export-csr", KEY, "--json"]).result();
    assert_eq!((&first["version"], &first["request"]), (&1.into(), &1.into()));
    world.done(&["make-csr", KEY, "--new-key", "--cn", "next.example.com"]);
    world.done(&["make-csr", KEY, "--cn", "again.example.com"]);
    let subject = |arguments: &[&str]| {
        world.done(&[&["export-csr", KEY, "--json"], arguments].concat()).result()["subject"].clone()
    };
    assert_eq!(subject(&[]), "CN=again.example.com");
    assert_eq!(subject(&["--request", "1"]), "CN=next.example.com");
    assert_eq!(subject(&["--version", "1"]), "CN=mail01.example.com");
    snapshot!(world.keyring(&["export-csr", KEY, "--version", "1", "--request", "2"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main has no request 2 with version 1
    hint: `keyring make-csr mail01/imap/main` makes one; `keyring show mail01/imap/main` shows them
    ");
    snapshot!(world.keyring(&["export-csr", KEY, "--version", "7"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main has no version 7
    hint: `keyring show mail01/imap/main` shows its versions
    ");
    world.done(&["create-key", "mail01/imap/new"]);
    snapshot!(world.keyring(&["export-csr", "mail01/imap/new"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/new has no request
    hint: `keyring make-csr mail01/imap/new` makes one; `keyring show mail01/imap/new` shows them
    ");
    assert_eq!(world.keyring(&["export-csr"]).exits(2).code, 2);
}
