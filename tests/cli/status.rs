//! `status`.

use crate::common::output::snapshot;
use crate::common::{Authority, ENDPOINT, KEY, World};

#[test]
fn shows_what_is_staged_what_is_due_and_what_is_wrong() {
    let (world, request) = World::with_request();
    let authority = Authority::new();
    world.done(&["create-key", "mail01/imap/bare"]);
    snapshot!(world.done(&["status"]), @"
    exit code 0
    -- stdout
    Generation 0. Nothing is staged.
    To see to:
      mail01/imap/bare: it has a private key and no request
      mail01/imap/main: requested [DATE], its certificate has not come
    -- stderr
    ");
    world.write("reply.pem", authority.order(&request).valid(-30, 5).leaf());
    world.done(&["install-cert", KEY, "reply.pem"]);
    world.done(&["bind", KEY, ENDPOINT]);
    world.done(&["bind", "mail01/imap/bare", "mail01/pop3@default"]);
    snapshot!(world.done(&["status"]), @r#"
    exit code 0
    -- stdout
    Generation 0. 3 changes are staged:
      install  mail01/imap/main  version 1, certificate until [DATE]
      bind     mail01/imap@default -> mail01/imap/main
      bind     mail01/pop3@default -> mail01/imap/bare
    refused: mail01/imap/bare has no certificate, and would be bound to mail01/pop3@default
    warning: the chain of mail01/imap/main lacks its issuer "CN=Test Issuing CA": give it to install-cert with --chain
    To see to:
      mail01/imap/bare: it has a private key and no request
    Not the same everywhere:
      mail01/imap@default
        staged        mail01/imap/main, version 1, until [DATE]
        committed     nothing
        on disk       nothing
    -- stderr
    "#);
    world.done(&["discard", "mail01/imap/bare"]);
    world.done(&["commit"]);
    snapshot!(world.done(&["status"]), @"
    exit code 0
    -- stdout
    Generation 1. Nothing is staged.
    To see to:
      mail01/imap/bare: it has a private key and no request
      mail01/imap/main: its certificate is good until [DATE] ([DAYS]): time to renew it
    -- stderr
    ");
}

#[test]
fn reports_it_in_json() {
    let (world, _) = World::with_request();
    world.done(&["bind", KEY, ENDPOINT]);
    let status = world.done(&["status", "--json"]);
    status.json();
    snapshot!(status, @r#"
    exit code 0
    -- stdout
    {
      "command": "status",
      "ok": true,
      "result": {
        "attempt": null,
        "concerns": [
          {
            "code": "pending",
            "key": "mail01/imap/main",
            "message": "requested [DATE], its certificate has not come"
          }
        ],
        "drift": [],
        "faults": [
          {
            "code": "no-certificate",
            "message": "mail01/imap/main has no certificate, and would be bound to mail01/imap@default"
          }
        ],
        "generation": 0,
        "left_over": [],
        "staged": [
          {
            "change": "bind",
            "endpoint": "mail01/imap@default",
            "key": "mail01/imap/main"
          }
        ],
        "to_be_told": [],
        "unpublished": [],
        "warnings": []
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn names_the_file_that_is_damaged() {
    let (world, _) = World::committed();
    world.write("keystore/commits/0000000001.json", "{}");
    snapshot!(world.keyring(&["status"]).exits(7), @"
    exit code 7
    -- stdout
    -- stderr
    error: [FOLDER]/keystore/commits/0000000001.json is damaged: missing field `hash` at line 1 column 2
    hint: `keyring doctor` names everything that is damaged and what mends it; nothing was changed
    ");
    let refused = world.keyring(&["status", "--json"]).exits(7);
    assert_eq!(refused.error()["kind"], "damaged");
}
