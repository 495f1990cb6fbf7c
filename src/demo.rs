//! What the demonstration brings along so that it needs no network and no installed daemon: an authority that
//! signs, a TLS server that reloads as daemons do, and a client that proves what is served. All of it lives in
//! this process and on 127.0.0.1, and nothing of it outlives the demonstration.

mod authority;
mod client;
mod error;
mod server;
#[cfg(test)]
mod tests;

pub(crate) use authority::Authority;
pub(crate) use client::Client;
pub(crate) use error::DemoError;
pub(crate) use server::{Reader, Server, Source};
