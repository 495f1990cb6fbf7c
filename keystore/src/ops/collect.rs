//! `collect`: replies of authorities to requests that were handed to them.

use super::submit::{Waiting, waiting_of};
use super::{Error, find_lasting_key};
use crate::name::KeyPath;
use crate::store::Snapshot;

/// The requests that authorities have: of these keys, or of all when none is named.
///
/// # Errors
/// When a key that is named is not there, or has handed in none, or when the keystore can't be read.
pub fn submitted(snapshot: &Snapshot<'_>, keys: &[KeyPath]) -> Result<Vec<Waiting>, Error> {
    let mut found = Vec::new();
    for key in keys {
        let view = find_lasting_key(snapshot, key)?;
        if !view.submission().is_some_and(|submission| submission.is_open()) {
            return Err(Error::NotSubmitted { key: key.clone() });
        }
        found.push(waiting_of(snapshot, &view)?);
    }
    if !keys.is_empty() {
        return Ok(found);
    }
    for server in snapshot.servers()? {
        for (key, facts) in snapshot.facts(&server)?.keys(&server) {
            let last = facts.versions.last().and_then(|version| version.requests.last());
            // most keys wait for nothing: they are not looked at whole
            if last.and_then(|request| request.submission.as_ref()).is_none_or(|it| !it.is_open()) {
                continue;
            }
            let Some(view) = snapshot.key(&key)? else { continue };
            if view.submission().is_some_and(|submission| submission.is_open()) {
                found.push(waiting_of(snapshot, &view)?);
            }
        }
    }
    Ok(found)
}
