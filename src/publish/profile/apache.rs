//! Apache's httpd: its test passes for a pair that does not fit, and a graceful restart then ends the server; another
//! one starts it again.

use keystore::model::FileForm;

use super::{Knowledge, UNKNOWN};

pub(super) const KNOWLEDGE: Knowledge = Knowledge {
    forms: &[FileForm::FullChain, FileForm::PrivateKey],
    test: Some(&["apachectl", "configtest"]),
    reload: Some(&["apachectl", "graceful"]),
    configuration: "the VirtualHost in /etc/apache2/sites-enabled/",
    lines: |files| {
        vec![
            "SSLEngine on".to_owned(),
            format!("SSLCertificateFile    {}", files.text(FileForm::FullChain)),
            format!("SSLCertificateKeyFile {}", files.text(FileForm::PrivateKey)),
        ]
    },
    ..UNKNOWN
};
