//! `sign-csr`; and `submit` and `renew` by a private authority.
#![allow(clippy::disallowed_methods, reason = "damages what stands there")]

use crate::common::output::snapshot;
use crate::common::{KEY, World};

fn with_ca(more: &[&str]) -> (World, String) {
    let (world, request) = World::with_request();
    world.done(&[&["create-ca", "lab", "--no-passphrase"], more].concat());
    world.write("mail.csr", &request);
    (world, request)
}

#[test]
fn certifies_requests_from_anywhere() {
    let (world, _) = with_ca(&[]);
    snapshot!(world.done(&["sign-csr", "mail.csr", "--ca", "lab"]), @"
    exit code 0
    -- stdout
    -----BEGIN CERTIFICATE-----
    [BASE64]
    -----END CERTIFICATE-----
    -----BEGIN CERTIFICATE-----
    [BASE64]
    -----END CERTIFICATE-----
    -- stderr
    lab issued a server's certificate, until [DATE] ([DAYS]).
      serial        [SERIAL]
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
    ");
    snapshot!(world.done(&["sign-csr", "mail.csr", "--ca", "lab", "--profile", "client", "--days", "30", "--out", "mail.pem"]), @"
    exit code 0
    -- stdout
    -- stderr
    lab issued a client's certificate, until [DATE] ([DAYS]).
      serial        [SERIAL]
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      not given     serverAuth
      written to    mail.pem
    ");
    snapshot!(world.done(&["inspect", "mail.pem"]), @r#"
    exit code 0
    -- stdout
    1. mail.pem, line 1: certificate
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      issuer        CN=lab Issuing CA
      serial        [SERIAL]
      valid         from [DATE] until [DATE] ([DAYS])
      key           ECDSA P-256
      SPKI pin      [PIN]
      signed with   ecdsa-with-SHA256
      SHA-256       [SHA256]
      SHA-1         [SHA1]
      extension     basic constraints (critical): not an authority
      extension     key usage (critical): digital signature
      extension     extended key usage: TLS client
      extension     subject alternative names: dns:mail01.example.com
      extension     subject key identifier: [SHA1]
      extension     authority key identifier: [SHA1]
      in keystore   mail01/imap/main

    2. mail.pem, line 13: certificate of an authority
      subject       CN=lab Issuing CA
      names         (none)
      issuer        CN=lab Root CA
      serial        [SERIAL]
      valid         from [DATE] until [DATE] ([DAYS])
      key           ECDSA P-256
      SPKI pin      [PIN]
      signed with   ecdsa-with-SHA256
      SHA-256       [SHA256]
      SHA-1         [SHA1]
      extension     basic constraints (critical): an authority, for end certificates only
      extension     key usage (critical): certificate signing, CRL signing
      extension     subject key identifier: [SHA1]
      extension     authority key identifier: [SHA1]

    Chain of "CN=mail01.example.com": 1 -> 2; its issuer "CN=lab Root CA" is not among these files.
    -- stderr
    "#);
    let signed = world.done(&["sign-csr", "mail.csr", "--ca", "lab", "--days", "99999", "--json"]);
    let result = signed.result();
    assert!(result["shortened_from"].is_string(), "{result}");
    snapshot!(signed, @r#"
    exit code 0
    -- stdout
    {
      "command": "sign-csr",
      "ok": true,
      "result": {
        "ca": "lab",
        "certificate_pem": "-----BEGIN CERTIFICATE-----\n[BASE64]\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n[BASE64]\n-----END CERTIFICATE-----\n",
        "left_out": [],
        "names": [
          "dns:mail01.example.com"
        ],
        "not_after": "[TIME]",
        "not_before": "[TIME]",
        "profile": "server",
        "serial": "[...]",
        "sha256": "[SHA256]",
        "shortened_from": "[TIME]",
        "subject": "CN=mail01.example.com"
      },
      "schema": 1
    }
    -- stderr
    "#);
    world.done(&["install-cert", KEY, "mail.pem"]);
}

#[test]
fn names_what_it_refuses_and_lists_nothing_of_it() {
    let (world, request) = with_ca(&["--permit", "dns:lab.example"]);
    let refused = |arguments: &[&str], code| world.keyring(&[&["sign-csr"], arguments].concat()).exits(code);
    snapshot!(refused(&["mail.csr", "--ca", "lab"], 3), @"
    exit code 3
    -- stdout
    -- stderr
    error: no certificate can be made for CN=mail01.example.com: the authority may not certify dns:mail01.example.com (not permitted)
    hint: leave these names out, or have another authority certify them
    ");
    snapshot!(refused(&["mail.csr", "--ca", "none"], 4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is no authority none
    hint: `keyring set-authority none --kind KIND` describes it; `keyring list-authorities` shows them
    ");
    snapshot!(refused(&["mail.csr", "--ca", "lab", "--profile", "email"], 3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "email" is no profile of certificates: there are server, client
    "#);
    world.write("damaged.csr", request.replacen("MI", "M1", 1));
    snapshot!(refused(&["damaged.csr", "--ca", "lab"], 3), @"
    exit code 3
    -- stdout
    -- stderr
    error: damaged.csr holds no request that can be certified: not a certification request: it looks like some other binary file
    hint: give a request (PKCS#10) in PEM, base64 or DER
    ");
    world.done(&["set-authority", "folder", "--kind", "file", "--requests", "/a", "--replies", "/b"]);
    snapshot!(refused(&["mail.csr", "--ca", "folder"], 4), @"
    exit code 4
    -- stdout
    -- stderr
    error: folder is no private authority in this keystore
    hint: `keyring create-ca NAME` makes one; `keyring list-authorities` shows them
    ");
    snapshot!(world.done(&["list-issued", "--ca", "lab"]), @"
    exit code 0
    -- stdout
    -- stderr
    lab has issued nothing yet.
    ");
}

#[test]
fn opens_the_authoritys_private_key() {
    let (mut world, request) = World::with_request();
    world.write("secret", "correct horse\n");
    world.write("mail.csr", &request);
    world.done(&["create-ca", "lab", "--passphrase-file", "secret"]);
    snapshot!(world.keyring(&["sign-csr", "mail.csr", "--ca", "lab"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the private key of the authority lab is encrypted, and its passphrase is missing
    hint: give --passphrase-file or --passphrase-env, or say once for all where it is with `keyring set-authority lab --passphrase file:/PATH`
    ");
    world.write("wrong", "wrong horse\n");
    snapshot!(world.keyring(&["sign-csr", "mail.csr", "--ca", "lab", "--passphrase-file", "wrong"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: the private key of the authority lab cannot be used: wrong passphrase
    hint: give the passphrase that `keyring create-ca` was given
    ");
    world.done(&["sign-csr", "mail.csr", "--ca", "lab", "--passphrase-file", "secret"]);
    snapshot!(world.keyring(&["submit", KEY, "--to", "lab"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    failed: mail01/imap/main: lab cannot sign the request of mail01/imap/main: the private key of the authority lab is encrypted, and its passphrase is missing
      hint          `keyring set-authority lab --passphrase file:/PATH` says where its passphrase is
    ");
    snapshot!(world.done(&["set-authority", "lab", "--passphrase", "env:LAB"]), @"
    exit code 0
    -- stdout
    -- stderr
    lab: local-ca, certificates for 90 days, passphrase from env:LAB.
    ");
    world.set("LAB", "correct horse");
    world.done(&["sign-csr", "mail.csr", "--ca", "lab"]);
    world.done(&["submit", KEY, "--to", "lab"]);
}

#[test]
fn requests_of_this_keystore_are_certified_at_once() {
    let (world, _) = with_ca(&[]);
    world.done(&["create-key", "mail02/imap/main"]);
    world.done(&["make-csr", "mail02/imap/main", "--cn", "mail02.example.com"]);
    snapshot!(world.done(&["submit", KEY, "mail02/imap/main", "--to", "lab"]), @"
    exit code 0
    -- stdout
    -- stderr
    installed: mail01/imap/main by lab, until [DATE] ([DAYS])
    installed: mail02/imap/main by lab, until [DATE] ([DAYS])
    ");
    // what was certified and lost on its way is not certified again
    world.done(&["discard"]);
    world.done(&["submit", KEY, "mail02/imap/main", "--to", "lab"]);
    let listed = world.done(&["list-issued", "--ca", "lab", "--json"]).result();
    let keys: Vec<_> =
        listed["certificates"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap()).collect();
    assert_eq!(keys, [KEY, "mail02/imap/main"]);
    world.done(&["bind", KEY, "mail01/imap@default"]);
    world.done(&["commit"]);
    // the same private key again makes another certificate
    world.done(&["make-csr", KEY, "--reuse-key"]);
    world.done(&["submit", KEY, "--to", "lab"]);
    snapshot!(world.done(&["list-issued", "--ca", "lab"]), @"
    exit code 0
    -- stdout
    [SERIAL]
      server, dns:mail01.example.com, until [DATE] ([DAYS])
      for mail01/imap/main
    [SERIAL]
      server, dns:mail02.example.com, until [DATE] ([DAYS])
      for mail02/imap/main
    [SERIAL]
      server, dns:mail01.example.com, until [DATE] ([DAYS])
      for mail01/imap/main
    -- stderr
    ");
    snapshot!(world.done(&["verify", KEY, "--roots", "keystore/authorities/lab/root-certificate.pem"]), @"
    exit code 0
    -- stdout
    mail01/imap/main, version 1
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      issuer        CN=lab Issuing CA
      valid         until [DATE] ([DAYS])
      chain         1 intermediate(s)
      root          CN=lab Root CA, trusted by keystore/authorities/lab/root-certificate.pem
      added         basic constraints: requested (none), issued critical,CA:FALSE
    Nothing was found that makes clients refuse it.
    -- stderr
    ");
}

#[test]
fn what_is_not_the_passphrase_does_not_ask_for_one() {
    let (world, _) = with_ca(&[]);
    let issued = world.path("keystore/authorities/lab/issued");
    std::fs::remove_dir(&issued).unwrap();
    std::fs::write(&issued, "").unwrap();
    snapshot!(world.keyring(&["submit", KEY, "--to", "lab"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    failed: mail01/imap/main: lab cannot sign the request of mail01/imap/main: cannot list [FOLDER]/keystore/authorities/lab/issued: Not a directory (os error 20)
      hint          `keyring doctor` names everything that is damaged and what mends it; nothing was changed
    ");
}
