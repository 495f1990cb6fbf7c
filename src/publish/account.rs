//! Accounts and groups of this machine, by name or number.

use keystore::model::AccountName;
use nix::unistd::{Group, User};

/// An account or a group that is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccountError {
    /// There is none of this name.
    #[error("this machine has no {what} {name}")]
    Unknown { what: &'static str, name: AccountName },
    /// The machine's list of them can't be read.
    #[error("cannot look up the {what} {name}")]
    Lookup {
        what: &'static str,
        name: AccountName,
        #[source]
        source: nix::Error,
    },
}

/// Whether this runs as root, who alone can give files to others.
pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The number of an account.
pub(super) fn user(name: &AccountName) -> Result<u32, AccountError> {
    let found = User::from_name(name.as_str()).map(|found| found.map(|user| user.uid.as_raw()));
    number("account", name, found)
}

/// The number of a group.
pub(super) fn group(name: &AccountName) -> Result<u32, AccountError> {
    let found = Group::from_name(name.as_str()).map(|found| found.map(|group| group.gid.as_raw()));
    number("group", name, found)
}

fn number(what: &'static str, name: &AccountName, found: nix::Result<Option<u32>>) -> Result<u32, AccountError> {
    match (found, name.as_str().parse()) {
        (Ok(Some(number)), _) | (_, Ok(number)) => Ok(number),
        (Ok(None), Err(_)) => Err(AccountError::Unknown { what, name: name.clone() }),
        (Err(source), Err(_)) => Err(AccountError::Lookup { what, name: name.clone(), source }),
    }
}
