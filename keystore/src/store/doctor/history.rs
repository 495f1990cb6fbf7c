//! The log: every record against its hash, its number, the one before it and its keystore.

use std::collections::{BTreeMap, BTreeSet};

use super::super::layout::{self, PRIVATE_FILE, StorePath};
use super::super::log::{self, Record, Step};
use super::super::{Base, Disk, DiskError, StoreError, format};
use super::finding::{Code, Finding};
use super::known::{Known, Source};
use super::look::{Belongs, Look};
use super::remedy::{PRUNE, Remedy, Repair};
use super::replay::Replay;
use crate::change::Change;
use crate::digest::Digest;
use crate::model::{Generation, Mark};

/// What the checks that follow need of one record.
struct Link {
    hash: Digest,
    parent: Option<Digest>,
    keystore: String,
}

/// The log, as far as it can be read.
#[derive(Default)]
pub(super) struct History {
    links: BTreeMap<Generation, Link>,
    /// The records, but for those that were cut off.
    listed: BTreeSet<Generation>,
    /// The newest generation that was cut off; the empty one when none was.
    through: Generation,
    /// What stands in for those.
    base: Option<Base>,
    /// Which generation each change set took effect with.
    pub(super) change_sets: BTreeMap<String, Generation>,
}

impl History {
    /// Reads the log and replays it.
    pub(super) fn read(look: &mut Look<'_>, known: &mut Known) -> Self {
        let mut history = Self { listed: survey(look), ..Self::default() };
        history.cut_off(look);
        let mut replay = Replay::after(history.through);
        for generation in history.listed.clone() {
            let record = load(look, generation);
            replay.step(look, known, generation, record.as_ref().map(|(record, _)| record));
            let Some((record, hash)) = record else { continue };
            look.counts.generations += 1;
            for change in &record.changes {
                known.name_by(change, Source::Generation(generation));
                if let Change::SetService { service, settings: None } = change {
                    known.unsaid.insert(service.clone(), generation);
                }
            }
            history.change_sets.extend(record.change_sets.into_iter().map(|set| (set, generation)));
            history.links.insert(generation, Link { hash, parent: record.parent, keystore: record.keystore });
        }
        known.head = history.newest();
        known.is_cut_off = history.through > Generation::EMPTY;
        known.is_broken |= history.links.len() as u64 + history.through.0 != known.head.0;
        replay.finish(look, known);
        history
    }

    /// Reads what stands in for the records that were cut off, and leaves those out that are there all the same.
    fn cut_off(&mut self, look: &mut Look<'_>) {
        let path = layout::base();
        match Base::load(look.disk) {
            Ok(base) => self.base = base,
            Err(StoreError::Disk(DiskError { source, .. })) => look.unreadable(&path, &source),
            Err(error) => {
                let finding = Finding::new(Code::RecordDamaged, path.clone(), error.reason());
                let oldest = self.listed.first().and_then(|oldest| log::read(look.disk, *oldest).ok()?);
                let repair = oldest.and_then(|oldest| {
                    let through = Generation(oldest.record.generation.0 - 1);
                    let (keystore, hash) = (oldest.record.keystore, oldest.record.parent?);
                    Some(Repair::WriteBase { keystore, through, hash })
                });
                look.found(finding.mended_by(repair.map_or(Remedy::Backup, Remedy::from)));
            }
        }
        // Where it can't be read, the oldest record tells.
        let is_lost = self.base.is_none() && stands(look.disk, &path);
        let oldest = self.listed.first().filter(|_| is_lost).map(|oldest| Generation(oldest.0 - 1));
        self.through = self.base.as_ref().map(|base| base.through).or(oldest).unwrap_or(Generation::EMPTY);
        let kept = self.listed.split_off(&self.through.next());
        for generation in std::mem::replace(&mut self.listed, kept) {
            let message = format!("generation {generation} was cut off, and its record is still there");
            look.found(about(Code::RecordUnused, generation, message).mended_by(PRUNE));
        }
    }

