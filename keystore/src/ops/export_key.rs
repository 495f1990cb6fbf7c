//! `export-key`: a private key and its certificates, in the form that a consumer takes.

mod form;

pub use form::{ExportError, Form, Pfx};

use super::{Error, find_key};
use crate::model::{Installed, KeyView, VersionFacts, VersionNumber};
use crate::name::KeyPath;
use crate::pki::{Certificate, PrivateKeyFile, ReadError, read_certificates};
use crate::store::{Disclosure, Keystore, Purpose, ReadKey, Snapshot};

/// Which private key is wanted.
#[derive(Clone, Debug)]
pub struct ExportKey {
    /// The key.
    pub key: KeyPath,
    /// Its version; none given: the one that the next commit leaves in use, else the one it works with.
    pub version: Option<VersionNumber>,
}

/// A private key that is to be exported, as it is kept.
#[derive(Debug)]
pub struct Found {
    /// The key.
    pub key: KeyPath,
    /// What is known of the private key.
    pub version: VersionFacts,
    /// Its certificate and then the chain; none when none is installed.
    pub certificates: Vec<Certificate>,
}

impl Found {
    /// The private key, as it stands in the keystore. That it is read, and for which file, is written down first.
    ///
    /// # Errors
    /// When that can't be written down, or when the private key can't be read or is damaged.
    pub fn private_key_file(
        &self,
        keystore: &Keystore,
        snapshot: &Snapshot<'_>,
        to: &str,
    ) -> Result<PrivateKeyFile, Error> {
        let keys = vec![ReadKey { key: self.key.clone(), version: self.version.number }];
        keystore.note_reading(Disclosure { purpose: Purpose::Export, keys, to: Some(to.to_owned()) })?;
        let bytes = snapshot.private_key_file(&self.key, &self.version)?;
        PrivateKeyFile::from_pem(&bytes).map_err(|source| Error::PrivateKey { key: self.key.clone(), source })
    }
}

/// Finds a private key with its certificates, staged ones included.
///
/// # Errors
/// When there is no such key or version, when the form needs a certificate and there is none, or when files are damaged.
pub fn find(snapshot: &Snapshot<'_>, asked: &ExportKey, form: &Form) -> Result<Found, Error> {
    let view = find_key(snapshot, &asked.key)?;
    let installed = installed(&view, asked.version);
    let number = asked.version.or(installed.map(|installed| installed.version));
    let number = number.or_else(|| view.working_version().map(|version| version.number));
    let version = number.and_then(|number| view.facts.version(number));
    let version = version.ok_or_else(|| Error::VersionNotFound { key: asked.key.clone(), version: number })?;
    if installed.is_none() && form.needs_certificate() {
        return Err(Error::NoCertificate { key: asked.key.clone() });
    }
    let certificates = installed.map(|installed| certificates(snapshot, &asked.key, installed)).transpose()?;
    let certificates = certificates.unwrap_or_default();
    Ok(Found { key: asked.key.clone(), version: version.clone(), certificates })
}

/// What is installed with a version, or with the one that the next commit leaves in use.
fn installed(view: &KeyView, version: Option<VersionNumber>) -> Option<&Installed> {
    let current = view.current.as_ref().map(|current| &current.installed);
    match version {
        None => view.upcoming().or(current),
        Some(number) => view.upcoming().into_iter().chain(current).find(|installed| installed.version == number),
    }
}

fn certificates(snapshot: &Snapshot<'_>, key: &KeyPath, installed: &Installed) -> Result<Vec<Certificate>, Error> {
    let (leaf, chain) = snapshot.certificate_files(key, installed)?;
    let unreadable = |source: ReadError| Error::Unreadable { file: format!("the certificate of {key}"), source };
    read_certificates(&[leaf, chain].concat()).map_err(unreadable)
}
