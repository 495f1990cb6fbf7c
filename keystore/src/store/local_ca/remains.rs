//! What stands of a private authority in a folder whose `authority.json` does not name it: it was lost, or the making
//! of the authority was cut off before it. Nobody can tell these apart where nothing has been issued.

use super::load_revocations;
use crate::model::{LocalCaFile, Revocations};
use crate::name::AuthorityName;
use crate::store::{Disk, StoreError, layout};

/// Files of a private authority.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Remains {
    /// Their names in the authority's folder.
    pub files: Vec<String>,
    /// Whether it was in use: it has issued or revoked something, or its lists can't tell.
    pub in_use: bool,
}

impl Remains {
    /// Looks for them.
    pub(in crate::store) fn find(disk: &dyn Disk, name: &AuthorityName) -> Result<Self, StoreError> {
        let mut ours = LocalCaFile::ALL.map(|file| layout::local_ca_file(name, file)).to_vec();
        ours.extend([layout::issued(name), layout::revocations(name)]);
        let mut files = Vec::new();
        for entry in disk.names(&layout::authority(name))? {
            if ours.contains(&layout::authority(name).join(&entry.name)) {
                files.push(entry.name);
            }
        }
        // Whatever stands on the list, even cut off, came after authority.json.
        let has_issued = !disk.names(&layout::issued(name))?.is_empty();
        Ok(Self { in_use: has_issued || has_revoked(disk, name)?, files })
    }

    /// Whether there are none.
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

fn has_revoked(disk: &dyn Disk, name: &AuthorityName) -> Result<bool, StoreError> {
    if !disk.exists(&layout::revocations(name))? {
        return Ok(false);
    }
    match load_revocations(disk, name) {
        Ok(revocations) => Ok(revocations != Revocations::default()),
        Err(StoreError::Damaged { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}
