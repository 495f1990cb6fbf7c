//! What the demonstration brings along so that it needs no network and no installed daemon: an authority that
//! signs, a TLS server that reloads as daemons do, and a client that proves what is served. All of it lives in
//! this process and on 127.0.0.1, and nothing of it outlives the demonstration.
#![cfg_attr(not(test), expect(dead_code, unused_imports, reason = "until the command `demo` uses it"))]

mod authority;
mod client;
mod deadline;
mod error;
mod server;
#[cfg(test)]
mod tests;

pub(crate) use authority::Authority;
pub(crate) use client::{Client, Served};
pub(crate) use error::DemoError;
pub(crate) use server::{Reader, Server, Source};
