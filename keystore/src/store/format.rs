//! How records are written: JSON for people and programs alike, one value a file.

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::layout::StorePath;
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
pub(super) fn decode<T: DeserializeOwned>(disk: &dyn Disk, path: &StorePath, bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| damaged(disk, path, error.to_string()))
}

pub(super) fn damaged(disk: &dyn Disk, path: &StorePath, reason: impl Into<String>) -> StoreError {
    StoreError::Damaged { path: disk.root().join(path.as_path()), reason: reason.into() }
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
    check(disk, path, Zeroizing::new(load_known(disk, path)?), wanted)
}

/// The bytes of a file, if they have the hash that a record names.
pub(super) fn check(
    disk: &dyn Disk,
    path: &StorePath,
    bytes: Zeroizing<Vec<u8>>,
    wanted: Digest,
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let found = Digest::of(&bytes);
    if found == wanted { Ok(bytes) } else { Err(differs(disk, path, found, wanted)) }
}

/// A file is not the one that a record names.
pub(super) fn differs(disk: &dyn Disk, path: &StorePath, found: Digest, wanted: Digest) -> StoreError {
    damaged(disk, path, format!("its SHA-256 is {found}, the record says {wanted}"))
}
