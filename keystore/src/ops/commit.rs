//! `commit`: the staged changes take effect, all at once.
//!
//! [`plan`] decides, purely, what would happen; [`Plan::propose`] gathers the files; the states of
//! `store::publication` do it. Whoever drives them tests, reloads and proves the services in between.

use std::collections::{BTreeMap, BTreeSet};

use super::publish::{ToPublish, Unlocked};
use super::warning::covers;
use super::{Error, Fault, Warning};
use crate::change::{Change, Conflict, Stage};
use crate::model::{Compromise, Generation, Installed, KeyEntry, State};
use crate::name::{Endpoint, KeyPath};
use crate::store::{EndpointChange, Pair, Proposal, Snapshot, StoreError};
use crate::timestamp::Timestamp;

/// What a commit would do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The generation it is made on.
    pub base: Generation,
    /// The changes.
    pub stage: Stage,
    /// What happens to each endpoint.
    pub endpoints: Vec<EndpointChange>,
    /// Why it is refused.
    pub faults: Vec<Fault>,
    /// What to look at.
    pub warnings: Vec<Warning>,
    state: State,
    /// What is to be published.
    pub publish: ToPublish,
}

impl Plan {
    /// Whether there is nothing to commit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stage.is_empty()
    }

    /// Refuses a plan that has faults, or, when `strict`, warnings.
    ///
    /// # Errors
    /// All faults, or all warnings.
    pub fn check(&self, strict: bool) -> Result<(), Error> {
        if !self.faults.is_empty() {
            return Err(Error::Refused { faults: self.faults.clone() });
        }
        if strict && !self.warnings.is_empty() {
            return Err(Error::Warned { warnings: self.warnings.clone() });
        }
        Ok(())
    }

    /// Gathers the files to be published and checks that each private key and its certificate belong together.
    ///
    /// # Errors
    /// As [`ToPublish::gather`].
    pub fn propose(
        self,
        snapshot: &Snapshot<'_>,
        unlocked: &Unlocked,
        message: Option<String>,
    ) -> Result<Proposal, Error> {
        Ok(Proposal {
            publications: self.publish.gather(snapshot, unlocked)?,
            base: self.base,
            stage: self.stage,
            apart: false,
            state: self.state,
            endpoints: self.endpoints,
            message,
        })
    }

    /// Leaves publishing for later: the commit is recorded, and services go on with what they have.
    #[must_use]
    pub fn without_publishing(self) -> Self {
        Self { publish: ToPublish::default(), ..self }
    }
}

/// Plans the commit of everything that is staged.
///
/// # Errors
/// When the keystore can't be read. What is wrong with the changes is in the plan.
pub fn plan(snapshot: &Snapshot<'_>, now: Timestamp) -> Result<Plan, StoreError> {
    let (before, after) = snapshot.before_and_after()?;
    let mut plan = Plan {
        base: snapshot.generation(),
        stage: snapshot.stage().clone(),
        endpoints: Vec::new(),
        faults: Vec::new(),
        warnings: Vec::new(),
        state: State::default(),
        publish: ToPublish::default(),
    };
    match after {
        Ok(after) => plan.state = after,
        Err(conflicts) => {
            plan.faults = conflicts.into_iter().map(Fault::Conflict).collect();
            return Ok(plan);
        }
    }
    let rebound = plan.rebound();
    plan.compare(&before, &rebound);
    plan.publish_services(snapshot)?;
    plan.find_faults(snapshot, now)?;
    plan.find_warnings(&rebound);
    Ok(plan)
}

impl Plan {
    fn rebound(&self) -> BTreeSet<Endpoint> {
        self.stage.changes().filter_map(Change::endpoint).cloned().collect()
    }

    /// The keys that get a certificate.
    fn renewed(&self) -> BTreeSet<&KeyPath> {
        let renewals = |change: &&Change| !matches!(change, Change::SetRenewal { .. });
        self.stage.changes().filter(renewals).filter_map(Change::key).collect()
    }

    /// The keys that are wanted back whatever was wrong with them, and when that was said.
    fn forced(&self) -> BTreeMap<KeyPath, Timestamp> {
        let mut forced = BTreeMap::new();
        for set in &self.stage.sets {
            for change in &set.changes {
                if let Change::RestoreKey { key, forced: true, .. } = change {
                    forced.insert(key.clone(), set.since);
                }
            }
        }
        forced
    }

    /// Works out which endpoints serve something else afterwards.
    fn compare(&mut self, before: &State, rebound: &BTreeSet<Endpoint>) {
        let mut keys: BTreeMap<Endpoint, (Option<KeyPath>, Option<KeyPath>)> = BTreeMap::new();
        for key in self.renewed() {
            let bound = self.state.key(key).into_iter().flat_map(|entry| &entry.bound);
            keys.extend(bound.map(|endpoint| (endpoint.clone(), (Some(key.clone()), Some(key.clone())))));
        }
        let bound_to = |state: &State, endpoint: &Endpoint| state.binding(endpoint).map(|binding| binding.key.clone());
        for endpoint in rebound {
            keys.insert(endpoint.clone(), (bound_to(before, endpoint), bound_to(&self.state, endpoint)));
        }
        let installed = |state: &State, key: Option<&KeyPath>| -> Option<(KeyPath, Installed)> {
            let key = key?;
            Some((key.clone(), state.current(key)?.installed.clone()))
        };
        for (endpoint, (from, to)) in keys {
            let (from, to) = (installed(before, from.as_ref()), installed(&self.state, to.as_ref()));
            let pair = |side: &Option<(KeyPath, Installed)>| side.as_ref().map(|(key, it)| Pair::of(key, it));
            let change = EndpointChange { endpoint: endpoint.clone(), from: pair(&from), to: pair(&to) };
            if change.from != change.to {
                self.endpoints.push(change);
                if let Some((key, installed)) = to {
                    self.publish.insert(endpoint, key, installed);
                }
            }
        }
    }

