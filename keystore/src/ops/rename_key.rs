//! `rename-key`: a key under another name, on whatever server, with what is bound to it.

use std::collections::BTreeSet;

use super::Error;
use super::copy_key::{self, stage_copy};
use super::delete_key::deletion;
use crate::name::{Endpoint, KeyPath};
use crate::store::Keystore;

/// What was renamed.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The key, and what it is called from then on.
    pub copy: copy_key::Outcome,
    /// The endpoints that go with it.
    pub moved: BTreeSet<Endpoint>,
}

/// Stages a copy, the binding of the endpoints to it, and the deletion of what it is a copy of.
///
/// # Errors
/// As [`copy_key::copy_key`].
pub fn rename_key(keystore: &Keystore, from: &KeyPath, to: &KeyPath) -> Result<Outcome, Error> {
    let mut transaction = keystore.write()?;
    let (view, copy) = stage_copy(&mut transaction, from, to)?;
    let moved = transaction.snapshot().upcoming_endpoints_of(&view)?;
    for endpoint in &moved {
        transaction.want_binding(endpoint, Some(to))?;
    }
    transaction.want_renewal(to, view.upcoming_renewal.as_ref())?;
    transaction.put(deletion(&transaction, &view, Some(to.clone())));
    transaction.finish()?;
    Ok(Outcome { copy, moved })
}
