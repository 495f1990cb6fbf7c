//! Postfix: its processes read the files when they start, so that new ones are read in time without a reload. With one
//! file for everything none of them sees half of a change.

use keystore::model::FileForm;

use super::{Knowledge, UNKNOWN};

pub(super) const KNOWLEDGE: Knowledge = Knowledge {
    forms: &[FileForm::Combined],
    test: Some(&["postfix", "check"]),
    reload: Some(&["postfix", "reload"]),
    configuration: "/etc/postfix/main.cf",
    lines: |files| {
        vec![
            "smtpd_tls_security_level = may".to_owned(),
            format!("smtpd_tls_chain_files = {}", files.text(FileForm::Combined)),
        ]
    },
    remarks: &["smtpd_tls_chain_files takes the place of smtpd_tls_cert_file and smtpd_tls_key_file (Postfix 3.4)."],
    ..UNKNOWN
};
