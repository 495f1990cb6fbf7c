//! The parts of a service's settings that are text with a form.

use std::fmt;
use std::path::{Component, Path};
use std::str::FromStr;

use crate::name::serde_as_text;

/// Why a path was refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AbsolutePathError {
    /// It depends on where a command is run.
    #[error("{0:?} is not absolute: it has to begin with /")]
    Relative(String),
    /// It has `.` or `..` in it, a slash at the end, or two in a row.
    #[error("{0:?} is not written plainly: leave out `.`, `..` and superfluous slashes")]
    NotPlain(String),
    /// A character that no configuration file takes.
    #[error("{0:?} has a control character in it")]
    Control(String),
}

/// An absolute path outside the keystore, written plainly.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AbsolutePath(String);

impl AbsolutePath {
    /// The path.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl FromStr for AbsolutePath {
    type Err = AbsolutePathError;

    fn from_str(text: &str) -> Result<Self, AbsolutePathError> {
        let path = Path::new(text);
        if !path.is_absolute() {
            return Err(AbsolutePathError::Relative(text.to_owned()));
        }
        if text.chars().any(char::is_control) {
            return Err(AbsolutePathError::Control(text.to_owned()));
        }
        // components() leaves out what is not plain, so that the text is longer than they are
        let plain: std::path::PathBuf =
            path.components().filter(|part| matches!(part, Component::RootDir | Component::Normal(_))).collect();
        if plain.as_os_str() != text || text == "/" {
            return Err(AbsolutePathError::NotPlain(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for AbsolutePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(AbsolutePath);

/// Why an account was refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is not the name or the number of an account or a group")]
pub struct AccountNameError(String);

/// The name or number of a user or a group of this machine. Whether there is one is known when it is used.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AccountName(String);

impl AccountName {
    /// The name or number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountName {
    type Err = AccountNameError;

    fn from_str(text: &str) -> Result<Self, AccountNameError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '$');
        let is_name = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') && text.chars().all(is_plain);
        if is_name && text.len() <= 64 { Ok(Self(text.to_owned())) } else { Err(AccountNameError(text.to_owned())) }
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(AccountName);

/// Why permission bits were refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FileModeError {
    /// Not three octal digits.
    #[error("{0:?} is not a file mode: it is written in octal, as 0640")]
    Form(String),
    /// Everybody could read or write the private key.
    #[error("mode {0} would open the private key to everybody on the machine")]
    Open(String),
    /// Its owner could not read it.
    #[error("mode {0} would keep the private key from its owner")]
    Closed(String),
}

/// Permission bits of files that hold a private key: nothing for everybody, readable for the owner.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileMode(u32);

impl FileMode {
    /// For the owner alone.
    pub const PRIVATE: Self = Self(0o600);
    /// For the owner, and to be read by a group.
    pub const GROUP: Self = Self(0o640);

    /// The permission bits.
    #[must_use]
    pub fn bits(self) -> u32 {
        self.0
    }
}

impl FromStr for FileMode {
    type Err = FileModeError;

    fn from_str(text: &str) -> Result<Self, FileModeError> {
        let digits = text.strip_prefix('0').filter(|rest| rest.len() == 3).unwrap_or(text);
        let is_octal = digits.len() == 3 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
        let bits = u32::from_str_radix(digits, 8).ok().filter(|_| is_octal);
        match bits {
            None => Err(FileModeError::Form(text.to_owned())),
            Some(bits) if bits & 0o007 != 0 => Err(FileModeError::Open(text.to_owned())),
            Some(bits) if bits & 0o400 == 0 => Err(FileModeError::Closed(text.to_owned())),
            Some(bits) => Ok(Self(bits)),
        }
    }
}

impl fmt::Display for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

serde_as_text!(FileMode);

#[cfg(test)]
mod tests {
    use super::{AbsolutePath, AccountName, FileMode};

    #[test]
    fn paths_are_absolute_and_plain() {
        for path in ["/etc/nginx/tls", "/a", "/a b/ü"] {
            assert_eq!(path.parse::<AbsolutePath>().map(|path| path.to_string()), Ok(path.to_owned()));
        }
        for path in ["", "/", "a/b", "/a/", "/a//b", "/a/./b", "/a/../b", "/a\nb", "./a"] {
            assert!(path.parse::<AbsolutePath>().is_err(), "{path:?}");
        }
    }

    #[test]
    fn accounts_are_names_or_numbers() {
        for name in ["root", "www-data", "_dovecot", "news", "1000", "svc.tls", "host$"] {
            assert!(name.parse::<AccountName>().is_ok(), "{name}");
        }
        for name in ["", "-x", "a b", "a:b", "../x"] {
            assert!(name.parse::<AccountName>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn modes_never_open_a_private_key_to_everybody() {
        for (text, mode) in [("0600", "0600"), ("640", "0640"), ("0440", "0440")] {
            assert_eq!(text.parse::<FileMode>().map(|mode| mode.to_string()), Ok(mode.to_owned()));
        }
        for text in ["0644", "0601", "0200", "", "6400", "64", "rw-r-----", "0o640", "+640"] {
            assert!(text.parse::<FileMode>().is_err(), "{text:?}");
        }
    }
}
