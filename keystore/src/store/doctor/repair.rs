//! What is mended without any loss. Each step can be done twice, so that a repair that was cut off is done again; what
//! a step takes out of its place goes to `set-aside/`.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::super::aside::{copy_aside, move_aside};
use super::super::keystore::folders;
use super::super::layout::{self, PRIVATE_FILE, StorePath};
use super::super::lock::{self, Held};
use super::super::{Base, Config, Disk, StoreError, facts, format, recovery, staged};
use super::finding::Finding;
use super::remedy::{Remedy, Repair};
use super::{Diagnosis, Scope, examine, history};
use crate::model::{ServerFacts, VersionFacts};
use crate::name::{KeyPath, ServerName};
use crate::progress::Progress;
use crate::world::World;

/// A keystore that nobody else writes to until this is dropped.
pub struct Locked<'d> {
    disk: &'d dyn Disk,
    world: &'d World,
    _publishing: Held,
    _writing: Held,
}

/// A finding that a repair was tried for.
#[derive(Debug)]
pub struct Mended {
    /// What was found.
    pub finding: Finding,
    /// What was done about it.
    pub repair: Repair,
    /// How that went.
    pub result: Result<(), StoreError>,
}

impl<'d> Locked<'d> {
    /// Takes both locks, in the order in which a commit takes them.
    ///
    /// # Errors
    /// When another process holds one too long, or they can't be taken at all.
    pub fn take(disk: &'d dyn Disk, world: &'d World) -> Result<Self, StoreError> {
        let publishing = lock::publishing(disk, world)?;
        let writing = lock::writing(disk, world)?.in_doubt();
        Ok(Self { disk, world, _publishing: publishing, _writing: writing })
    }

    /// Looks again at whatever something was found in: nothing moves any more.
    ///
    /// # Errors
    /// As [`examine`].
    pub fn look_again(
        &self,
        scope: &Scope,
        found: &Diagnosis,
        progress: &dyn Progress,
    ) -> Result<Diagnosis, StoreError> {
        let scope = Scope { is_locked: true, ..scope.again(found) };
        let again = examine(self.disk, self.world, &scope, progress)?;
        Ok(Diagnosis { counts: found.counts, ..again })
    }

    /// Does every repair that a diagnosis names, and those that come to light by them: those of one rank, and then looks
    /// again, as a file whose mode was mended is judged by what is in it. Returns what was tried, and what is left.
    ///
    /// # Errors
    /// As [`examine`]. A repair that failed is among what was tried.
    pub fn repair(
        &self,
        scope: &Scope,
        mut found: Diagnosis,
        progress: &dyn Progress,
    ) -> Result<(Vec<Mended>, Diagnosis), StoreError> {
        let mut tried: Vec<Mended> = Vec::new();
        loop {
            let mut todo: Vec<(Finding, Repair)> = found.findings.iter().filter_map(automatic).collect();
            todo.retain(|(_, repair)| tried.iter().all(|mended| mended.repair != *repair));
            let Some(rank) = todo.iter().map(|(_, repair)| repair.rank()).min() else { return Ok((tried, found)) };
            todo.retain(|(_, repair)| repair.rank() == rank);
            // A commit that is finished or taken back changes what services read, wherever they are; a folder that can be
            // read again shows what nobody has looked at.
            let is_wide = todo.iter().any(|(_, repair)| matches!(repair, Repair::Recover | Repair::SetMode { .. }));
            tried.extend(self.apply_all(todo));
            found = if is_wide {
                examine(self.disk, self.world, &Scope { is_locked: true, ..scope.clone() }, progress)?
            } else {
                self.look_again(scope, &found, progress)?
            };
        }
    }
}

impl Locked<'_> {
    /// Does repairs of one rank. Those of one server's index are one write: each would copy the whole index aside.
    fn apply_all(&self, todo: Vec<(Finding, Repair)>) -> Vec<Mended> {
        let mut indexes: BTreeMap<ServerName, Vec<&[(KeyPath, VersionFacts)]>> = BTreeMap::new();
        for (_, repair) in &todo {
            if let Repair::WriteIndex { server, entries } = repair {
                indexes.entry(server.clone()).or_default().push(entries);
            }
        }
        indexes.retain(|_, repairs| repairs.len() > 1);
        // Where one of them is in the way of the others, each is done alone, and is told how that went.
        indexes.retain(|server, repairs| write_index(self.disk, self.world, server, &repairs.concat()).is_ok());
        let written: BTreeSet<ServerName> = indexes.into_keys().collect();
        let mend = |(finding, repair)| {
            let result = match &repair {
                Repair::WriteIndex { server, .. } if written.contains(server) => Ok(()),
                repair => apply(self.disk, self.world, repair),
            };
            Mended { finding, repair, result }
        };
        todo.into_iter().map(mend).collect()
    }
}

fn automatic(finding: &Finding) -> Option<(Finding, Repair)> {
    match &finding.remedy {
        Remedy::Automatic(repair) => Some((finding.clone(), repair.clone())),
        _ => None,
    }
}

