//! `set-authority`.

use crate::common::World;
use crate::common::output::snapshot;

#[test]
fn describes_an_authority_at_once_and_keeps_what_was_said() {
    let world = World::new();
    let described = ["set-authority", "vault", "--kind", "command", "--run", "/usr/local/bin/sign --role web"];
    snapshot!(world.done(&described), @"
    exit code 0
    -- stdout
    -- stderr
    vault: command, /usr/local/bin/sign --role web, within 60 s.
    ");
    snapshot!(world.done(&["set-authority", "vault", "--timeout", "120"]), @"
    exit code 0
    -- stdout
    -- stderr
    vault: command, /usr/local/bin/sign --role web, within 120 s.
    ");
    snapshot!(world.done(&["set-authority", "vault", "--timeout", "120"]), @"
    exit code 0
    -- stdout
    -- stderr
    That is said of vault already: nothing to do.
    ");
    let json = world.done(&[
        "set-authority",
        "people",
        "--kind",
        "file",
        "--requests",
        "/srv/csr",
        "--replies",
        "/srv/pem",
        "--json",
    ]);
    json.json();
    snapshot!(json, @r#"
    exit code 0
    -- stdout
    {
      "command": "set-authority",
      "ok": true,
      "result": {
        "authority": {
          "kind": "file",
          "replies": "/srv/pem",
          "requests": "/srv/csr"
        },
        "before": null,
        "changed": true,
        "name": "people"
      },
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.done(&["set-authority", "people", "--remove"]), @"
    exit code 0
    -- stdout
    -- stderr
    people is forgotten.
    ");
}

#[test]
fn refuses_what_makes_no_authority() {
    let world = World::new();
    snapshot!(world.keyring(&["set-authority", "vault"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the kind of the authority is missing
    hint: give --kind KIND, or run this on a terminal to be asked
    ");
    snapshot!(world.keyring(&["set-authority", "Vault", "--kind", "command", "--run", "true"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "Vault" is not a name for an authority: names are lower case
    hint: write it "vault"
    "#);
    snapshot!(world.keyring(&["set-authority", "vault", "--kind", "command"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the program is missing
    hint: give --run COMMAND, or run this on a terminal to be asked
    ");
    snapshot!(world.keyring(&["set-authority", "vault", "--kind", "command", "--run", "'sign"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: what is said of vault is refused: --run: missing closing quote
    hint: `keyring set-authority --help` shows examples
    ");
    snapshot!(world.keyring(&["set-authority", "vault", "--kind", "command", "--run", "sign", "--requests", "/srv"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: --requests says nothing of an authority of the kind command
    hint: `keyring set-authority --help` shows which flags are for which kind
    ");
    snapshot!(world.keyring(&["set-authority", "people", "--kind", "file", "--requests", "csr", "--replies", "/x"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: what is said of people is refused: --requests: "csr" is not absolute: it has to begin with /
    hint: `keyring set-authority --help` shows examples
    "#);
}

#[test]
fn one_that_keys_need_is_not_forgotten() {
    let (world, _) = World::with_people();
    world.done(&["set-renewal", crate::common::KEY, "--authority", "people"]);
    snapshot!(world.keyring(&["set-authority", "people", "--remove"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: people is needed by mail01/imap/main
    hint: `keyring set-renewal KEY --authority NAME` names another one, `--remove` none; `keyring collect` installs replies
    ");
    world.done(&["set-renewal", crate::common::KEY, "--remove"]);
    world.done(&["set-authority", "people", "--remove"]);
}
