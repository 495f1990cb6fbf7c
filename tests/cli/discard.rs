//! `discard`.

use crate::common::output::snapshot;
use crate::common::{Authority, ENDPOINT, KEY, World};

fn staged() -> World {
    let (world, request) = World::with_request();
    world.write("reply.pem", Authority::new().order(&request).chain());
    world.done(&["install-cert", KEY, "reply.pem"]);
    world.done(&["create-key", "mail01/imap/second"]);
    world.done(&["bind", KEY, ENDPOINT, "mail02/smtp@default"]);
    world.done(&["bind", "mail01/imap/second", "mail03/pop3@default"]);
    world
}

#[test]
fn throws_all_away_but_no_private_key_and_no_request() {
    let world = staged();
    snapshot!(world.done(&["discard"]), @"
    exit code 0
    -- stdout
    -- stderr
    Discarded: install  mail01/imap/main  version 1, certificate until [DATE]
    Discarded: bind     mail01/imap@default -> mail01/imap/main
    Discarded: bind     mail02/smtp@default -> mail01/imap/main
    Discarded: bind     mail03/pop3@default -> mail01/imap/second
    ");
    snapshot!(world.done(&["discard"]), @"
    exit code 0
    -- stdout
    -- stderr
    Nothing was staged.
    ");
    // the reply can be installed again
    world.done(&["install-cert", KEY, "reply.pem"]);
}

#[test]
fn of_one_key_names_the_bindings_that_go_with_it() {
    let world = staged();
    snapshot!(world.done(&["discard", KEY]), @"
    exit code 0
    -- stdout
    -- stderr
    Discarded: install  mail01/imap/main  version 1, certificate until [DATE]
    Discarded: bind     mail01/imap@default -> mail01/imap/main
    Discarded: bind     mail02/smtp@default -> mail01/imap/main
    ");
    snapshot!(world.done(&["status"]), @"
    exit code 0
    -- stdout
    Generation 0. 1 change is staged:
      bind     mail03/pop3@default -> mail01/imap/second
    refused: mail01/imap/second has no certificate, and would be bound to mail03/pop3@default
    To see to:
      mail01/imap/main: requested [DATE], its certificate has not come
      mail01/imap/second: it has a private key and no request
    -- stderr
    ");
    let world = staged();
    let discarded = world.done(&["discard", "mail01/imap/second", "--json"]);
    discarded.json();
    snapshot!(discarded, @r#"
    exit code 0
    -- stdout
    {
      "command": "discard",
      "ok": true,
      "result": {
        "discarded": [
          {
            "change": "bind",
            "endpoint": "mail03/pop3@default",
            "key": "mail01/imap/second"
          }
        ]
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn refuses_a_key_that_is_not_there_and_keeps_the_stage() {
    let world = staged();
    let before = world.listing("keystore");
    snapshot!(world.keyring(&["discard", "mail01/imap/none"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is no key mail01/imap/none
    hint: `keyring create-key mail01/imap/none` makes it; `keyring list` shows what there is
    ");
    let refused = world.keyring(&["discard", KEY, "mail01/imap/none", "--json"]).exits(4);
    assert_eq!(refused.error()["code"], "key-not-found");
    snapshot!(world.keyring(&["discard", "MAIL01/imap/main"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "MAIL01" is not a server name: names are lower case
    hint: write it "mail01"
    "#);
    assert_eq!(world.listing("keystore"), before);
}
