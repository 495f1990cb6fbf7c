//! `set-renewal`.

use crate::common::output::snapshot;
use crate::common::{KEY, World};

#[test]
fn says_how_keys_are_renewed() {
    let (world, _) = World::with_people();
    snapshot!(world.done(&["set-renewal", KEY, "--authority", "people"]), @"
    exit code 0
    -- stdout
    -- stderr
    Staged mail01/imap/main: renewed by people, after 2/3 of the lifetime, with a new private key.
    ");
    snapshot!(world.done(&["set-renewal", KEY, "--at", "30d", "--reuse-key", "--max-days", "365"]), @"
    exit code 0
    -- stdout
    -- stderr
    Staged mail01/imap/main: renewed by people, 30 days before the end, with the same private key for 365 days.
    ");
    snapshot!(world.done(&["set-renewal", KEY, "--at", "30d"]), @"
    exit code 0
    -- stdout
    -- stderr
    That is said of mail01/imap/main already: nothing to do.
    ");
    world.done(&["commit"]);
    let json = world.done(&["set-renewal", KEY, "--at", "ari", "--new-key", "--json"]);
    json.json();
    snapshot!(json, @r#"
    exit code 0
    -- stdout
    {
      "command": "set-renewal",
      "ok": true,
      "result": {
        "keys": [
          {
            "before": {
              "at": "30d",
              "authority": "people",
              "reuse_key": {
                "certificates": null,
                "days": 365
              }
            },
            "changed": true,
            "key": "mail01/imap/main",
            "renewal": {
              "at": "ari",
              "authority": "people",
              "reuse_key": null
            }
          }
        ]
      },
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.done(&["show", KEY]), @r#"
    exit code 0
    -- stdout
    mail01/imap/main
      renewed       by people, when the authority suggests it, with a new private key (staged)
      next: version 1, pending
        private key   ecdsa-p256, made [TIME] by [ACTOR]
        public key    SHA-256 [SHA256]
        request 1     [TIME] "CN=mail01.example.com"
      kept in       [FOLDER]/keystore/servers/mail01/imap/main/1
      bound         to nothing
    -- stderr
    "#);
    snapshot!(world.done(&["status"]), @"
    exit code 0
    -- stdout
    Generation 1. 1 change is staged:
      renewal  mail01/imap/main  by people, when the authority suggests it, with a new private key
    To see to:
      mail01/imap/main: requested [DATE], its certificate has not come
    -- stderr
    ");
    world.done(&["commit"]);
    snapshot!(world.done(&["diff", "1", "2"]), @"
    exit code 0
    -- stdout
    mail01/imap/main
      - renewed by people, 30 days before the end, with the same private key for 365 days
      + renewed by people, when the authority suggests it, with a new private key
    -- stderr
    ");
    world.done(&["rollback", "1"]);
    snapshot!(world.done(&["commit"]), @"
    exit code 0
    -- stdout
    -- stderr
    Committed generation 3:
      renewal  mail01/imap/main  by people, 30 days before the end, with the same private key for 365 days
    ");
    snapshot!(world.done(&["set-renewal", KEY, "--remove"]), @"
    exit code 0
    -- stdout
    -- stderr
    Staged mail01/imap/main to be renewed by nobody.
    ");
}

#[test]
fn goes_with_a_key_that_is_renamed() {
    let (world, _) = World::with_people();
    world.done(&["set-renewal", KEY, "--authority", "people", "--at", "1/2"]);
    world.done(&["commit"]);
    world.done(&["rename-key", KEY, "mail02/imap/main"]);
    world.done(&["commit"]);
    assert_eq!(world.done(&["show", "mail02/imap/main", "--json"]).result()["renewal"]["at"], "1/2");
}

#[test]
fn refuses_what_makes_no_sense() {
    let (world, _) = World::with_people();
    snapshot!(world.keyring(&["set-renewal", KEY, "--at", "30d"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the authority is missing
    hint: give --authority NAME, or run this on a terminal to be asked
    ");
    snapshot!(world.keyring(&["set-renewal", KEY, "--authority", "nobody"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is no authority nobody
    hint: `keyring set-authority nobody --kind KIND` describes it; `keyring list-authorities` shows them
    ");
    snapshot!(world.keyring(&["set-renewal", KEY, "--authority", "people", "--at", "66%"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "66%" is neither a part of the lifetime, such as 2/3, nor days before its end, such as 30d, nor `ari`
    "#);
    snapshot!(world.keyring(&["set-renewal", "mail01/imap/none", "--authority", "people"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is no key mail01/imap/none
    hint: `keyring create-key mail01/imap/none` makes it; `keyring list` shows what there is
    ");
}
