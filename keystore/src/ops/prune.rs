//! `prune`: what no kept generation needs is removed. [`plan`] says what would go; [`prune`] does it.

use std::collections::BTreeSet;

use super::Error;
use crate::model::VersionNumber;
use crate::name::KeyPath;
use crate::progress::Progress;
use crate::store::{Keystore, PrunePlan, PruneRequest, ServerCut, Snapshot};

/// What a prune would remove.
///
/// # Errors
/// When a key that is named has no private key that waits for a certificate, or something staged needs it; and when
/// the keystore can't be read or what is to be kept is damaged.
pub fn plan(snapshot: &Snapshot<'_>, request: &PruneRequest, progress: &dyn Progress) -> Result<PrunePlan, Error> {
    for key in &request.pending {
        // One that was deleted may be named too.
        if snapshot.facts(key.server())?.key(key).is_none() {
            return Err(Error::KeyNotFound { key: key.clone() });
        }
    }
    let plan = snapshot.plan_prune(request, progress)?;
    for key in &request.pending {
        let cut = plan.servers.get(key.server());
        let among = |keys: fn(&ServerCut) -> &BTreeSet<(KeyPath, VersionNumber)>| {
            cut.is_some_and(|cut| keys(cut).iter().any(|(other, _)| other == key))
        };
        if !among(|cut| &cut.pending) {
            let key = key.clone();
            let is_staged = among(|cut| &cut.waiting);
            return Err(if is_staged { Error::KeyStaged { key } } else { Error::NothingWaits { key } });
        }
    }
    Ok(plan)
}

/// Removes what a plan names and nothing needs by now; returns what was removed.
///
/// # Errors
/// When a lock is not to be had, when what is kept is damaged, or when the disk refuses. What is kept is whole then.
pub fn prune(keystore: &Keystore, plan: &PrunePlan, progress: &dyn Progress) -> Result<PrunePlan, Error> {
    Ok(keystore.prune(plan, progress)?)
}
