//! `rollback`: the bindings, certificates with their private keys, and services' settings of an earlier generation,
//! staged again.

use std::collections::{BTreeMap, BTreeSet};

use super::commit::{mark, wrong};
use super::diff::{changed_keys, changed_services, current};
use super::{Error, Fault};
use crate::change::Change;
use crate::model::{Generation, Installed, KeyEntry, Origin, Renewal, ServiceSettings, State, VersionNumber};
use crate::name::{Endpoint, KeyPath, ServicePath};
use crate::store::{Keystore, Snapshot, StoreError};
use crate::timestamp::Timestamp;

/// What was staged.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The newest generation, which stays until the commit.
    pub from: Generation,
    /// The generation that is wanted back.
    pub to: Generation,
    /// What leads there; nothing when it is the same already.
    pub changes: Vec<Change>,
    /// What would be refused without `force`.
    pub forced: Vec<Fault>,
    /// Keys that had no certificate then, and whose private keys were pruned since: they stay gone.
    pub pruned: BTreeSet<KeyPath>,
}

/// Stages what makes the keystore what it was at `generation`. Private keys made since then stay, as facts.
///
/// # Errors
/// When something is staged already, when there is no such generation, when a certificate that comes back has expired
/// or its private key is marked compromised and `force` is false, or when the disk refuses.
pub fn rollback(keystore: &Keystore, generation: Generation, force: bool) -> Result<Outcome, Error> {
    let mut transaction = keystore.write()?;
    let now = transaction.snapshot();
    if !transaction.stage().is_empty() {
        return Err(Error::StageNotEmpty);
    }
    let then = now.at(generation)?;
    let mut way = Way::between(now, &then)?;
    let forced = way.find_faults(now, &then, keystore.world().now())?;
    if !forced.is_empty() && !force {
        return Err(Error::RollbackRefused { generation, faults: forced });
    }
    let pruned = std::mem::take(&mut way.pruned);
    let (from, changes) = (now.generation(), way.changes(now)?);
    for change in &changes {
        transaction.put(change.clone());
    }
    transaction.finish()?;
    Ok(Outcome { from, to: generation, changes, forced, pruned })
}

/// What leads from one generation to another.
#[derive(Default)]
struct Way {
    /// Keys, as they are to be, and whether that must be forced.
    keys: BTreeMap<KeyPath, (KeyEntry, bool)>,
    /// Keys of which nothing is left to bring back.
    pruned: BTreeSet<KeyPath>,
    /// Endpoints, with what they are to be bound to.
    bindings: BTreeMap<Endpoint, Option<KeyPath>>,
    /// Keys, with how they are to be renewed.
    renewals: BTreeMap<KeyPath, Option<Box<Renewal>>>,
    /// Services, with what is to be said of them.
    services: BTreeMap<ServicePath, Option<ServiceSettings>>,
}

impl Way {
    fn between(now: &Snapshot<'_>, then: &Snapshot<'_>) -> Result<Self, StoreError> {
        let mut way = Self::default();
        let mut endpoints = BTreeSet::new();
        for server in now.differing_servers(then) {
            let changed = changed_services(now, then, &server)?;
            way.services.extend(changed.into_iter().map(|change| (change.service, change.to)));
            for (key, from, mut to) in changed_keys(now, then, &server)? {
                to.copied.extend(last_copies(now, &key, &from, &to)?);
                endpoints.extend(from.bound.iter().chain(&to.bound).cloned());
                let what = |entry: &KeyEntry| {
                    let installed = entry.current.as_ref().map(|current| current.installed.clone());
                    (installed, entry.deleted, entry.copied.clone())
                };
                if from.renewal != to.renewal {
                    way.renewals.insert(key.clone(), to.renewal.clone());
                }
                if what(&from) != what(&to) {
                    match is_gone(now, &key, &from, &to)? {
                        true => _ = way.pruned.insert(key),
                        false => _ = way.keys.insert(key, (to, false)),
                    }
                }
            }
        }
        for endpoint in endpoints {
            let to = then.committed_binding(&endpoint)?;
            if now.committed_binding(&endpoint)? != to {
                way.bindings.insert(endpoint, to);
            }
        }
        Ok(way)
    }

    /// Everything that is published again or made current again and should not be, marked to be forced.
    fn find_faults(
        &mut self,
        now: &Snapshot<'_>,
        then: &Snapshot<'_>,
        time: Timestamp,
    ) -> Result<Vec<Fault>, StoreError> {
        let mut wanted: BTreeMap<KeyPath, Installed> = BTreeMap::new();
        for key in self.keys.keys().chain(self.bindings.values().flatten()) {
            wanted.extend(current(then, key)?.map(|installed| (key.clone(), installed)));
        }
        let mut faults = Vec::new();
        for (key, installed) in wanted {
            let found = wrong(&key, &installed, mark(now, &key, &installed)?.as_ref(), time);
            if !found.is_empty() {
                faults.extend(found);
                let entry = then.look(key.server(), |state| state.key(&key).cloned().unwrap_or_default())?;
                self.keys.insert(key, (entry, true));
            }
        }
        Ok(faults)
    }

    fn changes(self, now: &Snapshot<'_>) -> Result<Vec<Change>, StoreError> {
        let restore = |(key, (entry, forced)): (KeyPath, (KeyEntry, bool))| {
            let since = |state: &State| state.current(&key).map_or(Generation::EMPTY, |current| current.since);
            let after = Some(now.look(key.server(), since)?);
            let current = entry.current.map(|current| Box::new(current.installed));
            let KeyEntry { deleted, copied, .. } = entry;
            Ok(Change::RestoreKey { key, current, deleted, copied, forced, after })
        };
        let rebind = |(endpoint, key)| match key {
            Some(key) => Change::Bind { endpoint, key },
            None => Change::Unbind { endpoint },
        };
        let set = |(service, settings): (_, Option<ServiceSettings>)| Change::SetService {
            service,
            settings: settings.map(Box::new),
        };
        let renewals = self.renewals.into_iter().map(|(key, renewal)| Change::SetRenewal { key, renewal });
        let keys: Vec<_> = self.keys.into_iter().map(restore).collect::<Result<_, StoreError>>()?;
        let bindings = self.bindings.into_iter().map(rebind);
        Ok(keys.into_iter().chain(renewals).chain(bindings).chain(self.services.into_iter().map(set)).collect())
    }
}

/// Whether a key would come back without a certificate, and all its private keys were pruned.
fn is_gone(now: &Snapshot<'_>, key: &KeyPath, from: &KeyEntry, to: &KeyEntry) -> Result<bool, StoreError> {
    if to.current.is_some() || to.deleted >= from.deleted {
        return Ok(false);
    }
    let facts = now.facts_of(key)?.unwrap_or_default();
    Ok(!facts.versions.iter().any(|version| Some(version.number) > to.deleted))
}

/// The copies of a key that would leave the tree although what they were copied from is gone: the private key would be in
/// no tree any more.
fn last_copies(
    now: &Snapshot<'_>,
    key: &KeyPath,
    from: &KeyEntry,
    to: &KeyEntry,
) -> Result<Vec<VersionNumber>, StoreError> {
    let facts = now.facts_of(key)?.unwrap_or_default();
    let mut last = Vec::new();
    for version in from.copied.difference(&to.copied) {
        let Some(Origin { key, version: copied }) = facts.version(*version).and_then(|it| it.copy_of.as_ref()) else {
            continue;
        };
        if now.facts_of(key)?.is_none_or(|facts| facts.version(*copied).is_none()) {
            last.push(*version);
        }
    }
    Ok(last)
}
