//! `diff`.

use crate::common::output::snapshot;
use crate::common::{ENDPOINT, KEY, World};

#[test]
fn shows_what_each_endpoint_would_serve() {
    let (world, authority) = World::committed();
    snapshot!(world.done(&["diff"]), @"
    exit code 0
    -- stdout
    -- stderr
    Nothing is staged: a commit would do nothing.
    ");
    world.done(&["create-key", KEY, "--next"]);
    let request = world.done(&["make-csr", KEY]).stdout;
    world.write("next.pem", authority.order(&request).chain());
    world.done(&["install-cert", KEY, "next.pem"]);
    world.done(&["bind", KEY, "mail02/smtp@default"]);
    snapshot!(world.done(&["diff"]), @"
    exit code 0
    -- stdout
    install  mail01/imap/main  version 2, certificate until [DATE]
    bind     mail02/smtp@default -> mail01/imap/main

    mail01/imap@default
      - mail01/imap/main version 1, certificate [SHORT] until [DATE]
      + mail01/imap/main version 2, certificate [SHORT] until [DATE]

    mail02/smtp@default
      + mail01/imap/main version 2, certificate [SHORT] until [DATE]
    -- stderr
    ");
    let diff = world.done(&["diff", "--json"]);
    diff.json();
    snapshot!(diff.result()["endpoints"], @r#"[{"endpoint":"mail01/imap@default","from":{"certificate":1,"key":"mail01/imap/main","not_after":"[TIME]","sha256":"[SHA256]","version":1},"to":{"certificate":1,"key":"mail01/imap/main","not_after":"[TIME]","sha256":"[SHA256]","version":2}},{"endpoint":"mail02/smtp@default","from":null,"to":{"certificate":1,"key":"mail01/imap/main","not_after":"[TIME]","sha256":"[SHA256]","version":2}}]"#);
    world.done(&["discard"]);
    world.done(&["unbind", ENDPOINT]);
    snapshot!(world.done(&["diff"]), @"
    exit code 0
    -- stdout
    unbind   mail01/imap@default

    mail01/imap@default
      - mail01/imap/main version 1, certificate [SHORT] until [DATE]
      the files that are published stay; nothing renews them
    -- stderr
    ");
}

#[test]
fn shows_why_a_commit_would_be_refused() {
    let (world, _) = World::with_request();
    world.done(&["bind", KEY, ENDPOINT]);
    snapshot!(world.done(&["diff"]), @"
    exit code 0
    -- stdout
    bind     mail01/imap@default -> mail01/imap/main
    refused: mail01/imap/main has no certificate, and would be bound to mail01/imap@default
    -- stderr
    ");
    snapshot!(world.keyring(&["diff", "extra"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: invalid value 'extra' for '[GENERATION]': invalid digit found in string

    For more information, try '--help'.
    ");
}
