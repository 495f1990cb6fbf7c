//! What `keyring probe` says of daemons.

use serde_json::Value;

use super::client::{Dialogue, Target};
use super::installation::Served;
use super::rotation::{NAME, Scene};
use super::{dovecot, nginx};
use crate::common::text;

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
    let all = [nginx::install(&scene, "web01"), dovecot::install(&scene, "mail01")];
    let endpoint = |served: &Served| format!("{}@default", served.service);
    let doors: Vec<(String, String)> = all
        .iter()
        .flat_map(|it| &it.services)
        .flat_map(|served| served.targets.iter().map(move |target| (endpoint(served), url(*target))))
        .collect();
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
    all.iter().for_each(|it| drop(it.renew(&scene, "ecdsa-p256")));
    scene.keyring.run(&["commit"]);
    for (endpoint, url) in &doors {
        let found = probe(&scene, endpoint, url, 12);
        assert_eq!(
            (&found["seen"]["keystore"]["served"], found["findings"][0]["code"].as_str()),
            (&"old".into(), Some("old-certificate"))
        );
    }
    // a commit that says how they are told tells them, too
    all.iter().for_each(|it| it.say(&scene, None));
    scene.keyring.run(&["commit"]);
    for (endpoint, url) in &doors {
        let found = probe(&scene, endpoint, url, 0);
        assert_eq!(found["seen"]["keystore"]["served"], "same", "{found:#}");
    }
    // TLS is not spoken where STARTTLS is, and the other way round
    let imap = doors[1].1.replace("imap://", "imaps://");
    let found = probe(&scene, "mail01/imap@default", &imap, 9);
    assert_eq!(found["fault"]["code"], "not-tls", "{found:#}");
    let name =
        scene.keyring.finish(&["probe", &doors[0].1, "--name", "web01.example.com", "--roots", "none", "--json"]);
    assert_eq!(name.code, Some(12));
    assert!(name.stdout.contains("name-not-covered"));
    assert!(name.stdout.contains(NAME));
}

/// Where a target is, as `probe` is told.
fn url(Target { dialogue, port, .. }: Target) -> String {
    let scheme = match dialogue {
        Dialogue::Https => "https",
        Dialogue::Imap => "imap",
        Dialogue::Imaps => "imaps",
        Dialogue::Pop3 => "pop3",
        Dialogue::Pop3s => "pop3s",
        _ => unreachable!("neither nginx nor Dovecot speaks {dialogue:?}"),
    };
    format!("{scheme}://127.0.0.1:{port}")
}
