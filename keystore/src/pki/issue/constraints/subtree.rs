use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use der::asn1::{Ia5String, OctetString};
use x509_cert::ext::pkix::name::GeneralName;

use crate::name::serde_as_text;
use crate::pki::asn1::Tlv;
use crate::pki::{DnsName, DnsNameError, EmailAddress, EmailError, SubjectAltName, Uri};

/// A set of names of one kind: `dns:example.com`, `ip:192.0.2.0/24`, `email:example.com`, `uri:.example.com`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Subtree {
    /// A host name and all below it.
    Dns(DnsName),
    /// Every host name: `dns:*`.
    AnyDns,
    /// Addresses.
    Ip(Subnet),
    /// Mailboxes.
    Email(Mailboxes),
    /// URIs, by their hosts.
    Uri(HostPattern),
}

/// Addresses that begin with the same bits: `192.0.2.0/24`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Subnet {
    base: IpAddr,
    prefix: u8,
}

/// A host, or with a dot before it, all below it and not itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HostPattern {
    host: DnsName,
    below: bool,
}

/// One mailbox, or all at some hosts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mailboxes {
    /// This one.
    One(EmailAddress),
    /// All at a host, or at all hosts below it.
    At(HostPattern),
}

/// Why a set of names was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubtreeError {
    /// It doesn't say what kind of names it is about.
    #[error(
        "{text:?} does not say what names it is about: write dns:NAME, ip:ADDRESS/BITS, email:NAME@DOMAIN, email:DOMAIN \
         or uri:HOST"
    )]
    Kind {
        /// What was given.
        text: String,
    },
    /// No host name.
    #[error(transparent)]
    Dns(#[from] DnsNameError),
    /// A wildcard, or a dot before a host name.
    #[error("{text:?} is more than a host name: write dns:{name}, which includes all names below it")]
    Below {
        /// What was given.
        text: String,
        /// The name in it.
        name: String,
    },
    /// No mailbox.
    #[error(transparent)]
    Email(#[from] EmailError),
    /// No network.
    #[error("{text:?} is no network: it is written ADDRESS/BITS, as in 192.0.2.0/24 or 2001:db8::/32")]
    Subnet {
        /// What was given.
        text: String,
    },
    /// A network that is written by another address than its first.
    #[error("{text:?} has bits set beyond its first {prefix}: write {base}/{prefix}")]
    HostBits {
        /// What was given.
        text: String,
        /// How many bits the network has.
        prefix: u8,
        /// Its first address.
        base: IpAddr,
    },
}

impl Subtree {
    /// Every host name and every address.
    pub(super) fn everything_of_servers() -> [Self; 3] {
        let all = |base: [u16; 8]| Subnet { base: base.into(), prefix: 0 };
        let v4 = Subnet { base: [0, 0, 0, 0].into(), prefix: 0 };
        [Self::AnyDns, Self::Ip(v4), Self::Ip(all([0; 8]))]
    }

    /// Whether the other is about names of the same kind and, of addresses, of the same family.
    pub(super) fn is_alike(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dns(_) | Self::AnyDns, Self::Dns(_) | Self::AnyDns)
            | (Self::Email(_), Self::Email(_))
            | (Self::Uri(_), Self::Uri(_)) => true,
            (Self::Ip(one), Self::Ip(other)) => one.base.is_ipv4() == other.base.is_ipv4(),
            _ => false,
        }
    }

    /// Whether it says something of names of this kind. As for the standard, addresses of both families are one kind.
    pub(super) fn is_about(&self, name: &SubjectAltName) -> bool {
        matches!(
            (self, name),
            (Self::Dns(_) | Self::AnyDns, SubjectAltName::Dns(_))
                | (Self::Ip(_), SubjectAltName::Ip(_))
                | (Self::Email(_), SubjectAltName::Email(_))
                | (Self::Uri(_), SubjectAltName::Uri(_))
        )
    }

    /// Whether all that the name stands for is in it.
    pub(super) fn contains(&self, name: &SubjectAltName) -> bool {
        match (self, name) {
            (Self::AnyDns, SubjectAltName::Dns(_)) => true,
            (Self::Dns(base), SubjectAltName::Dns(name)) => is_within(domain(name), base.as_str()),
            (Self::Ip(subnet), SubjectAltName::Ip(ip)) => subnet.contains(*ip),
            (Self::Email(mailboxes), SubjectAltName::Email(email)) => mailboxes.contains(email),
            (Self::Uri(pattern), SubjectAltName::Uri(uri)) => host_of(uri).is_some_and(|host| pattern.matches(&host)),
            _ => false,
        }
    }

    /// Whether anything that the name stands for is in it: a wildcard touches what is one label below its domain, and a
    /// URI whose host has no name touches everything, as nobody can tell.
    pub(super) fn touches(&self, name: &SubjectAltName) -> bool {
        match (self, name) {
            (Self::Dns(base), SubjectAltName::Dns(name)) if name.is_wildcard() => {
                let one_below = base.as_str().split_once('.').is_some_and(|(_, parent)| parent == domain(name));
                one_below || self.contains(&SubjectAltName::Dns(name.clone()))
            }
            (Self::Uri(_), SubjectAltName::Uri(uri)) if host_of(uri).is_none() => true,
            _ => self.contains(name),
        }
    }

    pub(super) fn encoded(&self) -> der::Result<GeneralName> {
        let text = |text: &dyn fmt::Display| Ia5String::new(&text.to_string());
        Ok(match self {
            Self::Dns(name) => GeneralName::DnsName(text(name)?),
            Self::AnyDns => GeneralName::DnsName(text(&"")?),
            Self::Ip(subnet) => GeneralName::IpAddress(OctetString::new(subnet.octets())?),
            Self::Email(mailboxes) => GeneralName::Rfc822Name(text(mailboxes)?),
            Self::Uri(pattern) => GeneralName::UniformResourceIdentifier(text(pattern)?),
        })
    }

    pub(in crate::pki) fn read(base: &Tlv<'_>) -> Option<Self> {
        let text = || std::str::from_utf8(base.content).ok();
        match base.tag {
            0x81 => text()?.parse().ok().map(Self::Email),
            0x82 if base.content.is_empty() => Some(Self::AnyDns),
            // a dot before it is not of the standard, and read as if it were not there by those who read it
            0x82 => text()?.trim_start_matches('.').parse().ok().filter(|n: &DnsName| !n.is_wildcard()).map(Self::Dns),
            0x86 => text()?.parse().ok().map(Self::Uri),
            0x87 => Subnet::read(base.content).map(Self::Ip),
            _ => None,
        }
    }
}

