//! Files outside the keystore that two endpoints would share: refused before anything is switched, as each publication
//! would replace the other's.

use std::collections::BTreeMap;

use keystore::model::{AbsolutePath, ServiceSettings};
use keystore::name::{Endpoint, ServicePath};
use keystore::store::{Placed, Snapshot, StoreError};

use super::{Said, placed};

/// Refuses where one of these endpoints would be given a file that another one is given, now or by its settings.
///
/// # Errors
/// When two share one, or the keystore can't be read.
pub(super) fn refuse<'e>(
    snapshot: &Snapshot<'_>,
    endpoints: impl Iterator<Item = &'e Endpoint>,
    said: impl Fn(&ServicePath) -> Result<Said, StoreError>,
) -> Result<(), StoreError> {
    let mut whose: BTreeMap<AbsolutePath, &Endpoint> = BTreeMap::new();
    for endpoint in endpoints {
        let Some(settings) = said(&endpoint.service)?.0 else { continue };
        for copy in placed(endpoint, &settings) {
            let Placed::Form { path, .. } = &copy else { continue };
            if let Some(first) = whose.insert(path.clone(), endpoint) {
                return Err(twice(path, first, endpoint));
            }
            // all services are looked at only where something stands that need not be ours
            if !snapshot.is_free_or_own(endpoint, path, placed)?
                && let Some(other) = claimant(snapshot, endpoint, path, &said)?
            {
                return Err(twice(path, &other, endpoint));
            }
        }
    }
    Ok(())
}

fn twice(path: &AbsolutePath, first: &Endpoint, second: &Endpoint) -> StoreError {
    let (first, second) = (Box::new(first.clone()), Box::new(second.clone()));
    StoreError::OutsideTwice { path: path.as_path().to_path_buf(), first, second }
}

/// Another endpoint that is bound and installs to the same file.
fn claimant(
    snapshot: &Snapshot<'_>,
    endpoint: &Endpoint,
    path: &AbsolutePath,
    said: &impl Fn(&ServicePath) -> Result<Said, StoreError>,
) -> Result<Option<Endpoint>, StoreError> {
    let takes = |other: &Endpoint, settings: &ServiceSettings| {
        other != endpoint && placed(other, settings).iter().any(|copy| copy.is_at(path))
    };
    for service in snapshot.services()? {
        let (Some(settings), endpoints) = said(&service)? else { continue };
        if let Some(other) = endpoints.into_iter().find(|other| takes(other, &settings)) {
            return Ok(Some(other));
        }
    }
    Ok(None)
}
