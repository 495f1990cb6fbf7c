//! `discard`: staged changes thrown away. Private keys and requests are facts and stay.

use std::collections::BTreeSet;

use super::{Error, find_key};
use crate::change::Change;
use crate::name::KeyPath;
use crate::store::Keystore;

/// Throws staged changes away: all of them, or those that name one of `keys`. Returns what was thrown away.
///
/// # Errors
/// When one of `keys` is not there, while a commit of the changes runs, or when the disk refuses.
pub fn discard(keystore: &Keystore, keys: &[KeyPath]) -> Result<Vec<Change>, Error> {
    let mut transaction = keystore.write()?;
    for key in keys {
        find_key(transaction.snapshot(), key)?;
    }
    if transaction.commit_is_running() {
        return Err(Error::CommitRunning);
    }
    let keys: BTreeSet<_> = keys.iter().collect();
    let removed = transaction.remove(|change| keys.is_empty() || keys.iter().any(|key| change.names_key(key)));
    transaction.finish()?;
    Ok(removed)
}
