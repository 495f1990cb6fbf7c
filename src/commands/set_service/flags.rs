//! What the flags of `set-service` take.

use std::error::Error;
use std::str::FromStr;

use clap::builder::{PossibleValue, TypedValueParser};
use keystore::model::{Hook, Profile};

use crate::commands::word::word;
use crate::error::Failure;
use crate::output::software;

/// The words that stand for no value.
pub(super) struct Said;

impl Said {
    /// Takes back what was said.
    pub(super) const DEFAULT: &str = "default";
    /// Says that there is none.
    const NONE: &str = "none";
}

/// Takes in what a flag says of a setting, if it was given.
pub(super) fn said<T: FromStr<Err: Error>>(
    setting: &mut Option<T>,
    text: Option<&str>,
    refuse: impl Fn(&dyn Error) -> Failure,
) -> Result<(), Failure> {
    match text {
        None => {}
        Some(Said::DEFAULT) => *setting = None,
        Some(text) => *setting = Some(text.parse().map_err(|error| refuse(&error))?),
    }
    Ok(())
}

/// Why a command was refused.
#[derive(Debug, thiserror::Error)]
pub(in crate::commands) enum CommandError {
    /// A quote that does not end.
    #[error(transparent)]
    Quotes(#[from] shell_words::ParseError),
    /// Nothing.
    #[error("it names no program; `none` says that there is none")]
    Empty,
}

/// Reads a command; none for the profile's own.
pub(in crate::commands) fn command(text: &str, shell: bool) -> Result<Option<Hook>, CommandError> {
    match text {
        Said::DEFAULT => Ok(None),
        Said::NONE => Ok(Some(Hook::Nothing)),
        text if text.trim().is_empty() => Err(CommandError::Empty),
        text if shell => Ok(Some(Hook::Shell(text.to_owned()))),
        text => {
            let argv = shell_words::split(text)?;
            // as in '""'
            if argv.first().is_none_or(String::is_empty) {
                Err(CommandError::Empty)
            } else {
                Ok(Some(Hook::Argv(argv)))
            }
        }
    }
}

/// Seconds from 1 to an hour.
pub(super) struct Seconds(pub(super) u32);

/// Why a time was refused.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a number of seconds from 1 to 3600")]
pub(super) struct SecondsError(String);

impl FromStr for Seconds {
    type Err = SecondsError;

    fn from_str(text: &str) -> Result<Self, SecondsError> {
        let seconds = text.parse().ok().filter(|seconds| (1..=3600).contains(seconds));
        seconds.map(Self).ok_or_else(|| SecondsError(text.to_owned()))
    }
}

/// Yes or no.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum YesOrNo {
    Yes,
    No,
}

impl YesOrNo {
    pub(super) fn is_yes(self) -> bool {
        self == Self::Yes
    }
}

/// Reads a profile as it is typed.
pub(super) fn profile() -> impl TypedValueParser<Value = Profile> {
    word(Profile::ALL, |profile| PossibleValue::new(profile.as_str()).help(software(profile)))
}

#[cfg(test)]
mod tests {
    use keystore::model::Hook;

    use super::{Seconds, command};

    #[test]
    fn commands_are_lists_unless_a_shell_is_wanted() {
        let argv = |words: &[&str]| Some(Hook::Argv(words.iter().map(ToString::to_string).collect()));
        assert_eq!(command("nginx -s 'reload now'", false).unwrap(), argv(&["nginx", "-s", "reload now"]));
        assert_eq!(command("a; b > $c", false).unwrap(), argv(&["a;", "b", ">", "$c"]));
        assert_eq!(command("a; b", true).unwrap(), Some(Hook::Shell("a; b".to_owned())));
        assert_eq!(command("none", false).unwrap(), Some(Hook::Nothing));
        assert_eq!(command("default", true).unwrap(), None);
        for text in ["", "  ", "'", "''"] {
            assert!(command(text, false).is_err(), "{text:?}");
        }
    }

    #[test]
    fn times_are_seconds() {
        assert!("1".parse::<Seconds>().is_ok() && "3600".parse::<Seconds>().is_ok());
        for text in ["0", "3601", "-1", "1s", ""] {
            assert!(text.parse::<Seconds>().is_err(), "{text:?}");
        }
    }
}
