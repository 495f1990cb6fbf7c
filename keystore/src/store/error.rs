//! What can be wrong with a keystore.

use std::path::PathBuf;

use super::{Base, DiskError};
use crate::model::Generation;

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
