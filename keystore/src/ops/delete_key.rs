//! `delete-key`: a key out of the tree. Its private keys stay on disk, for history, until they are pruned.

use std::collections::BTreeSet;

use super::{Error, settled_key};
use crate::change::Change;
use crate::model::{KeyView, VersionNumber};
use crate::name::{Endpoint, KeyPath};
use crate::store::{Keystore, Transaction};

/// What was deleted.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The key.
    pub key: KeyPath,
    /// The endpoints that were bound to it.
    pub unbound: BTreeSet<Endpoint>,
    /// The version whose request still waits for its certificate.
    pub pending: Option<VersionNumber>,
}

/// Stages that a key leaves the tree, and with `unbind` that its endpoints are bound to nothing.
///
/// # Errors
/// When there is no such key, when changes of it are staged, when it is bound and `unbind` is false, or when the disk
/// refuses.
pub fn delete_key(keystore: &Keystore, key: &KeyPath, unbind: bool) -> Result<Outcome, Error> {
    let mut transaction = keystore.write()?;
    let view = settled_key(&transaction, key)?;
    let bound = transaction.snapshot().upcoming_endpoints_of(&view)?;
    if !bound.is_empty() && !unbind {
        return Err(Error::KeyBound { key: key.clone(), endpoints: bound });
    }
    for endpoint in &bound {
        transaction.want_binding(endpoint, None)?;
    }
    transaction.put(deletion(&transaction, &view, None));
    transaction.finish()?;
    let pending = view.pending_request().map(|(version, _)| version.number);
    Ok(Outcome { key: key.clone(), unbound: bound, pending })
}

/// What takes a key, with all the versions there are, out of the tree.
pub(super) fn deletion(transaction: &Transaction<'_>, view: &KeyView, renamed_to: Option<KeyPath>) -> Change {
    // A view without versions does not exist.
    let through = view.facts.newest().unwrap_or(VersionNumber(0));
    let waiting = view.waiting().map(|version| version.number);
    Change::DeleteKey { key: view.path.clone(), through, waiting, renamed_to, after: transaction.after(view) }
}
