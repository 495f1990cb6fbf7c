//! What a service is reached by, and asked for in a handshake.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

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
    /// An IPv6 zone, which means something on one machine only.
    #[error("{text:?} has an IPv6 zone: give the address without it")]
    Zone {
        /// What was given.
        text: String,
    },
    /// An IPv4 address in IPv6 clothing.
    #[error("{text:?} is an IPv4 address written as IPv6: write it as IPv4")]
    Mapped {
        /// What was given.
        text: String,
    },
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
            return v6(text).map(|ip| Self::Ip(IpAddr::V6(ip)));
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

fn v6(text: &str) -> Result<Ipv6Addr, HostError> {
    if text.contains('%') {
        return Err(HostError::Zone { text: text.to_owned() });
    }
    let ip: Ipv6Addr = text.parse().map_err(|_| HostError::Form { text: text.to_owned() })?;
    match ip.to_ipv4_mapped() {
        Some(_) => Err(HostError::Mapped { text: text.to_owned() }),
        None => Ok(ip),
    }
}

serde_as_text!(Host);
