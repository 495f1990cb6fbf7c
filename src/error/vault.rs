//! Codes, hints and exit codes of what goes wrong with backups.

use keystore::envelope::OpeningError;
use keystore::store::{BackupError, RestoreError};

use crate::exit::Exit;

pub(super) fn backup_exit(error: &BackupError) -> Exit {
    match error {
        BackupError::Vanished { .. } => Exit::Conflict,
        BackupError::Store(_) | BackupError::Write(_) => Exit::Failed,
    }
}

pub(super) fn backup_code(error: &BackupError) -> &'static str {
    match error {
        BackupError::Vanished { .. } => "keystore-moved",
        BackupError::Store(_) | BackupError::Write(_) => "file",
    }
}

pub(super) fn backup_hint(error: &BackupError) -> Option<String> {
    match error {
        BackupError::Vanished { .. } => Some("try again when no `keyring prune` runs".to_owned()),
        BackupError::Store(_) | BackupError::Write(_) => None,
    }
}

pub(super) fn opening_exit(error: &OpeningError) -> Exit {
    match error {
        OpeningError::Read(_) => Exit::Failed,
        _ => Exit::Rejected,
    }
}

pub(super) fn opening_code(error: &OpeningError) -> &'static str {
    match error {
        OpeningError::Read(_) => "file",
        OpeningError::Armored => "backup-armored",
        OpeningError::Header | OpeningError::Damaged => "backup-damaged",
        OpeningError::PassphraseNeeded => "passphrase-needed",
        OpeningError::IdentityNeeded => "identity-needed",
        OpeningError::NotEncrypted => "backup-not-encrypted",
        OpeningError::WrongPassphrase => "wrong-passphrase",
        OpeningError::WrongIdentity => "wrong-identity",
        OpeningError::ExcessiveWork => "backup-excessive",
        OpeningError::CutShort => "backup-cut-short",
    }
}

pub(super) fn opening_hint(error: &OpeningError) -> Option<String> {
    let hint = match error {
        OpeningError::Read(_) => return None,
        OpeningError::Armored => "give what `age -d` makes of it",
        OpeningError::Header => "was it made by a newer age, or changed on its way? Try another copy",
        OpeningError::PassphraseNeeded => {
            "give --passphrase-file or --passphrase-env, or run this on a terminal to be asked"
        }
        OpeningError::IdentityNeeded => "give the file that `age-keygen` made with --identity-file",
        OpeningError::NotEncrypted => "make sure that it is the right file; then leave the passphrase or identity out",
        OpeningError::WrongPassphrase => "try the passphrase again: nothing was changed",
        OpeningError::WrongIdentity => "give an identity of one of its recipients with --identity-file",
        OpeningError::ExcessiveWork => "no `keyring` makes such a file; `age -d` may open it",
        OpeningError::CutShort | OpeningError::Damaged => ANOTHER_COPY,
    };
    Some(hint.to_owned())
}

const ANOTHER_COPY: &str = "restore another copy, or an older backup; nothing was changed";

pub(super) fn restore_code(error: &RestoreError) -> &'static str {
    match error {
        RestoreError::Store(_) => "disk",
        RestoreError::NotABackup { .. } => "not-a-backup",
        RestoreError::Newer { .. } => "newer-format",
        RestoreError::CutShort { .. } => "backup-cut-short",
        RestoreError::Damaged | RestoreError::Changed { .. } => "backup-damaged",
        RestoreError::Unexpected { .. } => "backup-unexpected",
        RestoreError::Inconsistent { .. } | RestoreError::PrivateKey { .. } => "backup-inconsistent",
    }
}

pub(super) fn restore_hint(error: &RestoreError) -> Option<String> {
    let hint = match error {
        RestoreError::Store(_) => return None,
        RestoreError::NotABackup { .. } => "give a file that `keyring backup` made",
        RestoreError::Newer { .. } => "use a newer keyring",
        RestoreError::Unexpected { .. } => "give the file as `keyring backup` made it; nothing was changed",
        RestoreError::CutShort { .. }
        | RestoreError::Damaged
        | RestoreError::Changed { .. }
        | RestoreError::Inconsistent { .. }
        | RestoreError::PrivateKey { .. } => ANOTHER_COPY,
    };
    Some(hint.to_owned())
}
