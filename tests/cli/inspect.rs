//! `inspect`.

use crate::common::output::snapshot;
use crate::common::{Authority, KEY, World};

/// A fixture of the library's tests, by its name.
macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../keystore/tests/fixtures/", $name))
    };
}

#[test]
fn shows_what_is_in_files_and_what_belongs_together() {
    let (world, request) = World::with_request();
    let authority = Authority::new();
    world.write("request.csr", &request);
    world.write("reply.pem", authority.order(&request).chain());
    snapshot!(world.done(&["inspect", "request.csr", "reply.pem"]), @r#"
    exit code 0
    -- stdout
    1. request.csr, line 1: certification request
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      key           ECDSA P-256
      SPKI pin      [PIN]
      signed with   ecdsa-with-SHA256
      extension     subject alternative names: dns:mail01.example.com
      extension     key usage (critical): digital signature
      extension     extended key usage: TLS server
      belongs with  2 (certificate)
      in keystore   mail01/imap/main

    2. reply.pem, line 1: certificate
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      issuer        CN=Test Issuing CA
      serial        [SERIAL]
      valid         from [DATE] until [DATE] ([DAYS])
      key           ECDSA P-256
      SPKI pin      [PIN]
      signed with   ecdsa-with-SHA256
      SHA-256       [SHA256]
      SHA-1         [SHA1]
      extension     authority key identifier: [SHA1]
      extension     subject alternative names: dns:mail01.example.com
      extension     key usage (critical): digital signature
      extension     extended key usage: TLS server
      belongs with  1 (certification request)
      in keystore   mail01/imap/main

    3. reply.pem, line 12: certificate of an authority
      subject       CN=Test Issuing CA
      names         (none)
      issuer        CN=Test Root
      serial        [SERIAL]
      valid         from [DATE] until [DATE] ([DAYS])
      key           ECDSA P-256
      SPKI pin      [PIN]
      signed with   ecdsa-with-SHA256
      SHA-256       [SHA256]
      SHA-1         [SHA1]
      extension     key usage (critical): certificate signing, CRL signing
      extension     subject key identifier: [SHA1]
      extension     basic constraints (critical): an authority

    Chain of "CN=mail01.example.com": 2 -> 3; its issuer "CN=Test Root" is not among these files.
    -- stderr
    "#);
}

#[test]
fn needs_no_keystore_and_reads_standard_input() {
    let world = World::empty();
    let text = String::from_utf8(fixture!("key-manager-4.0.req").to_vec()).unwrap();
    snapshot!(world.keyring_reading(&["inspect", "-"], &text).exits(0), @"
    exit code 0
    -- stdout
    1. standard input, line 12: certification request
      subject       C=NL,ST=Noord Holland,L=Naarden,O=USoft,OU=INT,CN=INT
      names         (none)
      key           RSA 512 bits
      SPKI pin      [PIN]
      signed with   md5WithRSAEncryption
      finding: a signature with MD5: it can be forged
      finding: the common name INT is not among its names, and clients look at those alone
      finding: an RSA key of 512 bits: fewer than 2048 can be broken
    -- stderr
    ");
}

#[test]
fn opens_what_is_encrypted_when_a_passphrase_is_given() {
    let mut world = World::empty();
    world.set("OPENS_IT", "fixture");
    world.write("backup.pfx", fixture!("formats/windows.p12"));
    world.write("wrong", "wrong\n");
    world.write("right", "fixture\n");
    snapshot!(world.done(&["inspect", "backup.pfx"]), @"
    exit code 0
    -- stdout
    1. backup.pfx: PKCS#12 file (PFX)
      encrypted     PBES2 (PBKDF2-HMAC-SHA-256, 2048 rounds, AES-256-CBC)
      integrity     HMAC-SHA-256 (SHA-256, 2048 rounds)
      closed        its passphrase opens it: --passphrase-file or --passphrase-env
    -- stderr
    ");
    snapshot!(world.done(&["inspect", "backup.pfx", "--passphrase-file", "wrong", "--passphrase-env", "OPENS_IT"]), @r#"
    exit code 0
    -- stdout
    1. backup.pfx: PKCS#12 file (PFX)
      encrypted     PBES2 (PBKDF2-HMAC-SHA-256, 2048 rounds, AES-256-CBC)
      integrity     HMAC-SHA-256 (SHA-256, 2048 rounds)

    2. backup.pfx: certificate
      subject       CN=p-256.fixture.example
      names         (none)
      issuer        O=Fixture,CN=Fixture PKCS12 CA
      serial        [SERIAL]
      valid         from [DATE] until [DATE] ([DAYS])
      key           ECDSA P-256
      SPKI pin      [PIN]
      signed with   sha256WithRSAEncryption
      SHA-256       [SHA256]
      SHA-1         [SHA1]
      within        PKCS#12 "the key"
      belongs with  3 (private key)
      finding: the common name p-256.fixture.example is not among its names, and clients look at those alone
      finding: valid for 36501 days: public authorities may issue no more than 200 since [DATE]

    3. backup.pfx: private key
      form          PKCS#8
      key           ECDSA P-256
      SPKI pin      [PIN]
      within        PKCS#12 "the key"
      provider      Microsoft RSA SChannel Cryptographic Provider
      belongs with  2 (certificate)

    Chain of "CN=p-256.fixture.example": 2; its issuer "O=Fixture,CN=Fixture PKCS12 CA" is not among these files.
    -- stderr
    "#);
    let wrong = world.keyring(&["inspect", "backup.pfx", "--passphrase-file", "wrong", "--fail-on-findings"]).exits(12);
    assert!(wrong.stdout.contains("finding: none of the passphrases given opens it"), "{wrong}");
    world.write("old.key", fixture!("formats/key-manager-sgc.key"));
    snapshot!(world.done(&["inspect", "old.key", "--passphrase-file", "right"]), @"
    exit code 0
    -- stdout
    1. old.key, octet 32: private key
      form          Key Manager backup, SGC variant
      key           RSA 1024 bits
      SPKI pin      [PIN]
      encrypted     RC4-128 under the MD5 of the passphrase
      belongs with  2 (certificate of an authority)
      finding: an RSA key of 1024 bits: fewer than 2048 can be broken
      finding: protected in a way that no longer holds: RC4-128 under the MD5 of the passphrase

    2. old.key, octet 723: certificate of an authority
      subject       O=Fixture,CN=www.fixture.example
      names         (none)
      issuer        O=Fixture,CN=www.fixture.example (self-signed)
      serial        [SERIAL]
      valid         from [DATE] until [DATE] ([DAYS])
      key           RSA 1024 bits
      SPKI pin      [PIN]
      signed with   sha256WithRSAEncryption
      SHA-256       [SHA256]
      SHA-1         [SHA1]
      extension     subject key identifier: [SHA1]
      extension     authority key identifier: [SHA1]
      extension     basic constraints (critical): an authority
      belongs with  1 (private key)
      finding: an RSA key of 1024 bits: fewer than 2048 can be broken
    -- stderr
    ");
}

#[test]
fn says_how_java_keystores_are_converted() {
    let world = World::empty();
    world.write("store.jks", fixture!("formats/java.jks"));
    let shown = world.done(&["inspect", "store.jks"]).stdout;
    let command = "keytool -importkeystore -srckeystore store.jks -srcstoretype JKS -destkeystore store.jks.p12 -deststoretype PKCS12";
    assert!(shown.contains("Java keystore (JKS)") && shown.contains(command), "{shown}");
    assert!(shown.contains("\"main\", private key"), "{shown}");
}

#[test]
fn reports_it_in_json() {
    let world = World::empty();
    world.write("legacy.pem", fixture!("legacy.pem"));
    let found = world.keyring(&["inspect", "legacy.pem", "--json", "--fail-on-findings"]).exits(12);
    let document = found.json();
    assert_eq!(document["error"]["kind"], "findings");
    let objects = document["result"]["objects"].as_array().unwrap();
    let codes: Vec<_> = objects.iter().flat_map(|object| object["findings"].as_array().unwrap()).collect();
    assert!(codes.iter().any(|finding| finding["code"] == "weak-signature"), "{document}");
    assert!(codes.iter().any(|finding| finding["code"] == "short-rsa-key"), "{document}");
    assert_eq!(document["result"]["chains"][0]["objects"], serde_json::json!([0, 1]));
    world.write("key.pem", fixture!("formats/traditional-rsa.pem"));
    snapshot!(world.done(&["inspect", "key.pem", "--json"]), @r#"
    exit code 0
    -- stdout
    {
      "command": "inspect",
      "ok": true,
      "result": {
        "chains": [],
        "not_recognised": [],
        "objects": [
          {
            "belongs_with": [],
            "file": "key.pem",
            "findings": [
              {
                "code": "legacy-encryption",
                "message": "protected in a way that no longer holds: traditional PEM (AES-128-CBC under MD5)"
              }
            ],
            "form": "PKCS#1",
            "keys": [],
            "kind": "locked-private-key",
            "line": 1,
            "protection": {
              "legacy": true,
              "opened": false,
              "schemes": [
                "traditional PEM (AES-128-CBC under MD5)"
              ]
            }
          }
        ]
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn knows_the_keys_of_the_keystore() {
    let (world, authority) = World::committed();
    world.done(&["copy-key", KEY, "mail01/imap/copy"]);
    world.done(&["commit"]);
    let request = world.done(&["make-csr", KEY, "--new-key"]).stdout;
    world.write("next.pem", authority.order(&request).chain());
    world.write("first.pem", world.read("reply.pem"));
    let objects = world.done(&["inspect", "next.pem", "first.pem", "--json"]).result()["objects"].clone();
    assert_eq!(objects[0]["keys"], serde_json::json!([KEY]));
    assert_eq!(objects[2]["keys"], serde_json::json!(["mail01/imap/copy", KEY]));
    assert_eq!(objects[2]["findings"][0]["code"], "shared-key");
}

#[test]
fn refuses_what_is_nothing() {
    let world = World::empty();
    world.write("letter.txt", "Dear Sir");
    world.write("empty", "");
    let pem = String::from_utf8(fixture!("chain.pem").to_vec()).unwrap();
    world.write("damaged.pem", pem.replace("\nMII", "\n?II"));
    world.write("chain.pem", &pem);
    snapshot!(world.keyring(&["inspect", "letter.txt"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: cannot inspect letter.txt: nothing in it is recognised: it looks like some other text
    hint: give certificates, requests, revocation lists or keys
    ");
    snapshot!(world.keyring(&["inspect", "empty"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: cannot inspect empty: the file is empty
    hint: copy the file again
    ");
    snapshot!(world.keyring(&["inspect", "damaged.pem"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: nothing in damaged.pem can be read
      - line 1: a certificate that cannot be read: it is damaged: damaged base64 in line 2
      - line 14: a certificate that cannot be read: it is damaged: damaged base64 in line 15
      - line 25: a certificate that cannot be read: it is damaged: damaged base64 in line 26
    hint: copy the files again; text from its BEGIN line to its END line, the rest as binary
    ");
    snapshot!(world.keyring(&["inspect", "missing.pem"]).exits(1), @"
    exit code 1
    -- stdout
    -- stderr
    error: cannot read missing.pem: No such file or directory (os error 2)
    ");
    snapshot!(world.keyring(&["inspect"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the following required arguments were not provided:
      <FILE>...

    Usage: keyring inspect <FILE>...

    For more information, try '--help'.
    ");
    snapshot!(world.keyring(&["inspect", "-", "-"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: standard input is named twice
    hint: give - once
    ");
    let beside = world.done(&["inspect", "letter.txt", "chain.pem", "--json"]).result();
    assert_eq!(beside["not_recognised"][0]["file"], "letter.txt");
    assert_eq!(beside["objects"].as_array().unwrap().len(), 3);
}

#[test]
fn asks_for_passphrases_on_a_terminal() {
    let world = World::empty();
    world.write("key.pem", fixture!("formats/traditional-rsa.pem"));
    let mut terminal = world.terminal(&["inspect", "key.pem"]);
    terminal.ask("Passphrase of key.pem, line 1", "wrong");
    terminal.ask("Passphrase of key.pem, line 1", "fixture");
    terminal.expect("RSA 2048 bits");
    assert_eq!(terminal.end().0, Some(0));
    let mut terminal = world.terminal(&["inspect", "key.pem"]);
    terminal.ask("Passphrase of key.pem, line 1", "");
    terminal.expect("encrypted private key");
    assert_eq!(terminal.end().0, Some(0));
}
