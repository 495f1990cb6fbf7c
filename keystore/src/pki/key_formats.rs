//! Private keys in every form that an administrator holds, of any algorithm: read, never written. What keyring
//! keeps itself is a [`PrivateKey`](super::PrivateKey), which an [`OpenedKey`] becomes when its algorithm allows.

mod key_manager;
mod locked;
mod opened;
mod openssh;
mod rsa_numbers;
mod traditional;

pub use locked::LockedKey;
pub use opened::{KeyForm, OpenedKey};

pub(super) use key_manager::backups;
pub(super) use openssh::MAGIC as OPENSSH_MAGIC;

/// A private key as it was found: open, or to be opened.
#[derive(Debug)]
pub enum FoundKey {
    /// Readable by whoever reads the file.
    Opened(OpenedKey),
    /// To be opened with its passphrase.
    Locked(LockedKey),
}

#[cfg(test)]
mod tests;
