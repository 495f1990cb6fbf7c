//! `keyring`, the command-line key manager.

mod demo;
mod prompt;

fn main() {}
