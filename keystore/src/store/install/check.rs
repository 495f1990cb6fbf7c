//! Whether the files outside the keystore are still there as a publication left them. Nothing that is wrong with them
//! ends the look: an administrator's folder may be gone, or on a file system that is not mounted.

use zeroize::Zeroizing;

use crate::model::{AbsolutePath, FileForm, ServiceSettings};
use crate::name::Endpoint;
use crate::store::disk::Status;
use crate::store::layout::{self, StorePath};
use crate::store::{Disk, Kind};

/// A file outside the keystore that is published with an endpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Placed {
    /// A copy of a published file.
    Form {
        /// Where.
        path: AbsolutePath,
        /// The file that it is a copy of.
        form: FileForm,
        /// Its permission bits.
        mode: u32,
    },
    /// What no published file tells the contents of. Its name depends on what was published with it, and is one of these.
    OneOf(Vec<AbsolutePath>),
}

impl Placed {
    /// Whether it is put there.
    #[must_use]
    pub fn is_at(&self, place: &AbsolutePath) -> bool {
        match self {
            Self::Form { path, .. } => path == place,
            Self::OneOf(paths) => paths.contains(place),
        }
    }
}

/// Says where the files of an endpoint are put by these settings: what a kind of software adds is not the library's to
/// know.
pub type Placing = fn(&Endpoint, &ServiceSettings) -> Vec<Placed>;

/// What is wrong with them, each in a sentence. `version` is the folder that the endpoint's service reads.
pub(in crate::store) fn faults(disk: &dyn Disk, version: &StorePath, placed: &[Placed]) -> Vec<String> {
    let fault = |placed: &Placed| match placed {
        Placed::Form { path, form, mode } => {
            let published = disk.load(&version.join(form.file_name())).map(Zeroizing::new).ok();
            copy_fault(disk, path, *mode, published.as_ref().map(|bytes| &bytes[..]))
        }
        Placed::OneOf(paths) => {
            let fault = |path: &AbsolutePath| opened(disk, path).err();
            let faults: Vec<_> = paths.iter().map_while(fault).collect();
            if faults.len() < paths.len() { None } else { faults.into_iter().next() }
        }
    };
    placed.iter().filter_map(fault).collect()
}

/// Whether something stands there that a publication would replace. What can't be looked at is refused when it is to be
/// written to.
pub(in crate::store) fn stands(disk: &dyn Disk, path: &AbsolutePath) -> bool {
    opened(disk, path).is_ok()
}

/// Whether the copy of a published file holds what that holds. `version` is the folder that its service reads.
pub(in crate::store) fn is_whole(disk: &dyn Disk, version: &StorePath, copy: &Placed) -> bool {
    let Placed::Form { path, form, .. } = copy else { return false };
    let published = disk.load(&version.join(form.file_name())).map(Zeroizing::new);
    let copied = opened(disk, path).ok().and_then(|(outside, _)| outside.load(&layout::beside(path).place).ok());
    published.ok().zip(copied.map(Zeroizing::new)).is_some_and(|(published, copied)| published == copied)
}

fn copy_fault(disk: &dyn Disk, path: &AbsolutePath, mode: u32, published: Option<&[u8]>) -> Option<String> {
    let (outside, status) = match opened(disk, path) {
        Ok(opened) => opened,
        Err(fault) => return Some(fault),
    };
    if status.mode != mode {
        return Some(format!("{path} has mode {:04o}, and was given {mode:04o}", status.mode));
    }
    match outside.load(&layout::beside(path).place).map(Zeroizing::new) {
        // what is wrong with the published file itself is found there
        Ok(bytes) => {
            published.is_some_and(|published| *published != **bytes).then(|| format!("{path} is not what is published"))
        }
        Err(error) => Some(format!("{path} cannot be read: {}", error.source)),
    }
}

/// The folder of a file that must be there, and what that is like.
fn opened<'d>(disk: &'d dyn Disk, path: &AbsolutePath) -> Result<(Box<dyn Disk + 'd>, Status), String> {
    let unseen = |source| format!("{path} cannot be looked at: {source}");
    let folder = disk.beyond(layout::folder_of(path)).map_err(|error| unseen(error.source))?;
    let outside = folder.ok_or_else(|| format!("{path} is missing, with its folder"))?;
    match outside.look(&layout::beside(path).place) {
        Ok(status) if status.kind == Kind::File => Ok((outside, status)),
        Ok(_) => Err(format!("{path} is no file any more")),
        Err(error) if error.is_missing() => Err(format!("{path} is missing")),
        Err(error) => Err(unseen(error.source)),
    }
}
