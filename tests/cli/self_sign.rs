//! `self-sign`.

use crate::common::output::snapshot;
use crate::common::{KEY, World};

#[test]
fn makes_a_certificate_and_stages_it() {
    let (world, _) = World::with_request();
    snapshot!(world.done(&["self-sign", KEY, "--days", "90", "--san", "dns:imap.example.com"]), @"
    exit code 0
    -- stdout
    -- stderr
    Staged a certificate for mail01/imap/main, version 1, until [DATE] ([DAYS]). It is signed by its own key.
      subject       CN=mail01.example.com
      names         dns:mail01.example.com, dns:imap.example.com
      SHA-256       [SHA256]
    `keyring status` shows what is staged; `keyring commit` makes it effective.
    ");
    world.done(&["bind", KEY, "mail01/imap@default"]);
    world.done(&["commit"]);
    // the next one: a new private key, without a request, takes what the certificate says
    world.done(&["create-key", KEY, "--next"]);
    let said = world.done(&["self-sign", KEY, "--json"]);
    said.json();
    snapshot!(said, @r#"
    exit code 0
    -- stdout
    {
      "command": "self-sign",
      "ok": true,
      "result": {
        "certificate": {
          "chain_length": 0,
          "issuer": "CN=mail01.example.com",
          "names": [
            "dns:mail01.example.com",
            "dns:imap.example.com"
          ],
          "not_after": "[TIME]",
          "not_before": "[TIME]",
          "serial": "[...]",
          "sha256": "[SHA256]",
          "spki_sha256": "[SHA256]",
          "subject": "CN=mail01.example.com"
        },
        "days": 365,
        "in_place_of": null,
        "key": "mail01/imap/main",
        "profile": "server",
        "reused_key": false,
        "version": 2,
        "warnings": []
      },
      "schema": 1
    }
    -- stderr
    "#);
    let certificate = "keystore/servers/mail01/imap/main/2/certificate-1.pem";
    world.done(&["verify", KEY, "--roots", certificate, "--name", "imap.example.com"]);
}

#[test]
fn makes_one_as_exchange_does() {
    let world = World::new();
    let key = "mail01.example.com/smtp/main";
    world.done(&["create-key", key, "--algorithm", "rsa-2048"]);
    snapshot!(world.done(&["self-sign", key, "--profile", "exchange"]), @"
    exit code 0
    -- stdout
    -- stderr
    Staged a certificate for mail01.example.com/smtp/main, version 1, until [DATE] ([DAYS]). It is signed by its own key.
      subject       CN=mail01
      names         dns:mail01, dns:mail01.example.com
      SHA-256       [SHA256]
    `keyring status` shows what is staged; `keyring commit` makes it effective.
    ");
    snapshot!(world.done(&["inspect", "keystore/servers/mail01.example.com/smtp/main/1/certificate-1.pem"]), @"
    exit code 0
    -- stdout
    1. keystore/servers/mail01.example.com/smtp/main/1/certificate-1.pem, line 1: certificate
      subject       CN=mail01
      names         dns:mail01, dns:mail01.example.com
      issuer        CN=mail01 (self-signed)
      serial        [SERIAL]
      valid         from [DATE] until [DATE] ([DAYS])
      key           RSA 2048 bits
      SPKI pin      [PIN]
      signed with   sha256WithRSAEncryption
      SHA-256       [SHA256]
      SHA-1         [SHA1]
      extension     basic constraints (critical): not an authority
      extension     key usage (critical): digital signature, key encipherment
      extension     extended key usage: TLS server
      extension     subject alternative names: dns:mail01, dns:mail01.example.com
      extension     subject key identifier: [SHA1]
      extension     authority key identifier: [SHA1]
      in keystore   mail01.example.com/smtp/main
      finding: valid for 1826 days: public authorities may issue no more than 200 since [DATE]
    -- stderr
    ");
}

#[test]
fn names_what_is_in_the_way() {
    let world = World::new();
    world.done(&["create-key", KEY]);
    snapshot!(world.keyring(&["self-sign", KEY, "--profile", "exchange"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: mail01/imap/main is ecdsa-p256, and Exchange takes RSA keys
    hint: `keyring create-key mail01/imap/main --next --algorithm rsa-2048` makes one; without --next for a new key
    ");
    snapshot!(world.keyring(&["self-sign", KEY]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: no certificate can be made for mail01/imap/main: there is neither a subject nor a name
    hint: say what clients call the server: --cn HOST or --san dns:NAME
    ");
    snapshot!(world.keyring(&["self-sign", KEY, "--subject", "O=Lab"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: no certificate can be made for mail01/imap/main: there is no host name and no address: no client would take a server's certificate without
    hint: say what clients call the server: --cn HOST or --san dns:NAME
    ");
    snapshot!(world.keyring(&["self-sign", KEY, "--cn", "a.example", "--days", "0"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: invalid value '0' for '--days <N>': 0 is not in 1..=4294967295

    For more information, try '--help'.
    ");
    world.done(&["self-sign", KEY, "--cn", "a.example"]);
    world.done(&["commit"]);
    snapshot!(world.keyring(&["self-sign", KEY]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main has a certificate and no next version to make a request with
    hint: `keyring create-key mail01/imap/main --next` makes a new private key first; --reuse-key asks for the one in use again
    ");
    assert_eq!(world.done(&["status"]).stdout.matches("Staged").count(), 0);
}

#[test]
fn opens_an_encrypted_key() {
    let world = World::new();
    world.write("secret", "correct horse\n");
    world.done(&["create-key", KEY, "--passphrase-file", "secret"]);
    snapshot!(world.keyring(&["self-sign", KEY, "--cn", "a.example", "--no-input"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the private key of mail01/imap/main is encrypted, and its passphrase is missing
    hint: give --passphrase-file or --passphrase-env, or run this on a terminal to be asked
    ");
    world.done(&["self-sign", KEY, "--cn", "a.example", "--passphrase-file", "secret"]);
}
