//! What is wrong with the entries about readings of private keys, as backups tell of it.

use keystore::store::ReadingFault;
use serde::Serialize;

use super::page::{Page, style};

/// An entry that is missing or damaged.
#[derive(Serialize)]
pub(crate) struct ReadingFaultJson {
    file: String,
    message: String,
}

impl ReadingFaultJson {
    pub(crate) fn of(fault: &ReadingFault) -> Self {
        Self { file: fault.path.to_string(), message: fault.reason.clone() }
    }

    /// Says of each that who read private keys is not known whole.
    pub(crate) fn say(faults: &[Self], page: &mut Page) {
        for Self { file, message } in faults {
            let text = format_args!(
                "{file}, which should say who read private keys, is not whole in it: {message}; `keyring doctor` tells more"
            );
            page.tagged(style::WARN, "warning:", text);
        }
    }
}
