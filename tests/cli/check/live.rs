//! What services serve beside what is committed.
#![allow(clippy::disallowed_methods, reason = "makes a folder for a daemon")]

use std::net::TcpListener;

use serde_json::Value;

use super::{LIVE, all_is_well, at_daemon, check, committed, one, renew, shown, verdict};
use crate::common::daemon::Daemon;
use crate::common::output::snapshot;
use crate::common::{KEY, World};
use crate::json::assert_documented;

/// A daemon at an address of its own that serves these files, whatever is committed.
fn serving(world: &World, chain: &str, private_key: &str) -> Daemon {
    std::fs::create_dir_all(world.path("served")).unwrap();
    world.write("served/fullchain.pem", chain);
    world.write("served/private-key.pem", private_key);
    Daemon::reading(world, "served", world.path("served"))
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
