//! Accounts at authorities that speak ACME: a private key, and what the authority calls the account. Facts.

use std::collections::BTreeSet;

use super::{Error, collect};
use crate::model::{AcmeAccount, DirectoryUrl};
use crate::name::AuthorityName;
use crate::pki::{EmailAddress, KeyAlgorithm, PrivateKey};
use crate::store::Keystore;

/// The private key of the account at an authority: the one that is there, else a new one, which is durable before
/// anybody can use it.
///
/// # Errors
/// When nothing is said of the authority, or the disk refuses.
pub fn key(keystore: &Keystore, name: &AuthorityName) -> Result<PrivateKey, Error> {
    if let Some(key) = keystore.read()?.account_key(name)? {
        return Ok(key);
    }
    // RFC 8555 section 6.2 has every server know ES256
    let new = PrivateKey::generate(KeyAlgorithm::EcdsaP256)
        .map_err(|source| Error::AccountKey { name: name.clone(), source })?;
    let mut transaction = keystore.write()?;
    if transaction.snapshot().authority(name)?.is_none() {
        return Err(Error::AuthorityNotFound { name: name.clone() });
    }
    // another process may have been first
    let key = match transaction.snapshot().account_key(name)? {
        Some(key) => key,
        None => {
            transaction.keep_account_key(name, &new)?;
            new
        }
    };
    transaction.finish()?;
    Ok(key)
}

/// The account at an authority as it is known, where it is one of this directory.
///
/// # Errors
/// When the keystore can't be read.
pub fn registered(
    keystore: &Keystore,
    name: &AuthorityName,
    directory: &DirectoryUrl,
) -> Result<Option<AcmeAccount>, Error> {
    Ok(keystore.read()?.account(name)?.filter(|account| account.directory == *directory))
}

/// Takes note of what an authority calls the account, durably.
///
/// # Errors
/// When the disk refuses.
pub fn keep(
    keystore: &Keystore,
    name: &AuthorityName,
    directory: &DirectoryUrl,
    url: String,
    contacts: &[EmailAddress],
) -> Result<AcmeAccount, Error> {
    let mut transaction = keystore.write()?;
    let registered = keystore.world().now();
    let account = AcmeAccount { directory: directory.clone(), url, contacts: contacts.to_vec(), registered };
    transaction.keep_account(name, &account)?;
    transaction.finish()?;
    Ok(account)
}

/// What an authority calls the requests of ours that wait for it: these orders have a request each.
///
/// # Errors
/// When the keystore can't be read.
pub fn tickets(keystore: &Keystore, name: &AuthorityName) -> Result<BTreeSet<String>, Error> {
    let waiting = collect::submitted(&keystore.read()?, &[])?;
    let submissions = waiting.into_iter().filter_map(|waiting| waiting.submission);
    Ok(submissions.filter(|it| it.authority == *name).filter_map(|it| it.ticket).collect())
}