    pub(super) fn newest(&self) -> Generation {
        self.listed.last().copied().unwrap_or(Generation::EMPTY)
    }

    /// The identifier of the keystore that most of the records are of.
    pub(super) fn keystore(&self) -> Option<&str> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for link in self.links.values() {
            *counts.entry(&link.keystore).or_default() += 1;
        }
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(id, _)| id)
    }

    /// Holds the records against each other.
    pub(super) fn check(&self, look: &mut Look<'_>, expected: Option<Mark>) {
        self.check_numbers(look);
        self.check_keystore(look);
        let reached = self.check_chain(look);
        if let Some(mark) = expected {
            self.check_expected(look, mark, &reached);
        }
    }

    fn check_numbers(&self, look: &mut Look<'_>) {
        let mut next = self.through.next();
        if self.listed.is_empty() && self.through > Generation::EMPTY {
            let message = format!("generation {} was cut off, and the record after it is missing", self.through);
            let finding = Finding::new(Code::RecordMissing, layout::commit(next), message);
            look.found(finding.in_generation(next).mended_by(Remedy::Backup));
        }
        for &generation in &self.listed {
            if generation > next {
                let last = Generation(generation.0 - 1);
                let message = match last == next {
                    true => format!("the record of generation {next} is missing"),
                    false => format!("the records of the generations {next} to {last} are missing"),
                };
                let finding = Finding::new(Code::RecordMissing, layout::commit(next), message);
                look.found(finding.in_generation(next).mended_by(Remedy::Backup));
            }
            next = generation.next();
        }
    }

    fn check_keystore(&self, look: &mut Look<'_>) {
        let Some(id) = self.keystore() else { return };
        if let Some(base) = self.base.as_ref().filter(|base| base.keystore != id) {
            let message = format!("it is of the keystore {}, the records are of {id}", base.keystore);
            look.found(Finding::new(Code::RecordForeign, layout::base(), message).mended_by(Remedy::Backup));
        }
        for (&generation, link) in self.links.iter().filter(|(_, link)| link.keystore != id) {
            let message = format!("it is of the keystore {}, the others are of {id}", link.keystore);
            look.found(about(Code::RecordForeign, generation, message).mended_by(Remedy::Backup));
        }
    }

    /// From the newest record back along the hashes. What a record names as its parent is what must stand there, unless
    /// it stands where another one must itself: then it has no say. Returns what the newest record leads back to.
    fn check_chain(&self, look: &mut Look<'_>) -> BTreeSet<Generation> {
        let mut reached = BTreeSet::new();
        // The record above, when it has a say.
        let mut above: Option<(Generation, Option<Digest>)> = None;
        for &generation in self.listed.iter().rev() {
            let wanted = above.take().filter(|(above, _)| above.0 - 1 == generation.0);
            let Some(link) = self.links.get(&generation) else { continue };
            match wanted {
                Some((after, parent)) if parent != Some(link.hash) => {
                    let message = match parent {
                        Some(parent) => format!("its hash is {}, generation {after} was made on {parent}", link.hash),
                        None => format!("generation {after} was made on the empty keystore"),
                    };
                    look.found(about(Code::RecordExchanged, generation, message).mended_by(Remedy::Backup));
                    continue;
                }
                Some((after, _)) if reached.contains(&after) => _ = reached.insert(generation),
                None if generation == self.newest() => _ = reached.insert(generation),
                _ => {}
            }
            above = Some((generation, link.parent));
        }
        if let Some((oldest, parent)) = above
            && let Some(base) = self.base.as_ref().filter(|base| base.through.next() == oldest)
            && parent != Some(base.hash)
        {
            let made_on = parent.map_or_else(|| "nothing".to_owned(), |parent| parent.to_string());
            let message = format!(
                "it says that generation {} had the hash {}, {oldest} was made on {made_on}",
                base.through, base.hash
            );
            let finding = Finding::new(Code::RecordExchanged, layout::base(), message).in_generation(oldest);
            look.found(finding.mended_by(Remedy::Backup));
        }
        if let Some((Generation(1), Some(parent))) = above {
            let message = format!("it says that it was made on {parent}, and nothing comes before it");
            look.found(about(Code::RecordExchanged, Generation(1), message).mended_by(Remedy::Backup));
        }
        reached
    }

    /// An expected record that was cut off: what stands in for those that were knows the last of them.
    fn check_cut_off(&self, look: &mut Look<'_>, Mark { generation, hash }: Mark, reached: &BTreeSet<Generation>) {
        let last = self.base.as_ref().filter(|base| base.through == generation && reached.contains(&generation.next()));
        let finding = match last {
            // The oldest record leads to it, and the newest to the oldest.
            Some(base) if base.hash == hash => return,
            Some(base) => {
                let message = format!("its hash was {}, expected was {hash}", base.hash);
                about(Code::ExpectedDiffers, generation, message).mended_by(Remedy::Backup)
            }
            None => {
                let message = format!("it was expected, and those up to {} were cut off: nothing tells", self.through);
                about(Code::ExpectedCutOff, generation, message).mended_by(
                    "if you know of that prune, keep a newer mark: `keyring log --head`; if not, compare with a backup",
                )
            }
        };
        look.found(finding);
    }

    fn check_expected(&self, look: &mut Look<'_>, mark: Mark, reached: &BTreeSet<Generation>) {
        let Mark { generation, hash } = mark;
        let message = match self.links.get(&generation) {
            None if generation <= self.through => return self.check_cut_off(look, mark, reached),
            None if generation > self.newest() => {
                format!("generation {generation} was expected, and the log ends with {}", self.newest())
            }
            None => format!("the record of generation {generation} was expected, and can't be read"),
            Some(link) if link.hash != hash => format!("its hash is {}, expected was {hash}", link.hash),
            Some(_) if !reached.contains(&generation) => {
                "it is the one that was expected, and the newest record does not lead back to it".to_owned()
            }
            Some(_) => return,
        };
        look.found(about(Code::ExpectedDiffers, generation, message).mended_by(Remedy::Backup));
    }
}

