//! Many keys renewed by the private authority, from new private keys to the commit, beside scripts that make the same
//! files.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use keystore::pki::{KeyAlgorithm, PrivateKey};
use tempfile::TempDir;

use crate::measure::{Contestant, compare, tool};

/// How many keys a server has.
const PER_SERVER: usize = 10;

/// Compares them.
pub(crate) fn renewals(rounds: usize) {
    for (algorithm, count) in [("ec", 100), ("ec", 1_000), ("rsa", 100)] {
        if rounds > 0 {
            renewal(algorithm, count, rounds);
        }
    }
}

fn renewal(algorithm: &str, count: usize, rounds: usize) {
    let place = Place { folder: TempDir::new().expect("a temporary folder"), algorithm, count };
    place.authority();
    place.keystore("keystore", false);
    place.keystore("bound", true);
    let mut contestants: Vec<Contestant<'_>> = vec![
        ("openssl.sh", Box::new(|round| vec![place.script("openssl.sh", round, &[])])),
        (
            "openssl.sh, key and request together",
            Box::new(|round| vec![place.script("openssl.sh", round, &["together"])]),
        ),
        ("certtool.sh", Box::new(|round| vec![place.script("certtool.sh", round, &[])])),
        ("keyring renew KEY... --commit", Box::new(|round| vec![place.renew("keystore", round)])),
        ("the same, each key bound", Box::new(|round| vec![place.renew("bound", round)])),
    ];
    if algorithm == "rsa" {
        contestants.push(("the private keys alone", Box::new(|_| vec![place.generate()])));
    }
    compare(&format!("{count} {algorithm} keys, requests, certificates and chains"), rounds, &contestants);
}

struct Place<'a> {
    folder: TempDir,
    algorithm: &'a str,
    count: usize,
}

impl Place<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn keyring(&self, store: &str, arguments: &[&str]) -> Command {
        tool(env!("CARGO_BIN_EXE_keyring"), &[&["--no-input", "--store", &self.text(store)], arguments].concat())
    }

    /// A root and an authority below it, for the scripts.
    fn authority(&self) {
        fs::create_dir(self.path("authority")).expect("a new folder");
        let file = |name: &str| self.text(&format!("authority/{name}"));
        let new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"];
        let root = ["-subj", "/CN=Root", "-keyout", &file("root.key"), "-out", &file("root.pem")];
        run(tool("openssl", &[&new[..], &root].concat()));
        let signed = ["-subj", "/CN=Issuing", "-CA", &file("root.pem"), "-CAkey", &file("root.key")];
        let issuing = ["-keyout", &file("issuing.key"), "-out", &file("issuing.pem")];
        run(tool("openssl", &[&new[..], &signed, &issuing].concat()));
    }

    fn keys(&self) -> Vec<String> {
        (0..self.count).map(|number| format!("server{}/https/host{number}", number / PER_SERVER)).collect()
    }

    /// A keystore whose keys are all in use.
    fn keystore(&self, store: &str, bound: bool) {
        let (mut list, mut endpoints, keys) = (String::new(), Vec::new(), self.keys());
        for (number, key) in keys.iter().enumerate() {
            let algorithm = if self.algorithm == "ec" { "ecdsa-p256" } else { "rsa-2048" };
            writeln!(
                list,
                r#"{{"key": "{key}", "algorithm": "{algorithm}", "san": ["dns:host{number}.example.com"]}}"#
            )
            .expect("a string takes it");
            endpoints.push(format!("server{}/https@192.0.2.{}:443", number / PER_SERVER, number % PER_SERVER + 1));
        }
        fs::write(self.path("list"), list).expect("the folder is there");
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        run(self.keyring(store, &["init"]));
        run(self.keyring(store, &["create-ca", "lab", "--no-passphrase", "--cn", "Lab", "--leaf-days", "47"]));
        run(self.keyring(store, &["create-key", "--from", &self.text("list")]));
        run(self.keyring(store, &[&["set-renewal", "--authority", "lab"], &keys[..]].concat()));
        run(self.keyring(store, &["commit"]));
        run(self.keyring(store, &["renew", "--due", "--commit"]));
        if bound {
            keys.iter().zip(&endpoints).for_each(|(key, endpoint)| run(self.keyring(store, &["bind", key, endpoint])));
            run(self.keyring(store, &["commit"]));
        }
    }

    fn renew(&self, store: &str, round: usize) -> Command {
        let copy = format!("{store}-{round}");
        run(tool("cp", &["-a", &self.text(store), &self.text(&copy)]));
        run(tool("sync", &[]));
        let keys = self.keys();
        let keys = keys.iter().map(String::as_str);
        self.keyring(&copy, &["renew", "--commit"].into_iter().chain(keys).collect::<Vec<_>>())
    }

    fn script(&self, script: &str, round: usize, more: &[&str]) -> Command {
        let out = format!("{script}{}-{round}", more.concat());
        fs::create_dir(self.path(&out)).expect("a new folder");
        run(tool("sync", &[]));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/processes").join(script);
        let (script, count) = (script.display().to_string(), self.count.to_string());
        let usual = [&script, &self.text("authority"), &self.text(&out), self.algorithm, &count];
        tool("sh", &[&usual[..], more].concat())
    }

    fn generate(&self) -> Command {
        let own = std::env::current_exe().expect("it runs").display().to_string();
        tool(&own, &["--generate", "rsa-2048", &self.count.to_string()])
    }
}

/// Makes private keys and throws them away, on all cores.
pub(crate) fn generate(algorithm: &str, count: &str) {
    let algorithm: KeyAlgorithm = algorithm.parse().expect("an algorithm");
    let count: usize = count.parse().expect("a number");
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        while next.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < count {
            drop(PrivateKey::generate(algorithm).expect("randomness"));
        }
    };
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
}

fn run(mut command: Command) {
    let status = command.status().expect("the program runs");
    assert!(status.success(), "{command:?} failed");
}
