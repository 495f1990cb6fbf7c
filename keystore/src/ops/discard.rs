//! `discard`: staged changes thrown away. Private keys and requests are facts and stay.

use std::collections::BTreeSet;

use super::{Error, find_key};
use crate::change::Change;
use crate::name::{Endpoint, KeyPath};
use crate::store::{Keystore, Transaction};

/// Throws staged changes away: all of them, or those that name one of `keys`. Returns what was thrown away.
///
/// # Errors
/// When one of `keys` is not there, while a commit of the changes runs, or when the disk refuses.
pub fn discard(keystore: &Keystore, keys: &[KeyPath]) -> Result<Vec<Change>, Error> {
    let mut transaction = keystore.write()?;
    // Another commit may have deleted a key that something is staged for.
    for key in keys.iter().filter(|key| !transaction.stage().changes().any(|change| change.names_key(key))) {
        find_key(transaction.snapshot(), key)?;
    }
    if transaction.commit_is_running() {
        return Err(Error::CommitRunning);
    }
    let keys: BTreeSet<_> = keys.iter().collect();
    let mut removed = transaction.remove(|change| keys.is_empty() || keys.iter().any(|key| change.names_key(key)));
    removed.extend(take_with(&mut transaction, &removed)?);
    // An unbinding of what only a discarded change had bound would have nothing to do.
    for endpoint in removed.iter().filter_map(bound_endpoint).cloned().collect::<BTreeSet<_>>() {
        if transaction.snapshot().committed_binding(&endpoint)?.is_none() {
            removed.extend(transaction.remove(|change| *change == Change::Unbind { endpoint: endpoint.clone() }));
        }
    }
    transaction.finish()?;
    Ok(removed)
}

/// What has no sense without what was thrown away: everything about a copy that will not be there, and the unbinding
/// of endpoints whose key stays.
fn take_with(transaction: &mut Transaction<'_>, removed: &[Change]) -> Result<Vec<Change>, Error> {
    let mut with = Vec::new();
    for change in removed {
        match change {
            Change::CopyKey { to, .. } => with.extend(transaction.remove(|change| change.names_key(to))),
            Change::DeleteKey { key, .. } => {
                let bound = transaction.snapshot().key(key)?.map(|view| view.bound).unwrap_or_default();
                let frees = |change: &Change| matches!(change, Change::Unbind { endpoint } if bound.contains(endpoint));
                with.extend(transaction.remove(frees));
            }
            _ => {}
        }
    }
    Ok(with)
}

fn bound_endpoint(change: &Change) -> Option<&Endpoint> {
    match change {
        Change::Bind { endpoint, .. } => Some(endpoint),
        _ => None,
    }
}
