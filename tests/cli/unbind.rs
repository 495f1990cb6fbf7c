//! `unbind`.

use crate::common::output::snapshot;
use crate::common::{ENDPOINT, World};

#[test]
fn frees_an_endpoint_and_leaves_its_files() {
    let (world, _) = World::committed();
    let live = world.listing("keystore/live");
    snapshot!(world.done(&["unbind", ENDPOINT]), @"
    exit code 0
    -- stdout
    -- stderr
    Staged: mail01/imap@default is no longer bound to mail01/imap/main.
    ");
    snapshot!(world.done(&["list"]), @"
    exit code 0
    -- stdout
    mail01
      imap
        main  installed, dns:mail01.example.com, until [DATE] ([DAYS])
              bound to @default (no longer, staged)
    -- stderr
    ");
    snapshot!(world.done(&["commit"]), @"
    exit code 0
    -- stdout
    -- stderr
    Committed generation 2:
      unbind   mail01/imap@default
      mail01/imap@default is free; its files stay
    ");
    assert_eq!(world.listing("keystore/live"), live);

    let (world, _) = World::committed();
    let freed = world.done(&["unbind", ENDPOINT, "--json"]);
    freed.json();
    snapshot!(freed, @r#"
    exit code 0
    -- stdout
    {
      "command": "unbind",
      "ok": true,
      "result": {
        "endpoints": [
          {
            "before": "mail01/imap/main",
            "endpoint": "mail01/imap@default"
          }
        ]
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn frees_none_when_one_is_not_bound() {
    let (world, _) = World::committed();
    let before = world.listing("keystore");
    snapshot!(world.keyring(&["unbind", ENDPOINT, "mail01/pop3@default"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/pop3@default is not bound
    hint: `keyring list` shows what is bound
    ");
    let refused = world.keyring(&["unbind", "mail01/pop3@default", "--json"]).exits(4);
    refused.error();
    snapshot!(refused, @r#"
    exit code 4
    -- stdout
    {
      "command": "unbind",
      "error": {
        "code": "not-bound",
        "hint": "`keyring list` shows what is bound",
        "kind": "conflict",
        "message": "mail01/pop3@default is not bound"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.keyring(&["unbind", "mail01/POP3@default"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "POP3" is not a protocol name: names are lower case
    hint: write it "pop3"
    "#);
    snapshot!(world.keyring(&["unbind"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the endpoint to free is missing
    hint: give ENDPOINT, or run this on a terminal to be asked
    ");
    assert_eq!(world.listing("keystore"), before);
}
