//! `make-csr`.

use crate::common::output::snapshot;
use crate::common::{ENDPOINT, KEY, World};

fn with_key() -> World {
    let world = World::new();
    world.done(&["create-key", KEY]);
    world
}

#[test]
fn prints_the_request_and_nothing_else_on_standard_output() {
    let world = with_key();
    let made = world.done(&["make-csr", KEY, "--cn", "mail.example.com", "--org", "Example Corp", "--country", "US"]);
    snapshot!(made, @"
    exit code 0
    -- stdout
    -----BEGIN CERTIFICATE REQUEST-----
    [BASE64]
    -----END CERTIFICATE REQUEST-----
    -- stderr
    Made request 1 with version 1 of mail01/imap/main.
      subject       C=US,O=Example Corp,CN=mail.example.com
      names         dns:mail.example.com
      kept in       [FOLDER]/keystore/servers/mail01/imap/main/1/request-1.csr
    Send it to your authority, then: keyring install-cert mail01/imap/main REPLY
    ");
    assert_eq!(made.stdout, world.read("keystore/servers/mail01/imap/main/1/request-1.csr"));
    let again = world.done(&["make-csr", KEY, "--out", "-", "--quiet"]);
    snapshot!(again, @"
    exit code 0
    -- stdout
    -----BEGIN CERTIFICATE REQUEST-----
    [BASE64]
    -----END CERTIFICATE REQUEST-----
    -- stderr
    ");
}

#[test]
fn the_request_is_a_string_in_json() {
    let world = with_key();
    let made = world.done(&["make-csr", KEY, "--subject", "C=US,O=Example Corp,OU=IT,OU=Mail,CN=m", "--json"]);
    made.json();
    snapshot!(made, @r#"
    exit code 0
    -- stdout
    {
      "command": "make-csr",
      "ok": true,
      "result": {
        "extensions": {
          "extendedKeyUsage": "serverAuth",
          "keyUsage": "critical,digitalSignature"
        },
        "kept": "[FOLDER]/keystore/servers/mail01/imap/main/1/request-1.csr",
        "key": "mail01/imap/main",
        "names": [
          "dns:m"
        ],
        "new_key": false,
        "request": 1,
        "request_pem": "-----BEGIN CERTIFICATE REQUEST-----\n[BASE64]\n-----END CERTIFICATE REQUEST-----\n",
        "reused_key": false,
        "subject": "C=US,O=Example Corp,OU=IT,OU=Mail,CN=m",
        "version": 1,
        "warnings": []
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn what_is_not_given_is_taken_from_the_last_request() {
    let world = with_key();
    let names = ["--san", "dns:a.example.com", "--san", "ip:192.0.2.7", "--san", "email:a@example.com"];
    let first = [&["make-csr", KEY, "--cn", "a.example.com", "--unit", "IT", "--unit", "Mail", "--json"], &names[..]];
    let first = world.done(&first.concat()).result();
    let second = world.done(&["make-csr", KEY, "--json"]).result();
    assert_eq!((&first["subject"], &first["names"]), (&second["subject"], &second["names"]));
    assert_eq!((&first["request"], &second["request"]), (&1.into(), &2.into()));
    let third = world.done(&["make-csr", KEY, "--locality", "Redmond", "--json"]).result();
    assert_eq!(third["subject"], "L=Redmond,OU=IT,OU=Mail,CN=a.example.com");
}

#[test]
fn writes_a_file_and_never_over_one_that_is_there() {
    let world = with_key();
    snapshot!(world.done(&["make-csr", KEY, "--cn", "mail.example.com", "--out", "mail.csr"]), @"
    exit code 0
    -- stdout
    -- stderr
    Made request 1 with version 1 of mail01/imap/main.
      subject       CN=mail.example.com
      names         dns:mail.example.com
      kept in       [FOLDER]/keystore/servers/mail01/imap/main/1/request-1.csr
      written to    mail.csr
    Send it to your authority, then: keyring install-cert mail01/imap/main REPLY
    ");
    let first = world.read("mail.csr");
    assert!(first.starts_with("-----BEGIN CERTIFICATE REQUEST-----\n"));
    let before = world.listing("keystore");
    snapshot!(world.keyring(&["make-csr", KEY, "--out", "mail.csr"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail.csr exists already
    hint: name another file, or say --force to replace it
    ");
    let refused = world.keyring(&["make-csr", KEY, "--out", "mail.csr", "--json"]).exits(4);
    assert_eq!(refused.error()["code"], "file-exists");
    assert_eq!(world.read("mail.csr"), first);
    assert_eq!(world.listing("keystore"), before, "no request is made that nobody gets");
    world.done(&["make-csr", KEY, "--out", "mail.csr", "--force"]);
    assert_ne!(world.read("mail.csr"), first);
    let unwritten = world.keyring(&["make-csr", KEY, "--out", "no/such/folder.csr"]).exits(1);
    snapshot!(unwritten, @"
    exit code 1
    -- stdout
    -- stderr
    error: the request is kept in [FOLDER]/keystore/servers/mail01/imap/main/1/request-3.csr, but is not where it was wanted: cannot write no/such/folder.csr: No such file or directory (os error 2)
    hint: send [FOLDER]/keystore/servers/mail01/imap/main/1/request-3.csr to the authority
    ");
}

#[test]
fn writes_the_header_of_the_key_manager() {
    // lines end as they did on Windows
    let world = with_key();
    let flags = ["--key-manager-header", "--email", "webmaster@example.com", "--phone", "+1 425 555 0100"];
    let made =
        world.done(&[&["make-csr", KEY, "--cn", "mail.example.com", "--org", "Example Corp"], &flags[..]].concat());
    snapshot!(made, @"
    exit code 0
    -- stdout
    Webmaster: webmaster@example.com
    Phone: +1 425 555 0100
    Server: keyring 0.1.0

    Common-name: mail.example.com
    Organization: Example Corp

    -----BEGIN NEW CERTIFICATE REQUEST-----
    [BASE64]
    -----END NEW CERTIFICATE REQUEST-----
    -- stderr
    Made request 1 with version 1 of mail01/imap/main.
      subject       O=Example Corp,CN=mail.example.com
      names         dns:mail.example.com
      kept in       [FOLDER]/keystore/servers/mail01/imap/main/1/request-1.csr
    Send it to your authority, then: keyring install-cert mail01/imap/main REPLY
    ");
}

#[test]
fn refuses_standard_output_for_two_things() {
    let world = with_key();
    let refused = world.keyring(&["make-csr", KEY, "--cn", "mail.example.com", "--out", "-", "--json"]).exits(2);
    refused.error();
    snapshot!(refused, @r#"
    exit code 2
    -- stdout
    {
      "command": "make-csr",
      "error": {
        "code": "usage",
        "hint": "leave --out out: what would be written is a string in the document",
        "kind": "usage",
        "message": "with --json, standard output carries the JSON document"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn refuses_what_cannot_be_requested() {
    let world = with_key();
    let before = world.listing("keystore");
    snapshot!(world.keyring(&["make-csr", KEY]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: what the request is about is missing
    hint: give --cn, --san or --subject, or run this on a terminal to be asked
    ");
    snapshot!(world.keyring(&["make-csr"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the key to make a request for is missing
    hint: give KEY, or run this on a terminal to be asked
    ");
    snapshot!(world.keyring(&["make-csr", "mail01/imap/other", "--cn", "a"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is no key mail01/imap/other
    hint: `keyring create-key mail01/imap/other` makes it; `keyring list` shows what there is
    ");
    snapshot!(world.keyring(&["make-csr", KEY, "--cn", "a", "--country", "Germany"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: the subject is refused: "Germany" is not a country code: C is two letters of ISO 3166, such as US
    "#);
    snapshot!(world.keyring(&["make-csr", KEY, "--san", "mail.example.com"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: a name is refused: "mail.example.com" does not say what it is: names are written dns:NAME, ip:ADDRESS, email:MAILBOX or uri:URI
    "#);
    snapshot!(world.keyring(&["make-csr", KEY, "--san", "dns:no..name"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: a name is refused: "no..name" has an empty label: dots stand singly between labels
    "#);
    snapshot!(world.keyring(&["make-csr", KEY, "--subject", "example"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: the subject is refused: "example" is no part of a name: parts are written TYPE=VALUE, and a comma inside a value \,
    "#);
    snapshot!(world.keyring(&["make-csr", KEY, "--subject", "CN=a", "--cn", "a"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the argument '--subject <DN>' cannot be used with '--cn <NAME>'

    Usage: keyring make-csr --subject <DN> <KEY>

    For more information, try '--help'.
    ");
    snapshot!(world.keyring(&["make-csr", KEY, "--cn", "a", "--email", "a@example.com"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the following required arguments were not provided:
      --key-manager-header

    Usage: keyring make-csr --key-manager-header --cn <NAME> --email <MAILBOX> <KEY>

    For more information, try '--help'.
    ");
    assert_eq!(world.listing("keystore"), before);
}

#[test]
fn refuses_without_a_version_to_make_it_with() {
    let (world, _) = World::committed();
    snapshot!(world.keyring(&["make-csr", KEY]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main has a certificate and no next version to make a request with
    hint: `keyring create-key mail01/imap/main --next` makes a new private key first; --reuse-key asks for the one in use again
    ");
    let world = with_key();
    snapshot!(world.keyring(&["make-csr", KEY, "--cn", "a", "--reuse-key"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main has no current private key to be used again
    hint: leave --reuse-key out: `keyring show mail01/imap/main` shows what there is
    ");
}

#[test]
fn makes_the_private_key_first_when_asked() {
    let world = World::empty();
    world.done(&["init"]);
    let request = ["make-csr", "web/https/main", "--new-key", "--algorithm", "ecdsa-p384", "--san", "dns:example.com"];
    snapshot!(world.done(&[&request[..], &["--out", "web.csr"]].concat()), @"
    exit code 0
    -- stdout
    -- stderr
    Made web/https/main, version 1: a new private key.
    Made request 1 with version 1 of web/https/main.
      subject       (none)
      names         dns:example.com
      kept in       [FOLDER]/keystore/servers/web/https/main/1/request-1.csr
      written to    web.csr
    Send it to your authority, then: keyring install-cert web/https/main REPLY
    ");
    let result = world.done(&["show", "web/https/main", "--json"]).result();
    assert_eq!(result["key"]["next"]["algorithm"], "ecdsa-p384");
    snapshot!(world.keyring(&request).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: web/https/main is there already and has no certificate yet (pending)
    hint: `keyring make-csr web/https/main` makes a request with it; or choose another name
    ");

    let (world, _) = World::committed();
    let next = world.done(&["make-csr", "mail01/imap/main", "--new-key", "--json"]).result();
    assert_eq!((&next["version"], &next["new_key"]), (&2.into(), &true.into()));
}

#[test]
fn makes_no_private_key_for_a_request_that_is_refused() {
    let world = World::empty();
    world.done(&["init"]);
    let before = world.listing("keystore");
    for (arguments, code) in [
        (&["--san", "dns:not a host"][..], 3),
        (&["--subject", "C=USA"], 3),
        (&["--san", "dns:example.com", "--algorithm", "rsa-1"], 3),
        (&[], 2),
        (&["--san", "dns:example.com", "--reuse-key"], 2),
    ] {
        let refused = world.keyring(&[&["make-csr", "web/https/main", "--new-key"], arguments].concat()).exits(code);
        assert_eq!(world.listing("keystore"), before, "{refused}");
    }
    assert_eq!(world.keyring(&["make-csr", "--new-key"]).exits(2).code, 2);
}

#[test]
fn one_request_names_all_that_its_certificate_shall_serve() {
    let (world, _) = World::committed();
    world.done(&["set-service", "web01/https", "--profile", "files", "--probe-name", "www.example.com"]);
    world.done(&["create-key", "all/tls/main"]);
    let of = |arguments: &[&str]| {
        let request = ["make-csr", "all/tls/main", "--out", "all.csr", "--force", "--json"];
        let result = world.done(&[&request[..], arguments].concat()).result();
        let names = result["names"].as_array().unwrap();
        names.iter().map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // a server's name, the one that a service is probed by, the names of the certificate in use, and given ones
    let all = ["--for", "smtp.example.com/smtp@default", "--for", "web01/https@192.0.2.7:443", "--for", ENDPOINT];
    let expected = ["dns:smtp.example.com", "dns:www.example.com", "dns:mail01.example.com"];
    assert_eq!(of(&all), expected);
    let more = ["--san", "dns:more.example.com", "--san", "dns:www.example.com"];
    assert_eq!(of(&[&all[..], &more].concat()), [&expected[..], &["dns:more.example.com"]].concat());
    // those and no others: what the last request named is not kept
    assert_eq!(of(&["--for", ENDPOINT]), ["dns:mail01.example.com"]);

    let nameless = ["make-csr", "all/tls/main", "--for", "ftp01/ftp@default", "--out", "none.csr"];
    let refused = world.keyring(&nameless).exits(3);
    assert!(refused.stderr.contains("nothing says what ftp01/ftp@default is called"), "{refused}");
    assert!(refused.stderr.contains("keyring set-service ftp01/ftp --probe-name HOST"), "{refused}");
    assert!(!world.path("none.csr").exists());
    world.keyring(&["make-csr", "all/tls/main", "--for", "ftp01"]).exits(3);
}

#[test]
fn says_which_bound_endpoints_a_request_leaves_out() {
    let (world, _) = World::committed();
    world.done(&["bind", KEY, "mail02.example.com/imap@default"]);
    let narrow = ["make-csr", KEY, "--reuse-key", "--san", "dns:mail01.example.com", "--out", "mail.csr", "--json"];
    let warnings = world.done(&narrow).result()["warnings"].clone();
    assert_eq!(warnings[0]["code"], "endpoint-not-covered", "{warnings}");
    assert!(warnings[0]["message"].as_str().unwrap().contains("mail02.example.com/imap@default"), "{warnings}");
    let whole = [&narrow[..], &["--force", "--for", ENDPOINT, "--for", "mail02.example.com/imap@default"]].concat();
    assert_eq!(world.done(&whole).result()["warnings"], serde_json::json!([]));

    // what is committed all the same stays named
    world.done(&["commit"]);
    let status = world.done(&["status", "--json"]).result();
    let concerns = status["concerns"].as_array().unwrap();
    let uncovered = concerns.iter().find(|concern| concern["code"] == "endpoint-not-covered");
    assert_eq!(uncovered.map(|concern| &concern["key"]), Some(&KEY.into()), "{status}");
}
