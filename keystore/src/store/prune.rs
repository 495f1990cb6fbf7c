//! The removal of what no kept generation needs. [`PrunePlan`] says what would go; [`Keystore::prune`] removes of it
//! what is still not needed then. Wherever a crash comes, the keystore is whole: the base that says what was cut off
//! is durable before a record goes, and so is the index that no longer names a private key before that goes.

mod plan;

use std::collections::BTreeSet;

use serde::Serialize;

pub use plan::{PrunePlan, PruneRequest, ServerCut};

use super::facts::{self, Folder};
use super::layout::{self, PRIVATE_FILE, StorePath};
use super::log::Descent;
use super::reach::Reach;
use super::{Base, Disk, DiskError, Keystore, Snapshot, StoreError, attempt, format, lock, staged};
use crate::digest::Digest;
use crate::model::{Generation, ServerFacts, VersionNumber};
use crate::name::{Endpoint, KeyPath, ServerName};
use crate::parallel;
use crate::progress::Progress;
use crate::timestamp::Timestamp;
use crate::world::Actor;

/// What `pruned.json` says. It stands in a version's folder before the index forgets the version, so that nobody takes
/// what is left for a private key that got lost; and it stays where the number would be used again without it.
#[derive(Serialize)]
struct Mark<'a> {
    time: Timestamp,
    actor: &'a Actor,
}

impl Keystore {
    /// Removes what a plan names and nothing needs by now. Holds the lock for publishing to the end, and the one for
    /// facts while those of one server are removed. Returns what was removed.
    ///
    /// # Errors
    /// When a lock is not to be had, when what is kept is damaged, or when the disk refuses. What was removed by then
    /// is gone, and the rest is as it was.
    pub fn prune(&self, plan: &PrunePlan, progress: &dyn Progress) -> Result<PrunePlan, StoreError> {
        let committing = self.begin_commit()?;
        let snapshot = committing.snapshot()?;
        progress.begin("Removing", plan.count());
        let (reach, parent) = kept(&snapshot, plan.through)?;
        let removal = Removal { keystore: self, snapshot: &snapshot, reach: &reach, plan, progress };
        let mut done = PrunePlan { generation: snapshot.generation(), ..plan.clone() };
        removal.records(parent)?;
        done.objects = removal.objects()?;
        for (server, cut) in &mut done.servers {
            *cut = removal.server(server, cut)?;
        }
        done.live = removal.live()?;
        Ok(done)
    }
}

/// What the generations after `through` need, and the hash that the oldest of their records names as its parent.
fn kept(snapshot: &Snapshot<'_>, through: Generation) -> Result<(Reach, Option<Digest>), StoreError> {
    let (mut reach, mut parent) = (Reach::default(), None);
    for step in Descent::from(snapshot.disk, &snapshot.head)? {
        let record = step?.record;
        if record.generation <= through {
            break;
        }
        reach.take(snapshot.disk, &record)?;
        parent = record.parent;
    }
    Ok((reach, parent))
}

struct Removal<'a> {
    keystore: &'a Keystore,
    snapshot: &'a Snapshot<'a>,
    reach: &'a Reach,
    plan: &'a PrunePlan,
    progress: &'a dyn Progress,
}

