//! `bind`.

use crate::common::output::snapshot;
use crate::common::{ENDPOINT, KEY, World};

#[test]
fn stages_bindings_and_says_what_they_replace() {
    let (world, _) = World::committed();
    world.done(&["create-key", "mail01/imap/second"]);
    let endpoints = ["mail01/imap@192.0.2.7:993", "mail01/imap@[2001:DB8:0::7]:993", "mail02/smtp@default"];
    snapshot!(world.done(&[&["bind", KEY], &endpoints[..]].concat()), @"
    exit code 0
    -- stdout
    -- stderr
    Staged mail01/imap@192.0.2.7:993 -> mail01/imap/main.
    Staged mail01/imap@[2001:db8::7]:993 -> mail01/imap/main.
    Staged mail02/smtp@default -> mail01/imap/main.
    warning: mail02/smtp@default is not covered by the names of mail01/imap/main: dns:mail01.example.com
    ");
    snapshot!(world.done(&["bind", KEY, ENDPOINT]), @"
    exit code 0
    -- stdout
    -- stderr
    mail01/imap@default is bound to mail01/imap/main already: nothing to do.
    ");
    snapshot!(world.done(&["bind", "mail01/imap/second", ENDPOINT]), @"
    exit code 0
    -- stdout
    -- stderr
    Staged mail01/imap@default -> mail01/imap/second, in place of mail01/imap/main.
    warning: mail01/imap/second has no certificate yet: install one before you commit
    ");
    let bound = world.done(&["bind", "mail01/imap/second", "mail02/smtp@default", "--json"]);
    bound.json();
    snapshot!(bound, @r#"
    exit code 0
    -- stdout
    {
      "command": "bind",
      "ok": true,
      "result": {
        "endpoints": [
          {
            "before": "mail01/imap/main",
            "changed": true,
            "endpoint": "mail02/smtp@default"
          }
        ],
        "key": "mail01/imap/second",
        "warnings": [
          {
            "code": "no-certificate",
            "message": "mail01/imap/second has no certificate yet: install one before you commit"
          }
        ]
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn refuses_what_is_no_key_or_no_endpoint_and_binds_none_then() {
    let (world, _) = World::committed();
    let before = world.listing("keystore");
    snapshot!(world.keyring(&["bind", "mail01/imap/none", ENDPOINT]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is no key mail01/imap/none
    hint: `keyring create-key mail01/imap/none` makes it; `keyring list` shows what there is
    ");
    let refused = world.keyring(&["bind", "mail01/imap/none", ENDPOINT, "--json"]).exits(4);
    refused.error();
    snapshot!(refused, @r#"
    exit code 4
    -- stdout
    {
      "command": "bind",
      "error": {
        "code": "key-not-found",
        "hint": "`keyring create-key mail01/imap/none` makes it; `keyring list` shows what there is",
        "kind": "conflict",
        "message": "there is no key mail01/imap/none"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.keyring(&["bind", KEY, "mail01/pop3@default", "mail01/imap"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "mail01/imap" is not an endpoint: it is written SERVER/PROTOCOL@default or SERVER/PROTOCOL@IP:PORT
    "#);
    snapshot!(world.keyring(&["bind", KEY, "Mail01/imap@default"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "Mail01" is not a server name: names are lower case
    hint: write it "mail01"
    "#);
    snapshot!(world.keyring(&["bind", KEY, "mail01/imap@192.0.2.7"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "192.0.2.7" is not an address: it is `default`, IP:PORT or [IPv6]:PORT
    "#);
    snapshot!(world.keyring(&["bind", KEY, "mail01/imap@192.0.2.7:0"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "192.0.2.7:0" has port 0: ports are 1 to 65535
    "#);
    snapshot!(world.keyring(&["bind", KEY, "mail01/imap@mail:993"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "mail:993" is not an address: it is `default`, IP:PORT or [IPv6]:PORT
    "#);
    assert_eq!(world.listing("keystore"), before);
}

#[test]
fn asks_nothing_where_nobody_is() {
    let (world, _) = World::committed();
    snapshot!(world.keyring(&["bind", KEY]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the endpoint to bind is missing
    hint: give ENDPOINT, or run this on a terminal to be asked
    ");
    snapshot!(world.keyring(&["bind", "--json"]).exits(2), @r#"
    exit code 2
    -- stdout
    {
      "command": "bind",
      "error": {
        "code": "missing-argument",
        "hint": "give KEY and ENDPOINT, or run this on a terminal to be asked",
        "kind": "usage",
        "message": "the key to bind is missing"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
}
