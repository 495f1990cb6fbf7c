//! `publish`: what was committed and is not published, and the files that publishing needs.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::{Error, Fault};
use crate::model::{Generation, Installed, ServerStateBrief, State, VersionNumber};
use crate::name::{Endpoint, KeyPath, ServerName, ServicePath};
use crate::pki::{PrivateKey, PrivateKeyFile};
use crate::store::{Ownership, Placing, Publication, Snapshot, StoreError};

/// An encrypted private key that must be opened before it can be published.
pub type LockedKey = (KeyPath, VersionNumber);

/// Encrypted private keys that were opened.
pub type Unlocked = BTreeMap<LockedKey, PrivateKey>;

/// What is to be published, by endpoint.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ToPublish(BTreeMap<Endpoint, (KeyPath, Installed)>);

impl ToPublish {
    /// Adds an endpoint.
    pub(super) fn insert(&mut self, endpoint: Endpoint, key: KeyPath, installed: Installed) {
        self.0.insert(endpoint, (key, installed));
    }

    /// Whether there is nothing to publish.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each endpoint with its key and what is installed for that.
    pub fn iter(&self) -> impl Iterator<Item = (&Endpoint, &KeyPath, &Installed)> {
        self.0.iter().map(|(endpoint, (key, installed))| (endpoint, key, installed))
    }

    /// The services of these endpoints, each once.
    pub fn services(&self) -> impl Iterator<Item = &ServicePath> {
        self.0.keys().map(|endpoint| &endpoint.service).collect::<BTreeSet<_>>().into_iter()
    }

    fn pairs(&self) -> BTreeMap<LockedKey, &Installed> {
        self.iter().map(|(_, key, installed)| ((key.clone(), installed.version), installed)).collect()
    }

    /// The encrypted private keys among it.
    #[must_use]
    pub fn locked_keys(&self) -> BTreeSet<LockedKey> {
        self.pairs().into_iter().filter(|(_, installed)| installed.encrypted).map(|(locked, _)| locked).collect()
    }

    /// The private key file of a locked key, to be opened.
    ///
    /// # Errors
    /// When it can't be read or is damaged.
    pub fn locked_key_file(&self, snapshot: &Snapshot<'_>, locked: &LockedKey) -> Result<PrivateKeyFile, Error> {
        let key = &locked.0;
        let pairs = self.pairs();
        let installed = pairs.get(locked).ok_or_else(|| Error::KeyNotFound { key: key.clone() })?;
        let bytes = snapshot.installed_key_file(key, installed)?;
        PrivateKeyFile::from_pem(&bytes).map_err(|source| Error::PrivateKey { key: key.clone(), source })
    }

    /// Checks that every file is there and is the one that was written, as [`ToPublish::gather`] does, and opens none.
    ///
    /// # Errors
    /// When one can't be read or is damaged.
    pub fn check(&self, snapshot: &Snapshot<'_>) -> Result<(), Error> {
        for ((key, _), installed) in self.pairs() {
            snapshot.installed_key_file(&key, installed)?;
            snapshot.certificate_files(&key, installed)?;
        }
        Ok(())
    }

    /// Gathers the files and checks that each private key and its certificate belong together. What a service's settings
    /// add, ownership, files outside the keystore and telling it, is the caller's to fill in.
    ///
    /// # Errors
    /// When a file can't be read or isn't the one that was written, when an encrypted private key is not among
    /// `unlocked`, or when a pair does not belong together.
    pub fn gather(&self, snapshot: &Snapshot<'_>, unlocked: &Unlocked) -> Result<Vec<Publication>, Error> {
        let mut files = BTreeMap::new();
        let mut faults = Vec::new();
        for (pair, installed) in self.pairs() {
            match read_pair(snapshot, &pair.0, installed, unlocked)? {
                Ok(read) => _ = files.insert(pair, read),
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(Error::Refused { faults });
        }
        let publication = |(endpoint, key, installed): (&Endpoint, &KeyPath, &Installed)| {
            let (private_key, certificate, chain) = files.get(&(key.clone(), installed.version))?.clone();
            let (endpoint, ownership) = (endpoint.clone(), Ownership::default());
            let installs = Vec::new();
            Some(Publication { endpoint, private_key, certificate, chain, ownership, installs, told: false })
        };
        Ok(self.iter().filter_map(publication).collect())
    }
}

type PairFiles = (Zeroizing<Vec<u8>>, Vec<u8>, Vec<u8>);

fn read_pair(
    snapshot: &Snapshot<'_>,
    key: &KeyPath,
    installed: &Installed,
    unlocked: &Unlocked,
) -> Result<Result<PairFiles, Fault>, Error> {
    let version = installed.version;
    let wrong = |source| Error::PrivateKey { key: key.clone(), source };
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

/// An endpoint whose files are older than what was committed for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Behind {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The key it is bound to.
    pub key: KeyPath,
    /// The generation that it should be published from.
    pub committed: Generation,
    /// The generation that its files are from, when there are any.
    pub published: Option<Generation>,
}

/// An endpoint that is to be published.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unpublished {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The key it is bound to.
    pub key: KeyPath,
    /// What is installed for that key.
    pub installed: Installed,
    /// The generation that it should be published from.
    committed: Generation,
    /// The generation that its files are from, when there are any.
    published: Option<Generation>,
}

