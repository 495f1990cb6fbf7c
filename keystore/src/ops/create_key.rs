//! `create-key`: a new private key, durable before this returns.

mod asked;
mod many;

use std::path::PathBuf;

pub use asked::{Asked, AskedFault, LineFault, read as read_list};
pub use many::{CreatedWithRequest, Existing, Generated, create_keys, generate, select};

use zeroize::Zeroizing;

use super::{Error, lasting};
use crate::digest::Digest;
use crate::model::{KeyView, Next, VersionFacts};
use crate::name::KeyPath;
use crate::pki::{KeyAlgorithm, Passphrase, Pbes2, PrivateKey, PrivateKeyError};
use crate::store::{Keystore, NewVersion, Snapshot};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct CreateKey {
    /// The key.
    pub key: KeyPath,
    /// Whether it is a next version beside the current one.
    pub next: bool,
}

/// A private key as it will stand in its file. Made before any lock is taken.
pub struct Material {
    algorithm: KeyAlgorithm,
    spki: Digest,
    encrypted: bool,
    weaknesses: Vec<String>,
    file: Zeroizing<Vec<u8>>,
}

impl Material {
    /// In the clear.
    #[must_use]
    pub fn plain(key: &PrivateKey) -> Self {
        Self::of(key, false, Zeroizing::new(key.to_pem().as_bytes().to_vec()))
    }

    /// Encrypted to a passphrase.
    ///
    /// # Errors
    /// When the key can't be encrypted.
    pub fn encrypted(key: &PrivateKey, passphrase: &Passphrase, pbes2: &Pbes2) -> Result<Self, PrivateKeyError> {
        Ok(Self::of(key, true, Zeroizing::new(key.encrypt(passphrase, pbes2)?.into_bytes())))
    }

    fn of(key: &PrivateKey, encrypted: bool, file: Zeroizing<Vec<u8>>) -> Self {
        let weaknesses = key.public_key().weaknesses().iter().map(ToString::to_string).collect();
        Self { algorithm: key.algorithm(), spki: key.public_key().hash(), encrypted, weaknesses, file }
    }

    pub(super) fn spki(&self) -> Digest {
        self.spki
    }

    pub(super) fn to_keep(&self) -> NewVersion<'_> {
        let Self { algorithm, spki, encrypted, weaknesses, file } = self;
        NewVersion { algorithm: *algorithm, spki: *spki, encrypted: *encrypted, weaknesses, file }
    }
}

/// A private key that was made.
#[derive(Clone, Debug)]
pub struct Created {
    /// The key.
    pub key: KeyPath,
    /// Its new version.
    pub version: VersionFacts,
    /// Where it is kept.
    pub folder: PathBuf,
}

/// Says whether the key may be made, before its private key is generated.
///
/// # Errors
/// When there is a key of this name, or for a next version: no certificate that it could follow, or a next version
/// already that is not marked compromised.
pub fn check(snapshot: &Snapshot<'_>, request: &CreateKey) -> Result<(), Error> {
    check_view(snapshot.key(&request.key)?.as_ref(), request)
}

pub(super) fn check_view(view: Option<&KeyView>, request: &CreateKey) -> Result<(), Error> {
    let key = request.key.clone();
    match (view, request.next) {
        (None, false) => Ok(()),
        (None, true) => Err(Error::KeyNotFound { key }),
        (Some(view), true) => check_next(&lasting(view.clone())?, key),
        (Some(view), false) => Err(Error::is_there(view)),
    }
}

fn check_next(view: &KeyView, key: KeyPath) -> Result<(), Error> {
    match &view.next {
        // its commit is refused: only without it another private key can take its place
        Some(Next::Installed(_)) if view.has_compromised_next() => Err(Error::KeyHasStaged { key }),
        _ if view.has_compromised_next() => Ok(()),
        _ if view.current.is_none() => Err(Error::NothingToFollow { key }),
        None | Some(Next::Pending { reused: true, .. }) => Ok(()),
        Some(Next::New(version) | Next::Pending { version, .. }) => {
            Err(Error::NextExists { key, version: version.number })
        }
        Some(Next::Installed(installed)) => Err(Error::NextExists { key, version: installed.version }),
    }
}

/// Keeps a new private key.
///
/// # Errors
/// As [`check`], and when the disk refuses; then there is no key.
pub fn create_key(keystore: &Keystore, request: &CreateKey, material: &Material) -> Result<Created, Error> {
    let mut transaction = keystore.write()?;
    check_view(transaction.key(&request.key)?.as_ref(), request)?;
    let version = transaction.add_version(&request.key, &material.to_keep())?;
    transaction.finish()?;
    let folder = keystore.version_folder(&request.key, version.number);
    Ok(Created { key: request.key.clone(), version, folder })
}
