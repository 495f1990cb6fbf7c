//! The library as its callers use it, on a real disk: the life of a key, refusals, damage, locks, crashes.
#![expect(clippy::disallowed_methods, reason = "the tests look at and tamper with files behind the keystore's back")]
#![expect(clippy::unwrap_used, reason = "a test's helper that fails fails the test")]

mod authority;
mod backup;
mod common;
mod crash;
mod damage;
mod doctor;
mod format_promise;
mod history;
mod installed;
mod life;
mod locks;
mod numbers;
mod opening;
mod overtaken;
mod places;
mod prune;
mod readings;
mod refusals;
mod rotation;
mod scale;
mod settings;
mod vault_crash;
mod year;
