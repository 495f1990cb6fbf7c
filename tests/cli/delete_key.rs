//! `delete-key`.

use crate::common::output::snapshot;
use crate::common::{KEY, World};

#[test]
fn a_bound_key_is_deleted_only_with_its_bindings() {
    let (world, _) = World::committed();
    let before = world.listing("keystore");
    snapshot!(world.keyring(&["delete-key", KEY]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main is bound to mail01/imap@default
    hint: bind its endpoints to another key first, or say --unbind to free them
    ");
    assert_eq!(world.listing("keystore"), before);
    snapshot!(world.done(&["delete-key", KEY, "--unbind"]), @"
    exit code 0
    -- stdout
    -- stderr
    Staged: mail01/imap/main is deleted.
      mail01/imap@default is no longer bound
    ");
    snapshot!(world.done(&["status"]), @"
    exit code 0
    -- stdout
    Generation 1. 2 changes are staged:
      unbind   mail01/imap@default
      delete   mail01/imap/main
    Not the same everywhere:
      mail01/imap@default
        staged        nothing: it would be free
        committed     mail01/imap/main, version 1, until [DATE]
        on disk       generation 1, until [DATE]
    -- stderr
    ");
    snapshot!(world.done(&["commit"]), @"
    exit code 0
    -- stdout
    -- stderr
    Committed generation 2:
      unbind   mail01/imap@default
      delete   mail01/imap/main
      mail01/imap@default is free; its files stay
    ");
    snapshot!(world.done(&["list"]), @"
    exit code 0
    -- stdout
    -- stderr
    The keystore is empty: `keyring create-key SERVER/PROTOCOL/NAME` makes the first key.
    ");
    snapshot!(world.keyring(&["show", KEY]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is no key mail01/imap/main
    hint: `keyring create-key mail01/imap/main` makes it; `keyring list` shows what there is
    ");
}

#[test]
fn says_that_a_request_is_still_out() {
    let (world, _) = World::with_request();
    let deleted = world.done(&["delete-key", KEY, "--json"]);
    deleted.json();
    snapshot!(deleted, @r#"
    exit code 0
    -- stdout
    {
      "command": "delete-key",
      "ok": true,
      "result": {
        "key": "mail01/imap/main",
        "pending": 1,
        "unbound": []
      },
      "schema": 1
    }
    -- stderr
    "#);
    world.done(&["discard"]);
    snapshot!(world.done(&["delete-key", KEY]), @"
    exit code 0
    -- stdout
    -- stderr
    Staged: mail01/imap/main is deleted.
    warning: version 1 still waits for its certificate, which could not be installed
    ");
    snapshot!(world.keyring(&["delete-key"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the key to delete is missing
    hint: give KEY, or run this on a terminal to be asked
    ");
}