fn apply(disk: &dyn Disk, world: &World, repair: &Repair) -> Result<(), StoreError> {
    match repair {
        Repair::SetMode { path, mode } => Ok(disk.mend_mode(path, *mode)?),
        Repair::MakeFolder { path, mode } => make_folder(disk, path, *mode),
        Repair::WriteConfig { id } => {
            copy_aside(disk, world, &layout::config())?;
            let text = Config::text(&id.clone().unwrap_or_else(|| world.new_id()), "");
            // Not by a temporary file: where that stands alone, a restore takes all that is there for its own and begins anew.
            disk.discard(&layout::config())?;
            disk.add(&layout::config(), text.as_bytes(), PRIVATE_FILE, true)?;
            Ok(disk.sync_names(&StorePath::root())?)
        }
        Repair::Recover => recovery::recover(disk, world.threads),
        Repair::SetAside { path } => move_aside(disk, world, path).map(drop),
        Repair::DropRecorded { sets } => {
            copy_aside(disk, world, &layout::stage())?;
            staged::store(disk, &staged::load(disk)?.without(sets))
        }
        Repair::WriteBase { keystore, through, hash } => {
            copy_aside(disk, world, &layout::base())?;
            let (time, actor) = (world.now(), world.actor.clone());
            let (keystore, through, hash) = (keystore.clone(), *through, *hash);
            Base { format: format::VERSION, keystore, through, hash, time, actor }.store(disk)
        }
        Repair::WriteState { digest, bytes } => {
            let path = layout::state_object(*digest);
            copy_aside(disk, world, &path)?;
            Ok(disk.put_durably(&path, bytes, PRIVATE_FILE)?)
        }
        Repair::WriteVersion { key, facts, .. } => {
            let path = layout::version_facts(key, facts.number);
            copy_aside(disk, world, &path)?;
            Ok(disk.put_durably(&path, &format::encode(&**facts), PRIVATE_FILE)?)
        }
        Repair::WriteIndex { server, entries } => write_index(disk, world, server, entries),
        Repair::WriteHead => {
            let newest = history::newest(disk)?;
            Ok(disk.put_durably(&layout::head_hint(), newest.to_string().as_bytes(), PRIVATE_FILE)?)
        }
        Repair::RemoveTemporary { path } => {
            disk.discard(path)?;
            Ok(path.parent().map_or(Ok(()), |folder| disk.sync_names(&folder))?)
        }
    }
}

fn make_folder(disk: &dyn Disk, path: &StorePath, mode: u32) -> Result<(), StoreError> {
    debug_assert!(folders().iter().any(|(folder, _)| folder == path), "the others are made by who fills them");
    let above = disk.ensure_folder(path, mode)?;
    Ok(above.iter().rev().try_for_each(|folder| disk.sync_names(folder))?)
}

/// Puts private keys into a server's index, beside what it says of others.
fn write_index(
    disk: &dyn Disk,
    world: &World,
    server: &ServerName,
    entries: &[(KeyPath, VersionFacts)],
) -> Result<(), StoreError> {
    let mut index = match facts::load(disk, server) {
        Ok(index) => index,
        Err(StoreError::Damaged { .. }) => ServerFacts::default(),
        Err(error) => return Err(error),
    };
    for (key, entry) in entries {
        let versions = &mut index.key_mut(key).versions;
        write_anew(disk, key, entry, versions.iter().find(|version| version.file == entry.file))?;
        versions.retain(|version| version.number != entry.number);
        versions.push(entry.clone());
        versions.sort_by_key(|version| version.number);
    }
    copy_aside(disk, world, &layout::facts(server))?;
    // An index names what is durable. What a crash left may not be.
    let folders = entries.iter().map(|(key, entry)| layout::version(key, entry.number));
    disk.sync_batch(&folders.flat_map(|folder| std::iter::successors(Some(folder), StorePath::parent)).collect())?;
    facts::store(disk, server, &index)
}

/// Writes the files again that an index is about to name and did not, with what says so beside them: where a sync of
/// them has failed, no later one makes them durable.
fn write_anew(
    disk: &dyn Disk,
    key: &KeyPath,
    entry: &VersionFacts,
    named: Option<&VersionFacts>,
) -> Result<(), StoreError> {
    let is_named = |file| named.is_some_and(|named| named.requests.iter().any(|request| request.file == file));
    let requests = entry.requests.iter().filter(|request| !is_named(request.file));
    let requests = requests.map(|request| layout::request(key, entry.number, request.number));
    let private_key = named.is_none().then(|| layout::private_key(key, entry.number));
    let facts = layout::version_facts(key, entry.number);
    private_key.into_iter().chain(requests).chain([facts]).try_for_each(|path| write_again(disk, &path))
}

fn write_again(disk: &dyn Disk, path: &StorePath) -> Result<(), StoreError> {
    match disk.load(path).map(Zeroizing::new) {
        Ok(bytes) => Ok(disk.put(path, &bytes, PRIVATE_FILE, true)?),
        Err(error) if error.is_missing() => Ok(()),
        Err(error) => Err(error.into()),
    }
}
