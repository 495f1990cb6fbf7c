//! What lies in the folders of endpoints, and how publishing went.

use serde_json::Value;

use super::{LIVE, all_is_well, check, committed, one, renew, verdict, verdict_of};
use crate::common::KEY;
use crate::common::daemon::Daemon;
use crate::common::output::snapshot;

#[test]
fn what_lies_in_a_folder_is_held_against_what_is_committed() {
    let (world, authority) = committed();
    renew(&world, &authority);
    world.done(&["commit", "--no-publish"]);
    assert_eq!(verdict_of(&world, &[]), one("warning", "unpublished"));
    snapshot!(world.done(&["status"]), @"
    exit code 0
    -- stdout
    Generation 2. Nothing is staged.
    To see to:
      mail01/imap@default: committed in generation 2 and not published
    Not the same everywhere:
      mail01/imap@default
        committed     mail01/imap/main, version 2, until [DATE]
        on disk       generation 1, until [DATE]: to be published
    -- stderr
    ");
    snapshot!(world.done(&["status", "--json"]), @r#"
    exit code 0
    -- stdout
    {
      "command": "status",
      "ok": true,
      "result": {
        "attempt": null,
        "concerns": [],
        "drift": [
          {
            "committed": {
              "certificate": 1,
              "key": "mail01/imap/main",
              "not_after": "[TIME]",
              "sha256": "[SHA256]",
              "version": 2
            },
            "endpoint": "mail01/imap@default",
            "published": {
              "generation": 1,
              "not_after": "[TIME]",
              "sha256": "[SHA256]",
              "state": "behind"
            }
          }
        ],
        "faults": [],
        "generation": 2,
        "left_over": [],
        "staged": [],
        "to_be_told": [],
        "unpublished": [
          {
            "committed": 2,
            "endpoint": "mail01/imap@default",
            "key": "mail01/imap/main",
            "published": 1
          }
        ],
        "warnings": []
      },
      "schema": 1
    }
    -- stderr
    "#);
    world.done(&["publish"]);
    assert_eq!(verdict_of(&world, &[]), all_is_well());
    // a private key that somebody put there
    world.write(&format!("{LIVE}/private-key.pem"), "");
    assert_eq!(verdict_of(&world, &[]), one("critical", "files-differ"));
    assert_eq!(world.done(&["status", "--json"]).result()["drift"], Value::Array(Vec::new()), "it reads no files");
    assert_eq!(world.done(&["status", "--live", "--json"]).result()["drift"][0]["published"]["state"], "differs");
    // and a certificate of theirs, which is over
    let request = world.done(&["export-csr", KEY]).stdout;
    world.write(&format!("{LIVE}/certificate.pem"), authority.order(&request).valid(-10, -1).leaf());
    let (worst, codes) = verdict_of(&world, &[]);
    assert_eq!((worst.as_str(), codes.len()), ("critical", 2));
    assert_eq!(codes, ["critical files-differ", "critical published-expired"]);
}

#[test]
fn a_publication_that_failed_is_told_until_another_succeeds() {
    let (world, authority) = committed();
    let daemon = Daemon::start(&world, "mail01/imap/default");
    daemon.set_service(&world, "mail01/imap", "files", &["--timeout", "1", "--reload-command", "true"]);
    world.done(&["commit"]);
    assert_eq!(verdict(&world, &[]), all_is_well());
    renew(&world, &authority);
    let _ = world.keyring(&["commit"]).exits(6);
    assert_eq!(verdict(&world, &[]), one("warning", "publication-failed"));
    let message = check(&world, &["--json"]).json()["result"]["findings"][0]["message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with("publishing generation 3 failed at ") && message.contains("(prove: tls://"),
        "{message}"
    );
    assert!(message.ends_with(" and was taken back"), "{message}");
    world.done(&["set-service", "mail01/imap", "--shell", "--reload-command", &daemon.reload]);
    world.done(&["commit"]);
    assert_eq!(verdict(&world, &[]), all_is_well());
}

#[test]
fn services_that_nobody_told_after_a_crash_are_named() {
    let (world, authority) = committed();
    let daemon = Daemon::start(&world, "mail01/imap/default");
    daemon.set_service(&world, "mail01/imap", "files", &["--reload-command", &daemon.reload]);
    world.done(&["commit"]);
    renew(&world, &authority);
    let kill = format!("{}; kill -9 $PPID", daemon.reload);
    world.done(&["set-service", "mail01/imap", "--shell", "--reload-command", &kill]);
    assert_eq!(world.command(&["commit"]).output().unwrap().status.code(), None);
    // nobody has taken it back yet: what is published has no record, and a private key of which nothing is committed is served
    let (worst, codes) = verdict(&world, &[]);
    assert_eq!(
        (worst.as_str(), codes),
        ("warning", vec!["warning newer-certificate".to_owned(), "warning unrecorded".to_owned()])
    );
    world.done(&["set-service", "mail01/imap", "--shell", "--reload-command", &daemon.reload]);
    let (_, codes) = verdict(&world, &[]);
    assert_eq!(codes, ["warning to-be-told", "warning newer-certificate"]);
    world.done(&["publish"]);
    assert_eq!(verdict(&world, &[]), all_is_well());
}

#[test]
fn a_damaged_account_of_a_publication_keeps_nobody_from_the_rest() {
    let (world, _) = committed();
    let daemon = Daemon::start(&world, "mail01/imap/default");
    daemon.set_service(&world, "mail01/imap", "files", &["--timeout", "1", "--reload-command", "true"]);
    world.done(&["commit"]);
    assert_eq!(verdict(&world, &[]), all_is_well());
    world.write("keystore/attempts/0000000002.json", "{}");
    assert_eq!(verdict(&world, &[]), one("warning", "attempt-damaged"));
    snapshot!(world.done(&["status"]), @"
    exit code 0
    -- stdout
    Generation 2. Nothing is staged.
    To see to:
      attempts/0000000002.json is damaged: it should say how the newest publication went; `keyring doctor --repair` sets it aside
    -- stderr
    ");
    world.done(&["doctor", "--repair"]);
    assert_eq!(verdict(&world, &[]), all_is_well());
}
