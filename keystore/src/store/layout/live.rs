//! `live/`: what services read.

use std::net::IpAddr;

use super::{StorePath, at};
use crate::model::Generation;
use crate::name::{Address, Endpoint, ServicePath};

pub(in crate::store) fn live() -> StorePath {
    at("live")
}

pub(in crate::store) fn live_endpoint(endpoint: &Endpoint) -> StorePath {
    let ServicePath { server, protocol } = &endpoint.service;
    live().join(server.as_str()).join(protocol.as_str()).join(&address_folder(&endpoint.address))
}

pub(in crate::store) fn live_version(endpoint: &Endpoint, name: &str) -> StorePath {
    live_endpoint(endpoint).join(name)
}

/// How often a generation can be published again.
pub(in crate::store) const LAST_AGAIN: u32 = 999_999_999;

/// The name of an endpoint's version folder: the generation it is from, `2`, or `2.1` when that one was published
/// again.
pub(in crate::store) fn live_name(generation: Generation, again: u32) -> String {
    if again == 0 { generation.to_string() } else { format!("{generation}.{again}") }
}

/// The generation that the version folder with this name is from, and which of its publications it is.
pub(in crate::store) fn live_number(name: &str) -> Option<(Generation, u32)> {
    let (generation, again) = name.split_once('.').unwrap_or((name, "0"));
    let (generation, again) = (Generation(generation.parse().ok()?), again.parse().ok()?);
    let is_one = generation <= Generation::LAST && again <= LAST_AGAIN && live_name(generation, again) == name;
    is_one.then_some((generation, again))
}

pub(in crate::store) fn live_current(endpoint: &Endpoint) -> StorePath {
    live_endpoint(endpoint).join("current")
}

/// `default`, `v4-192.0.2.7-993`, `v6-2001-db8--1-993`. An IPv6 address has no `-` and a port no `:`, so that no
/// two addresses share a folder.
pub(super) fn address_folder(address: &Address) -> String {
    match address {
        Address::Default => "default".to_owned(),
        Address::Socket(socket) => match socket.ip() {
            IpAddr::V4(ip) => format!("v4-{ip}-{}", socket.port()),
            IpAddr::V6(ip) => format!("v6-{}-{}", ip.to_string().replace(':', "-"), socket.port()),
        },
    }
}

/// The address whose folder has this name.
pub(in crate::store) fn folder_address(name: &str) -> Option<Address> {
    if name == "default" {
        return Some(Address::Default);
    }
    let (kind, rest) = name.split_once('-')?;
    let (ip, port) = rest.rsplit_once('-')?;
    let text = match kind {
        "v4" => format!("{ip}:{port}"),
        "v6" => format!("[{}]:{port}", ip.replace('-', ":")),
        _ => return None,
    };
    text.parse().ok().filter(|address| address_folder(address) == name)
}
