//! What the library is told of the world: time, randomness, who asks. They are arguments so that tests
//! supply them; no variable or flag of the program selects them.

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// Who changes the keystore.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Actor {
    /// The account's name.
    pub user: String,
    /// The account behind `sudo`, as sudo says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sudo_user: Option<String>,
    /// The machine's host name.
    pub host: String,
    /// The subcommand.
    pub command: String,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sudo_user {
            Some(person) => write!(f, "{person} as {}@{}", self.user, self.host),
            None => write!(f, "{}@{}", self.user, self.host),
        }
    }
}

/// Time, randomness, the asker, and how long to wait for a lock.
pub struct World {
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    random: Mutex<Box<dyn Rng + Send>>,
    /// Who asks.
    pub actor: Actor,
    /// The process that asks.
    pub pid: u32,
    /// How long a writer waits for a lock that another process holds.
    pub lock_wait: Duration,
    /// Whether the wait for a lock should end because the user interrupted it.
    pub interrupted: fn() -> bool,
    /// Whether a publication that runs has called the asker: it may look, and must not wait for its own end.
    pub in_publication: bool,
    /// How many threads long work may use.
    pub threads: usize,
}

impl World {
    /// A world with its clock and its source of randomness, which must be a cryptographic one.
    pub fn new(
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        random: impl rand::CryptoRng + Send + 'static,
        actor: Actor,
    ) -> Self {
        Self {
            clock: Box::new(clock),
            random: Mutex::new(Box::new(random)),
            actor,
            pid: std::process::id(),
            lock_wait: Duration::from_secs(10),
            interrupted: || false,
            in_publication: false,
            threads: 1,
        }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Random octets.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut octets = [0; N];
        // A panic while drawing random octets cannot leave the generator half-changed in a way that matters.
        self.random.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fill_bytes(&mut octets);
        octets
    }

    /// A new identifier: 128 random bits in lower-case hexadecimal.
    #[must_use]
    pub fn new_id(&self) -> String {
        self.random::<16>().iter().map(|octet| format!("{octet:02x}")).collect()
    }
}