/// The endpoints that were committed and are not published, and those whose files are not the ones that were, or are
/// still as settings that were removed said: of these services, or of all when none is named. Reads every file, and
/// those outside the keystore that `placing` names.
///
/// # Errors
/// When the keystore can't be read.
pub fn unpublished_or_differing(
    snapshot: &Snapshot<'_>,
    services: &[ServicePath],
    placing: Option<Placing>,
) -> Result<Vec<Unpublished>, StoreError> {
    let mut found = Vec::new();
    for it in to_be_published(snapshot, services)? {
        let has_installed = || placing.map_or(Ok(true), |placing| snapshot.has_installed(&it.endpoint, placing));
        if it.is_behind() || !snapshot.serves(&it.endpoint, &it.installed)? || !has_installed()? {
            found.push(it);
        }
    }
    Ok(found)
}

impl Unpublished {
    fn is_behind(&self) -> bool {
        self.published < Some(self.committed)
    }
}

/// Every endpoint that is bound to a key with a certificate.
fn to_be_published(snapshot: &Snapshot<'_>, services: &[ServicePath]) -> Result<Vec<Unpublished>, StoreError> {
    let wanted = |service: &ServicePath| services.is_empty() || services.contains(service);
    let mut found = Vec::new();
    for server in snapshot.servers()? {
        if !services.is_empty() && services.iter().all(|service| service.server != server) {
            continue;
        }
        let mut state = State::default();
        state.load(server.clone(), snapshot.server(&server)?);
        for (endpoint, binding) in state.bindings().filter(|(endpoint, _)| wanted(&endpoint.service)) {
            let since = state.bound_since(&endpoint).unwrap_or(binding.since);
            found.extend(published_at(snapshot, endpoint, &binding.key, since)?);
        }
    }
    Ok(found)
}

fn published_at(
    snapshot: &Snapshot<'_>,
    endpoint: Endpoint,
    key: &KeyPath,
    since: Generation,
) -> Result<Option<Unpublished>, StoreError> {
    let Some(current) = snapshot.look(key.server(), |state| state.current(key).cloned())? else { return Ok(None) };
    let (committed, key) = (since.max(current.since), key.clone());
    let published = snapshot.published(&endpoint)?;
    Ok(Some(Unpublished { endpoint, key, installed: current.installed, committed, published }))
}

/// Whether an endpoint is older than the generation that it should be published from.
pub(super) fn behind(
    snapshot: &Snapshot<'_>,
    endpoint: Endpoint,
    key: &KeyPath,
    committed: Generation,
) -> Result<Option<Behind>, StoreError> {
    let (published, key) = (snapshot.published(&endpoint)?, key.clone());
    Ok((published < Some(committed)).then_some(Behind { endpoint, key, committed, published }))
}

/// What publishing these would need.
#[must_use]
pub fn to_publish(unpublished: &[Unpublished]) -> ToPublish {
    let each = |it: &Unpublished| (it.endpoint.clone(), (it.key.clone(), it.installed.clone()));
    ToPublish(unpublished.iter().map(each).collect())
}

/// Endpoints that have files under `live/` and are bound to nothing any more.
///
/// # Errors
/// When the keystore can't be read.
pub fn left_over(snapshot: &Snapshot<'_>) -> Result<Vec<Endpoint>, StoreError> {
    let servers = Vec::from_iter(snapshot.live_servers()?);
    let left = snapshot.each_server(&servers, |server, brief| left_over_at(snapshot, server, &brief.state));
    Ok(left?.concat())
}

/// The same of one server.
pub(super) fn left_over_at(
    snapshot: &Snapshot<'_>,
    server: &ServerName,
    state: &ServerStateBrief<'_>,
) -> Result<Vec<Endpoint>, StoreError> {
    let is_bound = |Endpoint { service, address }: &Endpoint| {
        state.services.get(&service.protocol).is_some_and(|service| service.bindings.contains_key(address))
    };
    let mut left = Vec::new();
    for endpoint in snapshot.live_endpoints(server)? {
        if !is_bound(&endpoint) && snapshot.published(&endpoint)?.is_some() {
            left.push(endpoint);
        }
    }
    Ok(left)
}
