//! A keystore with an authority, and what an administrator does with both.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use keystore::digest::Digest;

use super::client::{Client, Target, fingerprint, served_to_openssl};
use super::daemon::wait_until;
use crate::common::{Authority, Keyring, text};

/// How long only the new certificate is to be served until the reload counts as over; nginx has its old workers end
/// a tenth of a second after the new ones began.
const SETTLED: Duration = Duration::from_millis(500);

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

    /// The next version of a key, installed and committed. Returns the fingerprint of its certificate.
    #[track_caller]
    pub(crate) fn rotate(&self, key: &str, algorithm: &str) -> Digest {
        let leaf = self.certify(key, &["--next", "--algorithm", algorithm], &[]);
        self.keyring.run(&["commit", "-m", "rotation"]);
        fingerprint(&leaf)
    }

    /// Every target serves this certificate, to openssl and to rustls, with a chain that verifies for its name.
    #[track_caller]
    pub(crate) fn prove(&self, targets: &[Target], leaf: Digest) {
        for target in targets {
            assert_eq!(served_to_openssl(*target, &self.authority.root()), leaf, "{target:?}");
            let visited = self.client.visit(*target);
            assert_eq!(visited.unwrap_or_else(|error| panic!("{target:?}: {error}")), leaf, "{target:?}");
        }
    }

    /// Waits for a reload to have taken effect everywhere. It is asynchronous, and for a moment the old workers and
    /// the new ones take connections in turn: it is over when only the new certificate is served for a while.
    #[track_caller]
    pub(crate) fn wait_for(&self, targets: &[Target], leaf: Digest) {
        for target in targets {
            let mut since = None;
            wait_until("serve nothing but the new certificate", || {
                if self.client.visit(*target).is_ok_and(|served| served == leaf) {
                    return since.get_or_insert_with(Instant::now).elapsed() > SETTLED;
                }
                since = None;
                false
            });
        }
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