impl Removal<'_> {
    fn disk(&self) -> &dyn Disk {
        self.keystore.disk()
    }

    /// Cuts the oldest records off, with the attempts to publish them, once the base that stands in for them is durable.
    fn records(&self, parent: Option<Digest>) -> Result<(), StoreError> {
        let (keystore, through) = (self.keystore, self.plan.through);
        let is_cut = self.snapshot.base()?.is_some_and(|base| base.covers(through));
        if is_cut {
            // Whoever wrote it may not have lived to make it durable.
            self.disk().sync_names(&layout::commits())?;
        } else if let Some(hash) = parent {
            let id = keystore.config().id.clone();
            let (time, actor) = (keystore.world().now(), keystore.world().actor.clone());
            Base { format: format::VERSION, keystore: id, through, hash, time, actor }.store(self.disk())?;
        }
        for generation in &self.plan.records {
            self.disk().discard(&layout::commit(*generation))?;
            self.progress.advance(1);
        }
        for generation in attempt::kept(self.disk())?.range(..=through) {
            self.disk().discard(&layout::attempt(*generation))?;
        }
        Ok(())
    }

    fn objects(&self) -> Result<BTreeSet<Digest>, StoreError> {
        let gone: BTreeSet<_> = &self.plan.objects - &self.reach.objects;
        self.remove_each(&Vec::from_iter(&gone), |object| self.disk().discard(&layout::state_object(**object)))?;
        Ok(gone)
    }

    /// What of a server's plan nothing needs by now.
    fn server(&self, server: &ServerName, planned: &ServerCut) -> Result<ServerCut, StoreError> {
        if planned.is_empty() {
            return Ok(planned.clone());
        }
        let disk = self.disk();
        let _writing = lock::writing(disk, self.keystore.world())?.in_doubt();
        // No commit runs meanwhile: what the last one took is no longer staged.
        let stage = staged::load(disk)?.without(&self.snapshot.head.change_sets);
        let cut = self.snapshot.server_cut(server, self.reach, &stage, &self.plan.request)?.and(planned);
        self.remove_each(&Vec::from_iter(&cut.certificates), |(key, version, number)| {
            // Where a certificate stands, its chain does too.
            disk.discard(&layout::certificate(key, *version, *number))?;
            disk.discard(&layout::chain(key, *version, *number))
        })?;
        self.private_keys(server, &cut)?;
        Ok(cut)
    }

    /// Forgets private keys, and then removes them: whatever is left by a crash in between bears its mark.
    fn private_keys(&self, server: &ServerName, cut: &ServerCut) -> Result<(), StoreError> {
        let forgotten: BTreeSet<_> = &cut.private_keys | &cut.pending;
        let gone: BTreeSet<_> = &forgotten | &cut.left_over;
        if gone.is_empty() {
            return Ok(());
        }
        let index = self.forget(server, &forgotten)?;
        let disk = self.disk();
        let folders = facts::folders(disk, server)?;
        let goes = |(_, folder): &(usize, &Folder)| gone.contains(&(folder.key.clone(), folder.version));
        let emptied: Vec<_> = folders.iter().enumerate().filter(goes).collect();
        self.remove_each(&emptied, |(_, folder)| empty(disk, folder))?;
        disk.sync_batch(&emptied.iter().map(|(_, folder)| layout::version(&folder.key, folder.version)).collect())?;
        // The mark alone is left. Where nothing else tells that the number is spent, it stays.
        parallel::each_at_disk(self.snapshot.threads, &emptied, |(at, folder)| {
            let is_needless = folder.is_outranked(&folders[at + 1..], &index);
            if is_needless { disk.discard_folder(&layout::version(&folder.key, folder.version)) } else { Ok(()) }
        })?;
        Ok(())
    }

    /// Removes things that do not depend on each other.
    fn remove_each<T: Sync>(
        &self,
        items: &[T],
        remove: impl Fn(&T) -> Result<(), DiskError> + Sync,
    ) -> Result<(), DiskError> {
        parallel::each_at_disk(self.snapshot.threads, items, |item| {
            let removed = remove(item);
            self.progress.advance(1);
            removed
        })?;
        Ok(())
    }

    /// The index without these private keys, which are marked first.
    fn forget(
        &self,
        server: &ServerName,
        gone: &BTreeSet<(KeyPath, VersionNumber)>,
    ) -> Result<ServerFacts, StoreError> {
        let mut index = self.snapshot.facts(server)?;
        if gone.is_empty() {
            return Ok(index);
        }
        let (disk, world) = (self.disk(), self.keystore.world());
        let mark = format::encode(&Mark { time: world.now(), actor: &world.actor });
        for (key, version) in gone {
            disk.put(&layout::pruned(key, *version), &mark, PRIVATE_FILE, !disk.can_sync_everything())?;
            index.forget(key, *version);
        }
        disk.sync_batch(&gone.iter().map(|(key, version)| layout::version(key, *version)).collect())?;
        facts::store(disk, server, &index)?;
        Ok(index)
    }

    /// Removes the files of endpoints that are bound to nothing.
    fn live(&self) -> Result<BTreeSet<Endpoint>, StoreError> {
        if self.plan.live.is_empty() {
            return Ok(BTreeSet::new());
        }
        let (disk, threads) = (self.disk(), self.snapshot.threads);
        let gone = &self.snapshot.unbound()? & &self.plan.live;
        let folders: BTreeSet<_> = gone.iter().map(layout::live_endpoint).collect();
        // First what a service goes through, durably: it reads whole pairs, or none.
        let endpoints = Vec::from_iter(&gone);
        parallel::each_at_disk(threads, &endpoints, |endpoint| disk.discard(&layout::live_current(endpoint)))?;
        disk.sync_batch(&folders)?;
        self.remove_each(&Vec::from_iter(&folders), |folder| disk.discard_tree(folder))?;
        let protocols: BTreeSet<_> = folders.iter().filter_map(StorePath::parent).collect();
        let servers: BTreeSet<_> = protocols.iter().filter_map(StorePath::parent).collect();
        for folder in protocols.iter().chain(&servers) {
            discard_if_empty(disk, folder)?;
        }
        // The private keys in there are not to come back.
        let mut above: BTreeSet<_> = protocols.into_iter().chain(servers).chain([layout::live()]).collect();
        above.retain(|folder| disk.exists(folder).unwrap_or(true));
        disk.sync_batch(&above)?;
        Ok(gone)
    }
}

/// Removes what stands in a version's folder, but for its mark.
fn empty(disk: &dyn Disk, folder: &Folder) -> Result<(), DiskError> {
    let Folder { key, version, names } = folder;
    // First what could be mistaken for something that got lost.
    disk.discard(&layout::private_key(key, *version))?;
    let mark = layout::pruned(key, *version);
    let mut others = names.iter().filter(|name| mark.file_name() != Some(name.as_str()));
    others.try_for_each(|name| disk.discard(&layout::version(key, *version).join(name)))
}

fn discard_if_empty(disk: &dyn Disk, folder: &StorePath) -> Result<(), DiskError> {
    if disk.names(folder)?.is_empty() { disk.discard_folder(folder) } else { Ok(()) }
}
