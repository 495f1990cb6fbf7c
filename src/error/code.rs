//! A word for programs, for every cause.

use keystore::ops::Error as E;
use keystore::ops::export_key::ExportError;
use keystore::ops::make_csr::BaseError;
use keystore::pki::ReadError;
use keystore::store::{CommitError, StoreError};

use super::{Failure, vault};
use crate::outside::OutsideError;

/// A word for programs, one per cause.
pub(super) fn code(failure: &Failure) -> &'static str {
    use Failure as F;
    match failure {
        F::Missing { .. } => "missing-argument",
        F::PassphraseMissing { .. } | F::CaPassphraseMissing { .. } => "passphrase-needed",
        F::Subtree(_) => "bad-constraint",
        F::CertificateProfile(_) => "bad-profile",
        F::RevocationReason(_) => "bad-reason",
        F::Usage { .. } | F::Arguments { .. } => "usage",
        F::Path(_) | F::PlainName(_) | F::Endpoint(_) | F::Host(_) => "bad-name",
        F::ProbeUrl(_) => "bad-url",
        F::RenewAt(_) => "bad-time",
        F::Subject(_) => "bad-subject",
        F::Name(_) => "bad-subject-alt-name",
        F::Template(_) => "bad-template",
        F::Algorithm(_) | F::WantedKey { .. } => "bad-algorithm",
        F::Mark(_) => "bad-mark",
        F::NoSystemRoots => "no-system-roots",
        F::Passphrase { .. } => "bad-passphrase",
        F::NotRecognised { .. } => "not-recognised",
        F::NothingReadable { .. } => "nothing-readable",
        F::Recipient(_) => "bad-recipient",
        F::Identities { .. } => "bad-identity",
        F::Keystore(error) => keystore_code(error),
        F::Authority(fault) => fault.code(),
        F::AuthoritySetting { .. } => "bad-authority",
        F::Outside(error) | F::RequestNotWritten { source: error, .. } | F::RequestsNotWritten { source: error } => {
            outside_code(error)
        }
        F::Folder { .. } => "file",
        F::Pair { .. } => "bad-pair",
        F::Publishing(fault) if fault.is_undone() => "publishing-undone",
        F::Publishing(_) => "undo-incomplete",
        F::Account { .. } => "bad-account",
        F::OutsidePath { .. } => "bad-path",
        F::Service { .. } => "bad-service",
        F::Declined | F::RequestDeclined { .. } => "declined",
        F::Question(_) => "question",
        F::Demo(_) => "demo",
        F::Output(_) => "output",
        F::Unexpected(_) => "unexpected",
    }
}

fn outside_code(error: &OutsideError) -> &'static str {
    match error {
        OutsideError::Exists { .. } | OutsideError::FolderExists { .. } => "file-exists",
        OutsideError::NotAFile { .. } => "not-a-file",
        OutsideError::NoVariable { .. } | OutsideError::NotText { .. } => "bad-variable",
        OutsideError::LineNotText { .. } => "bad-passphrase",
        OutsideError::Io { .. } | OutsideError::TooLarge { .. } | OutsideError::NoHome => "file",
    }
}

