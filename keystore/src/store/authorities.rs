//! Authorities on disk: a folder for each, with what is said of it, beside its own hash, and whatever its kind keeps there.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::format::{damaged, decode};
use super::layout::{self, PRIVATE_FILE, PRIVATE_FOLDER};
use super::{Disk, StoreError, log};
use crate::model::{AcmeAccount, Authority};
use crate::name::AuthorityName;
use crate::pki::{PrivateKey, PrivateKeyFile};

/// One authority; none when nothing is said of it.
pub(super) fn load(disk: &dyn Disk, name: &AuthorityName) -> Result<Option<Authority>, StoreError> {
    let path = layout::authority_settings(name);
    let Some(bytes) = disk.load_if_present(&path)? else { return Ok(None) };
    let (_, text) = log::open(disk, &path, &bytes)?;
    decode(disk, &path, text.as_bytes()).map(Some)
}

/// Every authority.
pub(super) fn load_all(disk: &dyn Disk) -> Result<BTreeMap<AuthorityName, Authority>, StoreError> {
    let mut authorities = BTreeMap::new();
    for name in disk.folders(&layout::authorities())? {
        if let Some(authority) = load(disk, &name)? {
            authorities.insert(name, authority);
        }
    }
    Ok(authorities)
}

/// Writes what is said of an authority, durably.
pub(super) fn store(disk: &dyn Disk, name: &AuthorityName, authority: &Authority) -> Result<(), StoreError> {
    make_folder(disk, name)?;
    Ok(disk.put_durably(&layout::authority_settings(name), &log::seal(authority).0, PRIVATE_FILE)?)
}

/// Makes an authority's folder, and sees to it that its name and those above it are durable. One that merely stands
/// there may be what a crash left.
pub(super) fn make_folder(disk: &dyn Disk, name: &AuthorityName) -> Result<(), StoreError> {
    let folder = layout::authority(name);
    for above in disk.ensure_folder(&folder, PRIVATE_FOLDER)?.iter().rev() {
        disk.sync_names(above)?;
    }
    Ok(())
}

/// Forgets an authority.
pub(super) fn remove(disk: &dyn Disk, name: &AuthorityName) -> Result<(), StoreError> {
    disk.discard(&layout::authority_settings(name))?;
    disk.discard(&layout::account(name))?;
    disk.discard(&layout::account_key(name))?;
    disk.discard_folder(&layout::authority(name))?;
    Ok(disk.sync_names(&layout::authorities())?)
}

/// The account that is kept at an authority; none before it is registered.
pub(super) fn account(disk: &dyn Disk, name: &AuthorityName) -> Result<Option<AcmeAccount>, StoreError> {
    let path = layout::account(name);
    let Some(bytes) = disk.load_if_present(&path)? else { return Ok(None) };
    let (_, text) = log::open(disk, &path, &bytes)?;
    decode(disk, &path, text.as_bytes()).map(Some)
}

/// Writes what is known of the account, durably.
pub(super) fn store_account(disk: &dyn Disk, name: &AuthorityName, account: &AcmeAccount) -> Result<(), StoreError> {
    make_folder(disk, name)?;
    Ok(disk.put_durably(&layout::account(name), &log::seal(account).0, PRIVATE_FILE)?)
}

/// The account's private key; none before there is one.
pub(super) fn account_key(disk: &dyn Disk, name: &AuthorityName) -> Result<Option<PrivateKey>, StoreError> {
    let path = layout::account_key(name);
    let Some(bytes) = disk.load_if_present(&path)?.map(Zeroizing::new) else { return Ok(None) };
    match PrivateKeyFile::from_pem(&bytes) {
        Ok(PrivateKeyFile::Plain(key)) => Ok(Some(key)),
        Ok(PrivateKeyFile::Encrypted(_)) => Err(damaged(disk, &path, "it is encrypted")),
        Err(error) => Err(damaged(disk, &path, error.to_string())),
    }
}

/// Writes the account's private key, durably.
pub(super) fn store_account_key(disk: &dyn Disk, name: &AuthorityName, key: &PrivateKey) -> Result<(), StoreError> {
    make_folder(disk, name)?;
    Ok(disk.put_durably(&layout::account_key(name), key.to_pem().as_bytes(), PRIVATE_FILE)?)
}
