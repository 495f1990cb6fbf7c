//! Exit codes: the contract with scripts (`docs/cli.md`). Only added to, never changed.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// Something failed that no other code tells.
    Failed = 1,
    /// The command line is wrong or lacks something.
    Usage = 2,
    /// Input or plan rejected.
    Rejected = 3,
    /// The state does not allow it: not found, already there, in use.
    Conflict = 4,
    /// Another process holds the lock.
    Locked = 5,
    /// Publishing failed and was undone.
    Publishing = 6,
    /// The keystore is damaged.
    Damaged = 7,
    /// An undo could not be completed.
    UndoIncomplete = 8,
    /// The other side failed or refused.
    Remote = 9,
    /// Some of it is done, and some of it failed.
    PartlyDone = 11,
    /// There are findings, and they were to be told by the exit code.
    Findings = 12,
    /// Ctrl-C.
    Interrupted = 130,
}

impl Exit {
    /// The word that `error.kind` holds in JSON.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Rejected => "rejected",
            Self::Conflict => "conflict",
            Self::Locked => "locked",
            Self::Publishing => "publishing",
            Self::Damaged => "damaged",
            Self::UndoIncomplete => "undo-incomplete",
            Self::Remote => "remote",
            Self::PartlyDone => "partly-done",
            Self::Findings => "findings",
            Self::Interrupted => "interrupted",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn codes_are_what_scripts_rely_on() {
        let codes = [
            (Exit::Done, 0),
            (Exit::Failed, 1),
            (Exit::Usage, 2),
            (Exit::Rejected, 3),
            (Exit::Conflict, 4),
            (Exit::Locked, 5),
            (Exit::Publishing, 6),
            (Exit::Damaged, 7),
            (Exit::UndoIncomplete, 8),
            (Exit::Remote, 9),
            (Exit::PartlyDone, 11),
            (Exit::Findings, 12),
            (Exit::Interrupted, 130),
        ];
        for (exit, code) in codes {
            assert_eq!(exit as u8, code, "{exit:?}");
        }
    }
}
