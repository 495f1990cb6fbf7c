//! `rollback`, and looking at what was: `show KEY@GENERATION`, `diff A B`, `log`.

use crate::common::output::snapshot;
use crate::common::{ENDPOINT, KEY, World};

/// Generation 1 binds one endpoint, generation 2 frees it and binds another.
fn with_history() -> World {
    let (world, _) = World::committed();
    world.done(&["unbind", ENDPOINT]);
    world.done(&["bind", KEY, "mail02/imap@192.0.2.7:993"]);
    world.done(&["commit", "-m", "moved to mail02"]);
    world
}

#[test]
fn what_was_is_looked_at_and_compared() {
    let world = with_history();
    snapshot!(world.done(&["show", &format!("{KEY}@1")]), @r#"
    exit code 0
    -- stdout
    mail01/imap/main
      current: version 1, since generation 1
        private key   ecdsa-p256, made [TIME] by [ACTOR]
        public key    SHA-256 [SHA256]
        request 1     [TIME] "CN=mail01.example.com"
        subject       CN=mail01.example.com
        names         dns:mail01.example.com
        issuer        CN=Test Issuing CA
        serial        [SERIAL]
        valid         from [DATE] until [DATE] ([DAYS])
        certificate   SHA-256 [SHA256]
        chain         1 intermediate(s)
      kept in       [FOLDER]/keystore/servers/mail01/imap/main/1
      bound         to mail01/imap@default
    -- stderr
    "#);
    snapshot!(world.done(&["diff", "1", "2"]), @"
    exit code 0
    -- stdout
    mail01/imap@default
      - mail01/imap/main version 1, certificate [SHORT] until [DATE]
      bound to nothing

    mail02/imap@192.0.2.7:993
      + mail01/imap/main version 1, certificate [SHORT] until [DATE]
    -- stderr
    ");
    snapshot!(world.done(&["diff", "2"]), @"
    exit code 0
    -- stdout
    -- stderr
    Generations 2 and 2 do not differ.
    ");
    snapshot!(world.done(&["log"]), @"
    exit code 0
    -- stdout
    generation 2
      made          [TIME] by [ACTOR] (`keyring commit`)
      hash          [SHA256]
      why           moved to mail02
        unbind   mail01/imap@default
        bind     mail02/imap@192.0.2.7:993 -> mail01/imap/main
        serves   mail01/imap@default: nothing, before: mail01/imap/main version 1
        serves   mail02/imap@192.0.2.7:993: mail01/imap/main version 1

    generation 1
      made          [TIME] by [ACTOR] (`keyring commit`)
      hash          [SHA256]
      why           first certificate
        install  mail01/imap/main  version 1, certificate until [DATE]
        bind     mail01/imap@default -> mail01/imap/main
        serves   mail01/imap@default: mail01/imap/main version 1
    -- stderr
    ");
    let differences = world.done(&["diff", "0", "1", "--json"]);
    differences.json();
    snapshot!(differences, @r#"
    exit code 0
    -- stdout
    {
      "command": "diff",
      "ok": true,
      "result": {
        "endpoints": [
          {
            "endpoint": "mail01/imap@default",
            "from": null,
            "to": {
              "certificate": 1,
              "key": "mail01/imap/main",
              "not_after": "[TIME]",
              "sha256": "[SHA256]",
              "version": 1
            }
          }
        ],
        "from": 0,
        "keys": [
          {
            "deleted": false,
            "from": null,
            "key": "mail01/imap/main",
            "to": {
              "certificate": 1,
              "key": "mail01/imap/main",
              "not_after": "[TIME]",
              "sha256": "[SHA256]",
              "version": 1
            }
          }
        ],
        "renewals": [],
        "services": [],
        "to": 1
      },
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.keyring(&["show", &format!("{KEY}@7")]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is no generation 7: the newest is 2
    hint: `keyring log` shows the generations
    ");
    snapshot!(world.keyring(&["show", &format!("{KEY}@one")]).exits(2), @r#"
    exit code 2
    -- stdout
    -- stderr
    error: "one" is not the number of a generation
    hint: `keyring log` shows the generations
    "#);
    snapshot!(world.keyring(&["diff", "7"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is no generation 7: the newest is 2
    hint: `keyring log` shows the generations
    ");
}

#[test]
fn what_was_comes_back_as_a_new_generation() {
    let world = with_history();
    snapshot!(world.done(&["rollback", "1"]), @"
    exit code 0
    -- stdout
    -- stderr
    Staged, to be as generation 1 was:
      bind     mail01/imap@default -> mail01/imap/main
      unbind   mail02/imap@192.0.2.7:993
    `keyring commit` makes it effective.
    ");
    snapshot!(world.keyring(&["rollback", "1"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: changes are staged, and a rollback would mix with them
    hint: commit them, or take them back with `keyring discard`
    ");
    snapshot!(world.done(&["commit", "-m", "back to 1"]), @"
    exit code 0
    -- stdout
    -- stderr
    Committed generation 3:
      bind     mail01/imap@default -> mail01/imap/main
      unbind   mail02/imap@192.0.2.7:993
      published mail01/imap@default in [FOLDER]/keystore/live/mail01/imap/default/current
      mail02/imap@192.0.2.7:993 is free; its files stay
    ");
    snapshot!(world.done(&["diff", "1", "3"]), @"
    exit code 0
    -- stdout
    -- stderr
    Generations 1 and 3 do not differ.
    ");
    snapshot!(world.done(&["rollback", "1"]), @"
    exit code 0
    -- stdout
    -- stderr
    Nothing to do: generation 3 is as 1 was.
    ");

    let world = with_history();
    let staged = world.done(&["rollback", "0", "--json"]);
    staged.json();
    snapshot!(staged, @r#"
    exit code 0
    -- stdout
    {
      "command": "rollback",
      "ok": true,
      "result": {
        "back_to": 0,
        "changes": [
          {
            "change": "restore-key",
            "key": "mail01/imap/main"
          },
          {
            "change": "unbind",
            "endpoint": "mail02/imap@192.0.2.7:993"
          }
        ],
        "forced": [],
        "generation": 2,
        "pruned": []
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn a_compromised_private_key_comes_back_only_by_force() {
    let world = with_history();
    world.done(&["mark-compromised", KEY, "--reason", "lost"]);
    snapshot!(world.keyring(&["rollback", "1"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: the rollback to generation 1 is refused
      - the private key of mail01/imap/main (version 1) is marked compromised: lost
    hint: say --force to bring them back all the same; nothing was changed
    ");
    snapshot!(world.done(&["rollback", "1", "--force"]), @"
    exit code 0
    -- stdout
    -- stderr
    Staged, to be as generation 1 was:
      restore  mail01/imap/main  version 1, certificate until [DATE], forced
      bind     mail01/imap@default -> mail01/imap/main
      unbind   mail02/imap@192.0.2.7:993
    warning: the private key of mail01/imap/main (version 1) is marked compromised: lost
    `keyring commit` makes it effective.
    ");
    world.done(&["commit"]);
}
