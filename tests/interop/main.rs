//! What `keyring` writes, read back by strangers (openssl, GnuTLS, python's cryptography, age); what they write, read by
//! `keyring`. Needs the feature `external-tests` and the programs: `./tests/run` sees to both.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    reason = "these tests are the outside world"
)]

#[path = "../common_external/mod.rs"]
mod common;

mod backup;
mod chains;
mod cycle;
mod exchange;
mod export_key;
mod import_key;
mod inspect;
mod issued;
mod key_manager;
mod lint;
mod local_ca;
mod private_keys;
mod published;
mod replies;
mod request_configs;
mod requests;
mod stranger;
mod units;
mod vectors;
