//! `log`: the commits, newest first.

use super::Error;
use crate::digest::Digest;
use crate::model::Generation;
use crate::store::{Record, Snapshot};

/// The newest records with their hashes, at most `limit`.
///
/// # Errors
/// When one can't be read or is damaged, or when a record is not its successor's parent.
pub fn log(snapshot: &Snapshot<'_>, limit: usize) -> Result<Vec<(Record, Digest)>, Error> {
    let mut records = Vec::new();
    let mut generation = snapshot.generation();
    while generation > Generation::EMPTY && records.len() < limit {
        records.extend(snapshot.record(generation)?);
        generation = Generation(generation.0 - 1);
    }
    Ok(records)
}
