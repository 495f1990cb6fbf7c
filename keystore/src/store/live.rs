//! What services read: `live/SERVER/PROTOCOL/ENDPOINT/current/`, where `current` is a link to a version folder.
//! A version folder is made whole beside the live one; one rename of the link switches.

mod check;

use std::collections::BTreeSet;

pub(super) use check::{Expected, Fault, faults};

use super::disk::Access;
use super::intent::Switch;
use super::layout::{self, PASSAGE, PRIVATE_FILE, PUBLIC_FILE, StorePath};
use super::publication::{Ownership, Publication};
use super::{Disk, DiskError, StoreError};
use crate::model::{FileForm, Generation};
use crate::name::Endpoint;
use crate::parallel;

/// Whether the file with this name in a version folder holds the private key; none for what does not belong there.
pub(super) fn is_secret(name: &str) -> Option<bool> {
    FileForm::ALL.into_iter().find(|form| form.file_name() == name).map(FileForm::is_secret)
}

/// Makes a version folder beside the live one; returns the folders whose names are not durable yet.
pub(super) fn build(
    disk: &dyn Disk,
    publication: &Publication,
    name: &str,
    sync: bool,
) -> Result<Vec<StorePath>, StoreError> {
    let folder = layout::live_version(&publication.endpoint, name);
    let Ownership { owner, group, mode } = publication.ownership;
    // Left by a commit of this generation that was taken back.
    disk.discard_folder(&folder)?;
    let mut to_sync = disk.ensure_folder(&folder, PASSAGE)?;
    for form in FileForm::ALL {
        let access = Access { mode: if form.is_secret() { mode } else { PUBLIC_FILE }, owner, group };
        disk.add(&folder.join(form.file_name()), &publication.form(form), access, sync)?;
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
        Some((published, again)) if published == generation => {
            layout::live_name(generation, if again < layout::LAST_AGAIN { again + 1 } else { 0 })
        }
        _ => layout::live_name(generation, 0),
    }
}

/// Whether a version's files are their maker's alone, as those of a service of which nothing is said.
pub(super) fn is_plain(disk: &dyn Disk, folder: &StorePath) -> Result<bool, DiskError> {
    let maker = disk.look(folder)?.owner;
    for form in FileForm::ALL {
        let found = disk.look(&folder.join(form.file_name()))?;
        if found.owner != maker || (form.is_secret() && found.mode != PRIVATE_FILE) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Points an endpoint at a version; durable once its folder is synced.
pub(super) fn switch(disk: &dyn Disk, endpoint: &Endpoint, name: &str) -> Result<(), StoreError> {
    Ok(disk.point(&layout::live_current(endpoint), name)?)
}

/// Points endpoints back at what they served before a switch, durably, and then removes what was made for them.
pub(super) fn undo(disk: &dyn Disk, threads: usize, switches: &[Switch]) -> Result<(), StoreError> {
    // One after the other: each link needs room for a moment, and a full disk may have it for one.
    let mut there = BTreeSet::new();
    for switch in switches {
        there.extend(point_back(disk, switch)?);
    }
    // Before what they pointed at goes, and also when they point back already: an undo may have been killed right here.
    if !there.is_empty() {
        disk.sync_batch(&there)?;
    }
    let made: Vec<_> = switches.iter().filter(|switch| switch.from.as_ref() != Some(&switch.to)).collect();
    parallel::each_at_disk(threads, &made, |Switch { endpoint, to, .. }| {
        disk.discard_folder(&layout::live_version(endpoint, to))
    })?;
    Ok(())
}

/// Points an endpoint back; gives its folder, if it has one.
fn point_back(disk: &dyn Disk, Switch { endpoint, from, .. }: &Switch) -> Result<Option<StorePath>, StoreError> {
    let folder = layout::live_endpoint(endpoint);
    if !disk.exists(&folder)? {
        return Ok(None);
    }
    if current(disk, endpoint)? != *from {
        match from {
            Some(name) => disk.point(&layout::live_current(endpoint), name)?,
            None => disk.discard(&layout::live_current(endpoint))?,
        }
    }
    Ok(Some(folder))
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
