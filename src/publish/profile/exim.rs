//! Exim: reads the files for each connection, as the account that it runs as.

use keystore::model::{FileForm, FileMode};

use super::{Knowledge, UNKNOWN};

pub(super) const KNOWLEDGE: Knowledge = Knowledge {
    forms: &[FileForm::FullChain, FileForm::PrivateKey],
    group: Some("Debian-exim"),
    mode: FileMode::GROUP,
    test: Some(&["exim4", "-bV"]),
    reload: Some(&["systemctl", "reload", "exim4"]),
    configuration: "/etc/exim4/exim4.conf, its main section",
    lines: |files| {
        vec![
            "tls_advertise_hosts = *".to_owned(),
            format!("tls_certificate = {}", files.text(FileForm::FullChain)),
            format!("tls_privatekey = {}", files.text(FileForm::PrivateKey)),
        ]
    },
    remarks: &["Exim takes no connections for a moment while it reloads."],
    ..UNKNOWN
};
