//! stunnel: refuses a reload with files that do not fit, and keeps what it has.

use keystore::model::FileForm;

use super::{Knowledge, UNKNOWN};

pub(super) const KNOWLEDGE: Knowledge = Knowledge {
    forms: &[FileForm::Combined],
    reload: Some(&["systemctl", "reload", "stunnel4"]),
    configuration: "/etc/stunnel/stunnel.conf, the service's section",
    lines: |files| vec![format!("cert = {}", files.text(FileForm::Combined))],
    remarks: &["Private key and certificate stand in one file: `key =` is not needed."],
    ..UNKNOWN
};
