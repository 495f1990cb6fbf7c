//! `create-key`.

use crate::common::output::snapshot;
use crate::common::{KEY, World};

#[test]
fn makes_a_private_key() {
    let world = World::new();
    snapshot!(world.done(&["create-key", KEY]), @"
    exit code 0
    -- stdout
    -- stderr
    Made mail01/imap/main, version 1 (ecdsa-p256), in [FOLDER]/keystore/servers/mail01/imap/main/1.
    ");
    let made = world.done(&["create-key", "mail01/imap/second", "--algorithm", "ed25519", "--json"]);
    made.json();
    snapshot!(made, @r#"
    exit code 0
    -- stdout
    {
      "command": "create-key",
      "ok": true,
      "result": {
        "algorithm": "ed25519",
        "encrypted": false,
        "folder": "[FOLDER]/keystore/servers/mail01/imap/second/1",
        "key": "mail01/imap/second",
        "spki_sha256": "[SHA256]",
        "version": 1
      },
      "schema": 1
    }
    -- stderr
    "#);
    assert!(world.read("keystore/servers/mail01/imap/main/1/private-key.pem").starts_with("-----BEGIN PRIVATE KEY"));
}

#[test]
fn makes_every_algorithm() {
    let world = World::new();
    for algorithm in ["ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-3072", "rsa-4096", "ed25519"] {
        let key = format!("a/https/{algorithm}");
        let made = world.done(&["create-key", &key, "--algorithm", algorithm, "--json"]).result();
        assert_eq!(made["algorithm"], algorithm);
    }
}

#[test]
fn refuses_a_key_whose_certificate_is_staged() {
    let world = World::new();
    world.done(&["create-key", KEY]);
    world.done(&["self-sign", KEY, "--cn", "mail01.example.com"]);
    snapshot!(world.keyring(&["create-key", KEY]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main is there already and has no committed certificate yet (installed)
    hint: `keyring commit` makes it current, and `keyring create-key mail01/imap/main --next` then a new private key; or choose another name
    ");
}

#[test]
fn refuses_a_key_that_is_there() {
    let (world, _) = World::with_request();
    snapshot!(world.keyring(&["create-key", KEY]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main is there already and has no certificate yet (pending)
    hint: `keyring make-csr mail01/imap/main` makes a request with it; or choose another name
    ");
    let refused = world.keyring(&["create-key", KEY, "--json"]).exits(4);
    refused.error();
    snapshot!(refused, @r#"
    exit code 4
    -- stdout
    {
      "command": "create-key",
      "error": {
        "code": "key-exists",
        "hint": "`keyring make-csr mail01/imap/main` makes a request with it; or choose another name",
        "kind": "conflict",
        "message": "mail01/imap/main is there already and has no certificate yet (pending)"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.keyring(&["create-key", KEY, "--next"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main has no committed certificate yet, so there is nothing to prepare a next version of
    hint: `keyring make-csr mail01/imap/main` makes a request with the private key there is; commit its certificate first
    ");

    let (world, _) = World::committed();
    snapshot!(world.keyring(&["create-key", KEY]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main is there already and has a certificate
    hint: `keyring create-key mail01/imap/main --next` makes a new private key beside the one in use; import-key has --next too
    ");
    world.done(&["create-key", KEY, "--next"]);
    snapshot!(world.keyring(&["create-key", KEY, "--next"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main has a next version already: version 2
    hint: `keyring make-csr mail01/imap/main` makes a request with it; `keyring show mail01/imap/main` shows it
    ");
}

#[test]
fn refuses_names_that_are_not_lower_case_with_the_lower_case_form() {
    let world = World::new();
    snapshot!(world.keyring(&["create-key", "Mail01/imap/main"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "Mail01" is not a server name: names are lower case
    hint: write it "mail01"
    "#);
    snapshot!(world.keyring(&["create-key", "mail01/IMAP/main", "--json"]).exits(3), @r#"
    exit code 3
    -- stdout
    {
      "command": "create-key",
      "error": {
        "code": "bad-name",
        "hint": "write it \"imap\"",
        "kind": "rejected",
        "message": "\"IMAP\" is not a protocol name: names are lower case"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.keyring(&["create-key", "mail01/imap"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "mail01/imap" is not a key: it is written SERVER/PROTOCOL/NAME
    "#);
    snapshot!(world.keyring(&["create-key", "mail01/imap/../../etc"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "mail01/imap/../../etc" is not a key: it is written SERVER/PROTOCOL/NAME
    "#);
    snapshot!(world.keyring(&["create-key", "mail01/imap/.."]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: ".." is not a key name: dots stand singly between parts
    "#);
    snapshot!(world.keyring(&["create-key", KEY, "--algorithm", "ECDSA-P256"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "ECDSA-P256" is not a key algorithm: there are ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096, ed25519
    "#);
    assert!(world.listing("keystore/servers").is_empty());
}

#[test]
fn asks_nothing_where_nobody_is() {
    let world = World::new();
    snapshot!(world.keyring(&["create-key"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the key to make is missing
    hint: give KEY, or run this on a terminal to be asked
    ");
    let refused = world.keyring(&["create-key", "--json"]).exits(2);
    assert_eq!(refused.error()["code"], "missing-argument");
}

const LIST: &str = r#"# the mail servers
mail01/imap/main

{"key": "mail01/smtp/main", "algorithm": "ed25519"}
{"key": "mail02/imap/main", "subject": "O=Example Corp,CN=mail02.example.com", "san": ["dns:imap.example.com"]}
"#;

#[test]
fn makes_every_key_of_a_list() {
    let world = World::new();
    world.write("keys.txt", LIST);
    snapshot!(world.done(&["create-key", "--from", "keys.txt", "--out-dir", "requests"]), @"
    exit code 0
    -- stdout
    -- stderr
    Made 3 keys on 2 servers.
    Wrote 1 request to requests.
    ");
    assert_eq!(
        world.read("requests/mail02_imap_main.csr"),
        world.read("keystore/servers/mail02/imap/main/1/request-1.csr")
    );
    snapshot!(world.done(&["list"]), @"
    exit code 0
    -- stdout
    mail01
      imap
        main  new, ecdsa-p256, no request yet
      smtp
        main  new, ed25519, no request yet
    mail02
      imap
        main  pending, requested [DATE]
    -- stderr
    ");

    let again = world
        .keyring_reading(&["create-key", "--from", "-", "--skip-existing"], "mail01/imap/main\nmail03/imap/main\n");
    snapshot!(again.exits(0), @"
    exit code 0
    -- stdout
    -- stderr
    Made 1 key on 1 server.
    Passed over 1 key that is there already.
    ");
}

#[test]
fn a_list_of_keys_is_one_json_document() {
    let world = World::new();
    world.write("keys.txt", LIST);
    let made = world.done(&["create-key", "--from", "keys.txt", "--json"]);
    made.json();
    snapshot!(made, @r#"
    exit code 0
    -- stdout
    {
      "command": "create-key",
      "ok": true,
      "result": {
        "keys": [
          {
            "algorithm": "ecdsa-p256",
            "encrypted": false,
            "folder": "[FOLDER]/keystore/servers/mail01/imap/main/1",
            "key": "mail01/imap/main",
            "spki_sha256": "[SHA256]",
            "version": 1
          },
          {
            "algorithm": "ed25519",
            "encrypted": false,
            "folder": "[FOLDER]/keystore/servers/mail01/smtp/main/1",
            "key": "mail01/smtp/main",
            "spki_sha256": "[SHA256]",
            "version": 1
          },
          {
            "algorithm": "ecdsa-p256",
            "encrypted": false,
            "folder": "[FOLDER]/keystore/servers/mail02/imap/main/1",
            "key": "mail02/imap/main",
            "request": {
              "kept": "[FOLDER]/keystore/servers/mail02/imap/main/1/request-1.csr",
              "names": [
                "dns:mail02.example.com",
                "dns:imap.example.com"
              ],
              "request": 1,
              "request_pem": "-----BEGIN CERTIFICATE REQUEST-----\n[BASE64]\n-----END CERTIFICATE REQUEST-----\n",
              "subject": "O=Example Corp,CN=mail02.example.com"
            },
            "spki_sha256": "[SHA256]",
            "version": 1
          }
        ],
        "made": 3,
        "requests": 1,
        "skipped": []
      },
      "schema": 1
    }
    -- stderr
    "#);
    let skipped = world.done(&["create-key", "--from", "keys.txt", "--skip-existing", "--json"]).result();
    assert_eq!((&skipped["made"], skipped["skipped"].as_array().map(Vec::len)), (&0.into(), Some(3)));
}

#[test]
fn a_list_is_refused_with_every_line_that_is_wrong() {
    let world = World::new();
    let list = "mail01/imap/main\nMail02/imap/main\n{\"key\":\"a/b/c\",\"days\":90}\nmail01/imap/main\n\
        {\"key\":\"a/b/d\",\"san\":[\"mail\"]}\n";
    world.write("keys.txt", list);
    snapshot!(world.keyring(&["create-key", "--from", "keys.txt"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: the list is refused, and nothing was made
      - line 2: "Mail02" is not a server name: names are lower case
      - line 3: it is not the JSON object of a key: unknown field `days`, expected one of `key`, `algorithm`, `subject`, `san`, at character 21
      - line 4: mail01/imap/main stands in line 1 already
      - line 5: a name is refused: "mail" does not say what it is: names are written dns:NAME, ip:ADDRESS, email:MAILBOX or uri:URI
    hint: `keyring create-key --help` shows what a line holds
    "#);
    let refused = world.keyring(&["create-key", "--from", "keys.txt", "--json"]).exits(3).error();
    assert_eq!((&refused["code"], refused["details"].as_array().map(Vec::len)), (&"list-refused".into(), Some(4)));
    assert!(world.listing("keystore/servers").is_empty(), "nothing was made");

    world.done(&["create-key", "mail01/imap/main"]);
    world.write("keys.txt", "mail02/imap/main\nmail01/imap/main\n");
    snapshot!(world.keyring(&["create-key", "--from", "keys.txt"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: the list is refused, and nothing was made
      - line 2: mail01/imap/main is there already
    hint: --skip-existing passes over the keys that are there
    ");
    assert!(!world.path("keystore/servers/mail02").exists(), "nothing was made");
}

#[test]
fn requests_of_a_list_go_to_no_file_twice_and_over_none() {
    let world = World::new();
    world.write("keys.txt", LIST);
    world.shell("mkdir requests; echo mine > requests/mail02_imap_main.csr").exits(0);
    snapshot!(world.keyring(&["create-key", "--from", "keys.txt", "--out-dir", "requests"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: requests/mail02_imap_main.csr exists already
    hint: name another file, or say --force to replace it
    ");
    assert!(world.listing("keystore/servers").is_empty(), "nothing was made");
    world.done(&["create-key", "--from", "keys.txt", "--out-dir", "requests", "--force"]);
    assert!(world.read("requests/mail02_imap_main.csr").starts_with("-----BEGIN CERTIFICATE REQUEST"));

    let line = |key: &str| format!("{{\"key\":\"{key}\",\"san\":[\"dns:a.example\"]}}\n");
    world.write("keys.txt", line("a_b/c/d") + &line("a/b_c/d"));
    snapshot!(world.keyring(&["create-key", "--from", "keys.txt", "--out-dir", "requests"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the requests of a_b/c/d and a/b_c/d would both go to a_b_c_d.csr
    hint: leave --out-dir out: the requests are kept beside the private keys, and --json holds them
    ");
}

#[test]
fn every_key_of_a_list_is_encrypted() {
    let world = World::new();
    world.write("keys.txt", "mail01/imap/main\nmail01/imap/other\n");
    world.write("passphrase.txt", "correct horse\n");
    let arguments =
        ["create-key", "--from", "keys.txt", "--passphrase-file", "mail01/imap/main=passphrase.txt", "--json"];
    let made = world.done(&arguments).result();
    assert_eq!((&made["keys"][0]["encrypted"], &made["keys"][1]["encrypted"]), (&true.into(), &false.into()));
    let private_key = world.read("keystore/servers/mail01/imap/main/1/private-key.pem");
    assert!(private_key.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY"));
}

#[test]
fn a_list_is_not_asked_about() {
    let world = World::new();
    world.write("keys.txt", "mail01/imap/main\n");
    let (status, said, _) = world.terminal(&["create-key", "--from", "keys.txt"]).end();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("Made 1 key on 1 server."), "{said}");
}
