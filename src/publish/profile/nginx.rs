//! nginx: reads certificate and private key at its start and at a reload. Its test notices a pair that does not fit, but
//! not when the two are of different algorithms.

use keystore::model::{FileForm, FileMode};

use super::Knowledge;

pub(super) const KNOWLEDGE: Knowledge = Knowledge {
    forms: &[FileForm::FullChain, FileForm::PrivateKey],
    owner: None,
    group: None,
    mode: FileMode::PRIVATE,
    test: Some(&["nginx", "-t", "-q"]),
    reload: Some(&["nginx", "-s", "reload"]),
    reload_input: None,
    configuration: "the server block in /etc/nginx/sites-enabled/",
    lines: |files| {
        vec![
            format!("ssl_certificate     {};", files.text(FileForm::FullChain)),
            format!("ssl_certificate_key {};", files.text(FileForm::PrivateKey)),
        ]
    },
    remarks: &[],
};
