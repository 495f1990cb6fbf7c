//! Where everything stands: the only maker of paths.
//!
//! Names have been parsed (`crate::name`), so that no path made of them leaves its folder.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::digest::Digest;
use crate::model::{AbsolutePath, CertificateNumber, Generation, LocalCaFile, RequestNumber, VersionNumber};
use crate::name::{Address, AuthorityName, Endpoint, KeyPath, ServerName, ServicePath};
use crate::timestamp::Timestamp;

/// Mode of the keystore's folder and of `live/`: anyone may pass, nobody may look.
pub(super) const PASSAGE: u32 = 0o711;
/// Mode of every other folder.
pub(super) const PRIVATE_FOLDER: u32 = 0o700;
/// Mode of every file that is not under `live/`, and of private keys there.
pub(super) const PRIVATE_FILE: u32 = 0o600;
/// Mode of certificates under `live/`.
pub(super) const PUBLIC_FILE: u32 = 0o644;

/// The last number that a private authority can issue under.
pub(super) const LAST_ISSUED: u32 = 999_999_999;

const PRIVATE_KEY: &str = "private-key.pem";

/// A path inside the keystore, relative to its folder.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StorePath(PathBuf);

impl StorePath {
    /// The keystore's folder.
    pub(super) fn root() -> Self {
        Self(PathBuf::new())
    }

