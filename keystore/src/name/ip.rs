//! IP addresses that are refused for how they are written: each address has one name.

use std::net::IpAddr;

/// Why an IPv6 address was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ipv6Error {
    /// A zone, which means something on one machine alone.
    #[error("{text:?} has an IPv6 zone: give the address without it")]
    Zone {
        /// What was given.
        text: String,
    },
    /// `::ffff:192.0.2.7`.
    #[error("{text:?} is an IPv4 address written as IPv6: write it as IPv4")]
    Mapped {
        /// What was given.
        text: String,
    },
}

/// Refuses a zone.
pub(super) fn without_zone(text: &str) -> Result<(), Ipv6Error> {
    if text.contains('%') { Err(Ipv6Error::Zone { text: text.to_owned() }) } else { Ok(()) }
}

/// Refuses IPv4 that is written as IPv6.
pub(super) fn unmapped(text: &str, ip: IpAddr) -> Result<IpAddr, Ipv6Error> {
    match ip {
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => Err(Ipv6Error::Mapped { text: text.to_owned() }),
        ip => Ok(ip),
    }
}
