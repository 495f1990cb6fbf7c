//! What strangers write, found by `inspect` and imported by `import-key`, and the private key that is kept read back by them.

mod again;
mod gnutls;
mod java;
mod nss;
mod openssl;
mod python;
mod ssh_keygen;

use std::cell::Cell;

use serde_json::Value;

use crate::common::{Finished, Keyring, write};
use crate::stranger::{openssl, spki};

const PASSPHRASE: &str = "correct horse";
/// What openssl has put away.
const LEGACY: [&str; 4] = ["-provider", "legacy", "-provider", "default"];
/// Algorithms for `openssl genpkey`.
const RSA: [&str; 4] = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
const P_384: [&str; 4] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];
const ED25519: [&str; 2] = ["-algorithm", "ED25519"];

struct World {
    keyring: Keyring,
    imported: Cell<usize>,
}

impl World {
    fn new() -> Self {
        let keyring = Keyring::new();
        write(&keyring.path("passphrase"), format!("{PASSPHRASE}\n"));
        Self { keyring, imported: Cell::new(0) }
    }

    fn file(&self, name: &str) -> String {
        self.keyring.file(name)
    }

    /// Runs openssl, which writes to `name`.
    #[track_caller]
    fn make(&self, name: &str, arguments: &[&str]) -> String {
        let file = self.file(name);
        openssl(&[arguments, &["-out", &file]].concat());
        file
    }

    /// A private key and a certificate signed by itself.
    fn pair(&self, algorithm: &[&str]) -> (String, String) {
        let key = self.make("key.pem", &[&["genpkey", "-quiet"], algorithm].concat());
        let request = ["req", "-x509", "-new", "-key", &key, "-subj", "/CN=a.example", "-days", "30"];
        let certificate = self.make("certificate.pem", &request);
        (key, certificate)
    }

    /// Has some files read that hold one private key, which is named by its public half.
    #[track_caller]
    fn read(&self, what: &str, files: &[&str], public_key: &str) -> Value {
        let secret = self.file("passphrase");
        let found = self.keyring.json(&[&["inspect"], files, &["--passphrase-file", &secret]].concat());
        let objects = found["objects"].as_array().expect("objects").iter();
        let keys: Vec<&Value> = objects.filter(|object| object["kind"] == "private-key").collect();
        let [key] = keys[..] else { panic!("{what}: {found:#}") };
        assert_eq!(key["spki_sha256"], public_key, "{what}");
        self.import(what, files, public_key)
    }

    /// Imports some files as a new key. Its private key is kept in the keystore's own form.
    #[track_caller]
    fn import(&self, what: &str, files: &[&str], public_key: &str) -> Value {
        let path = self.next_path();
        let secret = self.file("passphrase");
        let imported = self.keyring.json(&[&["import-key", &path], files, &["--passphrase-file", &secret]].concat());
        let kept = self.keyring.kept(&path, 1, "private-key.pem");
        assert!(openssl(&["pkey", "-in", &kept, "-check", "-noout"]).contains("Key is valid"), "{what}");
        assert_eq!(spki("key", &kept), public_key, "{what}");
        assert_eq!(imported["spki_sha256"], public_key, "{what}");
        let text = std::fs::read_to_string(&kept).unwrap();
        assert!(text.starts_with("-----BEGIN PRIVATE KEY-----\n"), "{what}");
        imported
    }

    /// Imports what must be refused.
    #[track_caller]
    fn refused(&self, files: &[&str]) -> Finished {
        let (path, secret) = (self.next_path(), self.file("passphrase"));
        self.keyring.finish(&[&["import-key", &path], files, &["--passphrase-file", &secret]].concat()).ended_with(3)
    }

    fn next_path(&self) -> String {
        self.imported.set(self.imported.get() + 1);
        format!("web01/https/k{}", self.imported.get())
    }
}
