//! `list-authorities`: who signs.

use std::collections::BTreeMap;

use super::Error;
use crate::model::Authority;
use crate::name::AuthorityName;
use crate::store::Snapshot;

/// Every authority, by name.
///
/// # Errors
/// When the keystore can't be read.
pub fn list_authorities(snapshot: &Snapshot<'_>) -> Result<BTreeMap<AuthorityName, Authority>, Error> {
    Ok(snapshot.authorities()?)
}

/// One authority that must be there.
///
/// # Errors
/// When nothing is said of it.
pub fn find_authority(snapshot: &Snapshot<'_>, name: &AuthorityName) -> Result<Authority, Error> {
    snapshot.authority(name)?.ok_or_else(|| Error::AuthorityNotFound { name: name.clone() })
}
