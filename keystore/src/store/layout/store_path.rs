//! A path inside the keystore.

use std::fmt;
use std::path::{Path, PathBuf};

/// A path inside the keystore, relative to its folder.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StorePath(pub(super) PathBuf);

impl StorePath {
    /// The keystore's folder.
    pub(in crate::store) fn root() -> Self {
        Self(PathBuf::new())
    }

    /// The path, relative to the keystore's folder.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        &self.0
    }

    /// How many components it has.
    pub(in crate::store) fn depth(&self) -> usize {
        self.0.components().count()
    }

    /// Its last component; none for the keystore's own folder.
    pub(in crate::store) fn file_name(&self) -> Option<&str> {
        self.0.file_name()?.to_str()
    }

    /// The folder it is in; none for the keystore's own.
    pub(in crate::store) fn parent(&self) -> Option<Self> {
        self.0.parent().map(|parent| Self(parent.to_path_buf()))
    }

    /// A name below it. For names that this module made, or that were read from the folder itself.
    pub(in crate::store) fn join(&self, name: &str) -> Self {
        Self(self.0.join(name))
    }

    /// The name under which what shall stand here is prepared. Only a lock's holder writes, so that one is enough.
    pub(in crate::store) fn temporary(&self) -> Self {
        let name = self.0.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        Self(self.0.with_file_name(format!(".{name}.new")))
    }

    /// A name of its own beside it.
    pub(in crate::store) fn numbered(&self, number: u32) -> Self {
        Self(self.0.with_file_name(format!("{}.{number}", self.name())))
    }

    /// The last component; empty for the keystore's folder.
    pub(in crate::store) fn name(&self) -> String {
        self.0.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// As it stands in archives and messages. Its components are text that this module made or parsed.
impl fmt::Display for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}
