//! What services read: `live/SERVER/PROTOCOL/ENDPOINT/current/`, where `current` is a link to a version folder.
//! A version folder is made whole beside the live one; one rename of the link switches.

mod check;

use std::collections::BTreeSet;

use zeroize::Zeroizing;

pub(super) use check::{Expected, Fault, faults};

use super::disk::Access;
use super::intent::Switch;
use super::layout::{self, PASSAGE, PUBLIC_FILE, StorePath};
use super::publication::Ownership;
use super::{Disk, StoreError};
use crate::model::Generation;
use crate::name::Endpoint;

const PRIVATE_KEY: &str = "private-key.pem";
const CERTIFICATE: &str = "certificate.pem";
const CHAIN: &str = "chain.pem";
const FULL_CHAIN: &str = "fullchain.pem";
const COMBINED: &str = "combined.pem";

/// Whether the file with this name in a version folder holds the private key; none for what does not belong there.
pub(super) fn is_secret(name: &str) -> Option<bool> {
    match name {
        PRIVATE_KEY | COMBINED => Some(true),
        CERTIFICATE | CHAIN | FULL_CHAIN => Some(false),
        _ => None,
    }
}

/// The files of one version of an endpoint, before they are written.
pub(super) struct LiveFiles<'a> {
    pub(super) private_key: &'a [u8],
    pub(super) certificate: &'a [u8],
    pub(super) chain: &'a [u8],
    pub(super) ownership: Ownership,
}

impl LiveFiles<'_> {
    /// Whose a file is, and who may read it.
    fn access(&self, file: &str) -> Access {
        let Ownership { owner, group, mode } = self.ownership;
        Access { mode: if is_secret(file) == Some(false) { PUBLIC_FILE } else { mode }, owner, group }
    }

    /// Names and contents. The private key comes first in `combined.pem`: Postfix wants it so, others
    /// take any order.
    fn each(&self) -> [(&'static str, Zeroizing<Vec<u8>>); 5] {
        let join = |parts: &[&[u8]]| Zeroizing::new(parts.concat());
        [
            (PRIVATE_KEY, join(&[self.private_key])),
            (CERTIFICATE, join(&[self.certificate])),
            (CHAIN, join(&[self.chain])),
            (FULL_CHAIN, join(&[self.certificate, self.chain])),
            (COMBINED, join(&[self.private_key, self.certificate, self.chain])),
        ]
    }
}

/// Makes a version folder beside the live one; returns the folders whose names are not durable yet.
pub(super) fn build(
    disk: &dyn Disk,
    endpoint: &Endpoint,
    name: &str,
    files: &LiveFiles<'_>,
    sync: bool,
) -> Result<Vec<StorePath>, StoreError> {
    let folder = layout::live_version(endpoint, name);
    // Left by a commit of this generation that was taken back.
    disk.discard_folder(&folder)?;
    let mut to_sync = disk.ensure_folder(&folder, PASSAGE)?;
    for (file, bytes) in files.each() {
        disk.add(&folder.join(file), &bytes, files.access(file), sync)?;
    }
    to_sync.push(folder);
    Ok(to_sync)
}

/// The name of the version that an endpoint serves. A link that leads anywhere else is believed as little as none: a
/// name becomes a path.
pub(super) fn current(disk: &dyn Disk, endpoint: &Endpoint) -> Result<Option<String>, StoreError> {
    let target = disk.link_target(&layout::live_current(endpoint))?;
    Ok(target.filter(|name| layout::live_number(name).is_some()))
}

/// The name of the folder that a publication from this generation makes: never the one that is being read, which
/// is this generation's too when its files were damaged and are published again.
pub(super) fn next_name(current: Option<&str>, generation: Generation) -> String {
    match current.and_then(layout::live_number) {
        Some((published, again)) if published == generation => layout::live_name(generation, again.saturating_add(1)),
        _ => layout::live_name(generation, 0),
    }
}

/// Points an endpoint at a version; durable once its folder is synced.
pub(super) fn switch(disk: &dyn Disk, endpoint: &Endpoint, name: &str) -> Result<(), StoreError> {
    Ok(disk.point(&layout::live_current(endpoint), name)?)
}

/// Points endpoints back at what they served before a switch, durably, and then removes what was made for them.
pub(super) fn undo(disk: &dyn Disk, switches: &[Switch]) -> Result<(), StoreError> {
    let mut there = BTreeSet::new();
    for Switch { endpoint, from, .. } in switches {
        let folder = layout::live_endpoint(endpoint);
        if !disk.exists(&folder)? {
            continue;
        }
        if current(disk, endpoint)? != *from {
            match from {
                Some(name) => disk.point(&layout::live_current(endpoint), name)?,
                None => disk.discard(&layout::live_current(endpoint))?,
            }
        }
        there.insert(folder);
    }
    // Before what they pointed at goes, and also when they point back already: an undo may have been killed right here.
    if !there.is_empty() {
        disk.sync_batch(&there)?;
    }
    for Switch { endpoint, from, to, .. } in switches {
        if from.as_ref() != Some(to) {
            disk.discard_folder(&layout::live_version(endpoint, to))?;
        }
    }
    Ok(())
}

/// Removes all versions of an endpoint but what it serves and what it served before.
pub(super) fn tidy(disk: &dyn Disk, switch: &Switch) -> Result<(), StoreError> {
    for entry in disk.names(&layout::live_endpoint(&switch.endpoint))? {
        let kept = entry.name == "current" || entry.name == switch.to || Some(&entry.name) == switch.from.as_ref();
        if !kept && layout::live_number(&entry.name).is_some() {
            disk.discard_folder(&layout::live_version(&switch.endpoint, &entry.name))?;
        }
    }
    Ok(())
}
