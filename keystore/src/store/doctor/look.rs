//! One look at a part of the keystore: what was found in it, and how much was checked.

use std::io;

use zeroize::Zeroizing;

use super::super::disk::{Disk, DiskError, Kind, Status};
use super::super::layout::{self, StorePath};
use super::finding::{Code, Finding, Unit};
use super::remedy::Repair;
use crate::world::World;

/// What to do about what can't be read.
pub(super) const UNREADABLE: &str = "mend the disk or the permissions, or restore it from a backup";

/// How much was checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Commit records.
    pub generations: u64,
    /// Parts of committed states.
    pub state_objects: u64,
    /// Keys.
    pub keys: u64,
    /// Private keys.
    pub private_keys: u64,
    /// Requests.
    pub requests: u64,
    /// Certificates, with their chains.
    pub certificates: u64,
    /// Endpoints.
    pub endpoints: u64,
    /// Files and folders whose permissions were looked at.
    pub entries: u64,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.generations += other.generations;
        self.state_objects += other.state_objects;
        self.keys += other.keys;
        self.private_keys += other.private_keys;
        self.requests += other.requests;
        self.certificates += other.certificates;
        self.endpoints += other.endpoints;
        self.entries += other.entries;
    }
}

/// What belongs somewhere, with its permission bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Belongs {
    Folder(u32),
    File(u32),
    /// A file that a service reads.
    Published(Published),
    Link,
}

/// What a file that a service reads must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Published {
    /// Its permission bits.
    pub(super) mode: u32,
    /// Whether others will do too that let its owner read it, and nobody but a group.
    pub(super) may_differ: bool,
    /// Whether it may be somebody else's.
    pub(super) may_be_given: bool,
}

impl Published {
    fn allows(self, mode: u32) -> bool {
        mode == self.mode || (self.may_differ && mode & !0o770 == 0 && mode & 0o400 != 0)
    }
}

/// A look at one unit.
pub(super) struct Look<'d> {
    pub(super) disk: &'d dyn Disk,
    pub(super) world: &'d World,
    /// Whose everything must be.
    owner: u32,
    unit: Unit,
    /// Folders that a commit may be writing to: a temporary file there may be its own.
    pub(super) in_hand: Vec<StorePath>,
    pub(super) findings: Vec<Finding>,
    pub(super) counts: Counts,
}

impl<'d> Look<'d> {
    pub(super) fn new(disk: &'d dyn Disk, world: &'d World, owner: u32) -> Self {
        let (findings, counts) = (Vec::new(), Counts::default());
        Self { disk, world, owner, unit: Unit::Whole, in_hand: Vec::new(), findings, counts }
    }

    /// A look at another part of the same keystore.
    pub(super) fn at(&self, unit: Unit) -> Self {
        Self { unit, ..Self::new(self.disk, self.world, self.owner) }
    }

    pub(super) fn absorb(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.counts.add(other.counts);
    }

    pub(super) fn found(&mut self, finding: Finding) {
        self.findings.push(Finding { unit: self.unit.clone(), ..finding });
    }

    pub(super) fn unreadable(&mut self, path: &StorePath, error: &io::Error) {
        let finding = Finding::new(Code::Unreadable, path.clone(), format!("it cannot be read: {error}"));
        self.found(finding.mended_by(UNREADABLE));
    }

    /// The bytes of a file; none where it is missing, or where that it cannot be read has been found.
    pub(super) fn read(&mut self, path: &StorePath) -> Seen {
        match self.disk.load(path) {
            Ok(bytes) => Seen::Bytes(Zeroizing::new(bytes)),
            Err(error) if error.is_missing() => Seen::Missing,
            Err(DiskError { source, .. }) => {
                self.unreadable(path, &source);
                Seen::Unreadable
            }
        }
    }

    /// Looks at everything in a folder: kind, owner and permissions, left-overs, strangers. Returns the names of what
    /// is as it must be, sorted.
    pub(super) fn survey(&mut self, folder: &StorePath, belongs: impl Fn(&str) -> Option<Belongs>) -> Vec<String> {
        let entries = match self.disk.list(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                self.unreadable(folder, &error);
                return Vec::new();
            }
        };
        let mut sound = Vec::new();
        for entry in entries {
            let path = folder.join(&entry.name);
            match belongs(&entry.name) {
                Some(kind) => {
                    if self.inspect(&path, kind) {
                        sound.push(entry.name);
                    }
                }
                None if layout::meant(&entry.name).and_then(&belongs).is_some() => self.temporary(path),
                None => {
                    let finding = Finding::new(Code::Unknown, path, "the keystore did not make this");
                    self.found(finding.mended_by("move it elsewhere if nobody needs it here"));
                }
            }
        }
        sound
    }

    fn temporary(&mut self, path: StorePath) {
        if path.parent().is_some_and(|folder| self.in_hand.contains(&folder)) {
            return;
        }
        // A folder would not be one of ours, and is not removed.
        if !matches!(self.disk.status(&path), Ok(Status { kind: Kind::File | Kind::Link, .. })) {
            return;
        }
        let finding = Finding::new(Code::Temporary, path.clone(), "a write that was cut off left this");
        self.found(finding.mended_by(Repair::RemoveTemporary { path }));
    }

    /// Looks at one file, folder or link. Says whether it can be read as what it must be.
    pub(super) fn inspect(&mut self, path: &StorePath, belongs: Belongs) -> bool {
        let status = match self.disk.status(path) {
            Ok(status) => status,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return false,
            Err(error) => {
                self.unreadable(path, &error);
                return false;
            }
        };
        self.counts.entries += 1;
        let (kind, mode) = match belongs {
            Belongs::Folder(mode) => (Kind::Folder, Some(mode)),
            Belongs::File(mode) => (Kind::File, Some(mode)),
            Belongs::Published(file) => (Kind::File, Some(file.mode).filter(|_| !file.allows(status.mode))),
            Belongs::Link => (Kind::Link, None),
        };
        let may_be_given = matches!(belongs, Belongs::Published(Published { may_be_given: true, .. }));
        if status.kind != kind {
            let message = format!("it is {}, and must be {}", called(status.kind), called(kind));
            let advice = "move it away; put back what belongs there, or run this again to see what is missing";
            self.found(Finding::new(Code::Kind, path.clone(), message).mended_by(advice));
            return false;
        }
        if status.owner != self.owner && !may_be_given {
            let message = format!("it belongs to user id {}, the keystore to {}", status.owner, self.owner);
            let whole = self.disk.root().join(path.as_path());
            let advice = format!("`chown -h {} {}`", self.owner, whole.display());
            self.found(Finding::new(Code::Owner, path.clone(), message).mended_by(advice));
        }
        if let Some(mode) = mode.filter(|mode| *mode != status.mode) {
            let message = format!("its mode is {:04o}, and must be {mode:04o}", status.mode);
            let repair = Repair::SetMode { path: path.clone(), mode };
            self.found(Finding::new(Code::Mode, path.clone(), message).mended_by(repair));
        }
        true
    }
}

/// What came of reading a file.
pub(super) enum Seen {
    Bytes(Zeroizing<Vec<u8>>),
    Missing,
    /// That has been found.
    Unreadable,
}

impl Seen {
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Missing | Self::Unreadable => None,
        }
    }

    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }
}

fn called(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "a file",
        Kind::Folder => "a folder",
        Kind::Link => "a symbolic link",
        Kind::Other => "a socket, pipe or device",
    }
}
