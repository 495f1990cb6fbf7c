//! stunnel: refuses a reload with files that do not fit, and keeps what it has.

use keystore::model::{FileForm, FileMode};

use super::Knowledge;

pub(super) const KNOWLEDGE: Knowledge = Knowledge {
    forms: &[FileForm::Combined],
    owner: None,
    group: None,
    mode: FileMode::PRIVATE,
    test: None,
    reload: Some(&["systemctl", "reload", "stunnel4"]),
    reload_input: None,
    configuration: "/etc/stunnel/stunnel.conf, the service's section",
    lines: |files| vec![format!("cert = {}", files.text(FileForm::Combined))],
    remarks: &["Private key and certificate stand in one file: `key =` is not needed."],
};
