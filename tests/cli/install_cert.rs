//! `install-cert`: what is taken. What is refused stands in refusals.rs.

use crate::common::output::snapshot;
use crate::common::{Authority, KEY, World};

#[test]
fn stages_the_certificate_with_its_chain() {
    let (world, request) = World::with_request();
    let authority = Authority::new();
    world.write("reply.pem", authority.order(&request).chain() + &authority.root_pem());
    snapshot!(world.done(&["install-cert", KEY, "reply.pem"]), @r#"
    exit code 0
    -- stdout
    -- stderr
    Staged a certificate for mail01/imap/main, version 1, until [DATE] ([DAYS]).
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      issuer        CN=Test Issuing CA
      chain         1 intermediate(s)
      left out      the root "CN=Test Root": clients have their own
    `keyring status` shows what is staged; `keyring commit` makes it effective.
    "#);
    snapshot!(world.done(&["install-cert", KEY, "reply.pem"]), @r#"
    exit code 0
    -- stdout
    -- stderr
    mail01/imap/main has this certificate already: nothing to do.
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      issuer        CN=Test Issuing CA
      chain         1 intermediate(s)
      left out      the root "CN=Test Root": clients have their own
    "#);
}

#[test]
fn reports_it_in_json() {
    let (world, request) = World::with_request();
    world.write("reply.pem", Authority::new().order(&request).chain());
    let installed = world.done(&["install-cert", KEY, "reply.pem", "--json"]);
    installed.json();
    snapshot!(installed, @r#"
    exit code 0
    -- stdout
    {
      "command": "install-cert",
      "ok": true,
      "result": {
        "certificate": {
          "chain_length": 1,
          "issuer": "CN=Test Issuing CA",
          "names": [
            "dns:mail01.example.com"
          ],
          "not_after": "[TIME]",
          "not_before": "[TIME]",
          "serial": "[...]",
          "sha256": "[SHA256]",
          "spki_sha256": "[SHA256]",
          "subject": "CN=mail01.example.com"
        },
        "changed": true,
        "differences": [
          {
            "issued": "CN=mail01.example.com",
            "requested": "CN=mail01.example.com",
            "state": "same",
            "what": "subject"
          },
          {
            "issued": "dns:mail01.example.com",
            "requested": "dns:mail01.example.com",
            "state": "same",
            "what": "names"
          },
          {
            "issued": "ECDSA P-256",
            "requested": "ECDSA P-256",
            "state": "same",
            "what": "public key"
          },
          {
            "issued": "from [DATE] to [DATE], 48 days",
            "requested": null,
            "state": "same",
            "what": "lifetime"
          },
          {
            "issued": "critical,digitalSignature",
            "requested": "critical,digitalSignature",
            "state": "same",
            "what": "key usage"
          },
          {
            "issued": "serverAuth",
            "requested": "serverAuth",
            "state": "same",
            "what": "extended key usage"
          }
        ],
        "in_place_of": null,
        "key": "mail01/imap/main",
        "left_out": [],
        "reordered": false,
        "root_left_out": null,
        "trust": {
          "fetched": [],
          "findings": [],
          "good": true,
          "path": [],
          "root": null,
          "roots": "none"
        },
        "version": 1,
        "warnings": []
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn reads_standard_input_der_bare_base64_and_parts_in_any_order() {
    let (world, request) = World::with_request();
    let authority = Authority::new();
    let leaf = authority.order(&request).leaf();
    let issuing = authority.issuing_pem();
    let sha256 = world.keyring_reading(&["install-cert", KEY, "-", "--json"], &format!("{issuing}{leaf}"));
    let sha256 = sha256.exits(0).result()["certificate"]["sha256"].clone();
    world.write("leaf.der", pem::parse(&leaf).unwrap().contents());
    world.write("issuing.pem", &issuing);
    world.write("bare.txt", leaf.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\r\n"));
    for arguments in [
        &["leaf.der", "issuing.pem"][..],
        &["issuing.pem", "leaf.der"],
        &["bare.txt", "--chain", "issuing.pem"],
        &["--chain", "issuing.pem", "--chain", "leaf.der"],
    ] {
        let installed = world.done(&[&["install-cert", KEY, "--json"], arguments].concat()).result();
        assert_eq!(installed["certificate"]["sha256"], sha256, "{arguments:?}");
        assert_eq!(installed["certificate"]["chain_length"], 1, "{arguments:?}");
        assert_eq!(installed["changed"], false, "{arguments:?}");
    }
}

#[test]
fn warns_of_a_missing_issuer_names_not_issued_and_a_weak_signature() {
    let world = World::new();
    let authority = Authority::new();
    world.done(&["create-key", KEY]);
    let names = ["--san", "dns:mail01.example.com", "--san", "dns:imap.example.com"];
    let request = world.done(&[&["make-csr", KEY], &names[..]].concat()).stdout;
    world.write("bare.pem", authority.order(&request).names(&["mail01.example.com"]).leaf());
    snapshot!(world.done(&["install-cert", KEY, "bare.pem"]), @r#"
    exit code 0
    -- stdout
    -- stderr
    Staged a certificate for mail01/imap/main, version 1, until [DATE] ([DAYS]).
      subject       (none)
      names         dns:mail01.example.com
      issuer        CN=Test Issuing CA
      chain         0 intermediate(s)
      missing       names: requested dns:mail01.example.com, dns:imap.example.com, issued dns:mail01.example.com
    warning: the chain of mail01/imap/main lacks its issuer "CN=Test Issuing CA": give it to install-cert with --chain
    warning: the certificate of mail01/imap/main lacks names that were requested: dns:imap.example.com
    `keyring status` shows what is staged; `keyring commit` makes it effective.
    "#);
    snapshot!(world.keyring(&["commit", "--strict"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: the commit is refused under --strict
      - the chain of mail01/imap/main lacks its issuer "CN=Test Issuing CA": give it to install-cert with --chain
      - the certificate of mail01/imap/main lacks names that were requested: dns:imap.example.com
    hint: mend these, or commit without --strict
    "#);
    world.write("weak.pem", authority.weakly_signed(&request));
    let weak = world.done(&["install-cert", KEY, "weak.pem", "--json"]);
    snapshot!(weak.result()["warnings"], @r#"[{"code":"issuer-missing","message":"the chain of mail01/imap/main lacks its issuer \"CN=Test Weak CA\": give it to install-cert with --chain"},{"code":"weak","message":"the certificate of mail01/imap/main is weak: a signature with SHA-1: it can be forged"}]"#);
}

#[test]
fn a_certificate_of_another_chain_is_left_out_and_named() {
    let (world, request) = World::with_request();
    let authority = Authority::new();
    world.write("reply.pem", authority.order(&request).chain());
    world.write("other.pem", Authority::new().foreign());
    snapshot!(world.done(&["install-cert", KEY, "reply.pem", "other.pem"]), @r#"
    exit code 0
    -- stdout
    -- stderr
    Staged a certificate for mail01/imap/main, version 1, until [DATE] ([DAYS]).
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      issuer        CN=Test Issuing CA
      chain         1 intermediate(s)
      left out      "CN=stranger.example.com": it has no part in this chain
      left out      "CN=Test Issuing CA": it has no part in this chain
    `keyring status` shows what is staged; `keyring commit` makes it effective.
    "#);
}
