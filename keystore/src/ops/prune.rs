//! `prune`: what no kept generation needs is removed. [`plan`] says what would go; [`prune`] does it.

use super::{Error, find_key};
use crate::model::{KeyView, Next};
use crate::progress::Progress;
use crate::store::{Keystore, PrunePlan, PruneRequest, Snapshot};

/// What a prune would remove.
///
/// # Errors
/// When a key that is named has no private key that waits for a certificate, or something staged needs it; and when
/// the keystore can't be read or what is to be kept is damaged.
pub fn plan(snapshot: &Snapshot<'_>, request: &PruneRequest, progress: &dyn Progress) -> Result<PrunePlan, Error> {
    for key in &request.pending {
        let view = find_key(snapshot, key)?;
        if !waits(&view) {
            return Err(Error::NothingWaits { key: key.clone() });
        }
        if snapshot.stage().changes().any(|change| change.names_key(key)) {
            return Err(Error::KeyStaged { key: key.clone() });
        }
    }
    Ok(snapshot.plan_prune(request, progress)?)
}

/// Whether a private key, other than the current one, waits for a certificate.
fn waits(view: &KeyView) -> bool {
    matches!(view.next, Some(Next::New(_) | Next::Pending { reused: false, .. }))
}

/// Removes what a plan names and nothing needs by now; returns what was removed.
///
/// # Errors
/// When a lock is not to be had, when what is kept is damaged, or when the disk refuses. What is kept is whole then.
pub fn prune(keystore: &Keystore, plan: &PrunePlan, progress: &dyn Progress) -> Result<PrunePlan, Error> {
    Ok(keystore.prune(plan, progress)?)
}
