//! What can be wrong with a keystore.

use std::path::PathBuf;

use super::{Base, DiskError};
use crate::model::Generation;
use crate::name::Endpoint;

/// Why the keystore could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// An operation on the disk failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// There is no keystore.
    #[error("there is no keystore at {}", path.display())]
    NoKeystore {
        /// Where one was looked for.
        path: PathBuf,
    },
    /// A new keystore was asked for where something stands.
    #[error("{} is not empty", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// There is a keystore already.
    #[error("there is a keystore at {} already", path.display())]
    AlreadyThere {
        /// The folder.
        path: PathBuf,
    },
    /// What makes a keystore there was cut off.
    #[error("the keystore at {} is not whole yet: what made or restored it was cut off", path.display())]
    Incomplete {
        /// The folder.
        path: PathBuf,
    },
    /// Others can write to the keystore.
    #[error("others can write to {} (mode {mode:04o})", path.display())]
    WritableByOthers {
        /// The folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The keystore belongs to somebody else.
    #[error("{} belongs to user id {owner}, not to {user}", path.display())]
    ForeignOwner {
        /// The folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who asks.
        user: u32,
    },
    /// A newer program wrote it.
    #[error("the keystore at {} has format {format}; this program writes format {known} and only reads newer ones", path.display())]
    NewerFormat {
        /// The folder.
        path: PathBuf,
        /// Its format.
        format: u32,
        /// The format that this program writes.
        known: u32,
    },
    /// There is no such generation.
    #[error("there is no generation {generation}: the newest is {newest}")]
    NoGeneration {
        /// The one that was asked for.
        generation: Generation,
        /// The newest.
        newest: Generation,
    },
    /// A file of the keystore is not what it must be.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A generation that was cut off from the log was asked for, or something that only it needed.
    #[error("generation {generation} is gone: those up to {} were cut off at {} by {} (`keyring {}`)",
        base.through, base.time, base.actor, base.actor.command)]
    Pruned {
        /// The generation.
        generation: Generation,
        /// What stands in for it.
        base: Box<Base>,
    },
    /// `keystore.toml` has a mistake in it.
    #[error("{} has a mistake: {reason}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        reason: String,
    },
    /// A file is to be installed where there is no folder.
    #[error("there is no folder {} to install files in", path.display())]
    OutsideNoFolder {
        /// The folder.
        path: PathBuf,
    },
    /// A file is to be installed in what is no folder, or in a symbolic link to one.
    #[error("files can't be installed in {}: it is no folder, or a symbolic link to one", path.display())]
    OutsideLinked {
        /// What was named.
        path: PathBuf,
    },
    /// A file is to be installed inside the keystore.
    #[error("files can't be installed in {}: it belongs to the keystore", path.display())]
    OutsideWithin {
        /// The folder.
        path: PathBuf,
    },
    /// A file is to be installed in a folder of somebody else.
    #[error("files can't be installed in {}: it belongs to user id {owner}, neither to {user} nor to root", path.display())]
    OutsideForeign {
        /// The folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who asks.
        user: u32,
    },
    /// A file is to be installed in a folder that others can write to.
    #[error("files can't be installed in {}: others can write to it (mode {mode:04o})", path.display())]
    OutsideWritable {
        /// The folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A file is to be installed where something else stands.
    #[error("{} is {}: no file can be installed there", path.display(), if *is_link { "a symbolic link" } else { "no regular file" })]
    OutsideNoFile {
        /// What stands there.
        path: PathBuf,
        /// Whether it is a symbolic link.
        is_link: bool,
    },
    /// Two endpoints would have the same file.
    #[error("{} is to be installed twice: for {first} and for {second}", path.display())]
    OutsideTwice {
        /// The file.
        path: PathBuf,
        /// One endpoint.
        first: Box<Endpoint>,
        /// The other one.
        second: Box<Endpoint>,
    },
    /// A commit is to be taken back, and a file that it replaced is neither in its place nor kept beside it.
    #[error("what stood at {} before a commit that was cut off is not there to be put back", path.display())]
    OutsideGone {
        /// The file.
        path: PathBuf,
    },
    /// Another process holds a lock.
    #[error("the keystore is in use by {holder}")]
    Locked {
        /// Who holds it: command, process, since when.
        holder: String,
    },
    /// The wait for a lock was interrupted.
    #[error("interrupted while waiting for a lock")]
    Interrupted,
}

impl StoreError {
    /// What is wrong with a file, without its path.
    pub(super) fn reason(self) -> String {
        match self {
            Self::Damaged { reason, .. } | Self::Config { reason, .. } => reason,
            other => other.to_string(),
        }
    }
}
