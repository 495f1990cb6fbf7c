//! Microsoft Exchange: a machine of its own, which is given a PFX file and a script. Nobody is told and nothing proven
//! before a person has run that.

use super::{Knowledge, UNKNOWN};

pub(super) const KNOWLEDGE: Knowledge = Knowledge {
    remarks: &[
        "Take the .pfx and the .ps1 to the Exchange server and run the script there, in the Exchange Management Shell.",
        "`keyring probe` and `keyring check` tell whether Exchange serves the certificate.",
    ],
    ..UNKNOWN
};
