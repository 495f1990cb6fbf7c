use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::name::serde_as_text;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

const LABEL_LIMIT: usize = 63;
const NAME_LIMIT: usize = 253;

/// A host name in its A-labels (RFC 5890), lower case, without final dot; `*.` may stand for the leftmost label.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DnsName(String);

/// Why a host name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DnsNameError {
    /// Nothing was given.
    #[error("the host name is empty")]
    Empty,
    /// An address.
    #[error("{ip} is an IP address, not a host name: write ip:{ip}")]
    IpAddress {
        /// The address.
        ip: IpAddr,
    },
    /// Four numbers, or anything else that ends in one.
    #[error("{text:?} ends in a number: it is neither a host name nor a whole IP address")]
    NumericEnd {
        /// What was given.
        text: String,
    },
    /// Two dots in a row, or a dot at the start.
    #[error("{text:?} has an empty label: dots stand singly between labels")]
    EmptyLabel {
        /// What was given.
        text: String,
    },
    /// A character that host names don't have.
    #[error("{text:?} has the character {character:?}: host names are made of letters, digits, '-', '_' and dots")]
    Character {
        /// What was given.
        text: String,
        /// The character.
        character: char,
    },
    /// A label that starts or ends with `-`.
    #[error("{text:?} has a label that starts or ends with '-'")]
    Hyphen {
        /// What was given.
        text: String,
    },
    /// `*` anywhere but as the whole leftmost label.
    #[error("{text:?} has a '*' that is not the whole leftmost label, as in *.example.com")]
    Wildcard {
        /// What was given.
        text: String,
    },
    /// A name that UTS 46 refuses.
    #[error("{text:?} is not an internationalized host name (UTS 46)")]
    Idna {
        /// What was given.
        text: String,
    },
    /// A label of more than 63 octets.
    #[error("{text:?} has a label longer than 63 characters, as it is written in DNS")]
    LabelTooLong {
        /// What was given.
        text: String,
    },
    /// More than 253 octets.
    #[error("a host name of {length} characters: there are at most 253")]
    TooLong {
        /// Its length.
        length: usize,
    },
}

impl DnsName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether its leftmost label is `*`.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }

    /// Whether it stands for a host: by being its name, or a wildcard for exactly its leftmost label.
    pub(super) fn covers(&self, host: &Self) -> bool {
        let by_wildcard = || {
            let domain = self.0.strip_prefix("*.")?;
            let (_, host_domain) = host.0.split_once('.')?;
            Some(domain == host_domain)
        };
        self == host || by_wildcard().unwrap_or(false)
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DnsName {
    type Err = DnsNameError;

    fn from_str(text: &str) -> Result<Self, DnsNameError> {
        let owned = || text.to_owned();
        if let Ok(ip) = text.parse() {
            return Err(DnsNameError::IpAddress { ip });
        }
        // what is far too long is not worth the work that UTS 46 takes
        if text.len() > NAME_LIMIT * 4 {
            return Err(DnsNameError::TooLong { length: text.chars().count() });
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let (wildcard, host) = name.strip_prefix("*.").map_or(("", name), |host| ("*.", host));
        if name.is_empty() {
            return Err(DnsNameError::Empty);
        }
        if host.contains('*') {
            return Err(DnsNameError::Wildcard { text: owned() });
        }
        let ascii = to_ascii(host, text)?;
        check_labels(&ascii, text)?;
        let length = wildcard.len() + ascii.len();
        if length > NAME_LIMIT {
            return Err(DnsNameError::TooLong { length });
        }
        Ok(Self(format!("{wildcard}{ascii}")))
    }
}

serde_as_text!(DnsName);

fn to_ascii(host: &str, text: &str) -> Result<String, DnsNameError> {
    let proper = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if let Some(character) = host.chars().find(|&c| !proper(c)) {
        return Err(DnsNameError::Character { text: text.to_owned(), character });
    }
    let fault = |_| DnsNameError::Idna { text: text.to_owned() };
    let ascii = Uts46::new().to_ascii(host.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow, DnsLength::Ignore);
    ascii.map(std::borrow::Cow::into_owned).map_err(fault)
}

fn check_labels(ascii: &str, text: &str) -> Result<(), DnsNameError> {
    let owned = || text.to_owned();
    // UTS 46 maps some characters to ASCII that host names don't have
    let proper = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_' | '.');
    if let Some(character) = ascii.chars().find(|&c| !proper(c)) {
        return Err(DnsNameError::Character { text: owned(), character });
    }
    for label in ascii.split('.') {
        if label.is_empty() {
            return Err(DnsNameError::EmptyLabel { text: owned() });
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err(DnsNameError::Hyphen { text: owned() });
        }
        if label.len() > LABEL_LIMIT {
            return Err(DnsNameError::LabelTooLong { text: owned() });
        }
    }
    let last = ascii.rsplit_once('.').map(|(_, last)| last);
    if last.is_some_and(|last| last.bytes().all(|octet| octet.is_ascii_digit())) {
        return Err(DnsNameError::NumericEnd { text: owned() });
    }
    Ok(())
}
