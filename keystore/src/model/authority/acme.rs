//! An authority that speaks ACME (RFC 8555), and the account that is kept at it.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::SecretSource;
use crate::model::{AbsolutePath, Hook};
use crate::name::{Host, serde_as_text};
use crate::pki::{DnsName, EmailAddress};
use crate::timestamp::Timestamp;

/// An authority that speaks ACME (RFC 8555).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AcmeSettings {
    /// Where its directory is. Whoever described it agreed to its terms of service.
    pub directory: DirectoryUrl,
    /// Whom it may write to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<EmailAddress>,
    /// A file with the roots that its own TLS is held against, in place of those of this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roots: Option<AbsolutePath>,
    /// An account with it that is older than ACME (RFC 8555 section 7.3.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_account: Option<ExternalAccount>,
    /// How names are proven to be ours.
    pub proof: Proof,
    /// Which of its profiles certificates shall have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Line>,
    /// The common name of an issuer in the chain that is preferred where it offers several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_chain: Option<Line>,
}

/// An account with an authority that is older than ACME (RFC 8555 section 7.3.4).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ExternalAccount {
    /// What the authority calls the key.
    pub kid: Line,
    /// Where the key is, in base64url.
    pub key: SecretSource,
}

/// How it is proven that a name is ours.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Proof {
    /// http-01: this program answers by itself.
    HttpListener {
        /// Where.
        listen: SocketAddr,
    },
    /// http-01: a web server answers from this folder.
    HttpWebroot {
        /// What it serves as `/`.
        webroot: AbsolutePath,
    },
    /// dns-01: a program puts records into DNS and takes them out.
    DnsCommand {
        /// The program.
        run: Hook,
        /// Seconds from then until everybody sees them.
        wait: u32,
    },
    /// dns-01: records go to a server as updates (RFC 2136).
    DnsUpdate(DnsUpdate),
    /// tls-alpn-01 (RFC 8737): this program answers by itself.
    TlsAlpn {
        /// Where.
        listen: SocketAddr,
    },
}

/// Where updates of DNS go, and how they are signed (RFC 8945).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DnsUpdate {
    /// The zones' primary server.
    pub server: DnsServer,
    /// The zone; it is asked for where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<DnsName>,
    /// How updates are signed.
    pub tsig: Tsig,
    /// Seconds until all of the zone's servers have the records.
    pub wait: u32,
}

/// A key that updates are signed with (RFC 8945).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tsig {
    /// What the server calls it: a domain name.
    pub name: Line,
    /// Its algorithm.
    pub algorithm: TsigAlgorithm,
    /// Where the key is, in base64.
    pub key: SecretSource,
}

/// An algorithm that updates are signed with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TsigAlgorithm {
    /// HMAC with SHA-256.
    #[default]
    HmacSha256,
    /// HMAC with SHA-384.
    HmacSha384,
    /// HMAC with SHA-512.
    HmacSha512,
}

impl TsigAlgorithm {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HmacSha256 => "hmac-sha256",
            Self::HmacSha384 => "hmac-sha384",
            Self::HmacSha512 => "hmac-sha512",
        }
    }
}

impl Proof {
    /// The type of challenge that is answered (RFC 8555 section 8).
    #[must_use]
    pub fn challenge(&self) -> &'static str {
        match self {
            Self::HttpListener { .. } | Self::HttpWebroot { .. } => "http-01",
            Self::DnsCommand { .. } | Self::DnsUpdate(_) => "dns-01",
            Self::TlsAlpn { .. } => "tls-alpn-01",
        }
    }
}

/// The account that is kept at an authority. Its private key is in a file of its own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AcmeAccount {
    /// The directory that it is registered at.
    pub directory: DirectoryUrl,
    /// What the authority calls it.
    pub url: String,
    /// Whom the authority was told that it may write to.
    pub contacts: Vec<EmailAddress>,
    /// Since when it is known here.
    pub registered: Timestamp,
}

/// Where an authority's directory is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DirectoryUrl(String);

