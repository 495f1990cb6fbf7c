//! nginx: reads certificate and private key at its start and at a reload. Its test notices a pair that does not fit, but
//! not when the two are of different algorithms.

use keystore::model::FileForm;

use super::{Knowledge, UNKNOWN};

pub(super) const KNOWLEDGE: Knowledge = Knowledge {
    forms: &[FileForm::FullChain, FileForm::PrivateKey],
    test: Some(&["nginx", "-t", "-q"]),
    reload: Some(&["nginx", "-s", "reload"]),
    configuration: "the server block in /etc/nginx/sites-enabled/",
    lines: |files| {
        vec![
            format!("ssl_certificate     {};", files.text(FileForm::FullChain)),
            format!("ssl_certificate_key {};", files.text(FileForm::PrivateKey)),
        ]
    },
    ..UNKNOWN
};
