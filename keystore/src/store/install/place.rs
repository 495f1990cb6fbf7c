//! Where a file outside the keystore may go: into a folder that nobody can exchange it in but root and us.

use std::path::Path;

use crate::model::AbsolutePath;
use crate::store::layout::{self, StorePath};
use crate::store::{Disk, Kind, StoreError};

/// Opens a folder that must be there.
pub(super) fn open<'d>(disk: &'d dyn Disk, folder: &Path) -> Result<Box<dyn Disk + 'd>, StoreError> {
    let path = || folder.to_path_buf();
    if folder.starts_with(disk.root()) {
        return Err(StoreError::OutsideWithin { path: path() });
    }
    match disk.beyond(folder) {
        Ok(Some(outside)) => Ok(outside),
        Ok(None) => Err(StoreError::OutsideNoFolder { path: path() }),
        // What a symbolic link is answered with differs between systems.
        Err(error) if error.is_barred() => Err(StoreError::OutsideLinked { path: path() }),
        Err(error) => Err(error.into()),
    }
}

/// Refuses a folder in which others could put something else in a file's place.
pub(super) fn check_folder(outside: &dyn Disk) -> Result<(), StoreError> {
    const STICKY: u32 = 0o1000;
    let (path, status) = (outside.root().to_path_buf(), outside.look(&StorePath::root())?);
    let user = rustix::process::geteuid().as_raw();
    if status.owner != user && status.owner != 0 {
        return Err(StoreError::OutsideForeign { path, owner: status.owner, user });
    }
    let by_group = status.mode & 0o020 != 0 && status.mode & STICKY == 0;
    if by_group || status.mode & 0o002 != 0 {
        return Err(StoreError::OutsideWritable { path, mode: status.mode });
    }
    Ok(())
}

/// Whether a file stands there; refuses anything else.
pub(super) fn check_file(outside: &dyn Disk, path: &AbsolutePath) -> Result<bool, StoreError> {
    match outside.look(&layout::beside(path).place) {
        Ok(status) if status.kind == Kind::File => Ok(true),
        Ok(status) => {
            let path = path.as_path().to_path_buf();
            Err(StoreError::OutsideNoFile { path, is_link: status.kind == Kind::Link })
        }
        Err(error) if error.is_missing() => Ok(false),
        Err(error) => Err(error.into()),
    }
}
