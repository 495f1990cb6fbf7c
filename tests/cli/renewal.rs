//! The yearly renewal: a new private key, or the one in use once more; what serves goes on serving until the commit.

use crate::common::output::snapshot;
use crate::common::{ENDPOINT, KEY, World};

const LIVE: &str = "keystore/live/mail01/imap/default/current/combined.pem";

#[test]
fn the_pair_in_use_serves_until_the_commit() {
    let (world, authority) = World::committed();
    let before = world.read(LIVE);
    world.done(&["create-key", KEY, "--next"]);
    let request = world.done(&["make-csr", KEY]);
    snapshot!(request, @"
    exit code 0
    -- stdout
    -----BEGIN CERTIFICATE REQUEST-----
    [BASE64]
    -----END CERTIFICATE REQUEST-----
    -- stderr
    Made request 1 with version 2 of mail01/imap/main.
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      kept in       [FOLDER]/keystore/servers/mail01/imap/main/2/request-1.csr
    Send it to your authority, then: keyring install-cert mail01/imap/main REPLY
    ");
    world.write("next.pem", authority.order(&request.stdout).chain());
    world.done(&["install-cert", KEY, "next.pem"]);
    assert_eq!(world.read(LIVE), before);
    snapshot!(world.done(&["commit", "-m", "yearly renewal"]), @"
    exit code 0
    -- stdout
    -- stderr
    Committed generation 2:
      install  mail01/imap/main  version 2, certificate until [DATE]
      published mail01/imap@default in [FOLDER]/keystore/live/mail01/imap/default/current
    ");
    let after = world.read(LIVE);
    assert!(after.starts_with(&world.read("keystore/servers/mail01/imap/main/2/private-key.pem")));
    assert_ne!(before, after);
    snapshot!(world.done(&["list"]), @"
    exit code 0
    -- stdout
    mail01
      imap
        main  installed, dns:mail01.example.com, until [DATE] ([DAYS])
              bound to @default
    -- stderr
    ");
    assert_eq!(world.done(&["show", KEY, "--json"]).result()["key"]["current"]["version"], 2);
}

#[test]
fn the_private_key_in_use_can_be_certified_again() {
    let (world, authority) = World::committed();
    let before = world.read(LIVE);
    let request = world.done(&["make-csr", KEY, "--reuse-key"]);
    snapshot!(request, @"
    exit code 0
    -- stdout
    -----BEGIN CERTIFICATE REQUEST-----
    [BASE64]
    -----END CERTIFICATE REQUEST-----
    -- stderr
    Made request 2 with version 1 of mail01/imap/main.
    It is for the private key in use, which is certified again.
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      kept in       [FOLDER]/keystore/servers/mail01/imap/main/1/request-2.csr
    Send it to your authority, then: keyring install-cert mail01/imap/main REPLY
    ");
    snapshot!(world.done(&["list"]), @"
    exit code 0
    -- stdout
    mail01
      imap
        main  installed, dns:mail01.example.com, until [DATE] ([DAYS])
              next: pending, requested [DATE] for the private key in use
              bound to @default
    -- stderr
    ");
    world.write("again.pem", authority.order(&request.stdout).chain());
    world.done(&["install-cert", KEY, "again.pem"]);
    assert_eq!(world.read(LIVE), before);
    world.done(&["commit"]);
    let after = world.read(LIVE);
    assert!(after.starts_with(&world.read("keystore/servers/mail01/imap/main/1/private-key.pem")));
    assert_ne!(before, after);
}

#[test]
fn a_discarded_renewal_leaves_what_serves_and_can_be_taken_up_again() {
    let (world, authority) = World::committed();
    let before = world.read(LIVE);
    world.done(&["create-key", KEY, "--next"]);
    let request = world.done(&["make-csr", KEY]).stdout;
    world.write("next.pem", authority.order(&request).chain());
    world.done(&["install-cert", KEY, "next.pem"]);
    world.done(&["discard"]);
    assert_eq!(world.done(&["commit", "--json"]).result()["committed"], false);
    assert_eq!(world.read(LIVE), before);
    world.done(&["install-cert", KEY, "next.pem"]);
    let committed = world.done(&["commit", "--json"]).result();
    assert_eq!(committed["endpoints"][0]["endpoint"], ENDPOINT);
}
