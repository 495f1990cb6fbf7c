//! Dovecot: a reload succeeds whatever it is given, and TLS is broken afterwards when the pair does not fit.

use keystore::model::FileForm;

use super::{Knowledge, UNKNOWN};

pub(super) const KNOWLEDGE: Knowledge = Knowledge {
    forms: &[FileForm::FullChain, FileForm::PrivateKey],
    test: Some(&["doveconf", "-n"]),
    reload: Some(&["doveadm", "reload"]),
    configuration: "/etc/dovecot/conf.d/10-ssl.conf (Dovecot 2.3)",
    lines: |files| {
        vec![
            format!("ssl_cert = <{}", files.text(FileForm::FullChain)),
            format!("ssl_key = <{}", files.text(FileForm::PrivateKey)),
        ]
    },
    remarks: &["Dovecot 2.4 calls them ssl_server_cert_file and ssl_server_key_file, without the <."],
    ..UNKNOWN
};
