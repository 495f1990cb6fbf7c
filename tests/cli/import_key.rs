//! `import-key`.

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

use crate::common::output::snapshot;
use crate::common::{Authority, KEY, World};

/// A fixture of the library's tests, by its name.
macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../keystore/tests/fixtures/formats/", $name))
    };
}

/// A private key and the chain of its certificate, leaf first.
fn pair() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["mail01.example.com".to_owned()]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "mail01.example.com");
    let request = params.serialize_request(&key).unwrap().pem().unwrap();
    (key.serialize_pem(), Authority::new().order(&request).chain())
}

fn world() -> World {
    let world = World::new();
    world.write("secret.txt", "fixture\n");
    world
}

#[test]
fn a_key_with_its_chain_is_kept_and_staged_and_can_be_published() {
    let world = world();
    let (key, chain) = pair();
    world.write("server.pem", chain.clone() + &key);
    snapshot!(world.done(&["import-key", KEY, "server.pem"]), @"
    exit code 0
    -- stdout
    -- stderr
    Imported mail01/imap/main, version 1 (ecdsa-p256), in [FOLDER]/keystore/servers/mail01/imap/main/1.
      from          server.pem: PKCS#8
      certificate   staged, until [DATE] ([DAYS])
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      issuer        CN=Test Issuing CA
      chain         1 intermediate(s)
    `keyring status` shows what is staged; `keyring commit` makes it effective.
    ");
    snapshot!(world.done(&["import-key", KEY, "server.pem"]), @"
    exit code 0
    -- stdout
    -- stderr
    mail01/imap/main has this private key already, as version 1.
      from          server.pem: PKCS#8
      certificate   there already, until [DATE] ([DAYS])
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      issuer        CN=Test Issuing CA
      chain         1 intermediate(s)
    ");
    world.done(&["bind", KEY, "mail01/imap@default"]);
    world.done(&["commit"]);
    let live = world.read("keystore/live/mail01/imap/default/current/fullchain.pem");
    assert!(chain.starts_with(&live));
    let (other, _) = pair();
    world.write("other.pem", other);
    snapshot!(world.keyring(&["import-key", KEY, "other.pem"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main is there already and has a certificate
    hint: `keyring create-key mail01/imap/main --next` makes a new private key beside the one in use; import-key has --next too
    ");
    world.done(&["import-key", KEY, "other.pem", "--next"]);
    snapshot!(world.done(&["import-key", "mail02/imap/main", "other.pem", "--json"]), @r#"
    exit code 0
    -- stdout
    {
      "command": "import-key",
      "ok": true,
      "result": {
        "algorithm": "ecdsa-p256",
        "certificate": null,
        "changed": true,
        "encrypted": false,
        "folder": "[FOLDER]/keystore/servers/mail02/imap/main/1",
        "from": {
          "file": "other.pem",
          "form": "PKCS#8",
          "legacy": false,
          "line": 1,
          "protection": []
        },
        "key": "mail02/imap/main",
        "left_out": [],
        "root_left_out": null,
        "spki_sha256": "[SHA256]",
        "version": 1,
        "warnings": [
          {
            "code": "shared-key",
            "message": "the private key of mail02/imap/main is that of mail01/imap/main too: whoever has one of them has all"
          }
        ]
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn old_encryption_is_read_and_named_and_the_new_one_is_the_keystores_own() {
    let world = world();
    world.write("old.p12", fixture!("legacy.p12"));
    world.write("new.txt", "another one\n");
    let arguments = ["import-key", KEY, "old.p12", "--passphrase-file", "secret.txt", "--key-only"];
    snapshot!(world.done(&[&arguments[..], &["--new-passphrase-file", "new.txt"]].concat()), @r#"
    exit code 0
    -- stdout
    -- stderr
    Imported mail01/imap/main, version 1 (ecdsa-p256, encrypted), in [FOLDER]/keystore/servers/mail01/imap/main/1.
      from          old.p12: PKCS#8 in PKCS#12, "the key"
      encryption    PKCS#12 PBE (SHA-1, 2048 rounds, RC2-40-CBC); PKCS#12 PBE (SHA-1, 2048 rounds, DES-EDE3-CBC); HMAC-SHA-1 (SHA-1, 2048 rounds): it no longer holds, and is not kept
    "#);
    let kept = world.read("keystore/servers/mail01/imap/main/1/private-key.pem");
    assert!(kept.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    world.done(&["make-csr", KEY, "--cn", "a.example", "--passphrase-file", "new.txt"]);
}

#[test]
fn what_every_program_wrote_gives_its_private_key() {
    let world = world();
    world.write("public.pem", fixture!("p256.pub"));
    let spki = |file: &str| world.done(&["inspect", file, "--json"]).result()["objects"][0]["spki_sha256"].clone();
    let expected = spki("public.pem");
    for (number, bytes) in [
        &fixture!("modern.p12")[..],
        fixture!("legacy.p12"),
        fixture!("rc2-128.p12"),
        fixture!("sha512.p12"),
        fixture!("no-mac.p12"),
        fixture!("open.p12"),
        fixture!("open-no-mac.p12"),
        fixture!("empty-passphrase.p12"),
        fixture!("windows.p12"),
        fixture!("pbmac1.p12"),
        fixture!("nss.p12"),
        fixture!("nss-aes.p12"),
        fixture!("java.p12"),
    ]
    .into_iter()
    .enumerate()
    {
        world.write("file", bytes);
        let key = format!("mail01/imap/n{number}");
        let java = if bytes == fixture!("java.p12") { &["--friendly-name", "main"][..] } else { &[] };
        let arguments = ["import-key", &key, "file", "--passphrase-file", "secret.txt", "--key-only", "--json"];
        let imported = world.done(&[&arguments[..], java].concat()).result();
        assert_eq!(imported["spki_sha256"], expected, "{number}");
    }
}

#[test]
fn each_cause_has_its_own_refusal() {
    let world = world();
    world.write("wrong.txt", "wrong\n");
    world.write("modern.p12", fixture!("modern.p12"));
    world.write("java.p12", fixture!("java.p12"));
    world.write("store.jks", fixture!("java.jks"));
    world.write("camellia.pem", fixture!("camellia.pem"));
    world.write("public.pem", fixture!("p256.pub"));
    world.write("letter.txt", "Dear Sir,\n");
    let (key, _) = pair();
    let (_, chain) = pair();
    world.write("key.pem", &key);
    world.write("chain.pem", chain);
    world.write("damaged.pem", key.replacen("\n", "\n!!", 1));
    let refused =
        |arguments: &[&str], code| world.keyring(&[&["import-key", KEY], arguments].concat()).exits(code).stderr;
    let all = [
        refused(&["modern.p12"], 2),
        refused(&["modern.p12", "--passphrase-file", "wrong.txt"], 3),
        refused(&["java.p12", "--passphrase-file", "secret.txt"], 2),
        refused(&["java.p12", "--passphrase-file", "secret.txt", "--friendly-name", "nobody"], 3),
        refused(&["store.jks"], 3),
        refused(&["camellia.pem"], 3),
        refused(&["public.pem"], 3),
        refused(&["letter.txt"], 3),
        refused(&["damaged.pem"], 3),
        refused(&["key.pem", "--certificate", "chain.pem"], 3),
        refused(&["key.pem", "chain.pem"], 3),
        refused(&["key.pem", "--certificate", "public.pem"], 3),
        refused(&["key.pem", "--encrypt"], 2),
        refused(&["-", "-"], 2),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    error: no private key can be imported from modern.p12: a PKCS#12 file (PFX) is encrypted, and its passphrase is missing
    hint: give --passphrase-file or --passphrase-env, or run this on a terminal to be asked

    error: no private key can be imported from modern.p12: wrong passphrase: none that was given opens a PKCS#12 file (PFX)
    hint: try the passphrase again: nothing was changed

    error: no private key can be imported from java.p12: there are 2 private keys in it: "main" (ECDSA P-256); "spare" (ECDSA P-384)
    hint: choose one with --friendly-name, or with --certificate and its certificate

    error: no private key can be imported from java.p12: no private key in it is called "nobody": there are "main" (ECDSA P-256); "spare" (ECDSA P-384)
    hint: choose one of these with --friendly-name

    error: no private key can be imported from store.jks: a Java keystore (JKS) has to be converted first
    hint: `keytool -importkeystore -srckeystore store.jks -srcstoretype JKS -destkeystore store.jks.p12 -deststoretype PKCS12`, then import that file

    error: no private key can be imported from camellia.pem: a private key that cannot be read: it is encrypted with an algorithm that is not supported: Camellia-256-CBC (1.2.392.200011.61.1.1.1.4)
    hint: convert it with the program that made it: nothing was changed

    error: no private key can be imported from public.pem: there is no private key in it, only a public key
    hint: `keyring inspect FILE` shows what is in a file; a certificate alone goes to `keyring install-cert`

    error: no private key can be imported from letter.txt: nothing in it is recognised: it looks like some other text
    hint: give certificates, requests, revocation lists or keys

    error: no private key can be imported from damaged.pem: a private key that cannot be read: it is damaged: damaged base64 in line 2
    hint: copy the file again; text from its BEGIN line to its END line, the rest as binary

    error: no private key can be imported from key.pem: none of the certificates is for the private key: they are for "CN=mail01.example.com", "CN=Test Issuing CA"
    hint: give the certificate of this private key, or say --key-only to leave it out

    error: no private key can be imported from key.pem, chain.pem: none of the certificates is for the private key: they are for "CN=mail01.example.com"
    hint: give the certificate of this private key, or say --key-only to leave it out

    error: no private key can be imported from key.pem: there is no certificate in public.pem
    hint: leave that file out, or name the one with the certificate

    error: the passphrase to encrypt the private key with is missing
    hint: give --new-passphrase-file or --new-passphrase-env, or run this on a terminal to be asked

    error: standard input is named twice
    hint: give - once
    "#);
    snapshot!(world.done(&["list"]), @"
    exit code 0
    -- stdout
    -- stderr
    The keystore is empty: `keyring create-key SERVER/PROTOCOL/NAME` makes the first key.
    ");
}

#[test]
fn a_short_key_is_taken_when_that_is_said_aloud_and_stays_marked() {
    let world = world();
    world.write("iis.key", fixture!("key-manager-sgc.key"));
    let arguments = ["import-key", KEY, "iis.key", "--passphrase-file", "secret.txt", "--key-only"];
    snapshot!(world.keyring(&arguments).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: no private key can be imported from iis.key: the private key is weak: an RSA key of 1024 bits: fewer than 2048 can be broken
    hint: say --legacy to keep it all the same: it stays marked as weak, and makes no requests
    ");
    snapshot!(world.done(&[&arguments[..], &["--legacy"]].concat()), @"
    exit code 0
    -- stdout
    -- stderr
    Imported mail01/imap/main, version 1 (rsa), in [FOLDER]/keystore/servers/mail01/imap/main/1.
      from          iis.key: Key Manager backup, SGC variant
      encryption    RC4-128 under the MD5 of the passphrase: it no longer holds, and is not kept
    warning: the private key of mail01/imap/main is weak: an RSA key of 1024 bits: fewer than 2048 can be broken
    ");
    snapshot!(world.done(&["status"]), @"
    exit code 0
    -- stdout
    Generation 0. Nothing is staged.
    To see to:
      mail01/imap/main: its private key is weak (an RSA key of 1024 bits: fewer than 2048 can be broken): replace it
      mail01/imap/main: it has a private key and no request
    -- stderr
    ");
    snapshot!(world.done(&["show", KEY]), @"
    exit code 0
    -- stdout
    mail01/imap/main
      next: version 1, new: no request yet
        private key   rsa, made [TIME] by [ACTOR]
        public key    SHA-256 [SHA256]
        weak: an RSA key of 1024 bits: fewer than 2048 can be broken
      kept in       [FOLDER]/keystore/servers/mail01/imap/main/1
      bound         to nothing
    -- stderr
    ");
    snapshot!(world.keyring(&["make-csr", KEY, "--cn", "a.example"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: the private key of mail01/imap/main (version 1) is weak: an RSA key of 1024 bits: fewer than 2048 can be broken
    hint: `keyring make-csr mail01/imap/main --new-key` makes a new private key and its request
    ");
    let listed = world.done(&["list", "--json"]).stdout;
    assert!(listed.contains("\"weaknesses\":[") && listed.contains("an RSA key of 1024 bits"), "{listed}");
    world.done(&["doctor"]);
}

#[test]
fn a_private_key_that_another_key_has_is_warned_of_and_a_compromised_one_refused() {
    let world = world();
    let (key, _) = pair();
    world.write("key.pem", &key);
    world.done(&["import-key", KEY, "key.pem"]);
    snapshot!(world.keyring_reading(&["import-key", "mail02/imap/main", "-"], &key).exits(0), @"
    exit code 0
    -- stdout
    -- stderr
    Imported mail02/imap/main, version 1 (ecdsa-p256), in [FOLDER]/keystore/servers/mail02/imap/main/1.
      from          standard input: PKCS#8
    warning: the private key of mail02/imap/main is that of mail01/imap/main too: whoever has one of them has all
    ");
    world.done(&["mark-compromised", KEY, "--reason", "lost"]);
    snapshot!(world.keyring(&["import-key", "mail03/imap/main", "key.pem"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: the private key of mail01/imap/main (version 1) is marked compromised: lost
    hint: `keyring make-csr mail01/imap/main --new-key` makes a new private key and its request
    ");
}

#[test]
fn asks_for_the_passphrase_and_which_key() {
    let world = world();
    world.write("java.p12", fixture!("java.p12"));
    let mut terminal = world.terminal(&["import-key", KEY, "java.p12", "--key-only"]);
    terminal.ask("Passphrase of java.p12", "fixture");
    terminal.ask("Which private key", "");
    let (code, told, _) = terminal.end();
    assert!(code == Some(0) && told.contains("Imported mail01/imap/main"), "{told}");
}
