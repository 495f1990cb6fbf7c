//! Authorities of the kind self-signed: keys that answer their own requests, from the first certificate to renewals
//! without a person.

use serde_json::json;

use crate::common::output::snapshot;
use crate::common::{ENDPOINT, KEY, World};

#[test]
fn says_what_kind_of_certificate_and_keeps_what_was_said() {
    let world = World::new();
    snapshot!(world.done(&["set-authority", "lone", "--kind", "self-signed"]), @"
    exit code 0
    -- stdout
    -- stderr
    lone: self-signed, profile server.
    ");
    snapshot!(world.done(&["set-authority", "lone", "--days", "90"]), @"
    exit code 0
    -- stdout
    -- stderr
    lone: self-signed, profile server, certificates for 90 days.
    ");
    let said = world.done(&["set-authority", "lone", "--profile", "exchange", "--json"]);
    said.json();
    snapshot!(said, @r#"
    exit code 0
    -- stdout
    {
      "command": "set-authority",
      "ok": true,
      "result": {
        "authority": {
          "days": 90,
          "kind": "self-signed",
          "profile": "exchange"
        },
        "before": {
          "days": 90,
          "kind": "self-signed",
          "profile": "server"
        },
        "changed": true,
        "name": "lone"
      },
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.keyring(&["set-authority", "lone", "--ca-file", "/etc/root.pem"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: --ca-file says nothing of an authority of the kind self-signed
    hint: `keyring set-authority --help` shows which flags are for which kind
    ");
    snapshot!(world.keyring(&["set-authority", "lone", "--profile", "client"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: invalid value 'client' for '--profile <PROFILE>'
      [possible values: server, exchange]

    For more information, try '--help'.
    ");
    snapshot!(world.done(&["list-authorities"]), @"
    exit code 0
    -- stdout
    lone
      self-signed, profile exchange, certificates for 90 days
    -- stderr
    ");
}

/// The certificate is one that clients take once they trust it.
fn is_good(world: &World, version: u32) {
    let certificate = format!("keystore/servers/mail01/imap/main/{version}/certificate-1.pem");
    world.done(&["verify", KEY, "--roots", &certificate, "--name", "mail01.example.com"]);
}

#[test]
fn a_key_that_signs_itself_is_renewed_to_the_commit() {
    let (world, _) = World::with_request();
    world.done(&["set-authority", "lone", "--kind", "self-signed", "--days", "90"]);
    // the first hour of its lifetime is over when it is made
    world.done(&["set-renewal", KEY, "--authority", "lone", "--at", "1/8640"]);
    world.done(&["bind", KEY, ENDPOINT]);
    snapshot!(world.done(&["submit", KEY]), @"
    exit code 0
    -- stdout
    -- stderr
    installed: mail01/imap/main by lone, until [DATE] ([DAYS])
    ");
    world.done(&["commit"]);
    is_good(&world, 1);
    let renewed = world.done(&["renew", "--due", "--commit", "--json"]).result();
    assert_eq!((&renewed["keys"][0]["state"], &renewed["keys"][0]["version"]), (&json!("renewed"), &json!(2)));
    assert_eq!(renewed["keys"][0]["warnings"], json!([]));
    is_good(&world, 2);
    let served = world.read("keystore/live/mail01/imap/default/current/certificate.pem");
    assert_eq!(served, world.read("keystore/servers/mail01/imap/main/2/certificate-1.pem"));
    // who read which private key was written down before it was read
    let read = world.done(&["log", "--keys-read", "--json"]).result().to_string();
    assert!(read.contains("\"command\":\"renew\"") && read.contains("\"command\":\"submit\""), "{read}");
    world.done(&["set-renewal", KEY, "--authority", "lone", "--at", "2/3"]);
    world.done(&["commit"]);
    assert_eq!(world.done(&["renew", "--due", "--commit", "--json"]).result()["keys"], json!([]));
    assert_eq!(world.done(&["doctor", "--json"]).result()["findings"], json!([]));
}

/// One that was made by `self-sign`, and never had a request.
#[test]
fn a_certificate_that_was_made_by_hand_is_renewed_as_well() {
    let world = World::new();
    world.done(&["create-key", KEY]);
    world.done(&["self-sign", KEY, "--cn", "mail01.example.com", "--san", "dns:imap.example.com"]);
    world.done(&["set-authority", "lone", "--kind", "self-signed"]);
    world.done(&["set-renewal", KEY, "--authority", "lone"]);
    world.done(&["commit"]);
    world.done(&["renew", KEY, "--commit"]);
    is_good(&world, 2);
    let shown = world.done(&["show", KEY, "--json"]).result()["key"].to_string();
    assert!(shown.contains("dns:imap.example.com"), "{shown}");
}

#[test]
fn an_encrypted_private_key_is_opened_with_its_passphrase() {
    let mut world = World::new();
    world.set("PASSPHRASE", "correct horse");
    world.done(&["set-authority", "lone", "--kind", "self-signed"]);
    let locked = "mail01/pop3/main";
    world.done(&["create-key", locked, "--passphrase-env", "PASSPHRASE"]);
    world.done(&["make-csr", locked, "--cn", "mail01.example.com", "--passphrase-env", "PASSPHRASE"]);
    world.done(&["create-key", KEY]);
    world.done(&["make-csr", KEY, "--cn", "mail01.example.com"]);
    snapshot!(world.keyring(&["submit", KEY, locked, "--to", "lone"]).exits(11), @"
    exit code 11
    -- stdout
    -- stderr
    installed: mail01/imap/main by lone, until [DATE] ([DAYS])
    failed: mail01/pop3/main: the private key of mail01/pop3/main is encrypted, and its passphrase is missing
      hint          give --passphrase-file or --passphrase-env, or run this on a terminal to be asked
    ");
    world.write("wrong", "wrong\n");
    let refused = world.keyring(&["submit", locked, "--to", "lone", "--passphrase-file", "wrong", "--json"]).exits(3);
    assert_eq!(refused.result()["keys"][0]["code"], "wrong-passphrase", "{refused}");
    world.done(&["submit", locked, "--to", "lone", "--passphrase-env", "PASSPHRASE"]);
    for key in [KEY, locked] {
        world.done(&["set-renewal", key, "--authority", "lone"]);
    }
    world.done(&["commit"]);
    let both = world.done(&["renew", KEY, locked, "--commit", "--passphrase-env", "PASSPHRASE", "--json"]).result();
    assert_eq!((&both["keys"][0]["state"], &both["keys"][1]["state"]), (&json!("renewed"), &json!("renewed")));
}

#[test]
fn certificates_for_exchange_are_as_exchange_makes_them() {
    let world = World::new();
    let (rsa, other) = ("mail01.example.com/smtp/main", "mail01.example.com/smtp/other");
    world.done(&["set-authority", "lone", "--kind", "self-signed", "--profile", "exchange"]);
    world.done(&["create-key", rsa, "--algorithm", "rsa-2048"]);
    world.done(&["create-key", other]);
    for key in [rsa, other] {
        world.done(&["make-csr", key, "--cn", "owa.example.com"]);
    }
    snapshot!(world.keyring(&["submit", rsa, other, "--to", "lone"]).exits(11), @"
    exit code 11
    -- stdout
    -- stderr
    installed: mail01.example.com/smtp/main by lone, until [DATE] ([DAYS])
    failed: mail01.example.com/smtp/other: mail01.example.com/smtp/other is ecdsa-p256, and Exchange takes RSA keys
      hint          `keyring create-key mail01.example.com/smtp/other --next --algorithm rsa-2048` makes one; without --next for a new key
    ");
    let shown = world.done(&["show", rsa, "--json"]).result().to_string();
    assert!(shown.contains("\"dns:owa\",\"dns:owa.example.com\""), "{shown}");
}
