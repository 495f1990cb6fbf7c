//! Files, and nothing else: whoever reads them is told by somebody else.

use keystore::model::FileForm;

use super::{Knowledge, UNKNOWN};

pub(super) const KNOWLEDGE: Knowledge = Knowledge { forms: &FileForm::ALL, ..UNKNOWN };
