//! `collect`.

use crate::common::output::snapshot;
use crate::common::{KEY, World};

#[test]
fn installs_the_replies_that_have_come() {
    let (world, authority) = World::with_people();
    snapshot!(world.done(&["collect"]), @"
    exit code 0
    -- stdout
    -- stderr
    No authority has a request: nothing to collect.
    ");
    snapshot!(world.keyring(&["collect", KEY]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: no authority has a request of mail01/imap/main
    hint: `keyring submit mail01/imap/main --to NAME` hands it in
    ");
    let _ = world.keyring(&["submit", KEY, "--to", "people"]).exits(10);
    snapshot!(world.keyring(&["collect"]).exits(10), @"
    exit code 10
    -- stdout
    -- stderr
    waiting: mail01/imap/main at people (mail01+imap+main-1.1.csr): [FOLDER]/requests/mail01+imap+main-1.1.csr has the request, [FOLDER]/replies has no reply yet
    ");
    world.answer(&authority);
    let json = world.done(&["collect", "--wait", "30", "--json"]);
    json.json();
    snapshot!(json, @r#"
    exit code 0
    -- stdout
    {
      "command": "collect",
      "ok": true,
      "result": {
        "keys": [
          {
            "authority": "people",
            "certificate": {
              "chain_length": 1,
              "issuer": "CN=Test Issuing CA",
              "names": [
                "dns:mail01.example.com"
              ],
              "not_after": "[TIME]",
              "not_before": "[TIME]",
              "serial": "[...]",
              "sha256": "[SHA256]",
              "spki_sha256": "[SHA256]",
              "subject": "CN=mail01.example.com"
            },
            "key": "mail01/imap/main",
            "state": "installed",
            "ticket": "mail01+imap+main-1.1.csr",
            "version": 1,
            "warnings": []
          }
        ]
      },
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.done(&["collect"]), @"
    exit code 0
    -- stdout
    -- stderr
    No authority has a request: nothing to collect.
    ");
}