/// A finding about a record.
fn about(code: Code, generation: Generation, message: String) -> Finding {
    Finding::new(code, layout::commit(generation), message).in_generation(generation)
}

fn survey(look: &mut Look<'_>) -> BTreeSet<Generation> {
    let base = layout::base().name();
    let is_ours = |name: &str| layout::commit_generation(name).is_some() || name == base;
    let belongs = |name: &str| is_ours(name).then_some(Belongs::File(PRIVATE_FILE));
    let names = look.survey(&layout::commits(), belongs);
    names.iter().filter_map(|name| layout::commit_generation(name)).collect()
}

/// The newest record there is.
pub(super) fn newest(disk: &dyn Disk) -> Result<Generation, DiskError> {
    let names = disk.names(&layout::commits())?;
    let records = names.iter().filter_map(|entry| layout::commit_generation(&entry.name));
    Ok(records.max().unwrap_or(Generation::EMPTY))
}

/// A record that is whole in itself.
fn load(look: &mut Look<'_>, generation: Generation) -> Option<(Record, Digest)> {
    let path = layout::commit(generation);
    match log::read(look.disk, generation) {
        Ok(Some(Step { record, .. })) if record.format > format::VERSION => {
            let message = format!("it has the format {}, which this program does not know", record.format);
            look.found(about(Code::RecordDamaged, generation, message).mended_by("use a newer keyring"));
            None
        }
        Ok(read) => read.map(|step| (step.record, step.hash)),
        Err(StoreError::Disk(DiskError { source, .. })) => {
            look.unreadable(&path, &source);
            None
        }
        Err(error) => {
            look.found(about(Code::RecordDamaged, generation, error.reason()).mended_by(Remedy::Backup));
            None
        }
    }
}

/// Whether something stands at a path.
pub(super) fn stands(disk: &dyn Disk, path: &StorePath) -> bool {
    disk.exists(path).unwrap_or(true)
}
