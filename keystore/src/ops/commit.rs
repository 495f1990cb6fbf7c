//! `commit`: the staged changes take effect, all at once.
//!
//! [`plan`] decides, purely, what would happen; [`Plan::propose`] gathers the files; the states of
//! `store::publication` do it. Whoever drives them tests, reloads and proves the services in between.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use zeroize::Zeroizing;

use super::warning::covers;
use super::{Error, Warning};
use crate::change::{Change, Conflict, Stage};
use crate::model::{Generation, Installed, State, VersionNumber};
use crate::name::{Endpoint, KeyPath};
use crate::pki::{PrivateKey, PrivateKeyError, PrivateKeyFile};
use crate::store::{EndpointChange, Keystore, Pair, Proposal, Publication, Snapshot, StoreError};
use crate::timestamp::Timestamp;

/// Why a plan is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A change cannot be applied.
    Conflict(Conflict),
    /// Endpoints would be bound to a key that has no certificate.
    NoCertificate {
        /// The key.
        key: KeyPath,
        /// Its endpoints.
        endpoints: Vec<Endpoint>,
    },
    /// The certificate has expired.
    Expired {
        /// The key.
        key: KeyPath,
        /// When.
        not_after: Timestamp,
    },
    /// The certificate is not valid yet.
    NotYetValid {
        /// The key.
        key: KeyPath,
        /// From when on it is.
        not_before: Timestamp,
    },
    /// The certificate is not for the private key.
    KeyMismatch {
        /// The key.
        key: KeyPath,
        /// The private key's version.
        version: VersionNumber,
    },
}

impl Fault {
    /// A short word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Conflict(_) => "conflict",
            Self::NoCertificate { .. } => "no-certificate",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::KeyMismatch { .. } => "key-mismatch",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict(conflict) => conflict.fmt(f),
            Self::NoCertificate { key, endpoints } => {
                let endpoints: Vec<_> = endpoints.iter().map(ToString::to_string).collect();
                write!(f, "{key} has no certificate, and would be bound to {}", endpoints.join(", "))
            }
            Self::Expired { key, not_after } => write!(f, "the certificate of {key} expired at {not_after}"),
            Self::NotYetValid { key, not_before } => {
                write!(f, "the certificate of {key} is not valid before {not_before}")
            }
            Self::KeyMismatch { key, version } => {
                write!(f, "the certificate of {key} is not for its private key (version {version})")
            }
        }
    }
}

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
    /// What is to be published, by endpoint.
    publish: BTreeMap<Endpoint, (KeyPath, Installed)>,
}

/// An encrypted private key that must be opened before a commit.
pub type LockedKey = (KeyPath, VersionNumber);

