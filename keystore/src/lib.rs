//! The keystore: everything of `keyring` that opens no socket, runs no program, reads no environment
//! variable and prints nothing.

pub mod digest;
pub mod name;
pub mod pki;
pub mod timestamp;
