//! INN's nnrpd: reads the files for each connection, and refuses a private key that others may read.

use keystore::model::FileForm;

use super::{Knowledge, UNKNOWN};

pub(super) const KNOWLEDGE: Knowledge = Knowledge {
    forms: &[FileForm::FullChain, FileForm::PrivateKey],
    owner: Some("news"),
    group: Some("news"),
    configuration: "/etc/news/inn.conf",
    lines: |files| {
        vec![
            format!("tlscertfile: {}", files.text(FileForm::FullChain)),
            format!("tlskeyfile:  {}", files.text(FileForm::PrivateKey)),
        ]
    },
    remarks: &["nnrpd reads the files for each connection: there is nothing to reload."],
    ..UNKNOWN
};
