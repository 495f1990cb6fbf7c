//! All entries about readings of private keys, as they stand. What is wrong with some of them is told, and keeps nobody
//! from the others: a backup with a gap in it is worth more than none.

use std::collections::BTreeSet;
use std::fmt;

use super::{newest, parse};
use crate::digest::Digest;
use crate::store::layout::{self, StorePath};
use crate::store::{Disk, DiskError, StoreError};

/// An entry that is missing, or that is not what was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadingFault {
    /// Its file.
    pub path: StorePath,
    /// What is wrong with it.
    pub reason: String,
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
        let mut trail = Self::default();
        let mut next = 1;
        for number in numbers.into_iter().filter(|number| *number <= newest) {
            if next < number {
                trail.missing(next, number - 1);
            }
            trail.entry(disk, number)?;
            next = number + 1;
        }
        Ok(trail)
    }

    fn missing(&mut self, first: u64, last: u64) {
        let others = if first == last { String::new() } else { format!(", with those up to {last}") };
        self.fault(first, format!("it is missing{others}"));
        self.before = None;
    }

    fn entry(&mut self, disk: &dyn Disk, number: u64) -> Result<(), StoreError> {
        let path = layout::reading(number);
        let before = self.before.take();
        let bytes = match disk.load(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.is_missing() => {
                self.missing(number, number);
                return Ok(());
            }
            Err(DiskError { source, .. }) => {
                self.fault(number, format!("it cannot be read: {source}"));
                return Ok(());
            }
        };
        let digest = Digest::of(&bytes);
        self.files.push((path, digest));
        match parse(disk, number, &bytes) {
            Ok(reading) => {
                if before.is_some() && reading.parent != before {
                    self.fault(number - 1, format!("it is not the one that number {number} was made on"));
                }
                self.before = Some(digest);
            }
            Err(StoreError::Damaged { reason, .. }) => self.fault(number, reason),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn fault(&mut self, number: u64, reason: String) {
        self.faults.push(ReadingFault { path: layout::reading(number), reason });
    }
}
