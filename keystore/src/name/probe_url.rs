//! Where a service is proven: `imaps://mail.example.com:993`, `smtp+starttls://192.0.2.7:25`.

use std::fmt;
use std::str::FromStr;

use super::{Address, Endpoint, Host, HostError, serde_as_text};

/// Why a URL was refused. No variant repeats a user name or a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeUrlError {
    /// There is no `://`.
    #[error("{text:?} is not a URL to probe: it is written SCHEME://HOST:PORT")]
    Form {
        /// What was given.
        text: String,
    },
    /// A scheme that nobody knows here.
    #[error("{scheme:?} is not a scheme to probe")]
    Scheme {
        /// What was given.
        scheme: String,
    },
    /// STARTTLS asked for where the protocol has none.
    #[error("{scheme:?} is TLS from the first octet: there is no STARTTLS in it")]
    NoStartTls {
        /// The scheme without `+starttls`.
        scheme: String,
    },
    /// A user name, and perhaps a password.
    #[error("the {scheme} URL names a user before its host: nobody is ever logged in")]
    User {
        /// The scheme.
        scheme: String,
    },
    /// Something behind host and port.
    #[error("{text:?} has something behind host and port")]
    Path {
        /// What was given.
        text: String,
    },
    /// An IPv6 address without brackets.
    #[error("{text:?} has more than one colon: an IPv6 address stands in brackets, [2001:db8::1]")]
    Brackets {
        /// What was given.
        text: String,
    },
    /// No host that can be reached.
    #[error(transparent)]
    Host(#[from] HostError),
    /// No port from 1 to 65535.
    #[error("{port:?} is not a port: ports are 1 to 65535")]
    Port {
        /// What was given.
        port: String,
    },
    /// No port, and the scheme has no usual one.
    #[error("{scheme} URLs need a port: {scheme}://HOST:PORT")]
    NoPort {
        /// The scheme.
        scheme: &'static str,
    },
    /// STARTTLS at a port where TLS starts at once.
    #[error("port {port} is {implicit}, where TLS starts at once")]
    ImplicitPort {
        /// The port.
        port: u16,
        /// The scheme that is usual there.
        implicit: &'static str,
        /// The scheme that says STARTTLS all the same.
        explicit: &'static str,
    },
}

/// What is spoken around TLS.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Talk {
    /// Nothing: TLS and whatever is inside.
    Tls,
    /// HTTP in TLS.
    Https,
    /// SMTP (RFC 3207).
    Smtp,
    /// IMAP (RFC 9051).
    Imap,
    /// POP3 (RFC 2595).
    Pop3,
    /// NNTP (RFC 4642).
    Nntp,
    /// LDAP (RFC 4511).
    Ldap,
    /// ManageSieve (RFC 5804).
    Sieve,
    /// FTP (RFC 4217).
    Ftp,
    /// XMPP (RFC 6120).
    Xmpp,
    /// PostgreSQL's frontend protocol.
    Postgres,
    /// MySQL's and MariaDB's client protocol.
    Mysql,
}

/// How TLS starts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Start {
    /// With the first octet.
    Implicit,
    /// After words in the clear: STARTTLS and its relatives.
    StartTls,
}

/// A scheme as it is written, what it means, and the port it is usually at.
struct Scheme {
    text: &'static str,
    talk: Talk,
    start: Start,
    port: Option<u16>,
    /// More words for the same: they are read and never written.
    others: &'static [&'static str],
}

macro_rules! scheme {
    ($text:literal, $talk:ident, $start:ident, $port:expr $(, $other:literal)*) => {
        Scheme { text: $text, talk: Talk::$talk, start: Start::$start, port: $port, others: &[$($other),*] }
    };
}

