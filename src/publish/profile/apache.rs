//! Apache's httpd: its test passes for a pair that does not fit, and a graceful restart then ends the server; another
//! one starts it again.

use keystore::model::{FileForm, FileMode};

use super::Knowledge;

pub(super) const KNOWLEDGE: Knowledge = Knowledge {
    forms: &[FileForm::FullChain, FileForm::PrivateKey],
    owner: None,
    group: None,
    mode: FileMode::PRIVATE,
    test: Some(&["apachectl", "configtest"]),
    reload: Some(&["apachectl", "graceful"]),
    reload_input: None,
    configuration: "the VirtualHost in /etc/apache2/sites-enabled/",
    lines: |files| {
        vec![
            "SSLEngine on".to_owned(),
            format!("SSLCertificateFile    {}", files.text(FileForm::FullChain)),
            format!("SSLCertificateKeyFile {}", files.text(FileForm::PrivateKey)),
        ]
    },
    remarks: &[],
};
