//! Names: of servers, protocols and keys, which make up addresses, and of authorities.

use std::fmt;
use std::str::FromStr;

use smol_str::SmolStr;

use super::serde_as_text;

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {what}: {fault}")]
pub struct NameError {
    /// `server name`, `protocol name`, `key name` or `name for an authority`.
    pub what: &'static str,
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub fault: NameFault,
}

/// The fault of a refused name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// Nothing was given.
    #[error("it is empty")]
    Empty,
    /// It has more octets than allowed.
    #[error("it is longer than {limit} characters")]
    TooLong {
        /// The most characters allowed.
        limit: usize,
    },
    /// It would be right in lower case.
    #[error("names are lower case")]
    UpperCase {
        /// The same name in lower case.
        lower: String,
    },
    /// A character that names don't have.
    #[error("{0:?} is not allowed; names are made of a-z, 0-9, '-' and '_'")]
    Character(char),
    /// It starts or ends with `-` or `_`.
    #[error("each part starts and ends with a letter or a digit")]
    Edge,
    /// Two dots in a row, or a dot at an end.
    #[error("dots stand singly between parts")]
    Dots,
    /// A dot in a name that has none.
    #[error("it has no dots")]
    Dot,
}

const PART_LIMIT: usize = 63;
const SERVER_LIMIT: usize = 253;

/// `[a-z0-9]([a-z0-9_-]*[a-z0-9])?`, at most 63 characters.
fn check_part(text: &str) -> Result<(), NameFault> {
    if let Some(bad) = text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-' | '_')) {
        return Err(NameFault::Character(bad));
    }
    if text.starts_with(['-', '_']) || text.ends_with(['-', '_']) {
        return Err(NameFault::Edge);
    }
    if text.len() > PART_LIMIT {
        return Err(NameFault::TooLong { limit: PART_LIMIT });
    }
    Ok(())
}

fn check(text: &str, limit: usize, dots: bool) -> Result<(), NameFault> {
    if text.is_empty() {
        return Err(NameFault::Empty);
    }
    if text.bytes().any(|octet| octet.is_ascii_uppercase()) {
        let lower = text.to_ascii_lowercase();
        return check(&lower, limit, dots).and(Err(NameFault::UpperCase { lower }));
    }
    if text.len() > limit {
        return Err(NameFault::TooLong { limit });
    }
    if !dots && text.contains('.') {
        return Err(NameFault::Dot);
    }
    for part in text.split('.') {
        if part.is_empty() {
            return Err(NameFault::Dots);
        }
        check_part(part)?;
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $limit:expr, $dots:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(SmolStr);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                match check(text, $limit, $dots) {
                    Ok(()) => Ok(Self(text.into())),
                    Err(fault) => Err(NameError { what: $what, text: text.to_owned(), fault }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        serde_as_text!($name);
    };
}

name! {
    /// A machine, by the name its administrator uses: `mail01`, `mx1.example.com`. At most 253 characters,
    /// dot-separated parts of at most 63.
    ServerName, "server name", SERVER_LIMIT, true
}
name! {
    /// What a service speaks: `https`, `smtp`, `imap` ... At most 63 characters, no dots.
    Protocol, "protocol name", PART_LIMIT, false
}
name! {
    /// The name of a key under its service: `main`, `main.2026`. At most 63 characters.
    KeyName, "key name", PART_LIMIT, true
}
name! {
    /// The name of an authority: `internal`, `letsencrypt`. At most 63 characters, no dots.
    AuthorityName, "name for an authority", PART_LIMIT, false
}