    /// What is said of a service takes effect with the next publication of its endpoints: that is this one.
    fn publish_services(&mut self, snapshot: &Snapshot<'_>) -> Result<(), StoreError> {
        let services: BTreeSet<_> =
            self.stage.changes().filter_map(Change::service).map(|(service, _)| service).collect();
        for service in services {
            for (endpoint, binding) in self.state.bindings_of(service) {
                let of = |state: &State| state.current(&binding.key).map(|current| current.installed.clone());
                let installed = match self.state.has(binding.key.server()) {
                    true => of(&self.state),
                    false => snapshot.look(binding.key.server(), of)?,
                };
                if let Some(installed) = installed {
                    self.publish.insert(endpoint, binding.key.clone(), installed);
                }
            }
        }
        Ok(())
    }

    fn find_faults(&mut self, snapshot: &Snapshot<'_>, now: Timestamp) -> Result<(), StoreError> {
        let mut without: BTreeMap<KeyPath, Vec<Endpoint>> = BTreeMap::new();
        for change in self.stage.changes() {
            if let Change::Bind { endpoint, key } = change
                && self.state.binding(endpoint).is_some_and(|binding| binding.key == *key)
                && self.state.current(key).is_none()
            {
                without.entry(key.clone()).or_default().push(endpoint.clone());
            }
        }
        let no_certificate = |(key, endpoints)| Fault::NoCertificate { key, endpoints };
        let mut faults: Vec<_> = without.into_iter().map(no_certificate).collect();
        faults.extend(self.deleted(snapshot)?);
        let (forced, mut waived) = (self.forced(), Vec::new());
        for (key, installed) in self.touched() {
            let mark = mark(snapshot, key, installed)?;
            let found = wrong(key, installed, mark.as_ref(), now);
            let Some(since) = forced.get(key) else {
                faults.extend(found);
                continue;
            };
            // What nobody could know of was not forced.
            let known = wrong(key, installed, mark.as_ref().filter(|mark| mark.marked <= *since), *since);
            let (forced, new): (Vec<_>, Vec<_>) = found.into_iter().partition(|fault| known.contains(fault));
            faults.extend(new);
            waived.extend(forced.into_iter().map(|fault| Warning::Forced { fault }));
        }
        waived.extend(self.without_authority(snapshot)?);
        self.faults.extend(faults);
        self.warnings = waived;
        Ok(())
    }

    /// Renewals by an authority that is not there any more: a rollback, or a stage that waited, says so again.
    fn without_authority(&self, snapshot: &Snapshot<'_>) -> Result<Vec<Warning>, StoreError> {
        let mut missing = Vec::new();
        for change in self.stage.changes() {
            if let Change::SetRenewal { key, renewal: Some(renewal) } = change
                && snapshot.authority(&renewal.authority)?.is_none()
            {
                missing.push(Warning::NoAuthority { key: key.clone(), authority: renewal.authority.clone() });
            }
        }
        Ok(missing)
    }

    /// Renewals that are said of keys which another commit took out of the tree: whoever is given the name next would
    /// have them.
    fn deleted(&self, snapshot: &Snapshot<'_>) -> Result<Vec<Fault>, StoreError> {
        let mut deleted = Vec::new();
        for change in self.stage.changes() {
            let Change::SetRenewal { key, renewal: Some(_) } = change else { continue };
            let facts = snapshot.facts_of(key)?.unwrap_or_default();
            let is_there = |entry: &KeyEntry| facts.versions.iter().any(|version| entry.has(version));
            if !self.state.key(key).is_some_and(is_there) {
                deleted.push(Fault::Conflict(Conflict::Deleted { key: key.clone() }));
            }
        }
        Ok(deleted)
    }

    /// Every key that is installed or newly published, once.
    fn touched(&self) -> BTreeMap<&KeyPath, &Installed> {
        let installs = self.renewed().into_iter().filter_map(|key| Some((key, &self.state.current(key)?.installed)));
        installs.chain(self.publish.iter().map(|(_, key, installed)| (key, installed))).collect()
    }

    fn find_warnings(&mut self, rebound: &BTreeSet<Endpoint>) {
        let mut warnings = Vec::new();
        for (key, installed) in self.touched() {
            warnings.extend(Warning::of_installed(key, installed));
        }
        for (endpoint, key, installed) in self.publish.iter().filter(|(endpoint, ..)| rebound.contains(endpoint)) {
            let names = &installed.summary.names;
            if !covers(names, endpoint) {
                let (endpoint, key, names) = (endpoint.clone(), key.clone(), names.clone());
                warnings.push(Warning::NotCovered { endpoint, key, names });
            }
        }
        self.warnings.extend(warnings);
    }
}

/// Why what is installed for a key should not be published.
pub(super) fn wrong(key: &KeyPath, installed: &Installed, mark: Option<&Compromise>, now: Timestamp) -> Vec<Fault> {
    let (version, reason) = (installed.version, |mark: &Compromise| mark.reason.clone());
    let compromised = mark.map(|mark| Fault::Compromised { key: key.clone(), version, reason: reason(mark) });
    Fault::of_installed(key, installed, now).into_iter().chain(compromised).collect()
}

/// Whether the private key may be known to somebody else.
pub(super) fn mark(
    snapshot: &Snapshot<'_>,
    key: &KeyPath,
    installed: &Installed,
) -> Result<Option<Compromise>, StoreError> {
    let version = snapshot.facts_of(key)?.and_then(|facts| facts.version(installed.version).cloned());
    Ok(version.and_then(|version| version.compromised))
}
