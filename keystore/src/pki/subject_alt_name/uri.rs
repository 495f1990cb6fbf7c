use std::fmt;
use std::str::FromStr;

use crate::name::serde_as_text;

const LIMIT: usize = 2048;

/// An absolute URI (RFC 3986) in ASCII.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Uri(String);

serde_as_text!(Uri);

/// Why a URI was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// No scheme, or nothing behind it.
    #[error("{text:?} is not an absolute URI: it starts with a scheme, as https://example.com/ does")]
    NotAbsolute {
        /// What was given.
        text: String,
    },
    /// A character that URIs encode with `%`.
    #[error("{text:?} has the character {character:?}: in a URI it is percent-encoded")]
    Character {
        /// What was given.
        text: String,
        /// The character.
        character: char,
    },
    /// More than anybody reads.
    #[error("a URI of {length} characters: there are at most 2048")]
    TooLong {
        /// Its length.
        length: usize,
    },
}

impl Uri {
    /// The URI as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        if text.len() > LIMIT {
            return Err(UriError::TooLong { length: text.len() });
        }
        if let Some(character) = text.chars().find(|&c| !c.is_ascii_graphic() || "\"<>\\^`{|}".contains(c)) {
            return Err(UriError::Character { text: text.to_owned(), character });
        }
        let absolute = text.split_once(':').is_some_and(|(scheme, rest)| {
            let rest = rest.trim_start_matches('/');
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
                && !rest.is_empty()
        });
        if absolute { Ok(Self(text.to_owned())) } else { Err(UriError::NotAbsolute { text: text.to_owned() }) }
    }
}
