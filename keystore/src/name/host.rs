//! What a service is reached by, and asked for in a handshake.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use super::ip::{self, Ipv6Error};
use super::{ServerName, serde_as_text};

/// Why a host was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Neither an address nor a DNS name.
    #[error("{text:?} is neither an IP address nor a DNS name")]
    Form {
        /// What was given.
        text: String,
    },
    /// A DNS name in another alphabet.
    #[error("{text:?} is not a DNS name in ASCII")]
    NotAscii {
        /// What was given.
        text: String,
    },
    /// An IPv6 address that is written in another way than its own.
    #[error(transparent)]
    Ipv6(#[from] Ipv6Error),
}

/// A machine as the network knows it: an IP address or a DNS name.
///
/// DNS names are of the form of server names, kept in lower case; the last part is not a number (as it is not in any
/// DNS name of the Internet), so that no half-written address is looked up.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Host {
    /// An address (never a zone or an IPv4-mapped address).
    Ip(IpAddr),
    /// A DNS name.
    Name(ServerName),
}

impl fmt::Display for Host {
    /// Without brackets: `192.0.2.7`, `2001:db8::1`, `mail.example.com`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

impl FromStr for Host {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let given = || text.to_owned();
        if text.contains(':') {
            return v6(text).map(Self::Ip);
        }
        if let Ok(ip) = text.parse() {
            return Ok(Self::Ip(IpAddr::V4(ip)));
        }
        if !text.is_ascii() {
            return Err(HostError::NotAscii { text: given() });
        }
        // a dot at the end only says that the name is whole, as it is here always
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let last = name.rsplit('.').next().unwrap_or_default();
        if last.bytes().all(|octet| octet.is_ascii_digit()) {
            return Err(HostError::Form { text: given() });
        }
        name.parse().map(Self::Name).map_err(|_| HostError::Form { text: given() })
    }
}

fn v6(text: &str) -> Result<IpAddr, HostError> {
    ip::without_zone(text)?;
    let ip: Ipv6Addr = text.parse().map_err(|_| HostError::Form { text: text.to_owned() })?;
    Ok(ip::unmapped(text, ip.into())?)
}

serde_as_text!(Host);
