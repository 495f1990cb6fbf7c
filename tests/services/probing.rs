//! What `keyring probe` says of daemons.

use serde_json::Value;

use super::dovecot::{self, Ports};
use super::nginx::{self, Site};
use super::rotation::Scene;
use crate::common::text;

const WEB: &str = "web01.example.com";
const MAIL: &str = "mail01.example.com";

/// What is said of an endpoint at a URL: `served`, of the comparison with the keystore, and the rest.
#[track_caller]
fn probe(scene: &Scene, endpoint: &str, url: &str, code: i32) -> Value {
    let root = text(&scene.authority.root());
    let output = scene.keyring.finish(&["probe", endpoint, "--at", url, "--roots", &root, "--json"]);
    let document: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(output.code, Some(code), "{document:#}");
    document["result"]["probes"][0].clone()
}

#[test]
fn nginx_and_dovecot_are_seen_as_they_are_before_and_after_a_reload() {
    let scene = Scene::new();
    let key = "mail01/imap/main";
    let names = ["--cn", MAIL, "--san", "dns:mail01.example.com", "--san", "dns:web01.example.com"];
    scene.certify(key, &[], &names);
    scene.keyring.run(&["bind", key, "web01/https@default", "mail01/imap@default", "mail01/pop3@default"]);
    scene.keyring.run(&["commit"]);
    let live = |endpoint: &str| scene.keyring.live(endpoint);
    let (nginx, [port]) =
        scene.start("nginx", |folder, [port]| nginx::start(folder, &[Site::pair(port, &live("web01/https/default"))]));
    let (dovecot, [imap, imaps, pop3, pop3s]) = scene.start("dovecot", |folder, [imap, imaps, pop3, pop3s]| {
        let ports = Ports { imap, imaps, pop3, pop3s };
        dovecot::start(folder, ports, &live("mail01/imap/default"), &live("mail01/pop3/default"))
    });
    let doors = [
        ("web01/https@default", format!("https://127.0.0.1:{port}")),
        ("mail01/imap@default", format!("imap://127.0.0.1:{imap}")),
        ("mail01/imap@default", format!("imaps://127.0.0.1:{imaps}")),
        ("mail01/pop3@default", format!("pop3://127.0.0.1:{pop3}")),
        ("mail01/pop3@default", format!("pop3s://127.0.0.1:{pop3s}")),
    ];
    for (endpoint, url) in &doors {
        let found = probe(&scene, endpoint, url, 0);
        assert_eq!(found["seen"]["keystore"]["served"], "same", "{found:#}");
        let (before, inside) = (&found["seen"]["offered_before_tls"], &found["seen"]["offered_inside_tls"]);
        let in_clear = url.starts_with("imap:") || url.starts_with("pop3:");
        assert_eq!(before.is_null(), !in_clear, "{found:#}");
        // Dovecot holds connections from its own machine to be protected, whatever `disable_plaintext_auth` says
        let warned = if in_clear { Some("passwords-in-clear") } else { None };
        assert_eq!(found["findings"][0]["code"].as_str(), warned, "{found:#}");
        assert!(url.starts_with("https") || inside["sasl"][0] == "PLAIN", "{found:#}");
    }

    // not reloaded yet
    scene.rotate(key, "ecdsa-p256");
    for (endpoint, url) in &doors {
        let found = probe(&scene, endpoint, url, 12);
        assert_eq!(
            (&found["seen"]["keystore"]["served"], found["findings"][0]["code"].as_str()),
            (&"old".into(), Some("old-certificate"))
        );
    }
    nginx::reload(&nginx);
    dovecot::reload(&dovecot);
    super::daemon::wait_until("serve the new certificate", || {
        let root = text(&scene.authority.root());
        let finished = |(endpoint, url): &(&str, String)| {
            scene.keyring.finish(&["probe", endpoint, "--at", url, "--roots", &root]).code == Some(0)
        };
        doors.iter().all(finished)
    });
    // TLS is not spoken where STARTTLS is, and the other way round
    let found = probe(&scene, "mail01/imap@default", &format!("imaps://127.0.0.1:{imap}"), 9);
    assert_eq!(found["fault"]["code"], "not-tls", "{found:#}");
    let name = scene.keyring.finish(&["probe", &doors[0].1, "--name", "www.example.com", "--roots", "none", "--json"]);
    assert_eq!(name.code, Some(12));
    assert!(name.stdout.contains("name-not-covered"));
    assert!(name.stdout.contains(WEB));
}
