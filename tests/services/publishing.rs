//! What is published in every algorithm and form.

use super::client::{Dialogue, fingerprint};
use super::nginx::{self, Site};
use super::rotation::{NAME, Scene};
use crate::common::write;

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
        let leaf = scene.certify(&key, &create, &[&["--cn", NAME], encrypted].concat());
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
        let targets = [scene.target(Dialogue::Https, port)];
        // rustls takes them all, openssl too
        scene.prove(&targets, leaves[index % 6]);
    }
}