    /// The path, relative to the keystore's folder.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        &self.0
    }

    /// How many components it has.
    pub(super) fn depth(&self) -> usize {
        self.0.components().count()
    }

    /// Its last component; none for the keystore's own folder.
    pub(super) fn file_name(&self) -> Option<&str> {
        self.0.file_name()?.to_str()
    }

    /// The folder it is in; none for the keystore's own.
    pub(super) fn parent(&self) -> Option<Self> {
        self.0.parent().map(|parent| Self(parent.to_path_buf()))
    }

    /// A name below it. For names that this module made, or that were read from the folder itself.
    pub(super) fn join(&self, name: &str) -> Self {
        Self(self.0.join(name))
    }

    /// The name under which what shall stand here is prepared. Only a lock's holder writes, so that one is enough.
    pub(super) fn temporary(&self) -> Self {
        let name = self.0.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        Self(self.0.with_file_name(format!(".{name}.new")))
    }

    /// A name of its own beside it.
    pub(super) fn numbered(&self, number: u32) -> Self {
        Self(self.0.with_file_name(format!("{}.{number}", self.name())))
    }

    /// The last component; empty for the keystore's folder.
    pub(super) fn name(&self) -> String {
        self.0.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// As it stands in archives and messages. Its components are text that this module made or parsed.
impl fmt::Display for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

fn at(name: &str) -> StorePath {
    StorePath(PathBuf::from(name))
}

pub(super) fn config() -> StorePath {
    at("keystore.toml")
}

/// The first file of a backup. No keystore needs it.
pub(super) fn manifest() -> StorePath {
    at("manifest.json")
}

pub(super) fn lock() -> StorePath {
    at("lock")
}

pub(super) fn publish_lock() -> StorePath {
    at("publish.lock")
}

pub(super) fn stage() -> StorePath {
    at("stage.json")
}

pub(super) fn intent() -> StorePath {
    at("intent.json")
}

/// The services that have to be told what they read: a recovery took their files back.
pub(super) fn to_be_told() -> StorePath {
    at("to-be-told.json")
}

pub(super) fn attempts() -> StorePath {
    at("attempts")
}

/// How the newest attempt to publish a generation went.
pub(super) fn attempt(generation: Generation) -> StorePath {
    attempts().join(&format!("{:010}.json", generation.0))
}

/// Who read private keys.
pub(super) fn audit() -> StorePath {
    at("audit")
}

/// One entry of that.
pub(super) fn reading(number: u64) -> StorePath {
    audit().join(&format!("{number:010}.json"))
}

/// The number of the entry with this file name.
pub(super) fn reading_number(name: &str) -> Option<u64> {
    let number = name.strip_suffix(".json")?.parse().ok()?;
    // Ten digits, so that names are sorted as numbers are.
    (1..10_u64.pow(10)).contains(&number).then_some(number).filter(|number| reading(*number).name() == name)
}

pub(super) fn authorities() -> StorePath {
    at("authorities")
}

/// Everything that is kept of an authority.
pub(super) fn authority(name: &AuthorityName) -> StorePath {
    authorities().join(name.as_str())
}

/// What is said of an authority.
pub(super) fn authority_settings(name: &AuthorityName) -> StorePath {
    authority(name).join("authority.json")
}

/// The private key of the account that is kept at an authority.
pub(super) fn account_key(name: &AuthorityName) -> StorePath {
    authority(name).join("account-key.pem")
}

/// The account that is kept at an authority.
pub(super) fn account(name: &AuthorityName) -> StorePath {
    authority(name).join("account.json")
}

/// A file of a private authority.
pub(super) fn local_ca_file(name: &AuthorityName, file: LocalCaFile) -> StorePath {
    authority(name).join(match file {
        LocalCaFile::RootCertificate => "root-certificate.pem",
        LocalCaFile::RootKey => "root-private-key.pem",
        LocalCaFile::IssuingCertificate => "issuing-certificate.pem",
        LocalCaFile::IssuingKey => "issuing-private-key.pem",
    })
}

/// What a private authority has issued.
pub(super) fn issued(name: &AuthorityName) -> StorePath {
    authority(name).join("issued")
}

/// What it issued together.
pub(super) fn issued_batch(name: &AuthorityName, number: u32) -> StorePath {
    issued(name).join(&format!("{number:010}.json"))
}

/// The number that a file name of [`issued`] has: nine digits at most, so that there is always a next one.
pub(super) fn issued_number(name: &str) -> Option<u32> {
    let number = name.strip_suffix(".json")?.parse().ok()?;
    let is_one = |number: &u32| name == format!("{number:010}.json");
    (1..=LAST_ISSUED).contains(&number).then_some(number).filter(is_one)
}

/// What a private authority has revoked.
pub(super) fn revocations(name: &AuthorityName) -> StorePath {
    authority(name).join("revocations.json")
}

pub(super) fn servers() -> StorePath {
    at("servers")
}

/// The index of a server's facts. No protocol has a dot in its name, so nothing else is called this.
pub(super) fn facts(name: &ServerName) -> StorePath {
    server(name).join("facts.json")
}

pub(super) fn server(name: &ServerName) -> StorePath {
    servers().join(name.as_str())
}

pub(super) fn service(path: &ServicePath) -> StorePath {
    server(&path.server).join(path.protocol.as_str())
}

pub(super) fn key(key: &KeyPath) -> StorePath {
    service(&key.service).join(key.name.as_str())
}

pub(super) fn version(path: &KeyPath, number: VersionNumber) -> StorePath {
    key(path).join(&number.to_string())
}

pub(super) fn version_facts(path: &KeyPath, number: VersionNumber) -> StorePath {
    version(path, number).join("version.json")
}

pub(super) fn private_key(path: &KeyPath, number: VersionNumber) -> StorePath {
    version(path, number).join(PRIVATE_KEY)
}

pub(super) fn request(path: &KeyPath, version_number: VersionNumber, number: RequestNumber) -> StorePath {
    version(path, version_number).join(&format!("request-{number}.csr"))
}

pub(super) fn certificate(path: &KeyPath, version_number: VersionNumber, number: CertificateNumber) -> StorePath {
    version(path, version_number).join(&format!("certificate-{number}.pem"))
}

pub(super) fn chain(path: &KeyPath, version_number: VersionNumber, number: CertificateNumber) -> StorePath {
    version(path, version_number).join(&format!("chain-{number}.pem"))
}

/// Says of a version that its private key was pruned, and that its number is spent.
pub(super) fn pruned(path: &KeyPath, number: VersionNumber) -> StorePath {
    version(path, number).join("pruned.json")
}

/// Whether a file beside a private key is material: the private key, a request, a certificate or a chain. Such a file
/// is never written to again.
pub(super) fn is_material(name: &str) -> bool {
    name == PRIVATE_KEY
        || request_number(name).is_some()
        || certificate_number(name).is_some()
        || chain_number(name).is_some()
}

/// The number of the certificate file with this name.
pub(super) fn certificate_number(name: &str) -> Option<CertificateNumber> {
    numbered(name, "certificate-", ".pem").map(CertificateNumber)
}

/// The number of the chain file with this name.
pub(super) fn chain_number(name: &str) -> Option<CertificateNumber> {
    numbered(name, "chain-", ".pem").map(CertificateNumber)
}

/// The number of the request file with this name.
pub(super) fn request_number(name: &str) -> Option<RequestNumber> {
    numbered(name, "request-", ".csr").map(RequestNumber)
}

/// The version whose folder has this name.
pub(super) fn version_number(name: &str) -> Option<VersionNumber> {
    numbered(name, "", "").map(VersionNumber)
}

fn numbered(name: &str, before: &str, after: &str) -> Option<u32> {
    let digits = name.strip_prefix(before)?.strip_suffix(after)?;
    // versions, requests and certificates go as far
    let is_one = |number: &u32| *number <= VersionNumber::LAST.0 && number.to_string() == digits;
    digits.parse().ok().filter(is_one)
}

pub(super) fn commits() -> StorePath {
    at("commits")
}

pub(super) fn commit(generation: Generation) -> StorePath {
    commits().join(&format!("{:010}.json", generation.0))
}

/// What stands in for the records that were cut off.
pub(super) fn base() -> StorePath {
    commits().join("base.json")
}

/// The generation of the record with this file name.
pub(super) fn commit_generation(name: &str) -> Option<Generation> {
    let generation = Generation(name.strip_suffix(".json")?.parse().ok()?);
    let is_one = Generation::EMPTY < generation && generation <= Generation::LAST;
    Some(generation).filter(|generation| is_one && commit(*generation).name() == name)
}

pub(super) fn state() -> StorePath {
    at("state")
}

/// The content that the part of the state with this file name has.
pub(super) fn state_digest(name: &str) -> Option<Digest> {
    name.strip_suffix(".json")?.parse().ok()
}

/// A part of the committed state, named by its content.
pub(super) fn state_object(digest: Digest) -> StorePath {
    state().join(&format!("{digest}.json"))
}

/// Where to start looking for the newest generation. A hint, never the truth.
pub(super) fn head_hint() -> StorePath {
    state().join("head")
}

/// Where repairs put what they take out of its place.
pub(super) fn set_aside() -> StorePath {
    at("set-aside")
}

/// Where a repair at this time puts what stood at a path.
pub(super) fn place_aside(time: Timestamp, path: &StorePath) -> StorePath {
    let folder = set_aside().join(&time.to_string().replace(':', ""));
    StorePath(folder.0.join(&path.0))
}

/// What the file with this temporary name would have become.
pub(super) fn meant(temporary: &str) -> Option<&str> {
    temporary.strip_prefix('.')?.strip_suffix(".new")
}

pub(super) fn live() -> StorePath {
    at("live")
}

pub(super) fn live_endpoint(endpoint: &Endpoint) -> StorePath {
    let ServicePath { server, protocol } = &endpoint.service;
    live().join(server.as_str()).join(protocol.as_str()).join(&address_folder(&endpoint.address))
}

pub(super) fn live_version(endpoint: &Endpoint, name: &str) -> StorePath {
    live_endpoint(endpoint).join(name)
}

/// How often a generation can be published again.
pub(super) const LAST_AGAIN: u32 = 999_999_999;

/// The name of an endpoint's version folder: the generation it is from, `2`, or `2.1` when that one was published
/// again.
pub(super) fn live_name(generation: Generation, again: u32) -> String {
    if again == 0 { generation.to_string() } else { format!("{generation}.{again}") }
}

/// The generation that the version folder with this name is from, and which of its publications it is.
pub(super) fn live_number(name: &str) -> Option<(Generation, u32)> {
    let (generation, again) = name.split_once('.').unwrap_or((name, "0"));
    let (generation, again) = (Generation(generation.parse().ok()?), again.parse().ok()?);
    let is_one = generation <= Generation::LAST && again <= LAST_AGAIN && live_name(generation, again) == name;
    is_one.then_some((generation, again))
}

pub(super) fn live_current(endpoint: &Endpoint) -> StorePath {
    live_endpoint(endpoint).join("current")
}

/// A file outside the keystore with what stands beside it while it is exchanged, relative to its folder. The names begin
/// with a dot: programs that read a whole folder pass over such.
pub(super) struct Beside {
    pub(super) place: StorePath,
    /// What shall stand there.
    pub(super) new: StorePath,
    /// What stood there.
    pub(super) former: StorePath,
}

pub(super) fn beside(path: &AbsolutePath) -> Beside {
    let name = path.as_path().file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    Beside { place: at(&name), new: at(&format!(".{name}.keyring-new")), former: at(&format!(".{name}.keyring-old")) }
}

/// The folder that a file outside the keystore is in.
pub(super) fn folder_of(path: &AbsolutePath) -> &Path {
    path.as_path().parent().unwrap_or(Path::new("/"))
}

/// `default`, `v4-192.0.2.7-993`, `v6-2001-db8--1-993`. An IPv6 address has no `-` and a port no `:`, so that no
/// two addresses share a folder.
fn address_folder(address: &Address) -> String {
    match address {
        Address::Default => "default".to_owned(),
        Address::Socket(socket) => match socket.ip() {
            IpAddr::V4(ip) => format!("v4-{ip}-{}", socket.port()),
            IpAddr::V6(ip) => format!("v6-{}-{}", ip.to_string().replace(':', "-"), socket.port()),
        },
    }
}

/// The address whose folder has this name.
pub(super) fn folder_address(name: &str) -> Option<Address> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        LAST_ISSUED, address_folder, certificate_number, commit, commit_generation, folder_address, issued_number,
        live_endpoint, live_name, live_number, version_number,
    };
    use crate::model::{CertificateNumber, Generation, VersionNumber};
    use crate::name::Address;

    #[test]
    fn endpoints_have_readable_folders() {
        for (endpoint, folder) in [
            ("mail01/imap@default", "live/mail01/imap/default"),
            ("mail01/imap@192.0.2.7:993", "live/mail01/imap/v4-192.0.2.7-993"),
            ("mail01/imap@[2001:db8::1]:993", "live/mail01/imap/v6-2001-db8--1-993"),
        ] {
            assert_eq!(live_endpoint(&endpoint.parse().unwrap()).as_path().to_str(), Some(folder));
        }
    }

    #[test]
    fn file_names_tell_their_numbers() {
        assert_eq!(commit(Generation(42)).as_path().to_str(), Some("commits/0000000042.json"));
        assert_eq!(commit_generation("0000000042.json"), Some(Generation(42)));
        assert_eq!(commit_generation(".0000000042.json.new"), None);
        for other in ["+42.json", "42.json", "0000000000.json", "10000000000.json", "18446744073709551615.json"] {
            assert_eq!(commit_generation(other), None, "{other}");
        }
        assert_eq!(commit_generation("9999999999.json"), Some(Generation::LAST));
        assert_eq!(issued_number("0999999999.json"), Some(LAST_ISSUED));
        for other in ["0000000000.json", "1.json", "1000000000.json", "4294967295.json", "+000000001.json"] {
            assert_eq!(issued_number(other), None, "{other}");
        }
        assert_eq!(version_number("999999999"), Some(VersionNumber::LAST));
        assert_eq!((version_number("1000000000"), version_number("4294967295")), (None, None));
        assert_eq!(certificate_number("certificate-7.pem"), Some(CertificateNumber(7)));
        assert_eq!(certificate_number("chain-7.pem"), None);
        assert_eq!(certificate_number("certificate-07.pem"), None);
        assert_eq!((live_name(Generation(2), 0), live_name(Generation(2), 1)), ("2".to_owned(), "2.1".to_owned()));
        assert_eq!(live_number("2.1"), Some((Generation(2), 1)));
        for other in ["", "02", "2.0", "2.01", "+2", "current", "2.1.1", "2.4294967295", "18446744073709551615"] {
            assert_eq!(live_number(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_two_addresses_share_a_folder(a in any::<std::net::SocketAddr>(), b in any::<std::net::SocketAddr>()) {
            let (a, b) = (a.to_string().parse::<Address>(), b.to_string().parse::<Address>());
            if let (Ok(a), Ok(b)) = (a, b) {
                prop_assert_eq!(a == b, address_folder(&a) == address_folder(&b));
                prop_assert_eq!(folder_address(&address_folder(&a)), Some(a));
            }
        }
    }
}
