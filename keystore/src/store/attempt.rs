//! How publishing went, service by service and phase by phase: the newest attempt of each generation. It is no part of
//! the record, which is complete before the first program runs, and nothing rests on it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::format::{damaged, decode};
use super::layout::{self, PRIVATE_FILE, PRIVATE_FOLDER, StorePath};
use super::{Disk, Keystore, Snapshot, StoreError, log};
use crate::model::Generation;
use crate::name::ServicePath;
use crate::timestamp::Timestamp;
use crate::world::Actor;

/// How many bytes are kept of what a program printed: its end, where programs say why they failed.
const OUTPUT_LIMIT: usize = 16 * 1024;

/// How a commit or a publication went.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// The generation that was, or would have been, published.
    pub generation: Generation,
    /// When it ended.
    pub time: Timestamp,
    /// Who made it.
    pub actor: Actor,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// How it went with each service.
    pub services: Vec<ServiceAttempt>,
}

/// How an attempt ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptOutcome {
    /// Every service has its new files.
    Published,
    /// Some services have their new files, the others what they had.
    PartlyPublished,
    /// Everything is as it was.
    Undone,
    /// It failed, and could not be taken back whole.
    UndoIncomplete,
}

/// How an attempt went with one service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ServiceAttempt {
    /// Which.
    pub service: ServicePath,
    /// What was done, in this order.
    pub phases: Vec<PhaseAttempt>,
}

/// One thing that was done for a service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PhaseAttempt {
    /// What.
    pub phase: Phase,
    /// How that went.
    pub outcome: PhaseOutcome,
    /// What is to be said of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// What its program printed. Of more than 16 KiB the end is kept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub output: Option<String>,
}

/// What is done for a service.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// A program takes the new version to where it is read.
    Publish,
    /// Its configuration is tested.
    Test,
    /// It is told to read its files again.
    Reload,
    /// It is asked what it serves.
    Prove,
    /// Its old files are put back.
    Undo,
    /// It is told that its old files are back.
    ReloadFormer,
    /// It is asked whether it serves what it did before.
    ProveFormer,
}

impl Phase {
    /// A short word for programs and people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Test => "test",
            Self::Reload => "reload",
            Self::Prove => "prove",
            Self::Undo => "undo",
            Self::ReloadFormer => "reload-former",
            Self::ProveFormer => "prove-former",
        }
    }

    /// Whether it is part of taking everything back.
    #[must_use]
    pub fn is_back(self) -> bool {
        matches!(self, Self::Undo | Self::ReloadFormer | Self::ProveFormer)
    }
}

/// How one phase went.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseOutcome {
    /// It was done.
    Done,
    /// Nobody can tell how it went.
    #[serde(rename = "skipped")]
    Unproven,
    /// It failed.
    Failed,
}

impl PhaseOutcome {
    /// A short word for programs and people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Unproven => "unproven",
            Self::Failed => "failed",
        }
    }
}

impl PhaseAttempt {
    /// Whether it failed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.outcome == PhaseOutcome::Failed
    }
}

/// How the newest attempt to publish failed, as far as that can be read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FailedAttempt {
    /// It; none when the newest succeeded, or something newer is committed.
    pub attempt: Option<Attempt>,
    /// Files that are damaged, of those that may tell of the newest. Nothing rests on them.
    pub damaged: Vec<StorePath>,
}

impl Attempt {
    fn load(disk: &dyn Disk, generation: Generation) -> Result<Option<Self>, StoreError> {
        let path = layout::attempt(generation);
        let Some(bytes) = disk.load_if_present(&path)? else { return Ok(None) };
        let (_, text) = log::open(disk, &path, &bytes)?;
        let attempt: Self = decode(disk, &path, text.as_bytes())?;
        if attempt.generation != generation {
            return Err(damaged(disk, &path, format!("it is of generation {}", attempt.generation)));
        }
        Ok(Some(attempt))
    }

    fn clipped(&self) -> Self {
        let mut clipped = self.clone();
        let phases = clipped.services.iter_mut().flat_map(|service| &mut service.phases);
        phases.filter_map(|phase| phase.output.as_mut()).for_each(clip);
        clipped
    }
}

