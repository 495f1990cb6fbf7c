//! `servers/`: private keys with what was made for them, and the indexes.

use super::{StorePath, at};
use crate::model::{CertificateNumber, RequestNumber, VersionNumber};
use crate::name::{KeyPath, ServerName, ServicePath};

const PRIVATE_KEY: &str = "private-key.pem";

pub(in crate::store) fn servers() -> StorePath {
    at("servers")
}

/// The index of a server's facts. No protocol has a dot in its name, so nothing else is called this.
pub(in crate::store) fn facts(name: &ServerName) -> StorePath {
    server(name).join("facts.json")
}

pub(in crate::store) fn server(name: &ServerName) -> StorePath {
    servers().join(name.as_str())
}

pub(in crate::store) fn service(path: &ServicePath) -> StorePath {
    server(&path.server).join(path.protocol.as_str())
}

pub(in crate::store) fn key(key: &KeyPath) -> StorePath {
    service(&key.service).join(key.name.as_str())
}

pub(in crate::store) fn version(path: &KeyPath, number: VersionNumber) -> StorePath {
    key(path).join(&number.to_string())
}

pub(in crate::store) fn version_facts(path: &KeyPath, number: VersionNumber) -> StorePath {
    version(path, number).join("version.json")
}

pub(in crate::store) fn private_key(path: &KeyPath, number: VersionNumber) -> StorePath {
    version(path, number).join(PRIVATE_KEY)
}

pub(in crate::store) fn request(path: &KeyPath, version_number: VersionNumber, number: RequestNumber) -> StorePath {
    version(path, version_number).join(&format!("request-{number}.csr"))
}

pub(in crate::store) fn certificate(
    path: &KeyPath,
    version_number: VersionNumber,
    number: CertificateNumber,
) -> StorePath {
    version(path, version_number).join(&format!("certificate-{number}.pem"))
}

pub(in crate::store) fn chain(path: &KeyPath, version_number: VersionNumber, number: CertificateNumber) -> StorePath {
    version(path, version_number).join(&format!("chain-{number}.pem"))
}

/// Says of a version that its private key was pruned, and that its number is spent.
pub(in crate::store) fn pruned(path: &KeyPath, number: VersionNumber) -> StorePath {
    version(path, number).join("pruned.json")
}

/// Whether a file beside a private key is material: the private key, a request, a certificate or a chain. Such a file
/// is never written to again.
pub(in crate::store) fn is_material(name: &str) -> bool {
    name == PRIVATE_KEY
        || request_number(name).is_some()
        || certificate_number(name).is_some()
        || chain_number(name).is_some()
}

/// The number of the certificate file with this name.
pub(in crate::store) fn certificate_number(name: &str) -> Option<CertificateNumber> {
    numbered(name, "certificate-", ".pem").map(CertificateNumber)
}

/// The number of the chain file with this name.
pub(in crate::store) fn chain_number(name: &str) -> Option<CertificateNumber> {
    numbered(name, "chain-", ".pem").map(CertificateNumber)
}

/// The number of the request file with this name.
pub(in crate::store) fn request_number(name: &str) -> Option<RequestNumber> {
    numbered(name, "request-", ".csr").map(RequestNumber)
}

/// The version whose folder has this name.
pub(in crate::store) fn version_number(name: &str) -> Option<VersionNumber> {
    numbered(name, "", "").map(VersionNumber)
}

fn numbered(name: &str, before: &str, after: &str) -> Option<u32> {
    let digits = name.strip_prefix(before)?.strip_suffix(after)?;
    // versions, requests and certificates go as far
    let is_one = |number: &u32| *number <= VersionNumber::LAST.0 && number.to_string() == digits;
    digits.parse().ok().filter(is_one)
}
