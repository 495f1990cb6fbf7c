//! What a user can ask of a keystore: one use case per file, named as the command.

pub mod bind;
pub mod commit;
pub mod create_key;
pub mod discard;
pub mod doctor;
mod error;
mod fault;
pub mod install_cert;
pub mod list;
pub mod log;
pub mod make_csr;
pub mod publish;
pub mod status;
pub mod unbind;
mod warning;

pub use error::Error;
pub use fault::Fault;
pub use warning::Warning;

use crate::model::KeyView;
use crate::name::KeyPath;
use crate::store::Snapshot;

/// One key that must be there.
///
/// # Errors
/// When nobody ever made a private key for it.
pub fn find_key(snapshot: &Snapshot<'_>, key: &KeyPath) -> Result<KeyView, Error> {
    snapshot.key(key)?.ok_or_else(|| Error::KeyNotFound { key: key.clone() })
}
