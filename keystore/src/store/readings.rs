//! Who had a private key opened, or took it out of the keystore: one small file for each time, numbered, durable before the
//! private key is given away. Each holds its own hash and that of the file before it.
//!
//! The lock guards the numbers; a file is linked into its place all the same, so that none is ever written over where
//! locks mean nothing.

mod trail;

use serde::{Deserialize, Serialize};

pub use trail::ReadingFault;
pub(super) use trail::{FaultKind, Trail};

use super::format::{self, damaged, decode};
use super::layout::{self, PRIVATE_FILE, PRIVATE_FOLDER};
use super::{Disk, Keystore, Snapshot, StoreError, lock, log};
use crate::digest::Digest;
use crate::model::VersionNumber;
use crate::name::KeyPath;
use crate::timestamp::Timestamp;
use crate::world::Actor;

/// What a private key was read for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// It signed something: a request, or its own certificate.
    Sign,
    /// It was written to a file outside the keystore.
    Export,
    /// It went into a backup, with all others.
    Backup,
}

impl Purpose {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::Export => "export",
            Self::Backup => "backup",
        }
    }
}

/// One private key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReadKey {
    /// The key.
    pub key: KeyPath,
    /// The private key's version.
    pub version: VersionNumber,
}

/// What is about to be read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Disclosure {
    /// What for.
    pub purpose: Purpose,
    /// Which private keys; of a backup none is named: it holds all of them.
    pub keys: Vec<ReadKey>,
    /// The file that they go to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<String>,
}

/// One entry: who was about to read private keys, and when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reading {
    /// The version of the keystore's format.
    pub format: u32,
    /// The keystore's identifier.
    pub keystore: String,
    /// Which entry this is, from 1.
    pub number: u64,
    /// SHA-256 of the file of the entry before; none for the first.
    pub parent: Option<Digest>,
    /// When it was made.
    pub time: Timestamp,
    /// Who asked.
    pub actor: Actor,
    /// What for.
    #[serde(flatten)]
    pub disclosure: Disclosure,
}

impl Reading {
    /// Whether it is about a key.
    #[must_use]
    pub fn names(&self, key: &KeyPath) -> bool {
        let Disclosure { purpose, keys, .. } = &self.disclosure;
        *purpose == Purpose::Backup || keys.iter().any(|read| read.key == *key)
    }
}

impl Keystore {
    /// Writes down that private keys are about to be read. It is durable when this returns; where it fails, they must not
    /// be given away.
    ///
    /// # Errors
    /// When the lock can't be had, when the keystore is of a newer format, or when the disk refuses.
    pub fn note_reading(&self, disclosure: Disclosure) -> Result<(), StoreError> {
        self.check_writable()?;
        let held = lock::noting(self.disk(), self.world())?;
        held.change(|| append(self, disclosure))
    }
}

fn append(keystore: &Keystore, disclosure: Disclosure) -> Result<(), StoreError> {
    let (disk, world) = (keystore.disk(), keystore.world());
    for above in disk.ensure_folder(&layout::audit(), PRIVATE_FOLDER)?.iter().rev() {
        disk.sync_names(above)?;
    }
    let newest = newest(disk)?;
    // As it stands: damage to it is for the doctor to find, and keeps nobody from writing down what comes after it.
    let parent = match newest {
        0 => None,
        number => Some(Digest::of(&disk.load(&layout::reading(number))?)),
    };
    let next = Some(newest + 1).filter(|next| layout::reading_number(&layout::reading(*next).name()).is_some());
    let number = format::successor(disk, &layout::reading(newest), next)?;
    let reading = Reading {
        format: format::VERSION,
        keystore: keystore.config().id.clone(),
        number,
        parent,
        time: world.now(),
        actor: world.actor.clone(),
        disclosure,
    };
    let path = layout::reading(number);
    disk.prepare(&path, &log::seal(&reading).0, PRIVATE_FILE, true)?;
    if !disk.claim(&path.temporary(), &path)? {
        return Err(damaged(disk, &path, "it appeared while another process held the lock"));
    }
    disk.discard(&path.temporary())?;
    Ok(disk.sync_names(&layout::audit())?)
}

/// The number of the newest entry; 0 when there is none.
pub(super) fn newest(disk: &dyn Disk) -> Result<u64, StoreError> {
    let names = disk.names(&layout::audit())?;
    Ok(names.iter().filter_map(|entry| layout::reading_number(&entry.name)).max().unwrap_or(0))
}

/// One entry, with the SHA-256 of its file.
pub(super) fn load(disk: &dyn Disk, number: u64) -> Result<(Reading, Digest), StoreError> {
    let path = layout::reading(number);
    let bytes = format::load_known(disk, &path)?;
    Ok((parse(disk, number, &bytes)?, Digest::of(&bytes)))
}

/// The entry that a file of this number holds.
fn parse(disk: &dyn Disk, number: u64, bytes: &[u8]) -> Result<Reading, StoreError> {
    let path = layout::reading(number);
    let (_, text) = log::open(disk, &path, bytes)?;
    let reading: Reading = decode(disk, &path, text.as_bytes())?;
    if reading.number != number {
        return Err(damaged(disk, &path, format!("it is entry {}", reading.number)));
    }
    Ok(reading)
}

/// Checks that an entry was made on the one before it.
pub(super) fn check_parent(disk: &dyn Disk, reading: &Reading, before: Option<Digest>) -> Result<(), StoreError> {
    if reading.parent == before {
        return Ok(());
    }
    let reason = format!("it is not the entry that number {} was made on", reading.number);
    Err(damaged(disk, &layout::reading(reading.number.saturating_sub(1)), reason))
}

impl Snapshot<'_> {
    /// The newest entries about readings of private keys, newest first: at most `limit`, of one key or of all.
    ///
    /// # Errors
    /// When one can't be read or is damaged, or is not the one that the entry after it was made on.
    pub fn readings(&self, key: Option<&KeyPath>, limit: usize) -> Result<Vec<Reading>, StoreError> {
        let mut found = Vec::new();
        let mut after: Option<Reading> = None;
        for number in (1..=newest(self.disk)?).rev() {
            if found.len() >= limit {
                break;
            }
            let (reading, file) = load(self.disk, number)?;
            if let Some(after) = &after {
                check_parent(self.disk, after, Some(file))?;
            }
            if key.is_none_or(|key| reading.names(key)) {
                found.push(reading.clone());
            }
            after = Some(reading);
        }
        Ok(found)
    }
}
