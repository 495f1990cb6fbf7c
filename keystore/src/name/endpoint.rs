//! Where a service listens.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use super::ip::{self, Ipv6Error};
use super::{PathError, ServerName, ServicePath, serde_as_text};

/// Why an endpoint was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// There is no `@`.
    #[error("{text:?} is not an endpoint: it is written SERVER/PROTOCOL@default or SERVER/PROTOCOL@IP:PORT")]
    Form {
        /// What was given.
        text: String,
    },
    /// The part before `@` is no service.
    #[error(transparent)]
    Service(#[from] PathError),
    /// The part after `@` is no address.
    #[error("{text:?} is not an address: it is `default`, IP:PORT or [IPv6]:PORT")]
    Address {
        /// What was given.
        text: String,
    },
    /// Port 0.
    #[error("{text:?} has port 0: ports are 1 to 65535")]
    Port {
        /// What was given.
        text: String,
    },
    /// An IPv6 address that is written in another way than its own.
    #[error(transparent)]
    Ipv6(#[from] Ipv6Error),
}

/// The part of an endpoint behind `@`. A specific address beats `default`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Address {
    /// Every address that has no binding of its own.
    Default,
    /// One address and port (never port 0, a zone or an IPv4-mapped address).
    Socket(SocketAddr),
}

impl Address {
    /// The IP address, when there is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Default => None,
            Self::Socket(socket) => Some(socket.ip()),
        }
    }
}

impl fmt::Display for Address {
    /// RFC 5952 form: `default`, `192.0.2.7:993`, `[2001:db8::1]:993`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Socket(socket) => socket.fmt(f),
        }
    }
}

impl FromStr for Address {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        if text == "default" {
            return Ok(Self::Default);
        }
        ip::without_zone(text)?;
        let socket: SocketAddr = text.parse().map_err(|_| EndpointError::Address { text: text.to_owned() })?;
        if socket.port() == 0 {
            return Err(EndpointError::Port { text: text.to_owned() });
        }
        ip::unmapped(text, socket.ip())?;
        Ok(Self::Socket(socket))
    }
}

/// Where a service listens: `mail01/imap@default`, `mail01/imap@192.0.2.7:993`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Endpoint {
    /// The service that listens.
    pub service: ServicePath,
    /// On which address.
    pub address: Address,
}

impl Endpoint {
    /// The server it is on.
    #[must_use]
    pub fn server(&self) -> &ServerName {
        &self.service.server
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.service, self.address)
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let (service, address) = text.split_once('@').ok_or_else(|| EndpointError::Form { text: text.to_owned() })?;
        Ok(Self { service: service.parse()?, address: address.parse()? })
    }
}

serde_as_text!(Address);
serde_as_text!(Endpoint);
