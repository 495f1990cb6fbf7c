//! `log`: the commits, newest first; and who read private keys.

use super::Error;
use crate::digest::Digest;
use crate::model::Mark;
use crate::name::KeyPath;
use crate::store::{Base, Reading, Record, Snapshot};

/// The newest records with their hashes, at most `limit`.
///
/// # Errors
/// When one can't be read or is damaged, or when a record is not its successor's parent.
pub fn log(snapshot: &Snapshot<'_>, limit: usize) -> Result<Vec<(Record, Digest)>, Error> {
    Ok(snapshot.records(limit)?)
}

/// Who read private keys, newest first, at most `limit`: of one key, or of all.
///
/// # Errors
/// When an entry can't be read or is damaged, or is not the one that the entry after it was made on.
pub fn readings(snapshot: &Snapshot<'_>, key: Option<&KeyPath>, limit: usize) -> Result<Vec<Reading>, Error> {
    Ok(snapshot.readings(key, limit)?)
}

/// What stands in for the records before the oldest of these, when they were cut off.
///
/// # Errors
/// When it can't be read or is damaged.
pub fn cut_off(snapshot: &Snapshot<'_>, oldest: Option<&Record>) -> Result<Option<Base>, Error> {
    Ok(snapshot.base()?.filter(|base| oldest.is_some_and(|oldest| oldest.generation == base.through.next())))
}

/// The newest record, as it is kept elsewhere; none for the empty keystore.
#[must_use]
pub fn head(snapshot: &Snapshot<'_>) -> Option<Mark> {
    Some(Mark { generation: snapshot.generation(), hash: snapshot.head_hash()? })
}
