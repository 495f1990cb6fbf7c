//! How records are written: JSON for people and programs alike, one value a file.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::layout::{self, StorePath};
use super::{Disk, StoreError};
use crate::digest::Digest;

/// The version of the format that this program writes.
pub(super) const VERSION: u32 = 1;

/// A value as the bytes of its file.
pub(super) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    // The stored types have text keys and no failing `Serialize`, the only two ways this could fail.
    let mut bytes = serde_json::to_vec(value).expect("stored types serialize");
    bytes.push(b'\n');
    bytes
}

/// The value in the bytes of a file.
pub(super) fn decode<'a, T: Deserialize<'a>>(
    disk: &dyn Disk,
    path: &StorePath,
    bytes: &'a [u8],
) -> Result<T, StoreError> {
    // Checked once for all its texts: that is quicker.
    let text = std::str::from_utf8(bytes).map_err(|error| damaged(disk, path, error.to_string()))?;
    serde_json::from_str(text).map_err(|error| damaged(disk, path, error.to_string()))
}

pub(super) fn damaged(disk: &dyn Disk, path: &StorePath, reason: impl Into<String>) -> StoreError {
    StoreError::Damaged { path: disk.root().join(path.as_path()), reason: reason.into() }
}

/// What is said of files that are missing one after the other.
pub(super) fn missing(first: impl Into<u64>, last: impl Into<u64>) -> String {
    let (first, last) = (first.into(), last.into());
    if first == last { "it is missing".to_owned() } else { format!("it is missing, with those up to {last}") }
}

/// The number that comes after those given. Nobody comes to the last one by counting: where it stands, somebody put it.
pub(super) fn successor<T>(disk: &dyn Disk, path: &StorePath, next: Option<T>) -> Result<T, StoreError> {
    next.ok_or_else(|| damaged(disk, path, "it has the last number there can be, and nothing can come after it"))
}

/// The bytes of a file that a record names: where it is missing, the keystore is damaged.
pub(super) fn load_known(disk: &dyn Disk, path: &StorePath) -> Result<Vec<u8>, StoreError> {
    disk.load_if_present(path)?.ok_or_else(|| damaged(disk, path, "it is missing"))
}

/// The bytes of a file that a record names with their hash.
pub(super) fn load_checked(
    disk: &dyn Disk,
    path: &StorePath,
    wanted: Digest,
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let bytes = Zeroizing::new(load_known(disk, path)?);
    check(disk, path, &bytes, wanted)?;
    Ok(bytes)
}

/// The bytes of a part of the state: never a secret.
pub(super) fn load_object_bytes(disk: &dyn Disk, digest: Digest) -> Result<Vec<u8>, StoreError> {
    let path = layout::state_object(digest);
    let bytes = load_known(disk, &path)?;
    check(disk, &path, &bytes, digest)?;
    Ok(bytes)
}

/// Checks that the bytes of a file have the hash that a record names.
pub(super) fn check(disk: &dyn Disk, path: &StorePath, bytes: &[u8], wanted: Digest) -> Result<(), StoreError> {
    let found = Digest::of(bytes);
    if found == wanted { Ok(()) } else { Err(differs(disk, path, found, wanted)) }
}

/// A file is not the one that a record names.
pub(super) fn differs(disk: &dyn Disk, path: &StorePath, found: Digest, wanted: Digest) -> StoreError {
    damaged(disk, path, format!("its SHA-256 is {found}, the record says {wanted}"))
}
