//! Accounts at authorities that speak ACME. What is lost of one is no certificate and no key of ours: the authority is
//! told of a new one.

use super::super::layout::{self, PRIVATE_FILE, StorePath};
use super::super::{DiskError, StoreError, authorities};
use super::finding::{Code, Finding};
use super::look::{Belongs, Look};
use super::remedy::Repair;
use crate::name::AuthorityName;

/// What there may be in an authority's folder.
pub(super) fn belongs(name: &AuthorityName, file: &str) -> Option<Belongs> {
    let path = layout::authority(name).join(file);
    [layout::account(name), layout::account_key(name)].contains(&path).then_some(Belongs::File(PRIVATE_FILE))
}

/// Looks at an account, if there is one.
pub(super) fn check(look: &mut Look<'_>, name: &AuthorityName) {
    let (account, key) = (authorities::account(look.disk, name), authorities::account_key(look.disk, name));
    let mut found = |path: StorePath, what: &str, error: StoreError| {
        if let StoreError::Disk(DiskError { source, .. }) = error {
            return look.unreadable(&path, &source);
        }
        let message = format!("{what} at {name} is lost: {}", error.reason());
        let finding = Finding::new(Code::AuthorityDamaged, path.clone(), message);
        look.found(finding.mended_by(Repair::SetAside { path }));
    };
    if let Err(error) = account {
        found(layout::account(name), "what is known of the account", error);
    }
    if let Err(error) = key {
        found(layout::account_key(name), "the private key of the account", error);
    }
}
