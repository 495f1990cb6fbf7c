//! Why a service could not be seen, one cause each.

use std::fmt;
use std::io;
use std::net::SocketAddr;

/// How far a probe had come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// Looking up the host.
    Lookup,
    /// Connecting.
    Connect,
    /// Words in the clear, before TLS.
    Clear,
    /// The TLS handshake.
    Handshake,
    /// Words inside TLS.
    Inside,
}

impl Phase {
    /// A short word for programs.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::Connect => "connect",
            Self::Clear => "before-tls",
            Self::Handshake => "handshake",
            Self::Inside => "inside-tls",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lookup => "while its host was looked up",
            Self::Connect => "while connecting",
            Self::Clear => "before TLS",
            Self::Handshake => "in the handshake",
            Self::Inside => "inside TLS",
        })
    }
}

/// Why there is nothing to see. What a server said is made fit for a terminal and cut.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// An endpoint that says neither address nor, by its protocol, a port.
    #[error("where it is reached is not known: its protocol has no usual port; say --at URL")]
    Nowhere,
    /// The name has no address, or could not be looked up.
    #[error("{host} could not be looked up: {reason}")]
    NotResolved { host: String, reason: String },
    /// Nobody listens.
    #[error("{address} refused the connection")]
    Refused { address: SocketAddr },
    /// No way there, or no leave to go it.
    #[error("{address} could not be reached: {reason}")]
    Unreachable { address: SocketAddr, reason: io::Error },
    /// The time was over.
    #[error("it timed out {phase}")]
    TimedOut { phase: Phase },
    /// The other side ended it.
    #[error("the connection was closed {phase}")]
    Closed { phase: Phase },
    /// The connection failed otherwise.
    #[error("the connection failed {phase}: {reason}")]
    Connection { phase: Phase, reason: io::Error },
    /// No sane server says so much.
    #[error("it sends too much {phase}: more than a service of its kind has to say")]
    TooMuch { phase: Phase },
    /// The server takes nobody now, and says so.
    #[error("it turns clients away {phase}: {said}")]
    TurnedAway { phase: Phase, said: String },
    /// Words that are not of the protocol.
    #[error("it does not speak {protocol} {phase}: {said}")]
    Protocol { phase: Phase, protocol: &'static str, said: String },
    /// A session that is logged in before anybody asked, so that TLS cannot be asked for (RFC 9051 section 11.3).
    #[error("it greets with a session that is logged in already: STARTTLS is not possible there")]
    LoggedIn,
    /// The server has no STARTTLS, or does not say so.
    #[error("it offers no STARTTLS")]
    NoStartTls,
    /// The server has it, and not now.
    #[error("it refused STARTTLS: {said}")]
    StartTlsRefused { said: String },
    /// Words behind the leave for TLS, which clients would take for protected ones (CVE-2011-0411 and its kin).
    #[error("it sent {count} octets in the clear behind its consent to STARTTLS: somebody may have put them there")]
    Injected { count: usize },
    /// What came is not TLS.
    #[error("it does not speak TLS there: is it STARTTLS, or another port?")]
    NotTls,
    /// The server broke the handshake off.
    #[error("it broke the handshake off: {alert}")]
    Alert { alert: String },
    /// We did: the two have nothing in common, the server cannot prove that it holds the private key, or worse.
    #[error("the handshake failed: {0}")]
    Handshake(rustls::Error),
    /// A name that cannot be asked for.
    #[error("{name:?} cannot be asked for in a handshake")]
    Name { name: String },
}

impl Fault {
    /// A short word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Nowhere => "no-address",
            Self::NotResolved { .. } => "not-resolved",
            Self::Refused { .. } => "refused",
            Self::Unreachable { .. } => "unreachable",
            Self::TimedOut { .. } => "timed-out",
            Self::Closed { .. } => "closed",
            Self::Connection { .. } => "connection",
            Self::TooMuch { .. } => "too-much",
            Self::TurnedAway { .. } => "turned-away",
            Self::Protocol { .. } => "protocol",
            Self::LoggedIn => "logged-in",
            Self::NoStartTls => "no-starttls",
            Self::StartTlsRefused { .. } => "starttls-refused",
            Self::Injected { .. } => "injected",
            Self::NotTls => "not-tls",
            Self::Alert { .. } => "alert",
            Self::Handshake(_) => "handshake",
            Self::Name { .. } => "bad-name",
        }
    }

    /// How far it had come, where one cause stands for several.
    pub(crate) fn phase(&self) -> Phase {
        match self {
            Self::Nowhere | Self::NotResolved { .. } | Self::Name { .. } => Phase::Lookup,
            Self::Refused { .. } | Self::Unreachable { .. } => Phase::Connect,
            Self::TimedOut { phase }
            | Self::Closed { phase }
            | Self::Connection { phase, .. }
            | Self::TooMuch { phase }
            | Self::TurnedAway { phase, .. }
            | Self::Protocol { phase, .. } => *phase,
            Self::LoggedIn | Self::NoStartTls | Self::StartTlsRefused { .. } | Self::Injected { .. } => Phase::Clear,
            Self::NotTls | Self::Alert { .. } | Self::Handshake(_) => Phase::Handshake,
        }
    }

    /// What an operation of a connection failed with.
    pub(super) fn of_io(phase: Phase, source: io::Error) -> Self {
        match source.kind() {
            // a socket's own timeout is reported as WouldBlock on Unix
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Self::TimedOut { phase },
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::WriteZero => Self::Closed { phase },
            io::ErrorKind::FileTooLarge => Self::TooMuch { phase },
            _ => Self::Connection { phase, reason: source },
        }
    }
}
