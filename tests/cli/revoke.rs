//! `revoke`.

use crate::common::output::snapshot;
use crate::common::{Authority, KEY, World};

#[test]
fn revokes_by_key_file_and_number() {
    let (world, request) = World::with_request();
    world.write("mail.csr", &request);
    world.done(&["create-ca", "lab", "--no-passphrase"]);
    world.done(&["submit", KEY, "--to", "lab"]);
    world.done(&["commit"]);
    snapshot!(world.done(&["revoke", KEY, "--ca", "lab", "--reason", "key-compromise"]), @"
    exit code 0
    -- stdout
    -- stderr
    Revoked [SERIAL], keyCompromise.
      subject       CN=mail01.example.com
    `keyring export-crl --ca lab` makes the list that clients learn of it from.
    ");
    snapshot!(world.done(&["revoke", KEY, "--ca", "lab", "--reason", "superseded"]), @"
    exit code 0
    -- stdout
    -- stderr
    [SERIAL] is revoked already, since [TIME], keyCompromise: nothing to do.
      subject       CN=mail01.example.com
    ");
    world.done(&["sign-csr", "mail.csr", "--ca", "lab", "--out", "mail.pem"]);
    let revoked = world.done(&["revoke", "mail.pem", "--ca", "lab", "--json"]);
    revoked.json();
    snapshot!(revoked, @r#"
    exit code 0
    -- stdout
    {
      "command": "revoke",
      "ok": true,
      "result": {
        "ca": "lab",
        "changed": true,
        "reason": "unspecified",
        "revoked": "[TIME]",
        "serial": "[...]",
        "subject": "CN=mail01.example.com"
      },
      "schema": 1
    }
    -- stderr
    "#);
    let signed = world.done(&["sign-csr", "mail.csr", "--ca", "lab", "--json"]).result();
    let serial = signed["serial"].as_str().unwrap();
    world.done(&["revoke", serial, "--ca", "lab", "--reason", "cessationOfOperation"]);
    snapshot!(world.done(&["list-issued", "--ca", "lab"]), @"
    exit code 0
    -- stdout
    [SERIAL]
      server, dns:mail01.example.com, until [DATE] ([DAYS])
      for mail01/imap/main
      revoked since [TIME], keyCompromise
    [SERIAL]
      server, dns:mail01.example.com, until [DATE] ([DAYS])
      revoked since [TIME], unspecified
    [SERIAL]
      server, dns:mail01.example.com, until [DATE] ([DAYS])
      revoked since [TIME], cessationOfOperation
    -- stderr
    ");

    // who is given the list refuses them
    world.done(&["export-crl", "--ca", "lab", "--out", "lab.crl"]);
    let roots = "keystore/authorities/lab/root-certificate.pem";
    snapshot!(world.keyring(&["verify", KEY, "--roots", roots, "--crl", "lab.crl"]).exits(12), @r#"
    exit code 12
    -- stdout
    mail01/imap/main, version 1
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      issuer        CN=lab Issuing CA
      valid         until [DATE] ([DAYS])
      chain         1 intermediate(s)
      added         basic constraints: requested (none), issued critical,CA:FALSE
    fault: "CN=mail01.example.com" is revoked
    Clients will refuse it.
    -- stderr
    "#);
}

#[test]
fn names_what_it_did_not_issue() {
    let (world, _) = World::committed();
    world.done(&["create-ca", "lab", "--no-passphrase"]);
    let before = world.listing("keystore");
    let refused =
        |arguments: &[&str], code| world.keyring(&[&["revoke", "--ca", "lab"], arguments].concat()).exits(code);
    snapshot!(refused(&[KEY], 4), @"
    exit code 4
    -- stdout
    -- stderr
    error: lab has not issued the certificate of mail01/imap/main
    hint: `keyring list-issued --ca lab` shows what it has issued
    ");
    world.write("root.pem", Authority::new().root_pem());
    snapshot!(refused(&["root.pem"], 4), @r#"
    exit code 4
    -- stdout
    -- stderr
    error: lab has not issued the certificate of "CN=Test Root"
    hint: `keyring list-issued --ca lab` shows what it has issued
    "#);
    snapshot!(refused(&["1234"], 4), @"
    exit code 4
    -- stdout
    -- stderr
    error: lab has not issued a certificate with the number 1234
    hint: `keyring list-issued --ca lab` shows what it has issued
    ");
    snapshot!(refused(&["1234", "--reason", "lost"], 3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "lost" is no reason for a revocation: there are unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, privilegeWithdrawn
    "#);
    snapshot!(refused(&["nothing.pem"], 1), @"
    exit code 1
    -- stdout
    -- stderr
    error: cannot read nothing.pem: No such file or directory (os error 2)
    ");
    assert_eq!(world.listing("keystore"), before);
}
