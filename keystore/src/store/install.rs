//! Files outside the keystore that are published with an endpoint. Each is made beside its place, and what stood there
//! is kept beside it, before anything is switched; one rename each switches, so that at no instant a file is missing.
//!
//! The intent names them. Whether one has been switched is told by what stands in its place, and each step can be done
//! twice. Nothing here relies on [`Disk::sync_everything`]: these folders may be on other file systems.

mod check;
mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::disk::Access;
use super::intent::Switch;
use super::layout::{self, Beside, StorePath};
use super::publication::{Ownership, Publication};
use super::{Disk, DiskError, Kind, StoreError};
use crate::digest::Digest;
use crate::model::AbsolutePath;
use crate::name::Endpoint;
use crate::parallel;

pub use check::{Placed, Placing};
pub(super) use check::{faults, is_whole, stands};

/// One file outside the keystore, as an intent names it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Outside {
    pub(super) path: AbsolutePath,
    /// Whether a file stood there before.
    stood: bool,
    /// SHA-256 of the new one: it may be what stands there now.
    file: Digest,
}

/// What is known of the files of each publication before anything is done, in the same order. Refuses where they can't
/// go: nothing has been changed then.
pub(super) fn plan(disk: &dyn Disk, publications: &[Publication]) -> Result<Vec<Vec<Outside>>, StoreError> {
    let mut whose: BTreeMap<&AbsolutePath, &Endpoint> = BTreeMap::new();
    let mut checked: BTreeSet<&Path> = BTreeSet::new();
    let mut planned = Vec::new();
    for Publication { endpoint, installs, .. } in publications {
        let mut files = Vec::new();
        for install in installs {
            let path = &install.path;
            if let Some(first) = whose.insert(path, endpoint) {
                let (first, second) = (Box::new(first.clone()), Box::new(endpoint.clone()));
                return Err(StoreError::OutsideTwice { path: path.as_path().to_path_buf(), first, second });
            }
            let folder = layout::folder_of(path);
            let outside = place::open(disk, folder)?;
            if checked.insert(folder) {
                place::check_folder(&*outside)?;
            }
            let stood = place::check_file(&*outside, path)?;
            forget_former(&*outside, path)?;
            files.push(Outside { path: path.clone(), stood, file: Digest::of(&install.bytes) });
        }
        planned.push(files);
    }
    Ok(planned)
}

/// Removes what an earlier commit kept beside a file, durably: an undo of this one would put it back.
fn forget_former(outside: &dyn Disk, path: &AbsolutePath) -> Result<(), DiskError> {
    let Beside { former, .. } = layout::beside(path);
    if outside.exists(&former)? {
        outside.discard(&former)?;
        outside.sync_names(&StorePath::root())?;
    }
    Ok(())
}

/// Writes the new files beside their places, and gives those that stand there a second name, durably.
pub(super) fn prepare(
    disk: &dyn Disk,
    threads: usize,
    publications: &[Publication],
    switches: &[Switch],
) -> Result<(), StoreError> {
    let mut folders: BTreeMap<&Path, Vec<_>> = BTreeMap::new();
    for (Publication { ownership, installs, .. }, switch) in publications.iter().zip(switches) {
        for (install, file) in installs.iter().zip(&switch.outside) {
            folders.entry(layout::folder_of(&file.path)).or_default().push((ownership, install, file));
        }
    }
    if !folders.is_empty() {
        // Whoever recovers must know of what is about to stand there.
        disk.sync_names(&StorePath::root())?;
    }
    parallel::each_at_disk(threads, &Vec::from_iter(folders), |(folder, files)| {
        let outside = place::open(disk, folder)?;
        for (Ownership { owner, group, .. }, install, file) in files {
            let Beside { place, new, former } = layout::beside(&file.path);
            let access = Access { mode: install.mode, owner: *owner, group: *group };
            outside.discard(&new)?;
            outside.add(&new, &install.bytes, access, true)?;
            if file.stood {
                outside.discard(&former)?;
                let status = outside.look(&place)?;
                outside.link_or_put(&place, &former, status.into())?;
            }
        }
        Ok::<_, StoreError>(outside.sync_names(&StorePath::root())?)
    })?;
    Ok(())
}

