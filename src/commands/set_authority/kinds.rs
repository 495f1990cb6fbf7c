//! The flags of each kind of authority.

use clap::builder::{PossibleValue, TypedValueParser};
use keystore::model::{
    AbsolutePath, AuthorityKind, AuthoritySettings, CommandSettings, FileSettings, Hook, LocalCaSettings,
};
use keystore::name::AuthorityName;

use crate::commands::set_service::command;
use crate::commands::word::word;
use crate::context::Context;
use crate::error::Failure;
use crate::prompt;

/// What a kind is.
fn about(kind: AuthorityKind) -> &'static str {
    match kind {
        AuthorityKind::File => "A person or another system: requests go to a folder, replies come to one",
        AuthorityKind::Command => "A program that gets the request and prints the certificate",
        AuthorityKind::Acme => "One that speaks ACME (RFC 8555), as Let's Encrypt does",
        AuthorityKind::Adcs => "A Windows authority (AD CS), by its web enrolment",
        AuthorityKind::LocalCa => "A private authority in the keystore, made by `keyring create-ca`",
        AuthorityKind::SelfSigned => "Nobody: certificates are signed by their own private keys",
    }
}

/// Reads a kind as it is typed.
pub(super) fn kind() -> impl TypedValueParser<Value = AuthorityKind> {
    word(AuthorityKind::ALL, |kind| PossibleValue::new(kind.as_str()).help(about(kind)))
}

/// Asks which kind.
pub(super) fn ask() -> Result<AuthorityKind, Failure> {
    // a private authority is made by a command of its own
    let kinds: Vec<_> = AuthorityKind::ALL.into_iter().filter(|kind| *kind != AuthorityKind::LocalCa).collect();
    let labels: Vec<_> = kinds.iter().map(|kind| about(*kind).to_owned()).collect();
    Ok(kinds[prompt::authority::kind(&labels)?])
}

pub(super) fn refuse(name: &AuthorityName, flag: &'static str) -> impl Fn(&dyn std::error::Error) -> Failure {
    let name = name.to_string();
    move |error| Failure::AuthoritySetting {
        name: name.clone(),
        message: format!("{flag}: {error}"),
        hint: "`keyring set-authority --help` shows examples",
    }
}

/// A word that takes back what was said.
pub(super) const NONE: &str = "none";

/// What is said now, nothing where that is `none`, else what was said before.
pub(super) fn or_none<T>(
    name: &AuthorityName,
    text: Option<&str>,
    flag: &'static str,
    before: Option<T>,
) -> Result<Option<T>, Failure>
where
    T: std::str::FromStr,
    T::Err: std::error::Error,
{
    match text {
        None => Ok(before),
        Some(NONE) => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|error: T::Err| refuse(name, flag)(&error)),
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
        context: &Context,
        name: &AuthorityName,
        before: Option<AuthoritySettings>,
    ) -> Result<FileSettings, Failure> {
        let (requests, replies) = match before {
            Some(AuthoritySettings::File(FileSettings { requests, replies })) => (Some(requests), Some(replies)),
            _ => (None, None),
        };
        let folder = |text: &Option<String>, before: Option<AbsolutePath>, what, flag| match text {
            Some(text) => text.parse().map_err(|error| refuse(name, flag)(&error)),
            None => match before {
                Some(before) => Ok(before),
                None if context.can_ask() => {
                    let answer = prompt::authority::folder(&format!("Path of {what}"))?;
                    answer.parse().map_err(|error| refuse(name, flag)(&error))
                }
                None => Err(Failure::Missing { what, flag }),
            },
        };
        Ok(FileSettings {
            requests: folder(&self.requests, requests, "the folder for requests", "--requests")?,
            replies: folder(&self.replies, replies, "the folder that replies come to", "--replies")?,
        })
    }
}

/// What is said of more than one kind.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Several kinds")]
pub(super) struct SharedArgs {
    /// Certificates are valid for so many days when nothing is said (local-ca,
    /// self-signed)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) days: Option<u32>,
    /// Hold its own TLS against the roots in this file; `none` for those of
    /// this machine (acme, adcs)
    #[arg(long, value_name = "FILE")]
    ca_file: Option<String>,
}

impl SharedArgs {
    /// A flag that was given and says nothing of this kind.
    pub(super) fn foreign(&self, kind: AuthorityKind) -> Option<&'static str> {
        use AuthorityKind::{Acme, Adcs, LocalCa, SelfSigned};
        let flags = [
            (self.days.is_some(), "--days", [LocalCa, SelfSigned]),
            (self.ca_file.is_some(), "--ca-file", [Acme, Adcs]),
        ];
        flags.into_iter().find_map(|(given, flag, kinds)| (given && !kinds.contains(&kind)).then_some(flag))
    }

    /// The file with the roots that TLS is held against.
    pub(super) fn roots(
        &self,
        name: &AuthorityName,
        before: Option<AbsolutePath>,
    ) -> Result<Option<AbsolutePath>, Failure> {
        or_none(name, self.ca_file.as_deref(), "--ca-file", before)
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
        context: &Context,
        name: &AuthorityName,
        before: Option<AuthoritySettings>,
    ) -> Result<CommandSettings, Failure> {
        let (run, timeout) = match before {
            Some(AuthoritySettings::Command(CommandSettings { run, timeout })) => (Some(run), timeout),
            _ => (None, TIMEOUT),
        };
        let asked = match (&self.run, &run) {
            (None, None) if context.can_ask() => Some(prompt::authority::program("Program, with its arguments")?),
            _ => None,
        };
        let run = match self.run.as_ref().or(asked.as_ref()) {
            Some(text) => command(text, self.shell).map_err(|error| refuse(name, "--run")(&error))?,
            None => run,
        };
        let run = run.filter(|run| *run != Hook::Nothing);
        let run = run.ok_or(Failure::Missing { what: "the program", flag: "--run COMMAND" })?;
        Ok(CommandSettings { run, timeout: self.timeout.unwrap_or(timeout) })
    }
}

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "A private authority (made by create-ca)")]
pub(super) struct LocalCaArgs {
    /// Its revocation list can be had there
    #[arg(long, value_name = "URL")]
    crl_url: Option<String>,
    /// Its passphrase is read from there: file:/PATH or env:NAME; none forgets it
    #[arg(long, value_name = "SOURCE")]
    passphrase: Option<String>,
}

impl LocalCaArgs {
    /// A flag that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        let texts = [(&self.crl_url, "--crl-url"), (&self.passphrase, "--passphrase")];
        texts.into_iter().find_map(|(value, flag)| value.as_ref().map(|_| flag))
    }

    pub(super) fn settings(
        &self,
        name: &AuthorityName,
        shared: &SharedArgs,
        before: Option<AuthoritySettings>,
    ) -> Result<LocalCaSettings, Failure> {
        let Some(AuthoritySettings::LocalCa(mut settings)) = before else {
            return Err(Failure::AuthoritySetting {
                name: name.to_string(),
                message: "a private authority has to be made first".to_owned(),
                hint: "`keyring create-ca NAME` makes one",
            });
        };
        settings.days = shared.days.unwrap_or(settings.days);
        if let Some(url) = &self.crl_url {
            settings.crl_url = Some(url.parse().map_err(|error| refuse(name, "--crl-url")(&error))?);
        }
        match self.passphrase.as_deref() {
            None => {}
            Some("none") => settings.passphrase = None,
            Some(source) => {
                settings.passphrase = Some(source.parse().map_err(|error| refuse(name, "--passphrase")(&error))?);
            }
        }
        Ok(settings)
    }
}