/// Text that is no such URL.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is not the URL of a directory: it is written https://HOST/PATH")]
pub struct DirectoryUrlError(String);

impl DirectoryUrl {
    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DirectoryUrl {
    type Err = DirectoryUrlError;

    fn from_str(text: &str) -> Result<Self, DirectoryUrlError> {
        let error = || DirectoryUrlError(text.to_owned());
        let rest = text.strip_prefix("https://").ok_or_else(error)?;
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        // no user, and no password that would end up in messages
        let is_plain = !authority.is_empty() && !rest.contains(['@', '#', '\\', '"', '<', '>']);
        if is_plain && text.chars().all(|c| c.is_ascii_graphic()) { Ok(Self(text.to_owned())) } else { Err(error()) }
    }
}

impl fmt::Display for DirectoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(DirectoryUrl);

/// A name server: an address or a host, and a port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DnsServer {
    /// The machine.
    pub host: Host,
    /// The port.
    pub port: u16,
}

/// Text that names no server.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is not a name server: it is written HOST, HOST:PORT or [IPV6]:PORT")]
pub struct DnsServerError(String);

/// Where name servers listen.
const DNS_PORT: u16 = 53;

impl FromStr for DnsServer {
    type Err = DnsServerError;

    fn from_str(text: &str) -> Result<Self, DnsServerError> {
        let error = || DnsServerError(text.to_owned());
        if let Ok(host) = text.parse() {
            return Ok(Self { host, port: DNS_PORT });
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(error)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if bare.is_none() && host.contains(':') {
            return Err(error());
        }
        let host = bare.unwrap_or(host).parse().map_err(|_| error())?;
        Ok(Self { host, port: port.parse().ok().filter(|port| *port != 0).ok_or_else(error)? })
    }
}

impl fmt::Display for DnsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Ip(ip) => SocketAddr::new(*ip, self.port).fmt(f),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

serde_as_text!(DnsServer);

/// A line of text that an authority has chosen: a name, an identifier.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Line(String);

/// Text that is no such line.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is not a line of 1 to 255 characters without control characters")]
pub struct LineError(String);

impl Line {
    /// The line as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Line {
    type Err = LineError;

    fn from_str(text: &str) -> Result<Self, LineError> {
        let is_line = (1..=255).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if is_line { Ok(Self(text.to_owned())) } else { Err(LineError(text.to_owned())) }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(Line);

#[cfg(test)]
mod tests {
    use super::{DirectoryUrl, DnsServer, Line};

    #[test]
    fn directories_are_reached_over_tls() {
        for text in ["https://acme.example/directory", "https://127.0.0.1:14000/dir", "https://[::1]:14000/dir?a=b"] {
            assert_eq!(text.parse::<DirectoryUrl>().map(|url| url.to_string()), Ok(text.to_owned()));
        }
        for text in [
            "",
            "acme.example",
            "http://acme.example/dir",
            "https://",
            "https:///dir",
            "https://a b/",
            "https://u:p@a/",
        ] {
            assert!(text.parse::<DirectoryUrl>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn name_servers_have_a_port() {
        for (text, whole) in [
            ("192.0.2.1", "192.0.2.1:53"),
            ("ns1.example.com", "ns1.example.com:53"),
            ("ns1.example.com:5353", "ns1.example.com:5353"),
            ("2001:db8::1", "[2001:db8::1]:53"),
            ("[2001:db8::1]:5353", "[2001:db8::1]:5353"),
        ] {
            assert_eq!(text.parse::<DnsServer>().map(|server| server.to_string()), Ok(whole.to_owned()));
            assert_eq!(whole.parse::<DnsServer>(), text.parse());
        }
        for text in ["", ":53", "ns1:0", "ns1:65536", "2001:db8::1:x", "http://ns1"] {
            assert!(text.parse::<DnsServer>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn lines_are_lines() {
        assert!("ISRG Root X1".parse::<Line>().is_ok());
        for text in ["", "a\nb", &"x".repeat(256)] {
            assert!(text.parse::<Line>().is_err(), "{text:?}");
        }
    }
}