fn keystore_code(error: &E) -> &'static str {
    match error {
        E::Store(error) => store_code(error),
        E::Commit(CommitError::NotBegun(error)) => store_code(error),
        E::Commit(CommitError::Undone(_)) => "commit-undone",
        E::Commit(CommitError::UndoIncomplete { .. }) => "undo-incomplete",
        E::Commit(CommitError::NotDurable { .. }) => "commit-not-durable",
        E::Commit(CommitError::Unfinished { .. }) => "commit-unfinished",
        E::Commit(CommitError::Moved) => "keystore-moved",
        E::Backup(error) => vault::backup_code(error),
        E::Opening(error) => vault::opening_code(error),
        E::Restore(error) => vault::restore_code(error),
        E::NothingWaits { .. } => "nothing-waits",
        E::KeyStaged { .. } => "key-staged",
        E::KeyNotFound { .. } | E::NoKeyThen { .. } => "key-not-found",
        E::NothingThere { .. } => "nothing-there",
        E::NothingSaid { .. } => "nothing-said",
        E::KeyHasCertificate { .. } | E::KeyWaits { .. } => "key-exists",
        E::Lines { .. } => "list-refused",
        E::Desired { .. } => "desired-state-refused",
        E::NothingToFollow { .. } => "no-current-version",
        E::NextExists { .. } => "next-exists",
        E::EndpointNameless { .. } => "endpoint-nameless",
        E::NothingToRequest { .. } => "no-next-version",
        E::NothingToReuse { .. } => "nothing-to-reuse",
        E::PrivateKey { source, .. } if source.is_wrong_passphrase() => "wrong-passphrase",
        E::PrivateKey { .. } | E::AccountKey { .. } => "bad-private-key",
        E::Request { .. } => "bad-request",
        E::Subject(_) => "bad-subject",
        E::NotIssued { .. } => "not-issued",
        E::NotARequest { .. } => "bad-request",
        E::CaKey { .. } => "bad-private-key",
        E::AuthorityExists { .. } => "authority-exists",
        E::NotALocalCa { .. } => "not-a-local-ca",
        E::AuthorityKeepsKeys { .. } => "authority-keeps-keys",
        E::LocalCaRemains { .. } => "local-ca-remains",
        E::NotOnList { .. } => "not-on-list",
        E::NotForExchange { .. } => "not-for-exchange",
        E::KeyChanged { .. } => "key-changed",
        E::KeyGoes { .. } => "key-goes",
        E::KeyHasStaged { .. } => "key-has-staged",
        E::KeyBound { .. } => "key-bound",
        E::VersionNotFound { .. } => "version-not-found",
        E::Compromised { .. } => "compromised",
        E::WeakKey { .. } => "weak-key",
        E::Import { source, .. } => source.code(),
        E::StageNotEmpty => "stage-not-empty",
        E::RollbackRefused { .. } => "rollback-refused",
        E::Unreadable { source, .. } | E::Base(BaseError::Certificate { source, .. }) => read_code(source),
        E::Base(BaseError::Several { .. }) => "several-certificates",
        E::Base(BaseError::Request { .. }) => "not-a-request",
        E::Base(BaseError::Config { .. }) => "config-refused",
        E::NoRequest { .. } => "no-request",
        E::WrongKey { .. } => "key-mismatch",
        E::Chain(_) => "bad-chain",
        E::Expired { .. } => "expired",
        E::Revoked { .. } => "revoked",
        E::Roots { source, .. } => read_code(source),
        E::Lists { .. } => "not-a-crl",
        E::Export { source: ExportError::PrivateKey(_), .. } => "bad-private-key",
        E::Export { source: ExportError::Provider { .. }, .. } => "wrong-kind-of-key",
        E::Export { source: ExportError::Differs { .. }, .. } => "read-back-differs",
        E::NoCertificate { .. } => "no-certificate",
        E::NotYetValid { .. } => "not-yet-valid",
        E::NotBound { .. } => "not-bound",
        E::AuthorityNotFound { .. } => "no-authority",
        E::AuthorityInUse { .. } => "authority-in-use",
        E::NoRequestWaits { .. } => "no-request-waits",
        E::NotSubmitted { .. } => "not-submitted",
        E::NoRenewal { .. } => "no-renewal",
        E::SubmittedElsewhere { .. } => "submitted-elsewhere",
        E::Refused { .. } => "plan-refused",
        E::Warned { .. } => "plan-warned",
        E::NotUnlocked { .. } => "passphrase-needed",
        E::CommitRunning => "commit-running",
    }
}

fn read_code(error: &ReadError) -> &'static str {
    match error {
        ReadError::Empty => "empty-file",
        ReadError::NotACertificate { .. } => "not-a-certificate",
        ReadError::DamagedBase64 { .. } => "damaged-base64",
        ReadError::UnterminatedBlock { .. } => "unterminated-block",
        _ => "damaged-certificate",
    }
}

fn store_code(error: &StoreError) -> &'static str {
    match error {
        StoreError::Disk(_) => "disk",
        StoreError::NoKeystore { .. } => "no-keystore",
        StoreError::NotEmpty { .. } => "not-empty",
        StoreError::AlreadyThere { .. } => "keystore-exists",
        StoreError::Incomplete { .. } => "keystore-incomplete",
        StoreError::WritableByOthers { .. } => "writable-by-others",
        StoreError::ForeignOwner { .. } => "foreign-owner",
        StoreError::NewerFormat { .. } => "newer-format",
        StoreError::NoGeneration { .. } => "no-generation",
        StoreError::Damaged { .. } => "damaged",
        StoreError::Pruned { .. } => "pruned",
        StoreError::Config { .. } => "bad-config",
        StoreError::OutsideNoFolder { .. } => "install-folder-missing",
        StoreError::OutsideLinked { .. } => "install-folder-linked",
        StoreError::OutsideWithin { .. } => "install-within-keystore",
        StoreError::OutsideForeign { .. } => "install-folder-foreign",
        StoreError::OutsideWritable { .. } => "install-folder-writable",
        StoreError::OutsideNoFile { .. } => "install-no-file",
        StoreError::OutsideTwice { .. } => "install-twice",
        StoreError::OutsideGone { .. } => "install-gone",
        StoreError::Locked { .. } => "locked",
        StoreError::Interrupted => "interrupted",
    }
}
