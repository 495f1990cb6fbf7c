//! The file for Prometheus.
#![allow(clippy::disallowed_methods, reason = "looks at what was written")]

use std::os::unix::fs::PermissionsExt as _;

use super::{at_daemon, check, committed, metrics, renew, result};
use crate::common::daemon::Daemon;
use crate::common::{ENDPOINT, KEY};

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
