//! `check`: verdicts for people, programs and monitoring, of keystores and daemons that are well and that are not.

mod limits;
mod live;
mod metrics;
mod prometheus;
mod published;

use keystore::digest::Digest;
use serde_json::Value;

use crate::common::daemon::Daemon;
use crate::common::output::snapshot;
use crate::common::{Authority, ENDPOINT, KEY, Output, World};
use crate::json::assert_documented;

const LIVE: &str = "keystore/live/mail01/imap/default/current";

/// A committed keystore, and the authority's root in a file.
fn committed() -> (World, Authority) {
    let (world, authority) = World::committed();
    world.write("root.pem", authority.root_pem());
    (world, authority)
}

/// A committed keystore whose key runs on a certificate that is good from and until so many days from now.
fn valid(from: i64, until: i64) -> World {
    let (world, request) = World::with_request();
    world.write("reply.pem", Authority::new().order(&request).valid(from, until).chain());
    world.done(&["install-cert", KEY, "reply.pem"]);
    world.done(&["bind", KEY, ENDPOINT]);
    world.done(&["commit"]);
    world
}

/// Commits that the key is served where a daemon listens.
fn at_daemon(world: &World, daemon: &Daemon) -> String {
    let endpoint = format!("mail01/imap@{}", daemon.url.strip_prefix("tls://").unwrap());
    world.done(&["bind", KEY, &endpoint]);
    world.done(&["commit"]);
    endpoint
}

/// The next version of the key, staged, with a certificate that outlives the one before.
fn renew(world: &World, authority: &Authority) {
    let request = world.done(&["make-csr", KEY, "--new-key"]).stdout;
    world.write("next.pem", authority.order(&request).valid(-1, 90).chain());
    world.done(&["install-cert", KEY, "next.pem"]);
}

fn check(world: &World, more: &[&str]) -> Output {
    world.keyring(&[&["check", "--roots", "root.pem"], more].concat())
}

/// The result, held against its document, and the exit code.
fn result(output: &Output) -> Value {
    let result = output.json()["result"].clone();
    assert_documented("| `check` |", &result);
    for finding in result["findings"].as_array().unwrap() {
        assert_documented("**check finding**", finding);
    }
    for standing in result["endpoints"].as_array().unwrap() {
        assert_documented("**standing**", standing);
        for part in ["published"].into_iter().filter(|part| !standing[part].is_null()) {
            assert_documented("**standing**", &standing[part]);
        }
        for live in standing["live"].as_array().into_iter().flatten() {
            assert_documented("**standing**", live);
        }
    }
    result
}

/// Verdict, and each finding's severity and code.
fn verdict(world: &World, more: &[&str]) -> (String, Vec<String>) {
    let output = check(world, &[more, &["--json"]].concat());
    let result = result(&output);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let finding = |finding: &Value| format!("{} {}", text(&finding["severity"]), text(&finding["code"]));
    let verdict = text(&result["verdict"]);
    assert_eq!(output.code, if verdict == "ok" { 0 } else { 12 }, "{output}");
    (verdict, result["findings"].as_array().unwrap().iter().map(finding).collect())
}

/// The verdict without a connection.
fn verdict_of(world: &World, more: &[&str]) -> (String, Vec<String>) {
    world.write("root.pem", Authority::new().root_pem());
    verdict(world, &[more, &["--no-probe"]].concat())
}

fn all_is_well() -> (String, Vec<String>) {
    ("ok".to_owned(), Vec::new())
}

fn one(verdict: &str, code: &str) -> (String, Vec<String>) {
    (verdict.to_owned(), vec![format!("{verdict} {code}")])
}

/// What was printed, with the port by a name.
fn shown(output: &Output, daemon: &Daemon) -> String {
    output.to_string().replace(daemon.url.rsplit(':').next().unwrap(), "[PORT]")
}

