//! `prune`.
#![allow(clippy::disallowed_methods, reason = "looks at what is left")]

use crate::common::output::snapshot;
use crate::common::{ENDPOINT, KEY, World};

/// Three generations, the last of which frees an endpoint; a private key that waits.
fn with_a_past() -> World {
    let (world, authority) = World::committed();
    let request = world.done(&["make-csr", KEY, "--new-key"]).stdout;
    world.write("reply.pem", authority.order(&request).chain());
    world.done(&["install-cert", KEY, "reply.pem"]);
    world.done(&["bind", KEY, "mail02/smtp@default"]);
    world.done(&["commit", "-m", "renewal"]);
    world.done(&["unbind", "mail02/smtp@default"]);
    world.done(&["commit", "-m", "mail02 is gone"]);
    world.done(&["create-key", "mail01/smtp/second"]);
    world
}

const ALL: [&str; 7] = ["prune", "--keep", "1", "--keys", "--live", "--pending", "mail01/smtp/second"];

#[test]
fn shows_what_would_go_and_removes_it_when_told() {
    let world = with_a_past();
    let before = world.listing("keystore");
    snapshot!(world.done(&[&ALL[..], &["--dry-run"]].concat()), @"
    exit code 0
    -- stdout
    -- stderr
    A prune would remove this for good:
      the records of generations 1 to 2
      5 files of the state
      the private key of mail01/imap/main, version 1
      the private key of mail01/smtp/second, version 1, which may wait for a certificate
      the files of mail02/smtp@default
    ");
    snapshot!(world.keyring(&ALL).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: a confirmation is missing
    hint: give --yes (--dry-run shows what would go), or run this on a terminal to be asked
    ");
    assert_eq!(world.listing("keystore"), before);
    snapshot!(world.done(&["prune", "--keep", "1", "--keys", "--yes"]), @"
    exit code 0
    -- stdout
    -- stderr
    Removed for good:
      the records of generations 1 to 2
      5 files of the state
      the private key of mail01/imap/main, version 1
    Kept: the private key of mail01/smtp/second, version 1, may wait for a certificate.
    ");
    snapshot!(world.done(&["prune", "--keep", "1", "--keys", "--yes"]), @"
    exit code 0
    -- stdout
    -- stderr
    There is nothing to remove.
    Kept: the private key of mail01/smtp/second, version 1, may wait for a certificate.
    ");
    snapshot!(world.done(&[&ALL[..], &["--yes"]].concat()), @"
    exit code 0
    -- stdout
    -- stderr
    Removed for good:
      the private key of mail01/smtp/second, version 1, which may wait for a certificate
      the files of mail02/smtp@default
    ");
    snapshot!(world.done(&["log"]), @"
    exit code 0
    -- stdout
    generation 3
      made          [TIME] by [ACTOR] (`keyring commit`)
      hash          [SHA256]
      why           mail02 is gone
        unbind   mail02/smtp@default
        serves   mail02/smtp@default: nothing, before: mail01/imap/main version 2
    -- stderr
    Those up to generation 2 were cut off at [TIME] by [ACTOR] (`keyring prune`).
    ");
    snapshot!(world.keyring(&["show", "mail01/imap/main@1"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: generation 1 is gone: those up to 2 were cut off at [TIME] by [ACTOR] (`keyring prune`)
    hint: `keyring log` shows what is kept; a backup with --history from before has the rest
    ");
    assert!(!world.path("keystore/live/mail02").exists());
    assert!(world.path("keystore/live/mail01/imap/default/current/combined.pem").exists());
    world.done(&["show", KEY]);
}

#[test]
fn reports_it_in_json() {
    let world = with_a_past();
    let output = world.done(&[&ALL[..], &["--yes", "--json"]].concat());
    output.json();
    snapshot!(output, @r#"
    exit code 0
    -- stdout
    {
      "command": "prune",
      "ok": true,
      "result": {
        "certificates": [],
        "cut_off_through": 2,
        "endpoints": [
          "mail02/smtp@default"
        ],
        "generation": 3,
        "installed": [],
        "left_over": [],
        "pending": [
          {
            "key": "mail01/smtp/second",
            "version": 1
          }
        ],
        "private_keys": [
          {
            "key": "mail01/imap/main",
            "version": 1
          }
        ],
        "pruned": true,
        "records": [
          1,
          2
        ],
        "state_files": 5,
        "waiting": []
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn asks_on_a_terminal() {
    let world = with_a_past();
    let before = world.listing("keystore");
    let mut terminal = world.terminal(&ALL);
    terminal.expect("A prune would remove this for good:");
    terminal.expect("the private key of mail01/imap/main, version 1");
    terminal.ask("Remove it?", "n");
    assert_eq!(terminal.end().0, Some(130));
    assert_eq!(world.listing("keystore"), before);
    let mut terminal = world.terminal(&ALL);
    terminal.ask("Remove it?", "y");
    let (code, text, _) = terminal.end();
    assert_eq!(code, Some(0), "{text}");
    assert!(!world.path("keystore/servers/mail01/imap/main/1").exists());
}

#[test]
fn takes_no_private_key_that_waits_by_another_name() {
    let world = with_a_past();
    snapshot!(world.keyring(&["prune", "--keep", "1", "--pending", KEY]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main has no private key that waits for a certificate
    hint: leave it out: `keyring show mail01/imap/main` shows what there is
    ");
    snapshot!(world.keyring(&["prune", "--keep", "1", "--pending", "mail01/imap/none"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is no key mail01/imap/none
    hint: `keyring create-key mail01/imap/none` makes it; `keyring list` shows what there is
    ");
    world.done(&["bind", "mail01/smtp/second", ENDPOINT]);
    snapshot!(world.keyring(&["prune", "--keep", "1", "--pending", "mail01/smtp/second"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: what is staged needs the private key of mail01/smtp/second
    hint: `keyring discard mail01/smtp/second` takes back what is staged
    ");
    snapshot!(world.keyring(&["prune", "--keep", "0"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: invalid value '0' for '--keep <N>': number would be zero for non-zero type

    For more information, try '--help'.
    ");
    snapshot!(world.keyring(&["prune", "--keep", "1", "--pending", "Mail01"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "Mail01" is not a key: it is written SERVER/PROTOCOL/NAME
    "#);
}