/// Puts the new files in place, all of them, and then makes that durable.
pub(super) fn switch(disk: &dyn Disk, threads: usize, switches: &[Switch]) -> Result<(), StoreError> {
    let opened = parallel::each_at_disk(threads, &by_folder(switches), |(folder, files)| {
        let outside = place::open(disk, folder)?;
        for file in files {
            let Beside { place, new, .. } = layout::beside(&file.path);
            outside.put_in_place(&new, &place)?;
        }
        Ok::<_, StoreError>(outside)
    })?;
    parallel::each_at_disk(threads, &opened, |outside| outside.sync_names(&StorePath::root()))?;
    Ok(())
}

/// Puts back what stood in each place, durably, and then removes what was made for it.
pub(super) fn undo(disk: &dyn Disk, threads: usize, switches: &[Switch]) -> Result<(), StoreError> {
    parallel::each_at_disk(threads, &by_folder(switches), |(folder, files)| {
        let Some(outside) = disk.beyond(folder)? else {
            return files.iter().try_for_each(|file| nothing_to_put_back(file));
        };
        for file in files {
            put_back(&*outside, file)?;
        }
        // Before what tells that there is something to put back goes.
        outside.sync_names(&StorePath::root())?;
        Ok(tidy(&*outside, files)?)
    })?;
    Ok(())
}

fn put_back(outside: &dyn Disk, file: &Outside) -> Result<(), StoreError> {
    let Beside { place, former, .. } = layout::beside(&file.path);
    match (file.stood, what_stands(outside, file)?) {
        (true, Stands::New | Stands::Nothing) if outside.exists(&former)? => Ok(outside.put_in_place(&former, &place)?),
        (false, Stands::New) => Ok(outside.discard(&place)?),
        (_, Stands::Nothing) => nothing_to_put_back(file),
        _ => Ok(()),
    }
}

/// Where nothing is there of a file that stood there, its file system may not be mounted: it is not forgotten that
/// there is something to put back.
fn nothing_to_put_back(file: &Outside) -> Result<(), StoreError> {
    if file.stood { Err(StoreError::OutsideGone { path: file.path.as_path().to_path_buf() }) } else { Ok(()) }
}

/// Removes what is kept beside the new files, durably.
pub(super) fn finish(disk: &dyn Disk, threads: usize, switches: &[Switch]) -> Result<(), StoreError> {
    parallel::each_at_disk(threads, &by_folder(switches), |(folder, files)| {
        disk.beyond(folder)?.map_or(Ok(()), |outside| tidy(&*outside, files))
    })?;
    Ok(())
}

fn tidy(outside: &dyn Disk, files: &[&Outside]) -> Result<(), DiskError> {
    for file in files {
        let Beside { new, former, .. } = layout::beside(&file.path);
        outside.discard(&new)?;
        if file.stood {
            outside.discard(&former)?;
            outside.discard(&former.temporary())?;
        }
    }
    outside.sync_names(&StorePath::root())
}

/// What is in a file's place.
enum Stands {
    Nothing,
    New,
    /// What stood there before, or what somebody else has put there since.
    Other,
}

fn what_stands(outside: &dyn Disk, file: &Outside) -> Result<Stands, DiskError> {
    let place = layout::beside(&file.path).place;
    match outside.look(&place) {
        Ok(status) if status.kind == Kind::File => {
            let bytes = zeroize::Zeroizing::new(outside.load(&place)?);
            Ok(if Digest::of(&bytes) == file.file { Stands::New } else { Stands::Other })
        }
        Ok(_) => Ok(Stands::Other),
        Err(error) if error.is_missing() => Ok(Stands::Nothing),
        Err(error) => Err(error),
    }
}

fn by_folder(switches: &[Switch]) -> Vec<(&Path, Vec<&Outside>)> {
    let mut folders: BTreeMap<&Path, Vec<&Outside>> = BTreeMap::new();
    for file in switches.iter().flat_map(|switch| &switch.outside) {
        folders.entry(layout::folder_of(&file.path)).or_default().push(file);
    }
    Vec::from_iter(folders)
}
