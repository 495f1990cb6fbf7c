//! Subject alternative names (RFC 5280 section 4.2.1.6): what a certificate is good for.

mod dns_name;
mod email;
mod uri;

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

pub use dns_name::{DnsName, DnsNameError};
pub use email::{EmailAddress, EmailError};
pub use uri::{Uri, UriError};

use super::{Subject, asn1};
use crate::name::serde_as_text;

/// One name of a certificate: `dns:mail.example.com`, `ip:192.0.2.7`, `email:a@example.com`, `uri:https://...`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SubjectAltName {
    /// A host name, or a wildcard.
    Dns(DnsName),
    /// An address; never IPv4 written as IPv6 when it was parsed.
    Ip(IpAddr),
    /// A mailbox.
    Email(EmailAddress),
    /// A resource.
    Uri(Uri),
}

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectAltNameError {
    /// It doesn't say what kind of name it is.
    #[error("{text:?} does not say what it is: names are written dns:NAME, ip:ADDRESS, email:MAILBOX or uri:URI")]
    NoKind {
        /// What was given.
        text: String,
    },
    /// A kind of name that is not made here.
    #[error("{kind:?} is not a kind of name: there are dns, ip, email and uri")]
    UnknownKind {
        /// What was given.
        kind: String,
    },
    /// No host name.
    #[error(transparent)]
    Dns(#[from] DnsNameError),
    /// No address.
    #[error("{text:?} is not an IP address")]
    Ip {
        /// What was given.
        text: String,
    },
    /// No mailbox.
    #[error(transparent)]
    Email(#[from] EmailError),
    /// No URI.
    #[error(transparent)]
    Uri(#[from] UriError),
}

impl SubjectAltName {
    /// Whether a certificate with this name is good for a host or an address (RFC 9525 section 6): a wildcard
    /// stands for exactly one label, the leftmost.
    #[must_use]
    pub fn matches_host(&self, host: &str) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        match (self, host.parse::<IpAddr>()) {
            (Self::Ip(ip), Ok(host)) => ip.to_canonical() == host.to_canonical(),
            (Self::Dns(name), Err(_)) => host.parse().is_ok_and(|host| name.covers(&host)),
            _ => false,
        }
    }

    /// The name that a common name adds: a host name with or without dots, a wildcard, an address. A common
    /// name that is something else, such as `My Company`, adds none.
    #[must_use]
    pub fn host_name_of_common_name(common_name: &str) -> Option<Self> {
        if let Ok(ip) = common_name.parse::<IpAddr>() {
            return Some(Self::Ip(ip.to_canonical()));
        }
        let single_foreign_word = !common_name.is_ascii() && !common_name.contains('.');
        if single_foreign_word {
            return None;
        }
        common_name.parse().ok().map(Self::Dns)
    }

    /// The names without repetitions, the host name of the common name first when it was missing.
    pub(super) fn with_common_name(names: &[Self], subject: &Subject) -> Vec<Self> {
        let from_common_name = subject.common_name().and_then(Self::host_name_of_common_name);
        let added = from_common_name.filter(|name| !names.contains(name));
        let mut all: Vec<Self> = Vec::new();
        for name in added.iter().chain(names) {
            if !all.contains(name) {
                all.push(name.clone());
            }
        }
        all
    }

    /// The names in a `GeneralNames` (RFC 5280 section 4.2.1.6), and how many more it has that are of other
    /// kinds or damaged. `None` when it is no `GeneralNames` at all.
    pub(super) fn read_all(der: &[u8]) -> Option<(Vec<Self>, usize)> {
        let elements = asn1::whole(der)?.tagged(asn1::SEQUENCE)?.children()?;
        let names: Vec<Self> = elements.iter().filter_map(Self::read).collect();
        let others = elements.len() - names.len();
        Some((names, others))
    }

    fn read(name: &asn1::Tlv<'_>) -> Option<Self> {
        if name.tag == 0x87 {
            let octets = name.content;
            let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
            return v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok().map(Self::Ip);
        }
        let text = std::str::from_utf8(name.content).ok()?;
        match name.tag {
            0x81 => text.parse().ok().map(Self::Email),
            0x82 => text.parse().ok().map(Self::Dns),
            0x86 => text.parse().ok().map(Self::Uri),
            _ => None,
        }
    }
}

impl fmt::Display for SubjectAltName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "dns:{name}"),
            Self::Ip(ip) => write!(f, "ip:{ip}"),
            Self::Email(email) => write!(f, "email:{email}"),
            Self::Uri(uri) => write!(f, "uri:{uri}"),
        }
    }
}

impl FromStr for SubjectAltName {
    type Err = SubjectAltNameError;

    fn from_str(text: &str) -> Result<Self, SubjectAltNameError> {
        let (kind, name) = text.split_once(':').ok_or_else(|| SubjectAltNameError::NoKind { text: text.to_owned() })?;
        match kind.to_ascii_lowercase().as_str() {
            "dns" => Ok(Self::Dns(name.parse()?)),
            "email" => Ok(Self::Email(name.parse()?)),
            "uri" => Ok(Self::Uri(name.parse()?)),
            "ip" => {
                let ip: IpAddr = name.parse().map_err(|_| SubjectAltNameError::Ip { text: name.to_owned() })?;
                Ok(Self::Ip(ip.to_canonical()))
            }
            _ if text.parse::<IpAddr>().is_ok() || kind.contains('.') => {
                Err(SubjectAltNameError::NoKind { text: text.to_owned() })
            }
            _ => Err(SubjectAltNameError::UnknownKind { kind: kind.to_owned() }),
        }
    }
}

serde_as_text!(SubjectAltName);

#[cfg(test)]
mod tests;
