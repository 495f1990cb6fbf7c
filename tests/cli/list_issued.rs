//! `list-issued`.

use crate::common::output::snapshot;
use crate::common::{KEY, World};

#[test]
fn reports_in_json_what_was_issued() {
    let world = World::new();
    world.done(&["create-ca", "lab", "--no-passphrase"]);
    snapshot!(world.done(&["list-issued", "--ca", "lab"]), @"
    exit code 0
    -- stdout
    -- stderr
    lab has issued nothing yet.
    ");
    world.done(&["create-key", KEY]);
    world.done(&["make-csr", KEY, "--cn", "mail01.example.com"]);
    world.done(&["submit", KEY, "--to", "lab"]);
    world.done(&["revoke", KEY, "--ca", "lab"]);
    let listed = world.done(&["list-issued", "--ca", "lab", "--json"]);
    listed.json();
    snapshot!(listed, @r#"
    exit code 0
    -- stdout
    {
      "command": "list-issued",
      "ok": true,
      "result": {
        "ca": "lab",
        "certificates": [
          {
            "by": "[...]",
            "issued": "[TIME]",
            "key": "mail01/imap/main",
            "names": [
              "dns:mail01.example.com"
            ],
            "not_after": "[TIME]",
            "not_before": "[TIME]",
            "profile": "server",
            "revoked": {
              "by": "[...]",
              "reason": "unspecified",
              "since": "[TIME]"
            },
            "serial": "[...]",
            "sha256": "[SHA256]",
            "spki_sha256": "[SHA256]",
            "subject": "CN=mail01.example.com"
          }
        ]
      },
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.keyring(&["list-issued", "--ca", "none"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is no authority none
    hint: `keyring set-authority none --kind KIND` describes it; `keyring list-authorities` shows them
    ");
}