/// Every scheme. For a protocol that has both, the way that its services are usually reached comes first.
const SCHEMES: [Scheme; 19] = [
    scheme!("tls", Tls, Implicit, None),
    scheme!("https", Https, Implicit, Some(443)),
    scheme!("smtp+starttls", Smtp, StartTls, Some(25), "smtp"),
    scheme!("smtps", Smtp, Implicit, Some(465), "submissions"),
    scheme!("imaps", Imap, Implicit, Some(993)),
    scheme!("imap+starttls", Imap, StartTls, Some(143), "imap"),
    scheme!("pop3s", Pop3, Implicit, Some(995)),
    scheme!("pop3+starttls", Pop3, StartTls, Some(110), "pop3"),
    scheme!("nntps", Nntp, Implicit, Some(563)),
    scheme!("nntp+starttls", Nntp, StartTls, Some(119), "nntp"),
    scheme!("ldaps", Ldap, Implicit, Some(636)),
    scheme!("ldap+starttls", Ldap, StartTls, Some(389), "ldap"),
    scheme!("sieve+starttls", Sieve, StartTls, Some(4190), "sieve"),
    scheme!("ftp+starttls", Ftp, StartTls, Some(21), "ftp"),
    scheme!("ftps", Ftp, Implicit, Some(990)),
    scheme!("xmpp+starttls", Xmpp, StartTls, Some(5222), "xmpp"),
    scheme!("xmpps", Xmpp, Implicit, Some(5223)),
    scheme!("postgres+starttls", Postgres, StartTls, Some(5432), "postgres", "postgresql"),
    scheme!("mysql+starttls", Mysql, StartTls, Some(3306), "mysql"),
];

/// The submission of mail is SMTP at another port (RFC 6409).
const SUBMISSION: u16 = 587;

/// The ports besides the usual one of each scheme at which STARTTLS is expected.
const MORE_STARTTLS: [(Talk, u16); 2] = [(Talk::Smtp, SUBMISSION), (Talk::Xmpp, 5269)];

/// A service to connect to, and how TLS starts there.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ProbeUrl {
    talk: Talk,
    start: Start,
    host: Host,
    port: u16,
}

impl ProbeUrl {
    /// What is spoken.
    #[must_use]
    pub fn talk(&self) -> Talk {
        self.talk
    }

    /// How TLS starts.
    #[must_use]
    pub fn start(&self) -> Start {
        self.start
    }

    /// Where to connect to.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The TCP port, never 0.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where an endpoint is reached when nothing else was said: what is spoken there by its protocol's name, how TLS
    /// starts by its port, and by the usual way of the protocol at any other port. A protocol without built-in
    /// knowledge is plain TLS. The endpoint `default` is the server's name at the usual port; none where either is
    /// missing.
    #[must_use]
    pub fn of_endpoint(endpoint: &Endpoint) -> Option<Self> {
        let protocol = endpoint.service.protocol.as_str();
        let usual = find(protocol).map_or(&SCHEMES[0], |scheme| usual_for(protocol, scheme));
        match endpoint.address {
            Address::Default => {
                let host = endpoint.server().as_str().parse().ok()?;
                let port = if protocol == "submission" { SUBMISSION } else { usual.port? };
                Some(Self { talk: usual.talk, start: usual.start, host, port })
            }
            Address::Socket(socket) => {
                let at_port = |scheme: &&Scheme| scheme.talk == usual.talk && scheme.port == Some(socket.port());
                let start = match SCHEMES.iter().find(at_port) {
                    Some(scheme) => scheme.start,
                    None if MORE_STARTTLS.contains(&(usual.talk, socket.port())) => Start::StartTls,
                    None => usual.start,
                };
                // what listens at every address does so at the machine's own
                let ip = match socket.ip() {
                    ip if !ip.is_unspecified() => ip,
                    std::net::IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                    std::net::IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
                };
                Some(Self { talk: usual.talk, start, host: Host::Ip(ip), port: socket.port() })
            }
        }
    }

    fn scheme(&self) -> &'static Scheme {
        let is_it = |scheme: &&Scheme| scheme.talk == self.talk && scheme.start == self.start;
        // the parser makes no other pair
        SCHEMES.iter().find(is_it).unwrap_or(&SCHEMES[0])
    }
}

fn find(text: &str) -> Option<&'static Scheme> {
    let text = if text == "submission" { "smtp" } else { text };
    SCHEMES.iter().find(|scheme| scheme.text == text || scheme.others.contains(&text))
}

