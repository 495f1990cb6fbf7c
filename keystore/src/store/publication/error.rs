use crate::model::Generation;
use crate::store::StoreError;

/// A commit or publication that failed, and how the undo went.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Nothing had been done yet: a writer held the lock too long, or what is there could not be read.
    #[error("the commit did not begin")]
    NotBegun(#[source] StoreError),
    /// It failed before anything was changed, or everything was put back.
    #[error("the commit failed and everything is as it was")]
    Undone(#[source] StoreError),
    /// It failed and could not be put back whole.
    #[error("the commit failed ({cause}) and could not be taken back whole")]
    UndoIncomplete {
        /// Why it failed.
        cause: StoreError,
        /// Why the undo failed.
        #[source]
        undo: StoreError,
    },
    /// Its record is there, and the disk would not say that it is durable.
    #[error("generation {generation} is committed, but it is not sure that a loss of power leaves it")]
    NotDurable {
        /// The generation that was recorded.
        generation: Generation,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// It is recorded; clearing up behind it failed.
    #[error("generation {generation} is committed, but clearing up behind it failed")]
    Unfinished {
        /// The generation that was recorded.
        generation: Generation,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// Another commit, or a change of what is staged, came between the plan and now.
    #[error("the keystore changed while the commit was prepared")]
    Moved,
}
