//! `publish`, and `commit --no-publish` which leaves something to it.

use crate::common::output::snapshot;
use crate::common::{ENDPOINT, World};

const LIVE: &str = "keystore/live/mail01/imap/default";

/// A committed keystore with a binding on a second service that was committed and not published.
fn unpublished() -> World {
    let (world, _) = World::committed();
    world.done(&["bind", "mail01/imap/main", "mail01/pop3@default"]);
    let live = world.listing("keystore/live");
    world.done(&["commit", "--no-publish"]);
    assert_eq!(world.listing("keystore/live"), live, "nothing under live/ is touched");
    world
}

#[test]
fn a_commit_can_leave_publishing_for_later() {
    let (world, _) = World::committed();
    world.done(&["bind", "mail01/imap/main", "mail01/pop3@default"]);
    snapshot!(world.done(&["commit", "--no-publish"]), @"
    exit code 0
    -- stdout
    -- stderr
    Committed generation 2:
      bind     mail01/pop3@default -> mail01/imap/main
      to be published by `keyring publish`: mail01/pop3@default in [FOLDER]/keystore/live/mail01/pop3/default/current
    ");
    snapshot!(world.done(&["status"]), @"
    exit code 0
    -- stdout
    Generation 2. Nothing is staged.
    To see to:
      mail01/pop3@default: committed in generation 2 and not published
    Not the same everywhere:
      mail01/pop3@default
        committed     mail01/imap/main, version 1, until [DATE]
        on disk       nothing
    -- stderr
    ");
}

#[test]
fn publishes_what_was_left_and_then_nothing() {
    let world = unpublished();
    let before = world.read(&format!("{LIVE}/current/certificate.pem"));
    snapshot!(world.done(&["publish"]), @"
    exit code 0
    -- stdout
    -- stderr
    Published mail01/pop3@default in [FOLDER]/keystore/live/mail01/pop3/default/current
    ");
    assert_eq!(world.read("keystore/live/mail01/pop3/default/current/certificate.pem"), before);
    snapshot!(world.done(&["publish"]), @"
    exit code 0
    -- stdout
    -- stderr
    Everything that is committed is published: nothing to do.
    ");
    snapshot!(world.done(&["status"]), @"
    exit code 0
    -- stdout
    Generation 2. Nothing is staged.
    -- stderr
    ");
    assert!(!world.path("keystore/intent.json").exists());
}

#[test]
fn publishes_the_named_services_only() {
    let world = unpublished();
    world.done(&["bind", "mail01/imap/main", "mail02/pop3@default"]);
    world.done(&["commit", "--no-publish"]);
    snapshot!(world.done(&["publish", "mail02/pop3", "--json"]), @r#"
    exit code 0
    -- stdout
    {
      "command": "publish",
      "ok": true,
      "result": {
        "generation": 3,
        "published": [
          {
            "endpoint": "mail02/pop3@default",
            "folder": "[FOLDER]/keystore/live/mail02/pop3/default/current"
          }
        ],
        "services": []
      },
      "schema": 1
    }
    -- stderr
    "#);
    let status = world.done(&["status", "--json"]).result();
    assert_eq!(status["unpublished"].as_array().map(Vec::len), Some(1));
    assert_eq!(status["unpublished"][0]["endpoint"], "mail01/pop3@default");
}

#[test]
fn refuses_what_is_no_service() {
    let (world, _) = World::committed();
    snapshot!(world.keyring(&["publish", ENDPOINT]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: "imap@default" is not a protocol name: '@' is not allowed; names are made of a-z, 0-9, '-' and '_'
    "#);
    snapshot!(world.keyring(&["publish", "mail01", "--json"]).exits(3), @r#"
    exit code 3
    -- stdout
    {
      "command": "publish",
      "error": {
        "code": "bad-name",
        "kind": "rejected",
        "message": "\"mail01\" is not a service: it is written SERVER/PROTOCOL"
      },
      "ok": false,
      "schema": 1
    }
    -- stderr
    "#);
}
