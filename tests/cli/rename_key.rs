//! `rename-key`.

use crate::common::output::snapshot;
use crate::common::{KEY, World};

#[test]
fn a_key_goes_elsewhere_with_its_endpoints() {
    let (world, _) = World::committed();
    snapshot!(world.done(&["rename-key", KEY, "mail02/imap/2026"]), @"
    exit code 0
    -- stdout
    -- stderr
    Staged: mail01/imap/main is renamed to mail02/imap/2026.
      mail01/imap@default goes with it
    ");
    snapshot!(world.done(&["list"]), @"
    exit code 0
    -- stdout
    mail01
      imap
        main  installed, dns:mail01.example.com, until [DATE] ([DAYS])
              to be renamed to mail02/imap/2026, staged
              bound to @default (no longer, staged)
        @default -> mail01/imap/main, staged: -> mail02/imap/2026
    mail02
      imap
        2026  installed, dns:mail01.example.com, until [DATE] ([DAYS]), staged
              a copy of mail01/imap/main, staged
              bound to mail01/imap@default (staged)
    -- stderr
    ");
    snapshot!(world.done(&["diff"]), @"
    exit code 0
    -- stdout
    copy     mail01/imap/main -> mail02/imap/2026
    bind     mail01/imap@default -> mail02/imap/2026
    delete   mail01/imap/main  renamed to mail02/imap/2026

    mail01/imap@default
      - mail01/imap/main version 1, certificate [SHORT] until [DATE]
      + mail02/imap/2026 version 1, certificate [SHORT] until [DATE]
    -- stderr
    ");
    snapshot!(world.keyring(&["bind", KEY, "mail03/imap@default"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/main is staged to be renamed to mail02/imap/2026
    hint: use mail02/imap/2026, or take the renaming back with `keyring discard mail02/imap/2026`
    ");
    snapshot!(world.done(&["commit"]), @"
    exit code 0
    -- stdout
    -- stderr
    Committed generation 2:
      copy     mail01/imap/main -> mail02/imap/2026
      bind     mail01/imap@default -> mail02/imap/2026
      delete   mail01/imap/main  renamed to mail02/imap/2026
      published mail01/imap@default in [FOLDER]/keystore/live/mail01/imap/default/current
    ");
    snapshot!(world.done(&["list"]), @"
    exit code 0
    -- stdout
    mail01
      imap
        @default -> mail02/imap/2026
    mail02
      imap
        2026  installed, dns:mail01.example.com, until [DATE] ([DAYS])
              bound to mail01/imap@default
    -- stderr
    ");

    let (world, _) = World::committed();
    let renamed = world.done(&["rename-key", KEY, "mail02/imap/2026", "--json"]);
    renamed.json();
    snapshot!(renamed, @r#"
    exit code 0
    -- stdout
    {
      "command": "rename-key",
      "ok": true,
      "result": {
        "endpoints": [
          "mail01/imap@default"
        ],
        "key": "mail01/imap/main",
        "new_key": "mail02/imap/2026",
        "versions": [
          {
            "new_version": 1,
            "version": 1
          }
        ]
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn a_key_with_staged_changes_is_not_renamed() {
    let (world, _) = World::committed();
    world.done(&["bind", KEY, "mail03/imap@default"]);
    snapshot!(world.keyring(&["rename-key", KEY, "mail02/imap/2026"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: changes of mail01/imap/main are staged
    hint: commit them first, or take them back with `keyring discard mail01/imap/main`; `keyring status` shows them
    ");
}

#[test]
fn discarding_it_takes_everything_back() {
    let (world, _) = World::committed();
    world.done(&["rename-key", KEY, "mail02/imap/2026"]);
    snapshot!(world.done(&["discard", "mail02/imap/2026"]), @"
    exit code 0
    -- stdout
    -- stderr
    Discarded: copy     mail01/imap/main -> mail02/imap/2026
    Discarded: bind     mail01/imap@default -> mail02/imap/2026
    Discarded: delete   mail01/imap/main  renamed to mail02/imap/2026
    ");
    snapshot!(world.done(&["status"]), @"
    exit code 0
    -- stdout
    Generation 1. Nothing is staged.
    -- stderr
    ");
}
