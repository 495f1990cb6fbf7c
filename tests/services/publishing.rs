//! What daemons serve of what was published.

use std::path::PathBuf;

use super::client::{Dialogue, Target, fingerprint};
use super::dovecot::{self, Ports};
use super::nginx::{self, Site};
use super::rotation::Scene;
use super::traffic::Traffic;
use crate::common::write;

const WEB: &str = "web01.example.com";
const MAIL: &str = "mail01.example.com";

fn target(dialogue: Dialogue, port: u16, name: &'static str) -> Target {
    Target { dialogue, port, name }
}

/// All four doors of Dovecot.
fn doors(Ports { imap, imaps, pop3, pop3s }: Ports) -> [Target; 4] {
    [
        target(Dialogue::Imap, imap, MAIL),
        target(Dialogue::Imaps, imaps, MAIL),
        target(Dialogue::Pop3, pop3, MAIL),
        target(Dialogue::Pop3s, pop3s, MAIL),
    ]
}

fn ports([imap, imaps, pop3, pop3s]: [u16; 4]) -> Ports {
    Ports { imap, imaps, pop3, pop3s }
}

#[test]
fn nginx_serves_the_old_certificate_until_its_reload_and_the_new_one_afterwards() {
    let scene = Scene::new();
    let key = "web01/https/main";
    let old = fingerprint(&scene.certify(key, &[], &["--cn", WEB]));
    scene.keyring.run(&["bind", key, "web01/https@default"]);
    scene.keyring.run(&["commit"]);
    let live = scene.keyring.live("web01/https/default");
    let (nginx, [port]) = scene.start("nginx", |folder, [port]| nginx::start(folder, &[Site::pair(port, &live)]));
    let targets = [target(Dialogue::Https, port, WEB)];
    scene.prove(&targets, old);

    let traffic = Traffic::start(&scene.client, &targets);
    let new = scene.rotate(key, "rsa-2048");
    assert_eq!(fingerprint(&live.join("fullchain.pem")), new);
    scene.prove(&targets, old);
    nginx.hang_up();
    scene.wait_for(&targets, new);
    scene.prove(&targets, new);
    traffic.saw_nothing_but(old, new);
}

#[test]
fn nginx_serves_every_algorithm_and_form_of_files() {
    const ALGORITHMS: [&str; 6] = ["ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-3072", "rsa-4096", "ed25519"];
    let scene = Scene::new();
    write(&scene.keyring.path("passphrase"), "a passphrase of the tests\n");
    let secret = scene.keyring.file("passphrase");
    let passphrase = ["--passphrase-file", &secret];
    let leaves = ALGORITHMS.map(|algorithm| {
        let key = format!("web01/https/{algorithm}");
        let encrypted: &[&str] = if algorithm == "rsa-2048" { &passphrase } else { &[] };
        let create = [&["--algorithm", algorithm], encrypted].concat();
        let leaf = scene.certify(&key, &create, &[&["--cn", WEB], encrypted].concat());
        scene.keyring.run(&["bind", &key, &format!("{algorithm}/https@default")]);
        fingerprint(&leaf)
    });
    scene.keyring.run(&[&["commit"], &passphrase[..]].concat());
    let live = ALGORITHMS.map(|algorithm| scene.keyring.live(&format!("{algorithm}/https/default")));
    let (_nginx, ports) = scene.start("nginx", |folder, ports: [u16; 12]| {
        let pairs = ports.iter().zip(&live).map(|(port, live)| Site::pair(*port, live));
        let combined = ports[6..].iter().zip(&live).map(|(port, live)| Site::combined(*port, live));
        nginx::start(folder, &pairs.chain(combined).collect::<Vec<_>>())
    });
    for (index, port) in ports.into_iter().enumerate() {
        let targets = [target(Dialogue::Https, port, WEB)];
        // rustls takes them all, openssl too
        scene.prove(&targets, leaves[index % 6]);
    }
}

#[test]
fn dovecot_serves_a_certificate_for_each_protocol_before_and_after_rotations() {
    let scene = Scene::new();
    let keys = ["mail01/imap/main", "mail01/pop3/main"];
    let old = keys.map(|key| fingerprint(&scene.certify(key, &["--algorithm", "rsa-2048"], &["--cn", MAIL])));
    scene.keyring.run(&["bind", keys[0], "mail01/imap@default"]);
    scene.keyring.run(&["bind", keys[1], "mail01/pop3@default"]);
    scene.keyring.run(&["commit"]);
    let [imap, pop3]: [PathBuf; 2] = ["mail01/imap/default", "mail01/pop3/default"].map(|of| scene.keyring.live(of));
    let (dovecot, numbers) =
        scene.start("dovecot", |folder, numbers| dovecot::start(folder, ports(numbers), &imap, &pop3));
    let all = doors(ports(numbers));
    let (imap, pop3) = all.split_at(2);
    scene.prove(imap, old[0]);
    scene.prove(pop3, old[1]);

    let traffic = Traffic::start(&scene.client, imap);
    let new = scene.rotate(keys[0], "ecdsa-p384");
    scene.prove(imap, old[0]);
    dovecot.hang_up();
    scene.wait_for(imap, new);
    scene.prove(imap, new);
    scene.prove(pop3, old[1]);
    traffic.saw_nothing_but(old[0], new);

    let traffic = Traffic::start(&scene.client, pop3);
    let newest = scene.rotate(keys[1], "ecdsa-p256");
    scene.prove(pop3, old[1]);
    dovecot.hang_up();
    scene.wait_for(pop3, newest);
    scene.prove(pop3, newest);
    scene.prove(imap, new);
    traffic.saw_nothing_but(old[1], newest);
}

#[test]
fn one_certificate_serves_three_protocols_on_two_servers_by_one_commit() {
    let scene = Scene::new();
    let key = "web01/https/main";
    let names = ["--cn", WEB, "--san", "dns:web01.example.com", "--san", "dns:mail01.example.com"];
    let old = fingerprint(&scene.certify(key, &[], &names));
    scene.keyring.run(&["bind", key, "web01/https@default", "mail01/imap@default", "mail01/pop3@default"]);
    assert_eq!(scene.keyring.json(&["commit"])["generation"], 1);
    let live = |endpoint: &str| scene.keyring.live(endpoint);
    let (nginx, [port]) =
        scene.start("nginx", |folder, [port]| nginx::start(folder, &[Site::pair(port, &live("web01/https/default"))]));
    let (dovecot, numbers) = scene.start("dovecot", |folder, numbers| {
        dovecot::start(folder, ports(numbers), &live("mail01/imap/default"), &live("mail01/pop3/default"))
    });
    let mut targets = doors(ports(numbers)).to_vec();
    targets.push(target(Dialogue::Https, port, WEB));
    scene.prove(&targets, old);

    let traffic = Traffic::start(&scene.client, &targets);
    let new = scene.rotate(key, "ecdsa-p256");
    scene.prove(&targets, old);
    nginx::reload(&nginx);
    dovecot::reload(&dovecot);
    scene.wait_for(&targets, new);
    scene.prove(&targets, new);
    traffic.saw_nothing_but(old, new);
}
