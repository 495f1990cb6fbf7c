//! Where everything stands: the only maker of paths.
//!
//! Names have been parsed (`crate::name`), so that no path made of them leaves its folder.

mod live;
mod material;
mod store_path;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub(super) use live::*;
pub(super) use material::*;
pub use store_path::StorePath;

use crate::digest::Digest;
use crate::model::{AbsolutePath, Generation, LocalCaFile};
use crate::name::AuthorityName;
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

/// The services that have to be told what they read: their files were taken back.
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
