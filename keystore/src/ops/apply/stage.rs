//! The changes of the desired state: in what is staged, or in a commit of their own.

use super::desired::Desired;
use super::plan::Way;
use super::prune::surplus;
use crate::change::Stage;
use crate::name::{Endpoint, KeyPath};
use crate::ops::delete_key::deletion;
use crate::ops::install_cert::Place;
use crate::ops::{Error, set_renewal};
use crate::store::{Keystore, Transaction};

/// What came of it.
#[derive(Debug, Default)]
pub struct Staged {
    /// What goes into a commit of its own.
    pub apart: Stage,
    /// How many changes are staged.
    pub changes: usize,
    /// Endpoints that are not bound yet, as their keys have no certificate.
    pub left: Vec<(Endpoint, KeyPath)>,
}

/// Stages settings, renewals and bindings, and removals where they are wanted. An endpoint is bound once its key has a
/// certificate.
///
/// # Errors
/// When the keystore can't be read or written, or has changed since it was planned.
pub fn stage(keystore: &Keystore, desired: &Desired, way: Way, place: Place) -> Result<Staged, Error> {
    let mut transaction = match place {
        Place::Stage => keystore.write()?,
        Place::Apart(stage) => keystore.write_apart(stage)?,
    };
    let mut left = Vec::new();
    services(&mut transaction, desired)?;
    for (key, wanted) in &desired.keys {
        // a key that could not be made is none
        let Some(view) = transaction.key(key)? else { continue };
        if let Some(said) = &wanted.renewal {
            set_renewal::stage(&mut transaction, key, view.upcoming_renewal.as_ref(), said.value.as_ref())?;
        }
        for endpoint in &wanted.bind {
            if transaction.upcoming_binding(endpoint)?.as_ref() == Some(key) {
                continue;
            }
            if view.upcoming().is_none() {
                left.push((endpoint.clone(), key.clone()));
                continue;
            }
            transaction.want_binding(endpoint, Some(key))?;
        }
    }
    if way.prune {
        prune(&mut transaction, desired)?;
    }
    let changes = transaction.stage().changes().count();
    let apart = if way.apart {
        transaction.into_stage()
    } else {
        transaction.finish()?;
        Stage::default()
    };
    Ok(Staged { apart, changes, left })
}

fn services(transaction: &mut Transaction<'_>, desired: &Desired) -> Result<(), Error> {
    for (service, said) in &desired.services {
        transaction.want_settings(service, Some(&said.value))?;
    }
    Ok(())
}

fn prune(transaction: &mut Transaction<'_>, desired: &Desired) -> Result<(), Error> {
    let surplus = surplus(transaction.snapshot(), desired)?;
    for endpoint in surplus.endpoints.into_keys() {
        transaction.want_binding(&endpoint, None)?;
    }
    for service in surplus.services {
        transaction.want_settings(&service, None)?;
    }
    for key in surplus.keys {
        if let Some(view) = transaction.key(&key)? {
            transaction.put(deletion(transaction, &view, None));
        }
    }
    Ok(())
}
