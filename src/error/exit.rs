//! The exit code of every cause.

use keystore::ops;
use keystore::ops::create_key::{AskedFault, LineFault};
use keystore::ops::export_key::ExportError;
use keystore::store::{CommitError, StoreError};

use super::{Failure, import, vault};
use crate::exit::Exit;
use crate::outside::OutsideError;

/// The exit code, as the contract of the command line has it.
pub(super) fn exit(failure: &Failure) -> Exit {
    use Failure as F;
    match failure {
        F::Missing { .. }
        | F::PassphraseMissing { .. }
        | F::CaPassphraseMissing { .. }
        | F::Usage { .. }
        | F::Arguments { .. } => Exit::Usage,
        F::Path(_)
        | F::PlainName(_)
        | F::RenewAt(_)
        | F::Subtree(_)
        | F::CertificateProfile(_)
        | F::RevocationReason(_)
        | F::Endpoint(_)
        | F::ProbeUrl(_)
        | F::Host(_)
        | F::Subject(_)
        | F::Name(_)
        | F::Template(_)
        | F::Algorithm(_)
        | F::NotRecognised { .. }
        | F::NothingReadable { .. }
        | F::WantedKey { .. }
        | F::NoSystemRoots
        | F::Recipient(_)
        | F::Identities { .. }
        | F::Mark(_)
        | F::Passphrase { .. } => Exit::Rejected,
        F::Keystore(error) => keystore_exit(error),
        F::Outside(error) | F::RequestNotWritten { source: error, .. } | F::RequestsNotWritten { source: error } => {
            outside_exit(error)
        }
        F::Pair { .. } => Exit::Publishing,
        F::Publishing(fault) if fault.is_undone() && fault.interrupted => Exit::Interrupted,
        F::Publishing(fault) if fault.is_undone() => Exit::Publishing,
        F::Publishing(_) => Exit::UndoIncomplete,
        F::Authority(fault) => fault.exit(),
        F::AuthoritySetting { .. } => Exit::Rejected,
        F::Account { .. } | F::OutsidePath { .. } | F::Service { .. } => Exit::Rejected,
        F::Declined | F::RequestDeclined { .. } => Exit::Interrupted,
        F::Folder { .. } | F::Question(_) | F::Demo(_) | F::Output(_) | F::Unexpected(_) => Exit::Failed,
    }
}

fn outside_exit(error: &OutsideError) -> Exit {
    match error {
        OutsideError::Exists { .. } | OutsideError::NotAFile { .. } | OutsideError::FolderExists { .. } => {
            Exit::Conflict
        }
        OutsideError::NoVariable { .. } | OutsideError::NotText { .. } | OutsideError::LineNotText { .. } => {
            Exit::Usage
        }
        OutsideError::Io { .. } | OutsideError::TooLarge { .. } | OutsideError::NoHome => Exit::Failed,
    }
}

fn keystore_exit(error: &ops::Error) -> Exit {
    use ops::Error as E;
    match error {
        E::Store(error) => store_exit(error),
        E::Commit(error) => commit_exit(error),
        E::Backup(error) => vault::backup_exit(error),
        E::Opening(error) => vault::opening_exit(error),
        E::KeyNotFound { .. }
        | E::NoKeyThen { .. }
        | E::AuthorityNotFound { .. }
        | E::AuthorityInUse { .. }
        | E::AuthorityExists { .. }
        | E::NotALocalCa { .. }
        | E::AuthorityKeepsKeys { .. }
        | E::LocalCaRemains { .. }
        | E::NotOnList { .. }
        | E::NoRequestWaits { .. }
        | E::NotSubmitted { .. }
        | E::NoRenewal { .. }
        | E::SubmittedElsewhere { .. }
        | E::NothingWaits { .. }
        | E::KeyStaged { .. }
        | E::NothingThere { .. }
        | E::NothingSaid { .. }
        | E::KeyHasCertificate { .. }
        | E::KeyWaits { .. }
        | E::NothingToFollow { .. }
        | E::NextExists { .. }
        | E::NothingToRequest { .. }
        | E::NothingToReuse { .. }
        | E::KeyChanged { .. }
        | E::KeyGoes { .. }
        | E::KeyHasStaged { .. }
        | E::KeyBound { .. }
        | E::NoRequest { .. }
        | E::NoCertificate { .. }
        | E::VersionNotFound { .. }
        | E::StageNotEmpty
        | E::NotBound { .. } => Exit::Conflict,
        E::Export { source: ExportError::Differs { .. }, .. } | E::AccountKey { .. } => Exit::Failed,
        E::Restore(_)
        | E::Desired { .. }
        | E::Export { .. }
        | E::PrivateKey { .. }
        | E::Request { .. }
        | E::EndpointNameless { .. }
        | E::Subject(_)
        | E::NotIssued { .. }
        | E::CaKey { .. }
        | E::NotARequest { .. }
        | E::NotForExchange { .. }
        | E::Unreadable { .. }
        | E::Base(_)
        | E::WrongKey { .. }
        | E::Chain(_)
        | E::Expired { .. }
        | E::Revoked { .. }
        | E::Roots { .. }
        | E::Lists { .. }
        | E::NotYetValid { .. }
        | E::Refused { .. }
        | E::Warned { .. }
        | E::Compromised { .. }
        | E::WeakKey { .. }
        | E::RollbackRefused { .. }
        | E::NotUnlocked { .. } => Exit::Rejected,
        E::Import { source, .. } => import::exit(source),
        E::Lines { faults } => {
            let is_there = |line: &LineFault| matches!(line.fault, AskedFault::Exists { .. });
            if faults.iter().all(is_there) { Exit::Conflict } else { Exit::Rejected }
        }
        E::CommitRunning => Exit::Locked,
    }
}

fn store_exit(error: &StoreError) -> Exit {
    match error {
        StoreError::Disk(error) if error.is_barred() => Exit::Damaged,
        StoreError::Disk(_) | StoreError::Config { .. } => Exit::Failed,
        StoreError::NoKeystore { .. }
        | StoreError::NoGeneration { .. }
        | StoreError::NotEmpty { .. }
        | StoreError::AlreadyThere { .. }
        | StoreError::Incomplete { .. }
        | StoreError::Pruned { .. }
        | StoreError::OutsideGone { .. }
        | StoreError::NewerFormat { .. } => Exit::Conflict,
        StoreError::WritableByOthers { .. }
        | StoreError::ForeignOwner { .. }
        | StoreError::OutsideNoFolder { .. }
        | StoreError::OutsideLinked { .. }
        | StoreError::OutsideWithin { .. }
        | StoreError::OutsideForeign { .. }
        | StoreError::OutsideWritable { .. }
        | StoreError::OutsideNoFile { .. }
        | StoreError::OutsideTwice { .. } => Exit::Rejected,
        StoreError::Damaged { .. } => Exit::Damaged,
        StoreError::Locked { .. } => Exit::Locked,
        StoreError::Interrupted => Exit::Interrupted,
    }
}

fn commit_exit(error: &CommitError) -> Exit {
    match error {
        CommitError::NotBegun(error) => store_exit(error),
        CommitError::Undone(_) => Exit::Publishing,
        CommitError::UndoIncomplete { .. } => Exit::UndoIncomplete,
        CommitError::NotDurable { .. } | CommitError::Unfinished { .. } => Exit::Failed,
        CommitError::Moved => Exit::Conflict,
    }
}
