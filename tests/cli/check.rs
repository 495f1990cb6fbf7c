//! `check`: verdicts for people, programs and monitoring, of keystores and daemons that are well and that are not.
#![allow(clippy::disallowed_methods, reason = "makes a folder for a daemon, and looks at what was written")]

mod metrics;

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

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

/// A daemon at an address of its own that serves these files, whatever is committed.
fn serving(world: &World, chain: &str, private_key: &str) -> Daemon {
    std::fs::create_dir_all(world.path("served")).unwrap();
    world.write("served/fullchain.pem", chain);
    world.write("served/private-key.pem", private_key);
    Daemon::reading(world, "served", world.path("served"))
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
fn limits_are_days_or_shares() {
    // 50 days, of which 20 and a half are left: 41 %
    let world = valid(-30, 20);
    let said = |more: &[&str]| {
        let output = world.keyring(&[&["check", "--no-probe", "--json"], more].concat());
        output.json()["result"]["verdict"].as_str().unwrap().to_owned()
    };
    assert_eq!(said(&[]), "ok");
    assert_eq!(said(&["--warning", "20", "--critical", "5"]), "ok");
    assert_eq!(said(&["--warning", "21", "--critical", "5"]), "warning");
    assert_eq!(said(&["--warning", "21", "--critical", "21"]), "critical");
    assert_eq!(said(&["--warning", "40%"]), "ok");
    assert_eq!(said(&["--warning", "42%"]), "warning");
    assert_eq!(said(&["--warning", "90%", "--critical", "42%"]), "critical");
    // longer than the certificate lives: a third counts
    assert_eq!(said(&["--warning", "60"]), "ok");
    snapshot!(world.keyring(&["check", "--no-probe", "--warning", "21"]).exits(12), @"
    exit code 12
    -- stdout
    warning: mail01/imap/main: its certificate expires in 20 days, [TIME]
    WARNING: 1 endpoint and 1 certificate; the first expires in 20 days, [TIME] (mail01/imap/main)
    -- stderr
    ");
}

#[test]
fn certificates_of_hours_are_told_of_by_the_share() {
    let (world, request) = World::with_request();
    let authority = Authority::new();
    let install = |hours: i64| {
        world.write("reply.pem", authority.order(&request).valid_hours(-9, hours).chain());
        world.done(&["install-cert", KEY, "reply.pem"]);
        world.done(&["commit"]);
    };
    world.done(&["bind", KEY, ENDPOINT]);
    let said = |more: &[&str]| verdict_of(&world, more);
    install(6);
    assert_eq!(said(&[]), all_is_well());
    assert_eq!(said(&["--warning", "21", "--critical", "7"]), all_is_well(), "days say nothing of such a life");
    install(3);
    assert_eq!(said(&["--warning", "21", "--critical", "7"]), one("warning", "expires"));
    install(0);
    assert_eq!(said(&[]), one("critical", "expires"));
    let plugin = world.keyring(&["check", "--no-probe", "--nagios"]).exits(2);
    assert!(plugin.stdout.starts_with("KEYRING CRITICAL - mail01/imap/main: its certificate expires in "), "{plugin}");
    assert!(plugin.stdout.contains(" minutes, "), "{plugin}");
}

/// The verdict without a connection.
fn verdict_of(world: &World, more: &[&str]) -> (String, Vec<String>) {
    world.write("root.pem", Authority::new().root_pem());
    verdict(world, &[more, &["--no-probe"]].concat())
}

#[test]
fn limits_that_make_no_sense_are_refused() {
    let world = World::new();
    for more in [&["--warning", "soon"][..], &["--critical", "101%"], &["--warning", "7", "--critical", "21"]] {
        let arguments = [&["check"], more].concat();
        assert_eq!(world.keyring(&[&arguments[..], &["--json"]].concat()).exits(2).error()["code"], "usage");
        let plugin = world.keyring(&[&arguments[..], &["--nagios"]].concat()).exits(3);
        assert!(plugin.stdout.starts_with("KEYRING UNKNOWN - ") && plugin.stderr.is_empty(), "{plugin}");
    }
    let plugin = world.keyring(&["check", "--nagios", "--json"]).exits(3);
    assert!(plugin.stdout.starts_with("KEYRING UNKNOWN - --nagios prints what plug-ins print"), "{plugin}");
    let plugin = world.keyring(&["check", "--nagios", "--prometheus", "file"]).exits(3);
    assert!(plugin.stdout.starts_with("KEYRING UNKNOWN - "), "{plugin}");
    assert_eq!(world.keyring(&["list", "--nagios"]).exits(2).stdout, "", "no other command is a plug-in");
    assert!(world.keyring(&["check", "mail01", "--nagios"]).exits(3).stdout.contains("UNKNOWN - \"mail01\" is not"));
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
fn an_old_certificate_is_a_warning_until_it_expires() {
    let (world, authority) = committed();
    let daemon = Daemon::start(&world, "mail01/imap/default");
    let endpoint = at_daemon(&world, &daemon);
    renew(&world, &authority);
    world.done(&["commit"]);
    assert_eq!(verdict(&world, &[]), one("warning", "old-certificate"));
    snapshot!(shown(&check(&world, &[]).exits(12), &daemon), @"
    exit code 12
    -- stdout
    warning: mail01/imap@127.0.0.1:[PORT]: imaps://127.0.0.1:[PORT]: it serves an old certificate: version 1 of mail01/imap/main, and not version 2; the service may not have been reloaded
    WARNING: 2 endpoints and 1 certificate; the first expires in 47 days, [TIME] (mail01/imap@127.0.0.1:[PORT])
    -- stderr
    ");
    snapshot!(shown(&world.done(&["status", "--live"]), &daemon), @"
    exit code 0
    -- stdout
    Generation 3. Nothing is staged.
    Not the same everywhere:
      mail01/imap@127.0.0.1:[PORT]
        committed     mail01/imap/main, version 2, until [DATE]
        on disk       generation 3, until [DATE]
        live          imaps://127.0.0.1:[PORT]: an earlier certificate of the key, until [DATE]
    -- stderr
    ");
    assert_eq!(world.done(&["status", "--json"]).result()["drift"], Value::Array(Vec::new()), "it connects to nothing");
    let live = world.done(&["status", "--live", "--json"]).result()["drift"][0].clone();
    assert_documented("**standing**", &live);
    assert_eq!((&live["endpoint"], &live["live"][0]["state"]), (&endpoint.into(), &"old".into()));
    assert_eq!(verdict(&world, &["--no-probe"]), all_is_well());

    // the same private key with a certificate that is over
    let request = world.done(&["export-csr", KEY]).stdout;
    let over = authority.order(&request).valid(-10, -1).chain();
    let daemon = serving(&world, &over, &world.read(&format!("{LIVE}/private-key.pem")));
    at_daemon(&world, &daemon);
    let (worst, codes) = verdict(&world, &[]);
    assert_eq!(worst, "critical");
    assert_eq!(codes, ["critical live-expired", "warning old-certificate", "warning old-certificate"]);
    let first = check(&world, &["--json"]).json()["result"]["first_expiry"].clone();
    assert_eq!((&first["source"], &first["of"]), (&"live".into(), &at_daemon_name(&daemon).into()));
}

fn at_daemon_name(daemon: &Daemon) -> String {
    format!("mail01/imap@{}", daemon.url.strip_prefix("tls://").unwrap())
}

#[test]
fn wrong_and_unreachable_services_and_incomplete_chains_are_critical() {
    let (world, authority) = committed();
    let request = world.done(&["make-csr", "mail02/imap/other", "--new-key", "--cn", "mail02.example.com"]).stdout;
    world.write("other.pem", authority.order(&request).chain());
    world.done(&["install-cert", "mail02/imap/other", "other.pem"]);
    world.done(&["bind", "mail02/imap/other", "mail02/imap@default"]);
    world.done(&["commit"]);
    let wrong = Daemon::start(&world, "mail02/imap/default");
    at_daemon(&world, &wrong);
    let (worst, codes) = verdict(&world, &["mail01/imap"]);
    assert_eq!(
        (worst.as_str(), codes),
        ("critical", vec!["critical name-not-covered".to_owned(), "critical wrong-certificate".to_owned()])
    );
    world.done(&["unbind", &at_daemon_name(&wrong)]);

    let leaf = world.read(&format!("{LIVE}/certificate.pem"));
    let alone = serving(&world, &leaf, &world.read(&format!("{LIVE}/private-key.pem")));
    at_daemon(&world, &alone);
    assert_eq!(verdict(&world, &["mail01/imap"]), one("critical", "incomplete-chain"));
    world.done(&["unbind", &at_daemon_name(&alone)]);

    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    world.done(&["bind", KEY, &format!("mail01/imap@{nobody}")]);
    world.done(&["commit"]);
    assert_eq!(verdict(&world, &[]), one("critical", "unreachable"));
    let plugin = check(&world, &["--nagios"]).exits(2).to_string().replace(&nobody.port().to_string(), "[PORT]");
    let plugin = plugin.split("first_expiry=").next().unwrap().to_owned();
    insta::assert_snapshot!(plugin, @"
    exit code 2
    -- stdout
    KEYRING CRITICAL - mail01/imap@127.0.0.1:[PORT]: imaps://127.0.0.1:[PORT]: 127.0.0.1:[PORT] refused the connection|
    ");
    assert_eq!(verdict(&world, &["mail02/imap"]), all_is_well(), "of other services nothing is said");
}

#[test]
fn the_name_that_was_said_is_asked_for() {
    let (world, _) = committed();
    let daemon = Daemon::start(&world, "mail01/imap/default");
    let said = ["set-service", "mail01/imap", "--profile", "files", "--probe", &daemon.url];
    world.done(&[&said[..], &["--probe-name", "elsewhere.example.com"]].concat());
    world.done(&["commit"]);
    assert_eq!(verdict(&world, &[]), one("critical", "name-not-covered"));
}

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
    let said = ["set-service", "mail01/imap", "--profile", "files", "--shell", "--probe", &daemon.url];
    world.done(&[&said[..], &["--timeout", "1", "--reload-command", "true"]].concat());
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
    let said = ["set-service", "mail01/imap", "--profile", "files", "--shell", "--probe", &daemon.url];
    world.done(&[&said[..], &["--reload-command", &daemon.reload]].concat());
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

#[test]
fn metrics_are_what_prometheus_reads() {
    let (world, authority) = committed();
    let daemon = Daemon::start(&world, "mail01/imap/default");
    let endpoint = at_daemon(&world, &daemon);
    let write = || check(&world, &["--prometheus", "keyring.prom"]).exits(0);
    let output = write();
    assert_eq!(output.stdout, "");
    assert!(output.stderr.starts_with("Wrote keyring.prom. OK: 2 endpoints and 1 certificate; "), "{output}");
    let first = metrics::read(&world.read("keyring.prom"));
    let value = |metrics: &metrics::Metrics, name: &str, labels: &[(&str, &str)]| metrics.value(name, labels);
    let url = daemon.url.replace("tls:", "imaps:");
    let live = [("key", KEY), ("endpoint", endpoint.as_str()), ("url", url.as_str())];
    assert_eq!(value(&first, "keyring_endpoint_live_up", &live), Some(1.0));
    assert_eq!(value(&first, "keyring_endpoint_live_committed", &live), Some(1.0));
    assert_eq!(value(&first, "keyring_check_verdict", &[]), Some(0.0));
    let of = |source: &'static str, endpoint: &'static str| {
        let labels = [("key", KEY), ("endpoint", endpoint), ("url", ""), ("source", source)];
        first.value("keyring_certificate_not_after_seconds", &labels).unwrap()
    };
    assert_eq!(of("stored", ""), of("published", ENDPOINT));
    // in place of the one that is there, with nothing beside it, readable for all
    renew(&world, &authority);
    world.done(&["commit", "--no-publish"]);
    write();
    let second = metrics::read(&world.read("keyring.prom"));
    assert_eq!(first.names(), second.names(), "the order is the same");
    assert_eq!(value(&second, "keyring_check_findings", &[("severity", "warning")]), Some(3.0));
    assert_eq!(value(&second, "keyring_check_verdict", &[]), Some(1.0));
    assert_eq!(value(&second, "keyring_endpoint_live_committed", &live), Some(0.0));
    let endpoint = [("key", KEY), ("endpoint", ENDPOINT)];
    assert_eq!(value(&second, "keyring_endpoint_committed_generation", &endpoint), Some(3.0));
    assert_eq!(value(&second, "keyring_endpoint_published_generation", &endpoint), Some(1.0));
    assert_eq!(value(&second, "keyring_endpoint_files_committed", &endpoint), Some(0.0));
    assert_eq!(world.path("keyring.prom").metadata().unwrap().permissions().mode() & 0o777, 0o644);
    let left = std::fs::read_dir(world.path(""))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".keyring-"));
    assert_eq!(left.count(), 0);
    let refused = world.keyring(&["check", "--prometheus", "nowhere/keyring.prom", "--json"]).exits(1);
    assert_eq!(refused.error()["code"], "file");
    // the file that was written is named beside what was found
    let json = check(&world, &["--prometheus", "keyring.prom", "--json"]).exits(0);
    assert_eq!(result(&json)["prometheus"], "keyring.prom");
}