/// Without the label of a wildcard.
fn domain(name: &DnsName) -> &str {
    name.as_str().strip_prefix("*.").unwrap_or(name.as_str())
}

fn is_within(name: &str, base: &str) -> bool {
    name.strip_suffix(base).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The host of a URI, where it has one with a name.
fn host_of(uri: &Uri) -> Option<DnsName> {
    let (_, rest) = uri.as_str().split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    host.parse().ok().filter(|host: &DnsName| !host.is_wildcard())
}

impl Subnet {
    /// All addresses that begin with the first `prefix` bits of this one.
    fn new(ip: IpAddr, prefix: u8) -> Option<Self> {
        let base = match ip {
            IpAddr::V4(ip) if prefix <= 32 => {
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                IpAddr::from((u32::from(ip) & mask).to_be_bytes())
            }
            IpAddr::V6(ip) if prefix <= 128 => {
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                IpAddr::from((u128::from(ip) & mask).to_be_bytes())
            }
            _ => return None,
        };
        Some(Self { base, prefix })
    }

    fn contains(self, ip: IpAddr) -> bool {
        Self::new(ip.to_canonical(), self.prefix).is_some_and(|subnet| subnet == self)
    }

    /// The address and the mask, as RFC 5280 has them behind each other.
    fn octets(self) -> Vec<u8> {
        match self.base {
            IpAddr::V4(base) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                [base.octets(), mask.to_be_bytes()].concat()
            }
            IpAddr::V6(base) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                [base.octets(), mask.to_be_bytes()].concat()
            }
        }
    }

    fn read(octets: &[u8]) -> Option<Self> {
        let (base, mask) = octets.split_at(octets.len() / 2);
        let ip = <[u8; 4]>::try_from(base).map(IpAddr::from);
        let ip = ip.or_else(|_| <[u8; 16]>::try_from(base).map(IpAddr::from)).ok()?;
        let prefix: u32 = mask.iter().map(|octet| octet.count_ones()).sum();
        let subnet = Self::new(ip, u8::try_from(prefix).ok()?)?;
        // a mask with holes is no network
        (subnet.octets() == octets).then_some(subnet)
    }
}

