//! A keystore with an authority, and what an administrator does with both.

use std::path::{Path, PathBuf};

use keystore::digest::Digest;

use super::client::{Client, Dialogue, Target, served_to_openssl};
use crate::common::{Authority, Keyring, Tool, text, write};

/// The name that every certificate here is for.
pub(crate) const NAME: &str = "www.example.com";

/// Where a test plays.
pub(crate) struct Scene {
    pub(crate) keyring: Keyring,
    pub(crate) authority: Authority,
    pub(crate) client: Client,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let keyring = Keyring::new();
        let authority = Authority::new(keyring.path("authority"));
        let client = Client::new(&authority.root());
        Self { keyring, authority, client }
    }

    /// A key with its certificate installed, not committed. Returns the certificate's file.
    #[track_caller]
    pub(crate) fn certify(&self, key: &str, create: &[&str], make: &[&str]) -> PathBuf {
        let request = self.keyring.request(key, create, make);
        let leaf = self.authority.sign(&request);
        self.keyring.run(&["install-cert", key, &text(&leaf), &text(&self.authority.issuing())]);
        leaf
    }

    /// A service with a key of its own, staged: nothing is committed.
    #[track_caller]
    pub(crate) fn endow(&self, service: &str) {
        let key = format!("{service}/main");
        self.certify(&key, &[], &["--cn", NAME]);
        self.keyring.run(&["bind", &key, &format!("{service}@default")]);
    }

    /// A service whose files are in the keystore's `live` folder, before anything is said of it.
    #[track_caller]
    pub(crate) fn deploy(&self, service: &str) {
        self.endow(service);
        self.keyring.run(&["commit", "-m", "the files are there"]);
    }

    /// A folder with a certificate that was there before `keyring`: in one file, and in several.
    #[track_caller]
    pub(crate) fn makeshift(&self, folder: &Path) -> PathBuf {
        let tls = folder.join("tls");
        std::fs::create_dir(&tls).expect("a new folder");
        let file = |name: &str| text(&tls.join(name));
        let (key, certificate) = (file("private-key.pem"), file("certificate.pem"));
        let subject = format!("/CN={NAME}");
        let new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", &subject];
        let out = ["-keyout", &key, "-out", &certificate];
        Tool::OPENSSL.run(&[&["req", "-x509"], &new[..], &out].concat());
        std::fs::copy(&certificate, file("fullchain.pem")).expect("a copy");
        let combined = [&key, &certificate].map(|file| std::fs::read(file).expect("what openssl wrote"));
        write(&tls.join("combined.pem"), combined.concat());
        tls
    }

    /// The newest certificate that was signed for a service's key.
    pub(crate) fn newest(&self, service: &str) -> PathBuf {
        let file = |number: u32| self.keyring.path(&format!("{}-main-{number}.pem", service.replace('/', "-")));
        (1..).map(file).take_while(|file| file.exists()).last().expect("a certificate")
    }

    /// A place where a client of these tests connects.
    pub(crate) fn target(&self, dialogue: Dialogue, port: u16) -> Target {
        Target { dialogue, port, name: NAME }
    }

    /// Every target serves this certificate, to openssl and to rustls, with a chain that verifies for its name.
    #[track_caller]
    pub(crate) fn prove(&self, targets: &[Target], leaf: Digest) {
        prove(targets, leaf, &self.client, &self.authority.root());
    }

    /// A folder for a daemon.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let folder = self.keyring.free_path(name, "d");
        std::fs::create_dir(&folder).expect("a new folder");
        folder
    }

    /// Starts a daemon on ports of its own, with others when somebody took one meanwhile.
    pub(crate) fn start<D, const N: usize>(
        &self,
        name: &str,
        start: impl Fn(&Path, [u16; N]) -> Option<D>,
    ) -> (D, [u16; N]) {
        for _ in 0..3 {
            let ports = super::port::free();
            if let Some(daemon) = start(&self.folder(name), ports) {
                return (daemon, ports);
            }
        }
        panic!("{name} did not start three times: see what it said above")
    }
}

/// Every target serves this certificate, to openssl and to rustls, with a chain that leads to the client's root.
#[track_caller]
pub(crate) fn prove(targets: &[Target], leaf: Digest, client: &Client, root: &Path) {
    for target in targets {
        assert_eq!(served_to_openssl(*target, root), leaf, "{target:?}");
        let visited = client.visit(*target);
        assert_eq!(visited.unwrap_or_else(|error| panic!("{target:?}: {error}")), leaf, "{target:?}");
    }
}