impl Plan {
    /// Whether there is nothing to commit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stage.is_empty()
    }

    /// The encrypted private keys that would be published.
    #[must_use]
    pub fn locked_keys(&self) -> BTreeSet<LockedKey> {
        let encrypted = self.publish.values().filter(|(_, installed)| installed.encrypted);
        encrypted.map(|(key, installed)| (key.clone(), installed.version)).collect()
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
    /// When a file can't be read or isn't the one that was written, when an encrypted private key is not among
    /// `unlocked`, or when a pair does not belong together.
    pub fn propose(
        self,
        snapshot: &Snapshot<'_>,
        unlocked: &BTreeMap<LockedKey, PrivateKey>,
        message: Option<String>,
    ) -> Result<Proposal, Error> {
        let pairs: BTreeMap<LockedKey, &Installed> =
            self.publish.values().map(|(key, installed)| ((key.clone(), installed.version), installed)).collect();
        let mut files = BTreeMap::new();
        let mut faults = Vec::new();
        for (pair, installed) in pairs {
            match read_pair(snapshot, &pair.0, installed, unlocked)? {
                Ok(read) => _ = files.insert(pair, read),
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(Error::Refused { faults });
        }
        let publications = self.publish.iter().filter_map(|(endpoint, (key, installed))| {
            let (private_key, certificate, chain) = files.get(&(key.clone(), installed.version))?.clone();
            Some(Publication { endpoint: endpoint.clone(), private_key, certificate, chain })
        });
        Ok(Proposal {
            publications: publications.collect(),
            base: self.base,
            stage: self.stage,
            state: self.state,
            endpoints: self.endpoints,
            message,
        })
    }
}

type PairFiles = (Zeroizing<Vec<u8>>, Vec<u8>, Vec<u8>);

fn read_pair(
    snapshot: &Snapshot<'_>,
    key: &KeyPath,
    installed: &Installed,
    unlocked: &BTreeMap<LockedKey, PrivateKey>,
) -> Result<Result<PairFiles, Fault>, Error> {
    let version = installed.version;
    let wrong = |source: PrivateKeyError| Error::PrivateKey { key: key.clone(), source };
    let file = snapshot.installed_key_file(key, installed)?;
    let (spki, private_key) = match PrivateKeyFile::from_pem(&file).map_err(wrong)? {
        PrivateKeyFile::Plain(private_key) => (private_key.public_key().hash(), file),
        PrivateKeyFile::Encrypted(_) => {
            let private_key = unlocked.get(&(key.clone(), version));
            let private_key = private_key.ok_or_else(|| Error::NotUnlocked { key: key.clone(), version })?;
            (private_key.public_key().hash(), Zeroizing::new(private_key.to_pem().as_bytes().to_vec()))
        }
    };
    if spki != installed.spki {
        return Ok(Err(Fault::KeyMismatch { key: key.clone(), version }));
    }
    let (certificate, chain) = snapshot.certificate_files(key, installed)?;
    Ok(Ok((private_key, certificate, chain)))
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
        publish: BTreeMap::new(),
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
    plan.find_faults(now);
    plan.find_warnings(&rebound);
    Ok(plan)
}

impl Plan {
    fn rebound(&self) -> BTreeSet<Endpoint> {
        let endpoint = |change: &Change| match change {
            Change::Bind { endpoint, .. } | Change::Unbind { endpoint } => Some(endpoint.clone()),
            Change::InstallCertificate { .. } => None,
        };
        self.stage.changes().filter_map(endpoint).collect()
    }

    /// The keys that get a certificate.
    fn renewed(&self) -> BTreeSet<&KeyPath> {
        self.stage
            .changes()
            .filter_map(|change| match change {
                Change::InstallCertificate { key, .. } => Some(key),
                Change::Bind { .. } | Change::Unbind { .. } => None,
            })
            .collect()
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
                self.publish.extend(to.map(|to| (endpoint, to)));
            }
        }
    }

    fn find_faults(&mut self, now: Timestamp) {
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
        faults.extend(self.touched().into_iter().filter_map(|(key, installed)| invalid(key, installed, now)));
        self.faults.extend(faults);
    }

    /// Every key that is installed or newly published, once.
    fn touched(&self) -> BTreeMap<&KeyPath, &Installed> {
        let installs = self.renewed().into_iter().filter_map(|key| Some((key, &self.state.current(key)?.installed)));
        installs.chain(self.publish.values().map(|(key, installed)| (key, installed))).collect()
    }

    fn find_warnings(&mut self, rebound: &BTreeSet<Endpoint>) {
        let mut warnings = Vec::new();
        for (key, installed) in self.touched() {
            if !installed.issuer_known {
                warnings.push(Warning::IssuerMissing { key: key.clone(), issuer: installed.summary.issuer.clone() });
            }
        }
        for (endpoint, (key, installed)) in self.publish.iter().filter(|(endpoint, _)| rebound.contains(endpoint)) {
            let names = &installed.summary.names;
            if !covers(names, endpoint) {
                let (endpoint, key, names) = (endpoint.clone(), key.clone(), names.clone());
                warnings.push(Warning::NotCovered { endpoint, key, names });
            }
        }
        self.warnings = warnings;
    }
}

fn invalid(key: &KeyPath, installed: &Installed, now: Timestamp) -> Option<Fault> {
    let summary = &installed.summary;
    if summary.not_after < now {
        return Some(Fault::Expired { key: key.clone(), not_after: summary.not_after });
    }
    (summary.not_before > now).then(|| Fault::NotYetValid { key: key.clone(), not_before: summary.not_before })
}

/// The private key file of a locked key, to be opened.
///
/// # Errors
/// When it can't be read or is damaged.
pub fn locked_key_file(snapshot: &Snapshot<'_>, plan: &Plan, locked: &LockedKey) -> Result<PrivateKeyFile, Error> {
    let (key, version) = locked;
    let published = plan.publish.values().find(|(path, installed)| path == key && installed.version == *version);
    let (_, installed) = published.ok_or_else(|| Error::KeyNotFound { key: key.clone() })?;
    let bytes = snapshot.installed_key_file(key, installed)?;
    PrivateKeyFile::from_pem(&bytes).map_err(|source| Error::PrivateKey { key: key.clone(), source })
}

/// Commits everything that is staged without touching any service: what a caller without services does.
///
/// # Errors
/// When the plan is refused, or the disk refuses.
pub fn commit(
    keystore: &Keystore,
    unlocked: &BTreeMap<LockedKey, PrivateKey>,
    message: Option<String>,
) -> Result<Option<crate::store::Recorded>, Error> {
    let committing = keystore.begin_commit()?;
    let snapshot = committing.snapshot()?;
    let plan = plan(&snapshot, keystore.world().now())?;
    if plan.is_empty() {
        return Ok(None);
    }
    plan.check(false)?;
    let proposal = plan.propose(&snapshot, unlocked, message)?;
    Ok(Some(committing.prepare(&proposal)?.switch()?.record()?))
}
