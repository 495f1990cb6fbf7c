//! `keyring`, the command-line key manager.

mod demo;

fn main() {}
