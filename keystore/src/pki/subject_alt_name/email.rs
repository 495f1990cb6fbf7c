use std::fmt;
use std::str::FromStr;

use super::{DnsName, DnsNameError};
use crate::name::serde_as_text;

const LOCAL_LIMIT: usize = 64;

/// A mailbox (RFC 5280 section 4.2.1.6): an ASCII local part, and a domain in its A-labels.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EmailAddress(String);

/// Why a mailbox was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// There is no `@`.
    #[error("{text:?} is not a mailbox: it is written NAME@DOMAIN")]
    NoAt {
        /// What was given.
        text: String,
    },
    /// Nothing before `@`, or too much.
    #[error("{text:?} has no name of 1 to 64 characters before '@'")]
    Local {
        /// What was given.
        text: String,
    },
    /// A character that is not ASCII, or a blank.
    #[error("{text:?} has the character {character:?} before '@': it is printable ASCII without blanks")]
    Character {
        /// What was given.
        text: String,
        /// The character.
        character: char,
    },
    /// No domain behind `@`.
    #[error("the domain of {text:?} is not a host name")]
    Domain {
        /// What was given.
        text: String,
        /// Why.
        source: DnsNameError,
    },
}

impl EmailAddress {
    /// The mailbox as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for EmailAddress {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        let owned = || text.to_owned();
        let (local, domain) = text.rsplit_once('@').ok_or_else(|| EmailError::NoAt { text: owned() })?;
        if local.is_empty() || local.len() > LOCAL_LIMIT {
            return Err(EmailError::Local { text: owned() });
        }
        if let Some(character) = local.chars().find(|&c| !c.is_ascii_graphic() || "@,;:<>()[]\\\"".contains(c)) {
            return Err(EmailError::Character { text: owned(), character });
        }
        let domain: DnsName = domain.parse().map_err(|source| EmailError::Domain { text: owned(), source })?;
        if domain.is_wildcard() {
            let source = DnsNameError::Wildcard { text: domain.to_string() };
            return Err(EmailError::Domain { text: owned(), source });
        }
        Ok(Self(format!("{local}@{domain}")))
    }
}

serde_as_text!(EmailAddress);