#[test]
fn all_is_well_where_it_is() {
    let (world, _) = committed();
    let daemon = Daemon::start(&world, "mail01/imap/default");
    at_daemon(&world, &daemon);
    snapshot!(check(&world, &[]).exits(0), @"
    exit code 0
    -- stdout
    OK: 2 endpoints and 1 certificate; the first expires in 47 days, [TIME] (mail01/imap/main)
    -- stderr
    ");
    snapshot!(shown(&check(&world, &["--json"]).exits(0), &daemon), @r#"
    exit code 0
    -- stdout
    {
      "command": "check",
      "ok": true,
      "result": {
        "certificates": 1,
        "endpoints": [
          {
            "committed": {
              "certificate": 1,
              "key": "mail01/imap/main",
              "not_after": "[TIME]",
              "sha256": "[SHA256]",
              "version": 1
            },
            "endpoint": "mail01/imap@default",
            "live": [],
            "published": {
              "generation": 1,
              "not_after": "[TIME]",
              "sha256": "[SHA256]",
              "state": "same"
            }
          },
          {
            "committed": {
              "certificate": 1,
              "key": "mail01/imap/main",
              "not_after": "[TIME]",
              "sha256": "[SHA256]",
              "version": 1
            },
            "endpoint": "mail01/imap@127.0.0.1:[PORT]",
            "live": [
              {
                "name": "mail01.example.com",
                "not_after": "[TIME]",
                "sha256": "[SHA256]",
                "state": "same",
                "url": "imaps://127.0.0.1:[PORT]"
              }
            ],
            "published": {
              "generation": 2,
              "not_after": "[TIME]",
              "sha256": "[SHA256]",
              "state": "same"
            }
          }
        ],
        "findings": [],
        "first_expiry": {
          "not_after": "[TIME]",
          "of": "mail01/imap/main",
          "source": "stored"
        },
        "probed": true,
        "roots": "file",
        "roots_file": "root.pem",
        "verdict": "ok"
      },
      "schema": 1
    }
    -- stderr
    "#);
    assert_eq!(verdict(&world, &[]), all_is_well());
    let plugin = check(&world, &["--nagios"]).exits(0);
    assert_eq!((plugin.stdout.lines().count(), plugin.stderr.as_str()), (1, ""));
    assert!(plugin.stdout.starts_with("KEYRING OK - 2 endpoints and 1 certificate; the first expires in 47 days, "));
}

#[test]
fn an_empty_keystore_is_well_and_a_missing_one_is_an_error() {
    let world = World::new();
    snapshot!(world.keyring(&["check"]).exits(0), @"
    exit code 0
    -- stdout
    OK: 0 endpoints and 0 certificates, none in use
    -- stderr
    ");
    let nowhere = World::empty();
    assert_eq!(nowhere.keyring(&["check", "--json"]).exits(4).error()["code"], "no-keystore");
    snapshot!(nowhere.keyring(&["check", "--nagios"]).exits(3), @"
    exit code 3
    -- stdout
    KEYRING UNKNOWN - there is no keystore at [FOLDER]/keystore
    `keyring init` makes one; --store DIR names another place
    -- stderr
    ");
}

#[test]
fn a_key_that_nothing_serves_wakes_nobody() {
    let (world, request) = World::with_request();
    world.write("reply.pem", Authority::new().order(&request).valid(-60, 1).chain());
    world.done(&["install-cert", KEY, "reply.pem"]);
    world.done(&["commit"]);
    assert_eq!(verdict_of(&world, &[]), ("ok".to_owned(), vec!["note expires".to_owned()]));
    world.done(&["bind", KEY, ENDPOINT]);
    world.done(&["commit"]);
    assert_eq!(verdict_of(&world, &[]), one("critical", "expires"));
}

#[test]
fn changes_that_wait_for_days_are_noted() {
    let (world, _) = committed();
    world.done(&["unbind", ENDPOINT]);
    assert_eq!(verdict_of(&world, &[]), all_is_well());
    // as if somebody had staged it long ago
    let file = world.read("keystore/stage.json");
    let stage = file.split_once("\"stage\":").unwrap().1.trim_end().strip_suffix('}').unwrap();
    let since = stage.split("\"since\":").nth(1).unwrap().split('"').nth(1).unwrap();
    let earlier = stage.replace(since, "2026-01-01T00:00:00Z");
    let hash = |text: &str| Digest::of(text.as_bytes()).to_string();
    world.write("keystore/stage.json", file.replace(stage, &earlier).replace(&hash(stage), &hash(&earlier)));
    assert_eq!(verdict_of(&world, &[]), ("ok".to_owned(), vec!["note staged".to_owned()]));
}

#[test]
fn a_private_key_that_is_known_to_others_is_critical() {
    let (world, _) = committed();
    world.done(&["mark-compromised", KEY, "--reason", "laptop lost"]);
    assert_eq!(verdict_of(&world, &[]), one("critical", "compromised"));
}

#[test]
fn services_are_looked_at_with_the_keys_of_others_that_they_are_bound_to() {
    let world = valid(-60, 1);
    world.done(&["bind", KEY, "mail02/pop3@default"]);
    world.done(&["commit"]);
    assert_eq!(verdict_of(&world, &["mail02/pop3"]), one("critical", "expires"));
    assert_eq!(world.keyring(&["check", "mail03/pop3", "--json"]).exits(4).error()["code"], "nothing-there");
}