fn clip(output: &mut String) {
    let surplus = output.len().saturating_sub(OUTPUT_LIMIT);
    let start = (surplus..output.len()).find(|at| output.is_char_boundary(*at)).unwrap_or(output.len());
    output.drain(..start);
}

/// Whether the file of an attempt is whole.
pub(super) fn check(disk: &dyn Disk, generation: Generation) -> Result<(), StoreError> {
    Attempt::load(disk, generation).map(drop)
}

/// The generations of which there is an attempt.
pub(super) fn kept(disk: &dyn Disk) -> Result<BTreeSet<Generation>, StoreError> {
    let names = disk.names(&layout::attempts())?;
    Ok(names.iter().filter_map(|entry| layout::commit_generation(&entry.name)).collect())
}

impl Keystore {
    /// Keeps how publishing went, in place of an earlier attempt of the same generation.
    ///
    /// # Errors
    /// When the disk refuses. Nothing rests on it.
    pub fn keep_attempt(&self, attempt: &Attempt) -> Result<(), StoreError> {
        self.check_writable()?;
        let disk = self.disk();
        let above = disk.ensure_folder(&layout::attempts(), PRIVATE_FOLDER)?;
        let (bytes, _) = log::seal(&attempt.clipped());
        disk.put_durably(&layout::attempt(attempt.generation), &bytes, PRIVATE_FILE)?;
        Ok(above.iter().rev().try_for_each(|folder| disk.sync_names(folder))?)
    }
}

impl Snapshot<'_> {
    /// How the newest attempt to publish a generation went.
    ///
    /// # Errors
    /// When it can't be read or is damaged.
    pub fn attempt(&self, generation: Generation) -> Result<Option<Attempt>, StoreError> {
        Attempt::load(self.disk, generation)
    }

    /// The newest attempt of all, unless it succeeded, or something newer is committed. One whose file is damaged keeps
    /// nobody from the rest.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn failed_attempt(&self) -> Result<FailedAttempt, StoreError> {
        let (mut whole, mut damaged) = (Vec::new(), Vec::new());
        for generation in self.newest_attempts()? {
            match self.attempt(generation) {
                Ok(attempt) => whole.extend(attempt),
                // One that is older than what is committed would say nothing.
                Err(StoreError::Damaged { .. }) if generation >= self.generation() => {
                    damaged.push(layout::attempt(generation));
                }
                Err(StoreError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let has_failed =
            |attempt: &Attempt| attempt.outcome != AttemptOutcome::Published && attempt.generation >= self.generation();
        Ok(FailedAttempt { attempt: newest(whole).filter(has_failed), damaged })
    }

    /// The newest attempt of all.
    ///
    /// # Errors
    /// When it can't be read or is damaged.
    pub fn last_attempt(&self) -> Result<Option<Attempt>, StoreError> {
        let attempts = self.newest_attempts()?.map(|generation| self.attempt(generation));
        Ok(newest(attempts.collect::<Result<Vec<_>, _>>()?.into_iter().flatten()))
    }

    /// A commit is of the next generation, a publication of the newest: after one that failed, both have files.
    fn newest_attempts(&self) -> Result<impl Iterator<Item = Generation>, StoreError> {
        Ok(kept(self.disk)?.into_iter().rev().take(2))
    }
}

fn newest(attempts: impl IntoIterator<Item = Attempt>) -> Option<Attempt> {
    attempts.into_iter().max_by_key(|attempt| (attempt.time, attempt.generation))
}

#[cfg(test)]
mod tests {
    use super::{OUTPUT_LIMIT, clip};

    #[test]
    fn the_end_of_an_output_is_kept() {
        let mut short = "ä".repeat(10);
        clip(&mut short);
        assert_eq!(short, "ä".repeat(10));
        let mut long = format!("{}ä{}", "b".repeat(10), "c".repeat(OUTPUT_LIMIT - 1));
        clip(&mut long);
        assert_eq!(long, "c".repeat(OUTPUT_LIMIT - 1), "no half of a character");
    }
}
