//! A daemon that is installed as its guide says: with the services that it offers, what is said of them to `keyring`,
//! and how it comes to grief.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use keystore::digest::Digest;

use super::backend::Backend;
use super::client::{Target, fingerprint};
use super::daemon::Daemon;
use super::guide::Guide;
use super::rotation::Scene;
use crate::common::{Tool, write};

/// How long commands and proofs may take that are going to fail.
const SHORT: [&str; 2] = ["--timeout", "10"];

/// A daemon with its services.
pub(crate) struct Installation {
    pub(crate) tool: Tool,
    pub(crate) guide: Guide,
    pub(crate) daemons: Vec<Daemon>,
    pub(crate) services: Vec<Served>,
    /// Its configuration, and what stands in it.
    pub(crate) configuration: (PathBuf, String),
    pub(crate) griefs: Vec<Grief>,
    /// What it stands in front of.
    pub(crate) _backend: Option<Backend>,
}

/// A service as it is published to and seen.
pub(crate) struct Served {
    pub(crate) service: String,
    /// What is said of it to `keyring set-service`.
    pub(crate) said: Vec<String>,
    pub(crate) targets: Vec<Target>,
}

/// How a rotation comes to fail, at the first service of a daemon or at each.
pub(crate) struct Grief {
    /// The configuration that it meets.
    pub(crate) configuration: Option<String>,
    /// What is said of the service.
    pub(crate) said: Vec<String>,
    /// Whether the daemon reads its configuration at its start alone.
    pub(crate) restart: bool,
    /// Whether it is said of every service.
    pub(crate) everywhere: bool,
    /// The phase in which it shows.
    pub(crate) phase: &'static str,
    /// What is said of it there.
    pub(crate) says: &'static str,
}

impl Grief {
    pub(crate) fn configured(configuration: String, phase: &'static str) -> Self {
        Self {
            configuration: Some(configuration),
            said: Vec::new(),
            restart: false,
            everywhere: false,
            phase,
            says: "",
        }
    }

    pub(crate) fn said(said: &[&str], phase: &'static str) -> Self {
        let said = said.iter().map(|&word| word.to_owned()).collect();
        Self { configuration: None, said, restart: false, everywhere: false, phase, says: "" }
    }

    /// A reload that ends with 0 and has done nothing.
    pub(crate) fn idle() -> Self {
        let says = "it is the one from before, as if it had not been told";
        Self { says, ..Self::said(&["--reload-command", "true"], "prove") }
    }

    /// A configuration that has a service read its private key from [`copied_key`]: certificate and private
    /// key do not fit after a rotation, and do again once it is taken back.
    pub(crate) fn copied(configuration: String, phase: &'static str, says: &'static str) -> Self {
        Self { says, ..Self::configured(configuration, phase) }
    }
}

/// The file with the private key that was in use before a rotation came to grief, as if somebody had copied it once and
/// configured the copy.
pub(crate) fn copied_key(folder: &Path) -> PathBuf {
    folder.join("copied-key.pem")
}

impl Installation {
    /// Says of every service what its guide says, or what makes the first one fail.
    pub(crate) fn say(&self, scene: &Scene, grief: Option<&Grief>) {
        for (index, served) in self.services.iter().enumerate() {
            let mut words = vec!["set-service", &served.service];
            words.extend(served.said.iter().map(String::as_str));
            if let Some(grief) = grief {
                words.extend(SHORT);
                if index == 0 || grief.everywhere {
                    words = without_repeated(words, &grief.said);
                }
            } else {
                words.extend(["--timeout", "default"]);
            }
            scene.keyring.run(&words);
            self.guide.has_lines(&scene.keyring, &served.service);
        }
    }

    /// Brings the daemon into what makes it fail.
    pub(crate) fn suffer(&mut self, scene: &Scene, grief: &Grief) {
        let folder = self.configuration.0.parent().expect("a folder").to_owned();
        self.say(scene, Some(grief));
        let live = scene.keyring.live(&format!("{}/default", self.services[0].service)).join("private-key.pem");
        let copy = copied_key(&folder);
        std::fs::copy(&live, &copy).expect("a published key");
        let of = live.metadata().expect("a published key");
        if super::account::is_root() {
            std::os::unix::fs::chown(&copy, Some(of.uid()), Some(of.gid())).expect("root gives files away");
        }
        if let Some(text) = &grief.configuration {
            write(&self.configuration.0, text);
        }
        if grief.restart {
            self.restart();
        }
    }

    /// Mends it.
    pub(crate) fn heal(&mut self, scene: &Scene, grief: &Grief) {
        write(&self.configuration.0, &self.configuration.1);
        if grief.restart {
            self.restart();
        }
        let served = &self.services[0];
        for pair in grief.said.chunks(2).filter(|pair| !served.said.contains(&pair[0])) {
            scene.keyring.run(&["set-service", &served.service, &pair[0], "default"]);
        }
        self.say(scene, None);
    }

    fn restart(&mut self) {
        self.daemons.iter_mut().for_each(|daemon| daemon.restart(self.tool));
    }

    pub(crate) fn targets(&self) -> Vec<Target> {
        self.services.iter().flat_map(|served| served.targets.clone()).collect()
    }

    /// Stages the next version of every service's key. Returns the fingerprints of their certificates.
    pub(crate) fn renew(&self, scene: &Scene, algorithm: &str) -> Vec<Digest> {
        let renew = |served: &Served| {
            let key = format!("{}/main", served.service);
            fingerprint(&scene.certify(&key, &["--next", "--algorithm", algorithm], &[]))
        };
        self.services.iter().map(renew).collect()
    }

    /// The fingerprints of the newest certificates of the services' keys.
    pub(crate) fn newest(&self, scene: &Scene) -> Vec<Digest> {
        self.services.iter().map(|served| fingerprint(&scene.newest(&served.service))).collect()
    }

    /// Proves what each service serves.
    #[track_caller]
    pub(crate) fn prove(&self, scene: &Scene, leaves: &[Digest]) {
        for (served, leaf) in self.services.iter().zip(leaves) {
            scene.prove(&served.targets, *leaf);
        }
    }
}

/// The words with what a grief says in place of what was said of the same.
fn without_repeated<'a>(words: Vec<&'a str>, said: &'a [String]) -> Vec<&'a str> {
    let mut kept = words;
    for pair in said.chunks(2) {
        if let Some(at) = kept.iter().position(|word| *word == pair[0]) {
            kept.drain(at..at + 2);
        }
        kept.extend(pair.iter().map(String::as_str));
    }
    kept
}
