//! The keystore: everything of `keyring` that opens no socket, runs no program, reads no environment
//! variable and prints nothing.

pub mod change;
pub mod digest;
pub mod envelope;
pub mod model;
pub mod name;
pub mod ops;
pub mod parallel;
pub mod pki;
pub mod progress;
pub mod request_config;
pub mod store;
pub mod timestamp;
pub mod world;
