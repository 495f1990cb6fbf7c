//! `create-ca`.
#![allow(clippy::disallowed_methods, reason = "removes what a lost file would be")]

use crate::common::World;
use crate::common::output::snapshot;

#[test]
fn makes_a_root_and_an_authority_below_it() {
    let world = World::new();
    world.write("secret", "correct horse\n");
    let arguments = [
        "create-ca",
        "lab",
        "--org",
        "Example",
        "--cn",
        "Example Lab",
        "--permit",
        "dns:lab.example",
        "--permit",
        "ip:192.0.2.0/24",
        "--exclude",
        "dns:secret.lab.example",
        "--passphrase-file",
        "secret",
        "--out",
        "root.pem",
    ];
    snapshot!(world.done(&arguments), @"
    exit code 0
    -- stdout
    -- stderr
    Made the authority lab (ecdsa-p256, encrypted), in [FOLDER]/keystore/authorities/lab.
      root          O=Example,CN=Example Lab Root CA, until [DATE] ([DAYS])
      SHA-256       [SHA256]
      issues as     O=Example,CN=Example Lab Issuing CA, until [DATE] ([DAYS])
      certifies     dns:lab.example, ip:192.0.2.0/24 alone
      never         dns:secret.lab.example, ip:::/0
      written to    root.pem
    Clients have to trust the root: it is the only certificate that they need.
    ");
    snapshot!(world.done(&["inspect", "root.pem", "keystore/authorities/lab/issuing-certificate.pem"]), @r#"
    exit code 0
    -- stdout
    1. root.pem, line 1: certificate of an authority
      subject       O=Example,CN=Example Lab Root CA
      names         (none)
      issuer        O=Example,CN=Example Lab Root CA (self-signed)
      serial        [SERIAL]
      valid         from [DATE] until [DATE] ([DAYS])
      key           ECDSA P-256
      SPKI pin      [PIN]
      signed with   ecdsa-with-SHA256
      SHA-256       [SHA256]
      SHA-1         [SHA1]
      extension     basic constraints (critical): an authority, with no more than 1 below it
      extension     key usage (critical): certificate signing, CRL signing
      extension     name constraints (critical): only dns:lab.example, ip:192.0.2.0/24; not dns:secret.lab.example, ip:::/0
      extension     subject key identifier: [SHA1]
      extension     authority key identifier: [SHA1]

    2. keystore/authorities/lab/issuing-certificate.pem, line 1: certificate of an authority
      subject       O=Example,CN=Example Lab Issuing CA
      names         (none)
      issuer        O=Example,CN=Example Lab Root CA
      serial        [SERIAL]
      valid         from [DATE] until [DATE] ([DAYS])
      key           ECDSA P-256
      SPKI pin      [PIN]
      signed with   ecdsa-with-SHA256
      SHA-256       [SHA256]
      SHA-1         [SHA1]
      extension     basic constraints (critical): an authority, for end certificates only
      extension     key usage (critical): certificate signing, CRL signing
      extension     name constraints (critical): only dns:lab.example, ip:192.0.2.0/24; not dns:secret.lab.example, ip:::/0
      extension     subject key identifier: [SHA1]
      extension     authority key identifier: [SHA1]

    Chain of "O=Example,CN=Example Lab Issuing CA": 2 -> 1; it ends in a root.
    -- stderr
    "#);
    for key in ["root", "issuing"] {
        let file = world.read(&format!("keystore/authorities/lab/{key}-private-key.pem"));
        assert!(file.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{file}");
    }
    assert!(
        world
            .listing("keystore/authorities/lab")
            .iter()
            .all(|line| line.contains(" 0600 ") || line.contains(" 0700 /"))
    );
    snapshot!(world.done(&["list-authorities"]), @"
    exit code 0
    -- stdout
    lab
      local-ca, certificates for 90 days
    -- stderr
    ");
    snapshot!(world.done(&["doctor"]), @"
    exit code 0
    -- stdout
    Checked 0 generations, 0 private keys, 0 requests, 0 certificates, 0 endpoints: nothing is wrong.
    -- stderr
    ");
}

#[test]
fn keeps_private_keys_in_the_clear_when_that_is_said() {
    let world = World::new();
    snapshot!(world.done(&["create-ca", "ci", "--no-passphrase", "--algorithm", "ed25519"]), @"
    exit code 0
    -- stdout
    -----BEGIN CERTIFICATE-----
    [BASE64]
    -----END CERTIFICATE-----
    -- stderr
    Made the authority ci (ed25519), in [FOLDER]/keystore/authorities/ci.
      root          CN=ci Root CA, until [DATE] ([DAYS])
      SHA-256       [SHA256]
      issues as     CN=ci Issuing CA, until [DATE] ([DAYS])
    warning: its private keys are in the clear: whoever reads the keystore can issue in its name
    Clients have to trust the root: it is the only certificate that they need.
    ");
    let made = world.done(&["create-ca", "other", "--no-passphrase", "--crl-url", "http://ca.example/o.crl", "--json"]);
    made.json();
    snapshot!(made, @r#"
    exit code 0
    -- stdout
    {
      "command": "create-ca",
      "ok": true,
      "result": {
        "algorithm": "ecdsa-p256",
        "encrypted": false,
        "excluded": [],
        "folder": "[FOLDER]/keystore/authorities/other",
        "issuing": {
          "not_after": "[TIME]",
          "pem": "-----BEGIN CERTIFICATE-----\n[BASE64]\n-----END CERTIFICATE-----\n",
          "serial": "[...]",
          "sha256": "[SHA256]",
          "subject": "CN=other Issuing CA"
        },
        "name": "other",
        "permitted": [],
        "root": {
          "not_after": "[TIME]",
          "pem": "-----BEGIN CERTIFICATE-----\n[BASE64]\n-----END CERTIFICATE-----\n",
          "serial": "[...]",
          "sha256": "[SHA256]",
          "subject": "CN=other Root CA"
        }
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn names_what_is_in_the_way() {
    let world = World::new();
    world.done(&["create-ca", "lab", "--no-passphrase"]);
    world.write("root.pem", "");
    let before = world.listing("keystore");
    let refused = |arguments: &[&str], code| world.keyring(&[&["create-ca"], arguments].concat()).exits(code);
    snapshot!(refused(&["lab", "--no-passphrase"], 4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is an authority lab already
    hint: `keyring list-authorities` shows them; give this one another name
    ");
    snapshot!(refused(&["new"], 2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the passphrase of the authority's private keys is missing
    hint: give --passphrase-file, --passphrase-env or --no-passphrase, or run this on a terminal to be asked
    ");
    snapshot!(refused(&["new", "--no-passphrase", "--out", "root.pem"], 4), @"
    exit code 4
    -- stdout
    -- stderr
    error: root.pem exists already
    hint: name another file, or say --force to replace it
    ");
    snapshot!(refused(&["new", "--no-passphrase", "--permit", "dns:*.lab.example"], 3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "dns:*.lab.example" is more than a host name: write dns:lab.example, which includes all names below it
    "#);
    snapshot!(refused(&["new", "--no-passphrase", "--permit", "ip:192.0.2.7/24"], 3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "192.0.2.7/24" has bits set beyond its first 24: write 192.0.2.0/24
    "#);
    snapshot!(refused(&["new", "--no-passphrase", "--days", "30", "--issuing-days", "31"], 3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: no certificate can be made for new: the certificate would be valid until [TIME], and "CN=new Root CA" only until [TIME]
    hint: ask for fewer days
    "#);
    snapshot!(refused(&["New", "--no-passphrase"], 3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "New" is not a name for an authority: names are lower case
    hint: write it "new"
    "#);
    snapshot!(world.keyring(&["set-authority", "lab", "--remove"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: lab is a private authority, whose private keys and list of certificates are kept here
    hint: it stays what it is: nothing here throws away private keys of authorities
    ");
    snapshot!(world.keyring(&["set-authority", "lab", "--kind", "file", "--requests", "/a", "--replies", "/b"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: lab is a private authority, whose private keys and list of certificates are kept here
    hint: it stays what it is: nothing here throws away private keys of authorities
    ");
    snapshot!(world.keyring(&["set-authority", "new", "--kind", "local-ca", "--days", "3"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: what is said of new is refused: a private authority has to be made first
    hint: `keyring create-ca NAME` makes one
    ");
    assert_eq!(world.listing("keystore"), before);
}

#[test]
fn never_takes_the_place_of_one_that_was_in_use() {
    let world = World::new();
    let create = ["create-ca", "lab", "--no-passphrase", "--out", "root.pem", "--force"];
    world.done(&create);
    std::fs::remove_file(world.path("keystore/authorities/lab/authority.json")).unwrap();
    let made = world.done(&create).stderr;
    assert!(made.contains("warning: what stood of a private authority lab without authority.json is in "), "{made}");
    world.done(&["export-crl", "--ca", "lab", "--out", "lab.crl"]);
    let key = world.read("keystore/authorities/lab/root-private-key.pem");
    std::fs::remove_file(world.path("keystore/authorities/lab/authority.json")).unwrap();
    snapshot!(world.keyring(&create).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: authorities/lab holds files of a private authority that no authority.json names: issued, issuing-certificate.pem, issuing-private-key.pem, revocations.json, root-certificate.pem, root-private-key.pem
    hint: put authorities/lab/authority.json back from a backup, or give another name
    ");
    snapshot!(world.keyring(&["set-authority", "lab", "--kind", "self-signed"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: authorities/lab holds files of a private authority that no authority.json names: issued, issuing-certificate.pem, issuing-private-key.pem, revocations.json, root-certificate.pem, root-private-key.pem
    hint: put authorities/lab/authority.json back from a backup, or give another name
    ");
    assert_eq!(world.read("keystore/authorities/lab/root-private-key.pem"), key);
    snapshot!(world.keyring(&["doctor", "--repair"]).exits(7), @"
    exit code 7
    -- stdout
    Damage:
      authorities/lab/authority.json: it is missing: what there is of the authority was in use
        restore it from a backup

    Notes:
      set-aside: something was set aside: by a repair, or by `create-ca`
        remove it when nobody needs it

    Checked 0 generations, 0 private keys, 0 requests, 0 certificates, 0 endpoints: 1 case of damage.
    -- stderr
    ");
}
