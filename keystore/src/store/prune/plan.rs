//! What a prune would remove, and why the rest stays.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;

use crate::change::Stage;
use crate::digest::Digest;
use crate::model::{CertificateNumber, Generation, KeyFacts, KeyView, Origin, VersionNumber};
use crate::name::{Endpoint, KeyPath, ServerName};
use crate::progress::Progress;
use crate::store::facts::Folder;
use crate::store::log::Descent;
use crate::store::reach::{Material, Reach};
use crate::store::{Disk, Snapshot, StoreError, facts, layout};

/// What to keep, and what may go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PruneRequest {
    /// How many of the newest generations are kept.
    pub keep: NonZeroU64,
    /// Whether private keys go that none of them needs.
    pub keys: bool,
    /// Keys whose private key goes although it waits for a certificate.
    pub pending: BTreeSet<KeyPath>,
    /// Whether the files of endpoints go that are bound to nothing.
    pub live: bool,
}

/// What nothing needs of one server.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ServerCut {
    /// Certificates with their chains.
    pub certificates: BTreeSet<(KeyPath, VersionNumber, CertificateNumber)>,
    /// Private keys, with their requests and certificates.
    pub private_keys: BTreeSet<(KeyPath, VersionNumber)>,
    /// Private keys that may wait for a certificate, and were named.
    pub pending: BTreeSet<(KeyPath, VersionNumber)>,
    /// What a prune was kept from removing.
    pub left_over: BTreeSet<(KeyPath, VersionNumber)>,
    /// Private keys that no kept generation needs, and that stay as they may wait for a certificate.
    pub waiting: BTreeSet<(KeyPath, VersionNumber)>,
}

impl ServerCut {
    /// Whether nothing goes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    fn count(&self) -> usize {
        self.certificates.len() + self.private_keys.len() + self.pending.len() + self.left_over.len()
    }

    /// What both say.
    pub(super) fn and(&self, other: &Self) -> Self {
        Self {
            certificates: &self.certificates & &other.certificates,
            private_keys: &self.private_keys & &other.private_keys,
            pending: &self.pending & &other.pending,
            left_over: &self.left_over & &other.left_over,
            waiting: self.waiting.clone(),
        }
    }
}

/// What a prune removes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PrunePlan {
    /// What was asked for.
    pub request: PruneRequest,
    /// The newest generation.
    pub generation: Generation,
    /// The newest generation that is not kept; the empty one when all are.
    pub through: Generation,
    /// The records that go.
    pub records: BTreeSet<Generation>,
    /// The files of the state that go.
    pub objects: BTreeSet<Digest>,
    /// What goes of each server.
    pub servers: BTreeMap<ServerName, ServerCut>,
    /// The endpoints whose files go.
    pub live: BTreeSet<Endpoint>,
}

impl PrunePlan {
    /// Whether nothing goes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    pub(super) fn count(&self) -> u64 {
        let servers: usize = self.servers.values().map(ServerCut::count).sum();
        (self.records.len() + self.objects.len() + servers + self.live.len()) as u64
    }
}

impl Snapshot<'_> {
    /// What a prune would remove.
    ///
    /// # Errors
    /// When the keystore can't be read, or what is to be kept is damaged.
    pub fn plan_prune(&self, request: &PruneRequest, progress: &dyn Progress) -> Result<PrunePlan, StoreError> {
        let disk = self.disk;
        let servers: Vec<ServerName> = disk.folders(&layout::servers())?;
        progress.begin("Looking for what is not needed", servers.len() as u64);
        let (through, reach) = self.kept(request.keep)?;
        let mut plan = PrunePlan {
            request: request.clone(),
            generation: self.generation(),
            through,
            records: records(disk, through)?,
            objects: objects(disk, &reach)?,
            servers: BTreeMap::new(),
            live: if request.live { self.unbound()? } else { BTreeSet::new() },
        };
        for server in servers {
            let cut = self.server_cut(&server, &reach, self.stage(), request)?;
            plan.servers.insert(server, cut);
            progress.advance(1);
        }
        plan.servers.retain(|_, cut| !cut.is_empty() || !cut.waiting.is_empty());
        Ok(plan)
    }

    /// The generation before the oldest of the newest `keep`, and what these reach.
    fn kept(&self, keep: NonZeroU64) -> Result<(Generation, Reach), StoreError> {
        let (mut through, mut reach) = (self.generation(), Reach::default());
        let keep = usize::try_from(keep.get()).unwrap_or(usize::MAX);
        for step in Descent::from(self.disk, &self.head)?.take(keep) {
            reach.take(self.disk, &step?.record)?;
            through = Generation(through.0 - 1);
        }
        Ok((through, reach))
    }

    /// The endpoints that have files and are bound to nothing.
    pub(super) fn unbound(&self) -> Result<BTreeSet<Endpoint>, StoreError> {
        let mut unbound = BTreeSet::new();
        for server in self.live_servers()? {
            for endpoint in self.live_endpoints(&server)? {
                if self.committed_binding(&endpoint)?.is_none() {
                    unbound.insert(endpoint);
                }
            }
        }
        Ok(unbound)
    }

    /// What nothing needs of one server, with a stage that may be newer than this.
    pub(super) fn server_cut(
        &self,
        server: &ServerName,
        reach: &Reach,
        stage: &Stage,
        request: &PruneRequest,
    ) -> Result<ServerCut, StoreError> {
        let mut needed = reach.material(self.disk, server)?;
        needed.add_staged(stage, server);
        let facts = self.facts(server)?;
        self.check_index(server, &facts)?;
        let is_indexed = self.disk.exists(&layout::facts(server))?;
        let folders = facts::folders(self.disk, server)?;
        let mut judge = Judge { disk: self.disk, request, stage, needed, is_indexed, cut: ServerCut::default() };
        for (at, folder) in folders.iter().enumerate() {
            let key = &folder.key;
            match facts.key(key) {
                Some(key_facts) if key_facts.version(folder.version).is_some() => {
                    let (view, waiting) = self.look(server, |state| {
                        let entry = state.key(key);
                        let view = KeyView::join(key.clone(), key_facts.clone(), entry, stage.upcoming(key, entry));
                        (view, entry.is_some_and(|entry| entry.waiting.contains(&folder.version)))
                    })?;
                    judge.version(folder, key_facts, view.as_ref(), waiting)?;
                }
                _ => judge.nameless(folder, folder.is_outranked(&folders[at + 1..], &facts)),
            }
        }
        Ok(judge.cut)
    }
}

