//! What a user can ask of a keystore: one use case per file, named as the command.

pub mod account;
pub mod apply;
pub mod backup;
pub mod bind;
pub mod check;
pub mod collect;
pub mod commit;
pub mod copy_key;
pub mod create_ca;
pub mod create_key;
pub mod delete_key;
pub mod desk;
pub mod diff;
pub mod discard;
pub mod doctor;
mod error;
pub mod export_crl;
pub mod export_csr;
pub mod export_key;
mod fault;
mod holders;
pub mod import_key;
pub mod inspect;
pub mod install_cert;
pub mod list;
pub mod list_authorities;
pub mod list_issued;
pub mod local_ca;
pub mod log;
pub mod make_csr;
pub mod mark_compromised;
pub mod probe;
pub mod prune;
pub mod publish;
pub mod rename_key;
pub mod renew;
pub mod restore;
pub mod revoke;
pub mod rollback;
pub mod self_sign;
pub mod set_authority;
pub mod set_renewal;
pub mod set_service;
pub mod sign_csr;
pub mod standing;
pub mod status;
pub mod submit;
pub mod unbind;
pub mod verify;
mod warning;

pub use error::Error;
pub use fault::Fault;
pub use warning::Warning;

use crate::model::{Fate, KeyView};
use crate::name::KeyPath;
use crate::store::{Snapshot, Transaction};

/// One key that must be there.
///
/// # Errors
/// When it is not in the tree.
pub fn find_key(snapshot: &Snapshot<'_>, key: &KeyPath) -> Result<KeyView, Error> {
    snapshot.key(key)?.ok_or_else(|| match (key.clone(), snapshot.generation()) {
        (key, generation) if snapshot.is_past() => Error::NoKeyThen { key, generation },
        (key, _) => Error::KeyNotFound { key },
    })
}

/// One key that must be there, and still be there once the stage is committed.
///
/// # Errors
/// When it is not in the tree, or is staged to leave it.
pub fn find_lasting_key(snapshot: &Snapshot<'_>, key: &KeyPath) -> Result<KeyView, Error> {
    lasting(find_key(snapshot, key)?)
}

fn lasting(view: KeyView) -> Result<KeyView, Error> {
    match view.fate {
        Fate::Goes { renamed_to } => Err(Error::KeyGoes { key: view.path, renamed_to }),
        Fate::Stays | Fate::Arrives { .. } => Ok(view),
    }
}

/// One key that must be there, and about which nothing is staged.
fn settled_key(transaction: &Transaction<'_>, key: &KeyPath) -> Result<KeyView, Error> {
    let view = transaction.key(key)?.ok_or_else(|| Error::KeyNotFound { key: key.clone() })?;
    if transaction.stage().changes().any(|change| change.names_key(key)) {
        return Err(Error::KeyHasStaged { key: key.clone() });
    }
    Ok(view)
}
