//! Real daemons on loopback ports read what `keyring` publishes, through rotations while clients connect. Needs the
//! feature `external-tests` and the programs: `./tests/run` sees to both.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "these tests are the outside world"
)]

#[path = "../common_external/mod.rs"]
mod common;

mod account;
mod acme;
mod apache;
mod backend;
mod client;
mod daemon;
mod dovecot;
mod elsewhere;
mod exim;
mod guide;
mod haproxy;
mod inn;
mod installation;
mod mail_server;
mod nginx;
mod port;
mod postfix;
mod probing;
mod promises;
mod publishing;
mod renewals;
mod rotation;
mod slapd;
mod sshd;
mod stunnel;
mod traffic;
mod unpacked;