/// Decides, folder by folder.
struct Judge<'a> {
    disk: &'a dyn Disk,
    request: &'a PruneRequest,
    stage: &'a Stage,
    needed: Material,
    /// Whether the server has an index.
    is_indexed: bool,
    cut: ServerCut,
}

impl Judge<'_> {
    /// A version that the index names. There is no view of a key that is not in the tree; `waited` says that this one
    /// waited for its certificate when it left.
    fn version(
        &mut self,
        folder: &Folder,
        facts: &KeyFacts,
        view: Option<&KeyView>,
        waited: bool,
    ) -> Result<(), StoreError> {
        let Folder { key, version, .. } = folder;
        let needed: BTreeSet<_> = self.needed.of(key, *version).map(|(number, _)| number).collect();
        let there = folder.certificates();
        let is_staged = self.stage.changes().any(|change| change.brings(key, *version));
        if needed.is_empty() && !is_staged && !self.needed.has_copy(key, *version) {
            let place = (key.clone(), *version);
            let waits = self.waits(*version, facts, view, there.is_empty() || waited)?;
            let is_named = self.request.pending.contains(key);
            if waits && is_named && !self.stage.changes().any(|change| change.names_key(key)) {
                self.cut.pending.insert(place);
                return Ok(());
            }
            if waits {
                self.cut.waiting.insert(place);
            } else if self.request.keys {
                self.cut.private_keys.insert(place);
                return Ok(());
            }
        }
        // The newest stays with its private key: it tells that there was one, and which numbers are spent.
        let newest = there.last().copied();
        let gone = there.into_iter().filter(|number| !needed.contains(number) && Some(*number) != newest);
        self.cut.certificates.extend(gone.map(|number| (key.clone(), *version, number)));
        Ok(())
    }

    /// Whether a private key may still get its certificate: it never had one, or is the next in line. What a copy that is
    /// in no tree waits for, the one that it is a copy of waits for too, as long as that one stays.
    fn waits(
        &self,
        number: VersionNumber,
        facts: &KeyFacts,
        view: Option<&KeyView>,
        is_unanswered: bool,
    ) -> Result<bool, StoreError> {
        let Some(view) = view.filter(|view| view.facts.version(number).is_some()) else {
            let origin = facts.version(number).and_then(|version| version.copy_of.as_ref());
            return Ok(is_unanswered && !origin.map_or(Ok(false), |origin| self.waits_there(origin))?);
        };
        Ok(is_unanswered || view.waiting().is_some_and(|version| version.number == number))
    }

    /// Whether a private key that was copied is still there, waits itself, and stays.
    fn waits_there(&self, Origin { key, version }: &Origin) -> Result<bool, StoreError> {
        if self.request.pending.contains(key)
            || facts::load_key(self.disk, key)?.is_none_or(|it| it.version(*version).is_none())
        {
            return Ok(false);
        }
        Ok(facts::folder(self.disk, key, *version)?.certificates().is_empty())
    }

    /// A folder that the index does not name: what a prune was kept from removing says so. Anything else is for
    /// whoever repairs the keystore to look at.
    fn nameless(&mut self, folder: &Folder, is_outranked: bool) {
        if folder.is_given_up(self.is_indexed) && (folder.names.len() > 1 || is_outranked) {
            self.cut.left_over.insert((folder.key.clone(), folder.version));
        }
    }
}

/// The records that were cut off, or will be.
fn records(disk: &dyn Disk, through: Generation) -> Result<BTreeSet<Generation>, StoreError> {
    let names = disk.names(&layout::commits())?;
    let generations = names.iter().filter_map(|entry| layout::commit_generation(&entry.name));
    Ok(generations.filter(|generation| *generation <= through).collect())
}

/// The files of the state that no kept generation reaches.
fn objects(disk: &dyn Disk, reach: &Reach) -> Result<BTreeSet<Digest>, StoreError> {
    let names = disk.names(&layout::state())?;
    let there = names.iter().filter_map(|entry| layout::state_digest(&entry.name));
    Ok(there.filter(|object| !reach.objects.contains(object)).collect())
}
