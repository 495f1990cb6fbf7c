//! Exit codes: the contract with scripts (`docs/cli.md`). Only added to, never changed.

use std::process::ExitCode;

use keystore::ops::check::Severity;

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// Done, or nothing to do.
    Done,
    /// Something failed that no other code tells.
    Failed,
    /// The command line is wrong or lacks something.
    Usage,
    /// Input or plan rejected.
    Rejected,
    /// The state does not allow it: not found, already there, in use.
    Conflict,
    /// Another process holds the lock.
    Locked,
    /// Publishing failed and was undone.
    Publishing,
    /// The keystore is damaged.
    Damaged,
    /// An undo could not be completed.
    UndoIncomplete,
    /// The other side failed or refused.
    Remote,
    /// A person or an authority has to do something first.
    Waiting,
    /// Some of it is done, and some of it failed.
    PartlyDone,
    /// There are findings, and they were to be told by the exit code.
    Findings,
    /// Ctrl-C.
    Interrupted,
    /// As plug-ins of monitoring end, where that was asked for.
    Plugin(PluginExit),
}

/// How a plug-in of Nagios or Icinga ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PluginExit {
    /// All is well.
    Ok,
    /// Somebody should see to it.
    Warning,
    /// Somebody has to, now.
    Critical,
    /// It could not be looked at.
    Unknown,
}

impl PluginExit {
    /// What the worst finding comes to.
    pub(crate) fn of(verdict: Option<Severity>) -> Self {
        match verdict {
            None | Some(Severity::Note) => Self::Ok,
            Some(Severity::Warning) => Self::Warning,
            Some(Severity::Critical) => Self::Critical,
            Some(Severity::Unknown) => Self::Unknown,
        }
    }

    /// The word that a plug-in prints.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }
}

impl Exit {
    /// The number.
    fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Rejected => 3,
            Self::Conflict => 4,
            Self::Locked => 5,
            Self::Publishing => 6,
            Self::Damaged => 7,
            Self::UndoIncomplete => 8,
            Self::Remote => 9,
            Self::Waiting => 10,
            Self::PartlyDone => 11,
            Self::Findings => 12,
            Self::Interrupted => 130,
            Self::Plugin(exit) => exit.code(),
        }
    }

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
            Self::Waiting => "waiting",
            Self::PartlyDone => "partly-done",
            Self::Findings => "findings",
            Self::Interrupted => "interrupted",
            Self::Plugin(_) => "plugin",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::{Exit, PluginExit};

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
            (Exit::Waiting, 10),
            (Exit::PartlyDone, 11),
            (Exit::Findings, 12),
            (Exit::Interrupted, 130),
            (Exit::Plugin(PluginExit::Ok), 0),
            (Exit::Plugin(PluginExit::Warning), 1),
            (Exit::Plugin(PluginExit::Critical), 2),
            (Exit::Plugin(PluginExit::Unknown), 3),
        ];
        for (exit, code) in codes {
            assert_eq!(exit.code(), code, "{exit:?}");
        }
    }
}
