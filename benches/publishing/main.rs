//! What publishing costs: a commit over 1,000 endpoints, probes of many services beside a loop of `openssl s_client`, and
//! one service told and proven beside the shell script that does the same, and one renewed by ACME beside certbot and lego.
//!
//! `cargo bench --bench publishing [-- ROUNDS]`. Needs nginx, openssl, pebble, certbot and lego. The keystores are made once and kept under
//! `target/scale`. A benchmark asserts nothing but that everything works.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "a benchmark runs programs, reads the clock and prints"
)]

mod acme;
#[path = "../../keystore/tests/store/common/counting_disk.rs"]
mod counting_disk;
mod deploy;
mod endpoints;
#[path = "../scale/large.rs"]
#[expect(dead_code, reason = "the other benchmark uses the rest")]
mod large;
#[path = "../scale/measure.rs"]
#[expect(dead_code, reason = "the other benchmark uses the rest")]
mod measure;
mod nginx;
mod pebble;
mod probes;
#[path = "../scale/programs.rs"]
mod programs;

use std::process::Command;

use programs::{keyring, openssl, program};

fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse().ok());
    let rounds = numbers.next().unwrap_or(10);
    endpoints::commit(rounds);
    probes::probe(rounds);
    deploy::deploy(rounds);
    acme::renew(rounds);
}

/// A script.
fn shell(script: &str) -> Command {
    program("sh", &["-euc", script])
}
