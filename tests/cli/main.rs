//! The program as a user runs it: one file per command, named as the command, and a few for what runs through all.
//!
//! Snapshots stand in the tests. After a change that is meant to be seen, `cargo insta test --accept --test cli`
//! writes them anew; `BLESS=1 cargo test --test cli` writes docs/cli.md.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

#[path = "../common/mod.rs"]
mod common;

mod acme;
mod adcs;
mod apply;
mod backup;
mod bind;
mod check;
mod collect;
mod commit;
mod completions;
mod copy_key;
mod create_ca;
mod create_key;
mod damaged_pem;
mod delete_key;
mod demo;
mod diff;
mod discard;
mod doctor;
mod documents;
mod exchange;
mod export_crl;
mod export_csr;
mod export_key;
mod export_plan;
mod formats;
mod help;
mod import_key;
mod init;
mod inspect;
mod install_cert;
mod json;
mod list;
mod list_authorities;
mod list_issued;
mod lock;
mod log;
mod make_csr;
mod make_csr_from;
mod man;
mod mark_compromised;
mod output;
mod passphrase;
mod probe;
mod prune;
mod publish;
mod refusals;
mod rename_key;
mod renew;
mod renewal;
mod restore;
mod revoke;
mod rollback;
mod self_sign;
mod self_signed;
mod services;
mod set_authority;
mod set_renewal;
mod set_service;
mod show;
mod show_service;
mod sign_csr;
mod status;
mod submit;
mod unbind;
mod verify;
mod wizard;
