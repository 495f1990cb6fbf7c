//! What mends a finding.

use std::fmt;

use super::super::layout::StorePath;
use crate::digest::Digest;
use crate::model::{Generation, VersionFacts};
use crate::name::{KeyPath, ServerName};

/// What a prune was kept from removing, the next one removes.
pub(super) const PRUNE: &str = "a prune was cut short: the next `keyring prune --keep N` removes it";

/// What mends a finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Remedy {
    /// `doctor --repair`, without any loss.
    Automatic(Repair),
    /// The administrator, as the text says.
    ByHand(String),
    /// Nothing can make it again but a copy from before.
    Backup,
    /// It needs no mending.
    Nothing,
}

impl From<Repair> for Remedy {
    fn from(repair: Repair) -> Self {
        Self::Automatic(repair)
    }
}

impl From<String> for Remedy {
    fn from(advice: String) -> Self {
        Self::ByHand(advice)
    }
}

impl From<&str> for Remedy {
    fn from(advice: &str) -> Self {
        Self::ByHand(advice.to_owned())
    }
}

/// A step that mends something without any loss, in the order in which they are done. Each can be done twice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Repair {
    /// Gives a file or folder its permission bits.
    SetMode {
        /// What.
        path: StorePath,
        /// Permission bits.
        mode: u32,
    },
    /// Makes a folder.
    MakeFolder {
        /// Which.
        path: StorePath,
        /// Its permission bits.
        mode: u32,
    },
    /// Makes `keystore.toml` anew.
    WriteConfig {
        /// The identifier that the log has; a new one when nothing has been committed.
        id: Option<String>,
    },
    /// Finishes or takes back a commit that was interrupted.
    Recover,
    /// Moves something out of its place, into `set-aside/`.
    SetAside {
        /// What.
        path: StorePath,
    },
    /// Drops what is committed already from the stage.
    DropRecorded {
        /// The change sets.
        sets: Vec<String>,
    },
    /// Writes what stands in for the records that were cut off, as the oldest one that was kept tells it.
    WriteBase {
        /// The keystore's identifier.
        keystore: String,
        /// The newest generation that was cut off.
        through: Generation,
        /// The hash of its record.
        hash: Digest,
    },
    /// Writes a part of a state that replaying the log has made again.
    WriteState {
        /// What it is called by.
        digest: Digest,
        /// What it holds.
        bytes: Vec<u8>,
    },
    /// Writes what a private key is beside it.
    WriteVersion {
        /// The key.
        key: KeyPath,
        /// What is known of the private key.
        facts: Box<VersionFacts>,
        /// Whether that was read from the files beside it, as the index knows nothing.
        from_files: bool,
    },
    /// Writes what private keys are into the index of their server.
    WriteIndex {
        /// The server.
        server: ServerName,
        /// What is known of each private key.
        entries: Vec<(KeyPath, VersionFacts)>,
    },
    /// Writes where to look for the newest record.
    WriteHead,
    /// Removes what a write that was cut off left.
    RemoveTemporary {
        /// The file.
        path: StorePath,
    },
}

impl Repair {
    /// Its place in the order of repairs.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::SetMode { .. } => 0,
            Self::MakeFolder { .. } => 1,
            Self::WriteConfig { .. } => 2,
            Self::Recover => 3,
            Self::SetAside { .. } => 4,
            Self::DropRecorded { .. } => 5,
            Self::WriteBase { .. } => 6,
            Self::WriteState { .. } => 7,
            Self::WriteVersion { .. } => 8,
            Self::WriteIndex { .. } => 9,
            Self::WriteHead => 10,
            Self::RemoveTemporary { .. } => 11,
        }
    }
}

impl Repair {
    /// What it does, and what it has done.
    fn words(&self) -> (String, String) {
        let words = |does: &str, done: &str| (does.to_owned(), done.to_owned());
        match self {
            Self::SetMode { mode, .. } => {
                (format!("set its mode to {mode:04o}"), format!("its mode was set to {mode:04o}"))
            }
            Self::MakeFolder { .. } => words("make it again, empty", "made again, empty"),
            Self::WriteConfig { id } => {
                let id = if id.is_some() { "the log's identifier" } else { "a new identifier" };
                (format!("make it again with {id} and no defaults"), format!("made again with {id} and no defaults"))
            }
            Self::Recover => words("finish it if it was recorded, or take it back", "finished or taken back"),
            Self::SetAside { .. } => words("move it to set-aside/", "moved to set-aside/"),
            Self::DropRecorded { .. } => words("drop that from the stage", "dropped from the stage"),
            Self::WriteBase { .. } => words(
                "make it again from the oldest record, without who cut off what came before, and when",
                "made again from the oldest record; who cut off what came before, and when, is lost",
            ),
            Self::WriteState { .. } => words("make it again from the log", "made again from the log"),
            Self::WriteVersion { from_files: false, .. } => {
                words("write it anew from the index", "written anew from the index")
            }
            Self::WriteVersion { from_files: true, .. } => words(
                "make it again from the private key and its copies; what these don't tell, such as who made it when, is lost",
                "made again from the private key and its copies; what these don't tell, such as who made it when, is lost",
            ),
            Self::WriteIndex { entries, .. } if entries.is_empty() => {
                words("make it again, empty", "made again, empty")
            }
            Self::WriteIndex { entries, .. } => {
                let (s, count) = (if entries.len() == 1 { "" } else { "s" }, entries.len());
                (
                    format!("put {count} private key{s} into the index"),
                    format!("{count} private key{s} put into the index"),
                )
            }
            Self::WriteHead => words("write it anew", "written anew"),
            Self::RemoveTemporary { .. } => words("remove it", "removed"),
        }
    }

    /// What it has done: "its mode was set to 0600".
    #[must_use]
    pub fn done(&self) -> String {
        self.words().1
    }
}

/// What it does: "set its mode to 0600".
impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().0)
    }
}
