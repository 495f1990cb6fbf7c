//! The flags of each kind of authority.

use keystore::model::{AbsolutePath, AuthorityKind, AuthoritySettings, CommandSettings, FileSettings, Hook};
use keystore::name::AuthorityName;

use crate::commands::set_service::command;
use crate::error::Failure;

/// A kind as it is typed.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A person or another system: requests go to a folder, replies come to one
    File,
    /// A program that gets the request and prints the certificate
    Command,
}

impl Kind {
    pub(super) fn kind(self) -> AuthorityKind {
        match self {
            Self::File => AuthorityKind::File,
            Self::Command => AuthorityKind::Command,
        }
    }

    pub(super) fn of(settings: &AuthoritySettings) -> Self {
        match settings {
            AuthoritySettings::File(_) => Self::File,
            AuthoritySettings::Command(_) => Self::Command,
        }
    }
}

fn refuse(name: &AuthorityName, flag: &'static str) -> impl Fn(&dyn std::error::Error) -> Failure {
    let name = name.to_string();
    move |error| Failure::AuthoritySetting {
        name: name.clone(),
        message: format!("{flag}: {error}"),
        hint: "`keyring set-authority --help` shows examples",
    }
}

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "A folder for requests (--kind file)")]
pub(super) struct FileArgs {
    /// Put requests into this folder
    #[arg(long, value_name = "DIR")]
    requests: Option<String>,
    /// Look for replies in this folder
    #[arg(long, value_name = "DIR")]
    replies: Option<String>,
}

impl FileArgs {
    /// A flag that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        let flags = [(&self.requests, "--requests"), (&self.replies, "--replies")];
        flags.into_iter().find_map(|(value, flag)| value.as_ref().map(|_| flag))
    }

    pub(super) fn settings(
        &self,
        name: &AuthorityName,
        before: Option<AuthoritySettings>,
    ) -> Result<FileSettings, Failure> {
        let (requests, replies) = match before {
            Some(AuthoritySettings::File(FileSettings { requests, replies })) => (Some(requests), Some(replies)),
            _ => (None, None),
        };
        let folder = |text: &Option<String>, before: Option<AbsolutePath>, what, flag| match text {
            Some(text) => text.parse().map_err(|error| refuse(name, flag)(&error)),
            None => before.ok_or(Failure::Missing { what, flag }),
        };
        Ok(FileSettings {
            requests: folder(&self.requests, requests, "the folder for requests", "--requests")?,
            replies: folder(&self.replies, replies, "the folder that replies come to", "--replies")?,
        })
    }
}

/// How long a program may take when nothing is said.
const TIMEOUT: u32 = 60;

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "A program (--kind command)")]
pub(super) struct CommandArgs {
    /// Give requests to this
    #[arg(long, value_name = "COMMAND")]
    run: Option<String>,
    /// Have `/bin/sh -c` read it
    #[arg(long, requires = "run")]
    shell: bool,
    /// How long it may take, a minute when nothing is said
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=3600))]
    timeout: Option<u32>,
}

impl CommandArgs {
    /// A flag that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        self.run.as_ref().map(|_| "--run").or_else(|| self.timeout.map(|_| "--timeout"))
    }

    pub(super) fn settings(
        &self,
        name: &AuthorityName,
        before: Option<AuthoritySettings>,
    ) -> Result<CommandSettings, Failure> {
        let (run, timeout) = match before {
            Some(AuthoritySettings::Command(CommandSettings { run, timeout })) => (Some(run), timeout),
            _ => (None, TIMEOUT),
        };
        let run = match &self.run {
            Some(text) => command(text, self.shell).map_err(|error| refuse(name, "--run")(&error))?,
            None => run,
        };
        let run = run.filter(|run| *run != Hook::Nothing);
        let run = run.ok_or(Failure::Missing { what: "the program", flag: "--run COMMAND" })?;
        Ok(CommandSettings { run, timeout: self.timeout.unwrap_or(timeout) })
    }
}
