//! All entries about readings of private keys, as they stand. What is wrong with some of them is told, and keeps nobody
//! from the others: a backup with a gap in it is worth more than none.

use std::collections::BTreeSet;
use std::fmt;

use super::{newest, parse};
use crate::digest::Digest;
use crate::store::format::missing;
use crate::store::layout::{self, StorePath};
use crate::store::{Disk, DiskError, StoreError};

/// An entry that is missing, or that is not what was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadingFault {
    /// Its file.
    pub path: StorePath,
    /// What is wrong with it.
    pub reason: String,
    pub(in crate::store) kind: FaultKind,
}

/// What became of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::store) enum FaultKind {
    Missing,
    Changed,
    Unreadable,
}

impl fmt::Display for ReadingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)
    }
}

/// The entries up to one of them, and what is wrong with them.
#[derive(Default)]
pub(in crate::store) struct Trail {
    /// What stands there, damaged or not, with the SHA-256 of each file.
    pub(in crate::store) files: Vec<(StorePath, Digest)>,
    pub(in crate::store) faults: Vec<ReadingFault>,
    /// The file of the entry before, where that is what was written.
    before: Option<Digest>,
}

impl Trail {
    /// Reads the entries up to the one that is newest by now. Those that are added meanwhile are left out, so that there
    /// is none without the ones before it.
    pub(in crate::store) fn read(disk: &dyn Disk) -> Result<Self, StoreError> {
        let newest = newest(disk)?;
        // Listed again: what came before the newest one was there before this listing began, and is in it.
        let numbers = disk.names(&layout::audit())?;
        let numbers: BTreeSet<u64> = numbers.iter().filter_map(|entry| layout::reading_number(&entry.name)).collect();
        Ok(Self::along(disk, numbers.into_iter().filter(|number| *number <= newest)))
    }

    /// Reads the entries with these numbers, which go up.
    pub(in crate::store) fn along(disk: &dyn Disk, numbers: impl Iterator<Item = u64>) -> Self {
        let mut trail = Self::default();
        let mut next = 1;
        for number in numbers {
            if next < number {
                trail.missing(next, number - 1);
            }
            trail.entry(disk, number);
            next = number + 1;
        }
        trail
    }

    fn missing(&mut self, first: u64, last: u64) {
        self.fault(first, FaultKind::Missing, missing(first, last));
        self.before = None;
    }

    fn entry(&mut self, disk: &dyn Disk, number: u64) {
        let path = layout::reading(number);
        let before = self.before.take();
        let bytes = match disk.load(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.is_missing() => return self.missing(number, number),
            Err(DiskError { source, .. }) => {
                return self.fault(number, FaultKind::Unreadable, format!("it cannot be read: {source}"));
            }
        };
        let digest = Digest::of(&bytes);
        self.files.push((path, digest));
        match parse(disk, number, &bytes) {
            Ok(reading) => {
                if before.is_some() && reading.parent != before {
                    let reason = format!("it is not the one that number {number} was made on");
                    self.fault(number - 1, FaultKind::Changed, reason);
                }
                self.before = Some(digest);
            }
            Err(error) => self.fault(number, FaultKind::Changed, error.reason()),
        }
    }

    fn fault(&mut self, number: u64, kind: FaultKind, reason: String) {
        self.faults.push(ReadingFault { path: layout::reading(number), reason, kind });
    }
}