impl HostPattern {
    fn matches(&self, host: &DnsName) -> bool {
        if self.below { *host != self.host && is_within(host.as_str(), self.host.as_str()) } else { *host == self.host }
    }
}

impl Mailboxes {
    fn contains(&self, email: &EmailAddress) -> bool {
        match self {
            Self::One(one) => one == email,
            Self::At(pattern) => {
                let host = email.as_str().rsplit_once('@').map(|(_, host)| host.parse());
                host.is_some_and(|host| host.is_ok_and(|host| pattern.matches(&host)))
            }
        }
    }
}

impl fmt::Display for Subtree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "dns:{name}"),
            Self::AnyDns => f.write_str("dns:*"),
            Self::Ip(subnet) => write!(f, "ip:{subnet}"),
            Self::Email(mailboxes) => write!(f, "email:{mailboxes}"),
            Self::Uri(pattern) => write!(f, "uri:{pattern}"),
        }
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.below { "." } else { "" }, self.host)
    }
}

impl fmt::Display for Mailboxes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(email) => email.fmt(f),
            Self::At(pattern) => pattern.fmt(f),
        }
    }
}

impl FromStr for Subtree {
    type Err = SubtreeError;

    fn from_str(text: &str) -> Result<Self, SubtreeError> {
        let kind = || SubtreeError::Kind { text: text.to_owned() };
        let (kind_of_name, value) = text.split_once(':').ok_or_else(kind)?;
        match kind_of_name.to_ascii_lowercase().as_str() {
            "dns" if value == "*" => Ok(Self::AnyDns),
            "dns" => {
                let bare = value.strip_prefix('*').unwrap_or(value);
                if let Some(name) = bare.strip_prefix('.') {
                    return Err(SubtreeError::Below { text: text.to_owned(), name: name.to_owned() });
                }
                Ok(Self::Dns(value.parse()?))
            }
            "ip" => Ok(Self::Ip(value.parse()?)),
            "email" => Ok(Self::Email(value.parse()?)),
            "uri" => Ok(Self::Uri(value.parse()?)),
            _ => Err(kind()),
        }
    }
}

impl FromStr for Subnet {
    type Err = SubtreeError;

    /// `ADDRESS/BITS`; an address alone is the network of itself.
    fn from_str(text: &str) -> Result<Self, SubtreeError> {
        let fault = || SubtreeError::Subnet { text: text.to_owned() };
        let (ip, prefix) = text.split_once('/').map_or((text, None), |(ip, prefix)| (ip, Some(prefix)));
        let ip: IpAddr = ip.parse().map_err(|_| fault())?;
        let prefix = match prefix {
            Some(prefix) => prefix.parse().map_err(|_| fault())?,
            None if ip.is_ipv4() => 32,
            None => 128,
        };
        let subnet = Self::new(ip, prefix).ok_or_else(fault)?;
        if subnet.base != ip {
            return Err(SubtreeError::HostBits { text: text.to_owned(), prefix, base: subnet.base });
        }
        Ok(subnet)
    }
}

impl FromStr for HostPattern {
    type Err = SubtreeError;

    fn from_str(text: &str) -> Result<Self, SubtreeError> {
        let (host, below) = text.strip_prefix('.').map_or((text, false), |host| (host, true));
        let host: DnsName = host.parse()?;
        if host.is_wildcard() {
            return Err(DnsNameError::Wildcard { text: text.to_owned() }.into());
        }
        Ok(Self { host, below })
    }
}

impl FromStr for Mailboxes {
    type Err = SubtreeError;

    fn from_str(text: &str) -> Result<Self, SubtreeError> {
        if text.contains('@') { Ok(Self::One(text.parse()?)) } else { Ok(Self::At(text.parse()?)) }
    }
}

serde_as_text!(Subtree);
