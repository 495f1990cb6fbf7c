//! Records of dns-01 by a program of the administrator's.

use std::time::Duration;

use keystore::model::Hook;
use keystore::name::{AuthorityName, KeyPath};

use super::fault::AcmeFault;
use crate::hook::Call;

/// How long it may take: some wait by themselves until everybody sees the record.
const TIMEOUT: Duration = Duration::from_secs(600);

/// A program that puts records into DNS and takes them out.
pub(super) struct DnsProgram<'a> {
    pub(super) run: &'a Hook,
    pub(super) authority: &'a AuthorityName,
    pub(super) key: &'a KeyPath,
}

impl DnsProgram<'_> {
    pub(super) fn call(&self, domain: &str, record: &str, value: &str, put: bool) -> Result<(), AcmeFault> {
        let action = if put { "present" } else { "cleanup" };
        let call = Call {
            hook: self.run,
            variables: vec![
                ("KEYRING_ACME_ACTION", action.to_owned()),
                ("KEYRING_ACME_DOMAIN", domain.to_owned()),
                ("KEYRING_ACME_NAME", record.to_owned()),
                ("KEYRING_ACME_VALUE", value.to_owned()),
                ("KEYRING_AUTHORITY", self.authority.to_string()),
                ("KEYRING_KEY", self.key.to_string()),
            ],
            input: b"",
            timeout: TIMEOUT,
            // what is up is taken down, whatever the user presses
            interruptible: put,
        };
        let done = if put { "made" } else { "removed" };
        call.run().map(drop).map_err(|source| AcmeFault::Hook { name: record.to_owned(), done, source })
    }
}
