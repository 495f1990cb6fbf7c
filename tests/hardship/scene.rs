//! A keystore with an authority, what an administrator does with both, and dice.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;

use crate::common::{Authority, World};

/// Where a test plays.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) authority: Authority,
}

impl Scene {
    /// A new keystore in a folder below this one.
    pub(crate) fn below(folder: &Path) -> Self {
        let world = World::empty_in(folder);
        world.done(&["init"]);
        Self { world, authority: Authority::new() }
    }

    /// A new keystore on the disk that holds temporary files.
    pub(crate) fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    /// A new key with a certificate that is staged.
    pub(crate) fn certify(&self, key: &str) {
        self.world.done(&["create-key", key]);
        self.install(key, &self.request(key));
    }

    /// A next private key with its certificate, staged.
    pub(crate) fn renew(&self, key: &str) {
        self.world.done(&["create-key", key, "--next"]);
        self.install(key, &self.request(key));
    }

    /// A new request for a key.
    pub(crate) fn request(&self, key: &str) -> String {
        self.world.done(&["make-csr", key, "--cn", "service.example.com"]).stdout
    }

    /// Stages a certificate for a request.
    fn install(&self, key: &str, request: &str) {
        let reply = self.reply(key, request);
        self.world.done(&["install-cert", key, &reply]);
    }

    /// The file of the authority's reply to a request.
    pub(crate) fn reply(&self, key: &str, request: &str) -> String {
        let file = format!("{}.pem", key.replace('/', "-"));
        self.world.write(&file, self.authority.order(request).chain());
        file
    }

    /// The folder that a service reads.
    pub(crate) fn live(&self, endpoint: &str) -> PathBuf {
        live(&self.world.store(), endpoint)
    }
}

/// The folder that a service reads, in a keystore: `live/SERVER/PROTOCOL/ENDPOINT/current`. For endpoints with an IPv4
/// address or none.
pub(crate) fn live(store: &Path, endpoint: &str) -> PathBuf {
    let (service, address) = endpoint.split_once('@').unwrap();
    let address = match address.split_once(':') {
        Some((ip, port)) => format!("v4-{ip}-{port}"),
        None => address.to_owned(),
    };
    store.join("live").join(service).join(address).join("current")
}

/// Says something past the capture of the test harness: what was done, and what was not, is for everybody.
pub(crate) fn say(text: impl std::fmt::Display) {
    std::io::stderr().write_all(format!("   {text}\n").as_bytes()).unwrap();
}

/// Dice whose throws can be had again: `HARDSHIP_SEED` takes the number that is printed.
pub(crate) fn dice(test: &str) -> StdRng {
    let given = std::env::var("HARDSHIP_SEED").ok().map(|seed| seed.parse().expect("HARDSHIP_SEED is a number"));
    let seed: u64 = given.unwrap_or_else(|| rand::rng().random());
    say(format_args!("{test}: HARDSHIP_SEED={seed}"));
    StdRng::seed_from_u64(seed)
}

/// One of several, by the dice.
pub(crate) fn choose<'a, T>(dice: &mut StdRng, from: &'a [T]) -> &'a T {
    &from[dice.random_range(0..from.len())]
}

/// The one JSON document of a run.
pub(crate) fn document(stdout: &[u8]) -> Value {
    let text = String::from_utf8_lossy(stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"))
}
