//! `install-cert`: what is refused. Each cause has its own error, and no refusal changes anything.

use crate::common::output::{Output, snapshot};
use crate::common::{Authority, KEY, World};

/// Runs `install-cert` on contents, which must be refused, in text and in JSON, and change nothing.
#[track_caller]
fn refused(world: &World, contents: impl AsRef<[u8]>, code: &str) -> Output {
    world.write("reply", contents);
    let before = world.listing("keystore");
    let in_json = world.keyring(&["install-cert", KEY, "reply", "--json"]).exits(3);
    assert_eq!(in_json.error()["code"], code, "{in_json}");
    assert_eq!(in_json.error()["kind"], "rejected");
    let output = world.keyring(&["install-cert", KEY, "reply"]).exits(3);
    assert_eq!(output.stdout, "");
    assert_eq!(world.listing("keystore"), before);
    output
}

#[test]
fn what_is_no_certificate_says_what_it_looks_like() {
    let (world, request) = World::with_request();
    let code = "not-a-certificate";
    let private_key = world.read("keystore/servers/mail01/imap/main/1/private-key.pem");
    snapshot!(refused(&world, private_key, code), @"
    exit code 3
    -- stdout
    -- stderr
    error: reply cannot be installed: not a certificate: it looks like a private key
    hint: give the certificate that the authority sent back: PEM, base64, DER or PKCS#7
    ");
    snapshot!(refused(&world, request, code), @"
    exit code 3
    -- stdout
    -- stderr
    error: reply cannot be installed: not a certificate: it looks like a certification request
    hint: send the request to the authority and install what comes back
    ");
    snapshot!(refused(&world, "<!DOCTYPE html>\n<html><title>Log in</title></html>\n", code), @"
    exit code 3
    -- stdout
    -- stderr
    error: reply cannot be installed: not a certificate: it looks like a web page
    hint: the authority's page was saved instead of the certificate
    ");
    // the start of a PFX: SEQUENCE, version 3, then id-data (RFC 7292 section 4)
    let pfx = b"\x30\x1b\x02\x01\x03\x30\x16\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x09\x04\x07\x30\x05\x30\x03\x02\x01\x00";
    snapshot!(refused(&world, pfx, code), @"
    exit code 3
    -- stdout
    -- stderr
    error: reply cannot be installed: not a certificate: it looks like a PKCS#12 file (PFX)
    hint: give the certificate that the authority sent back: PEM, base64, DER or PKCS#7
    ");
    snapshot!(refused(&world, "Dear customer,\nyour certificate is ready.\n", code), @"
    exit code 3
    -- stdout
    -- stderr
    error: reply cannot be installed: not a certificate: it looks like some other text
    hint: give the certificate that the authority sent back: PEM, base64, DER or PKCS#7
    ");
    snapshot!(refused(&world, "", "empty-file"), @"
    exit code 3
    -- stdout
    -- stderr
    error: reply cannot be installed: the file is empty
    ");
}

#[test]
fn damaged_base64_is_named_by_its_line() {
    let (world, request) = World::with_request();
    let reply = Authority::new().order(&request).leaf();
    let mut lines: Vec<_> = reply.lines().map(str::to_owned).collect();
    lines[3].replace_range(10..11, "!");
    snapshot!(refused(&world, lines.join("\n"), "damaged-base64"), @"
    exit code 3
    -- stdout
    -- stderr
    error: reply cannot be installed: damaged base64 in line 4
    hint: copy the certificate again, from its BEGIN line to its END line
    ");
    let cut: Vec<_> = reply.lines().take(4).collect();
    snapshot!(refused(&world, cut.join("\n"), "unterminated-block"), @"
    exit code 3
    -- stdout
    -- stderr
    error: reply cannot be installed: the block BEGIN CERTIFICATE of line 1 has no END: the file is cut off
    hint: copy the certificate again, from its BEGIN line to its END line
    ");
}

#[test]
fn a_reply_to_another_key_names_that_key() {
    let (world, _) = World::with_request();
    let authority = Authority::new();
    snapshot!(refused(&world, authority.foreign(), "key-mismatch"), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: none of the certificates is for a private key of mail01/imap/main: they are for "CN=stranger.example.com", "CN=Test Issuing CA"
    hint: ask for the certificate of the request that `keyring show mail01/imap/main` names; the key still waits for it
    "#);
    world.done(&["create-key", "mail02/smtp/other"]);
    let other = world.done(&["make-csr", "mail02/smtp/other", "--cn", "mail02.example.com"]).stdout;
    snapshot!(refused(&world, authority.order(&other).chain(), "key-mismatch"), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: none of the certificates is for a private key of mail01/imap/main: they are for "CN=mail02.example.com", "CN=Test Issuing CA"
    hint: it is for mail02/smtp/other: `keyring install-cert mail02/smtp/other ...`
    "#);
}

#[test]
fn certificates_out_of_their_time_are_refused() {
    let (world, request) = World::with_request();
    let authority = Authority::new();
    snapshot!(refused(&world, authority.order(&request).valid(-20, -10).chain(), "expired"), @"
    exit code 3
    -- stdout
    -- stderr
    error: the certificate for mail01/imap/main expired at [TIME]
    hint: ask the authority for a new certificate; the key still waits for it
    ");
    snapshot!(refused(&world, authority.order(&request).valid(10, 20).chain(), "not-yet-valid"), @"
    exit code 3
    -- stdout
    -- stderr
    error: the certificate for mail01/imap/main is not valid before [TIME]
    hint: check this machine's clock, or install it when it is valid
    ");
    // the key still takes the right one
    world.write("reply", authority.order(&request).chain());
    world.done(&["install-cert", KEY, "reply"]);
}

#[test]
fn what_is_missing_or_named_twice() {
    let (world, request) = World::with_request();
    world.write("reply.pem", Authority::new().order(&request).chain());
    let before = world.listing("keystore");
    snapshot!(world.keyring(&["install-cert", KEY, "nowhere.pem"]).exits(1), @"
    exit code 1
    -- stdout
    -- stderr
    error: cannot read nowhere.pem: No such file or directory (os error 2)
    ");
    snapshot!(world.keyring(&["install-cert", KEY]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the certificate's file is missing
    hint: give FILE, or run this on a terminal to be asked
    ");
    snapshot!(world.keyring(&["install-cert"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the key to install a certificate for is missing
    hint: give KEY and FILE, or run this on a terminal to be asked
    ");
    snapshot!(world.keyring(&["install-cert", KEY, "-", "-"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: standard input is named twice
    hint: give - once
    ");
    snapshot!(world.keyring(&["install-cert", "mail01/imap/none", "reply.pem"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is no key mail01/imap/none
    hint: `keyring create-key mail01/imap/none` makes it; `keyring list` shows what there is
    ");
    snapshot!(world.keyring(&["install-cert", "mail01/imap/Main", "reply.pem", "--json"]).exits(3), @r#"
    exit code 3
    -- stdout
    {
      "command": "install-cert",
      "error": {
        "code": "bad-name",
        "hint": "write it \"main\"",
        "kind": "rejected",
        "message": "\"Main\" is not a key name: names are lower case"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
    assert_eq!(world.listing("keystore"), before);
}

#[test]
fn force_replaces_files_and_nothing_else() {
    let (world, _) = World::with_request();
    let _ = world.shell("mkfifo fifo && ln -s nowhere link && mkdir folder").exits(0);
    snapshot!(world.keyring(&["export-csr", KEY, "--out", "fifo", "--force"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: fifo is a FIFO, which no file replaces
    hint: name a file; `-` is standard output where the command takes it
    ");
    snapshot!(world.keyring(&["backup", "link", "--force", "--passphrase-file", "missing", "--json"]).exits(4), @r#"
    exit code 4
    -- stdout
    {
      "command": "backup",
      "error": {
        "code": "not-a-file",
        "hint": "name a file; `-` is standard output where the command takes it",
        "kind": "conflict",
        "message": "link is a symbolic link, which no file replaces"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
    let refused = [
        &["export-csr", KEY, "--out", "link"][..],
        &["export-key", KEY, "--out", "fifo", "--force", "--format", "pem"],
        &["export-plan", "--out", "folder", "--force"],
        &["check", "--prometheus", "fifo"],
        &["make-csr", KEY, "--out", "link", "--force"],
    ];
    for arguments in refused {
        let refused = world.keyring(arguments).exits(4);
        assert!(refused.stderr.contains(", which no file replaces"), "{refused}");
    }
    let _ = world.shell("mkfifo home/keyring-unbind.1").exits(0);
    world.keyring(&["man", "--out-dir", "home", "--force"]).exits(4);
    let _ = world.shell("test -p fifo && test -L link && test ! -e nowhere && test ! -e home/keyring.1").exits(0);
}