/// The plain name of a protocol, such as `imap`, stands for both ways in an endpoint: the first one is meant.
fn usual_for(protocol: &str, found: &'static Scheme) -> &'static Scheme {
    let plain = found.others.contains(&protocol) && found.start == Start::StartTls;
    match plain {
        true => SCHEMES.iter().find(|scheme| scheme.talk == found.talk).unwrap_or(found),
        false => found,
    }
}

impl fmt::Display for ProbeUrl {
    /// The port always, IPv6 in brackets, and `+starttls` wherever words in the clear come first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, .. } = self;
        let scheme = self.scheme().text;
        match host {
            Host::Ip(std::net::IpAddr::V6(ip)) => write!(f, "{scheme}://[{ip}]:{port}"),
            host => write!(f, "{scheme}://{host}:{port}"),
        }
    }
}

impl FromStr for ProbeUrl {
    type Err = ProbeUrlError;

    fn from_str(text: &str) -> Result<Self, ProbeUrlError> {
        let (given, rest) = text.split_once("://").ok_or_else(|| form(text))?;
        let given = given.to_ascii_lowercase();
        // before anything that repeats the text
        if rest.contains('@') {
            return Err(ProbeUrlError::User { scheme: given });
        }
        let scheme = scheme(&given)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#']) {
            return Err(ProbeUrlError::Path { text: text.to_owned() });
        }
        let (host, port) = host_and_port(text, rest)?;
        let port = match port {
            Some(port) => port,
            None if given.starts_with("submission") && scheme.start == Start::StartTls => SUBMISSION,
            None => scheme.port.ok_or(ProbeUrlError::NoPort { scheme: scheme.text })?,
        };
        if scheme.start == Start::StartTls && !given.ends_with("+starttls") {
            let at_once = SCHEMES.iter().find(|other| other.talk == scheme.talk && other.start == Start::Implicit);
            if let Some(implicit) = at_once.filter(|other| other.port == Some(port)) {
                return Err(ProbeUrlError::ImplicitPort { port, implicit: implicit.text, explicit: scheme.text });
            }
        }
        Ok(Self { talk: scheme.talk, start: scheme.start, host, port })
    }
}

/// Text without a scheme, which may hold a password all the same.
fn form(text: &str) -> ProbeUrlError {
    let shown = text.rsplit_once('@').map_or(text, |(_, rest)| rest);
    ProbeUrlError::Form { text: shown.to_owned() }
}

fn scheme(given: &str) -> Result<&'static Scheme, ProbeUrlError> {
    if let Some(scheme) = find(given) {
        return Ok(scheme);
    }
    let unknown = || ProbeUrlError::Scheme { scheme: given.to_owned() };
    let plain = given.strip_suffix("+starttls").ok_or_else(unknown)?;
    match find(plain).ok_or_else(unknown)? {
        scheme if scheme.start == Start::StartTls => Ok(scheme),
        _ => Err(ProbeUrlError::NoStartTls { scheme: plain.to_owned() }),
    }
}

fn host_and_port(text: &str, rest: &str) -> Result<(Host, Option<u16>), ProbeUrlError> {
    let (host, port) = match rest.strip_prefix('[') {
        Some(bracketed) => {
            let (host, behind) = bracketed.split_once(']').ok_or_else(|| form(text))?;
            let port = match behind {
                "" => None,
                behind => Some(behind.strip_prefix(':').ok_or_else(|| form(text))?),
            };
            if !host.contains(':') {
                return Err(HostError::Form { text: format!("[{host}]") }.into());
            }
            (host, port)
        }
        None => match rest.split_once(':') {
            Some((_, port)) if port.contains(':') => {
                return Err(ProbeUrlError::Brackets { text: text.to_owned() });
            }
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        },
    };
    let port = port.map(|port| {
        let digits = !port.is_empty() && port.bytes().all(|octet| octet.is_ascii_digit());
        let number = port.parse().ok().filter(|&number: &u16| digits && number != 0);
        number.ok_or_else(|| ProbeUrlError::Port { port: port.to_owned() })
    });
    Ok((host.parse()?, port.transpose()?))
}

serde_as_text!(ProbeUrl);

#[cfg(test)]
mod tests;
