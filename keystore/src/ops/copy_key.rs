//! `copy-key`: a key under a second name, with its private keys, requests and certificates. Bindings stay where they
//! are.

use std::collections::{BTreeMap, BTreeSet};

use super::{Error, settled_key};
use crate::change::Change;
use crate::model::{Installed, KeyView, VersionNumber};
use crate::name::KeyPath;
use crate::store::{Keystore, Transaction};

/// What was copied.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The key.
    pub from: KeyPath,
    /// Its copy.
    pub to: KeyPath,
    /// The number that each of its versions has there.
    pub versions: BTreeMap<VersionNumber, VersionNumber>,
    /// What the copy runs on.
    pub current: Option<Installed>,
}

/// Stages a copy of `from` called `to`. Its files are there at once, and in no tree before the commit.
///
/// # Errors
/// When there is no `from`, when there is a `to` already, when changes of either are staged, or when the disk refuses.
pub fn copy_key(keystore: &Keystore, from: &KeyPath, to: &KeyPath) -> Result<Outcome, Error> {
    let mut transaction = keystore.write()?;
    let (_, outcome) = stage_copy(&mut transaction, from, to)?;
    transaction.finish()?;
    Ok(outcome)
}

/// Makes the copy and stages it. Returns what it is a copy of as well.
pub(super) fn stage_copy(
    transaction: &mut Transaction<'_>,
    from: &KeyPath,
    to: &KeyPath,
) -> Result<(KeyView, Outcome), Error> {
    let view = settled_key(transaction, from)?;
    if let Some(there) = transaction.key(to)? {
        return Err(Error::is_there(&there));
    }
    let versions = transaction.copy_versions(&view, to)?;
    let renumbered = |installed: &Installed| {
        let version = versions.get(&installed.version).copied();
        version.map(|version| Installed { version, ..installed.clone() })
    };
    let current = view.current.as_ref().and_then(|current| renumbered(&current.installed));
    transaction.put(Change::CopyKey {
        from: from.clone(),
        to: to.clone(),
        versions: versions.values().copied().collect::<BTreeSet<_>>(),
        current: current.clone().map(Box::new),
    });
    Ok((view, Outcome { from: from.clone(), to: to.clone(), versions, current }))
}
