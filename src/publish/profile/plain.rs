//! Files, and nothing else: whoever reads them is told by somebody else.

use keystore::model::{FileForm, FileMode};

use super::Knowledge;

pub(super) const KNOWLEDGE: Knowledge = Knowledge {
    forms: &[FileForm::PrivateKey, FileForm::Certificate, FileForm::Chain, FileForm::FullChain, FileForm::Combined],
    owner: None,
    group: None,
    mode: FileMode::PRIVATE,
    test: None,
    reload: None,
    reload_input: None,
    configuration: "",
    lines: |_| Vec::new(),
    remarks: &[],
};
