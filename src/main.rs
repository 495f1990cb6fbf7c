//! `keyring`, the command-line key manager.

mod demo;
mod interrupt;
mod prompt;

fn main() {}
