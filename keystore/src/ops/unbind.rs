//! `unbind`: endpoints from their keys. What was published there stays until something else is.

use super::Error;
use crate::name::{Endpoint, KeyPath};
use crate::store::Keystore;

/// An endpoint that was freed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Freed {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// What it was bound to.
    pub before: KeyPath,
}

/// Stages that endpoints are bound to nothing.
///
/// # Errors
/// When one of them is bound to nothing already, or the disk refuses; then none is freed.
pub fn unbind(keystore: &Keystore, endpoints: &[Endpoint]) -> Result<Vec<Freed>, Error> {
    let mut transaction = keystore.write()?;
    let mut freed = Vec::new();
    for endpoint in endpoints {
        let bound = transaction.upcoming_binding(endpoint)?;
        let before = bound.ok_or_else(|| Error::NotBound { endpoint: endpoint.clone() })?;
        transaction.want_binding(endpoint, None)?;
        freed.push(Freed { endpoint: endpoint.clone(), before });
    }
    transaction.finish()?;
    Ok(freed)
}
