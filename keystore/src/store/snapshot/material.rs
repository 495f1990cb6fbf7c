//! The files that stand beside a private key, each the one that was written.

use zeroize::Zeroizing;

use super::Snapshot;
use crate::model::{CertificateNumber, Installed, KeyEntry, RequestFacts, ServerFacts, VersionFacts, VersionNumber};
use crate::name::KeyPath;
use crate::store::{StoreError, facts, layout};

impl Snapshot<'_> {
    /// The private key file of a version: bytes that are secret unless they are encrypted. Whoever gives them away writes
    /// that down first ([`Keystore::note_reading`](crate::store::Keystore::note_reading)).
    ///
    /// # Errors
    /// When it can't be read, or isn't the file that was written.
    pub fn private_key_file(&self, key: &KeyPath, version: &VersionFacts) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        facts::private_key(self.disk, key, version.number, version.file)
    }

    /// The private key file of what is installed.
    ///
    /// # Errors
    /// As [`Snapshot::private_key_file`].
    pub fn installed_key_file(&self, key: &KeyPath, installed: &Installed) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        facts::private_key(self.disk, key, installed.version, installed.private_key_file)
    }

    /// The certificate file and the chain file of what is installed.
    ///
    /// # Errors
    /// When they can't be read, or aren't the files that were written.
    pub fn certificate_files(&self, key: &KeyPath, installed: &Installed) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
        facts::certificate(self.disk, key, installed)
    }

    /// A certificate and its chain that stand beside a private key, whether or not anything names them.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn kept_certificate(
        &self,
        key: &KeyPath,
        version: VersionNumber,
        number: CertificateNumber,
    ) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
        let leaf = self.disk.load(&layout::certificate(key, version, number))?;
        Ok((leaf, self.disk.load(&layout::chain(key, version, number))?))
    }

    /// A request file.
    ///
    /// # Errors
    /// When it can't be read, or isn't the file that was written.
    pub fn request_file(
        &self,
        key: &KeyPath,
        version: &VersionFacts,
        request: &RequestFacts,
    ) -> Result<Vec<u8>, StoreError> {
        facts::request(self.disk, key, version.number, request)
    }
}

impl Snapshot<'_> {
    /// The number of the next private key of a key, by its server's index.
    pub(in crate::store) fn next_version(
        &self,
        key: &KeyPath,
        index: &ServerFacts,
    ) -> Result<VersionNumber, StoreError> {
        let committed = self.entry(key)?.as_ref().and_then(KeyEntry::newest);
        facts::next_version(self.disk, key, index, committed)
    }

    /// The number of the next certificate of a private key.
    pub(in crate::store) fn next_certificate(
        &self,
        key: &KeyPath,
        version: VersionNumber,
    ) -> Result<CertificateNumber, StoreError> {
        let current = self.entry(key)?.and_then(|entry| entry.current).map(|current| current.installed);
        let committed = current.filter(|current| current.version == version).map(|current| current.certificate);
        facts::next_certificate(self.disk, key, version, committed)
    }
}
