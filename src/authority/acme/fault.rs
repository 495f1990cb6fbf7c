//! Why an ACME authority gave no certificate.

use std::io;
use std::time::Duration;

use time::OffsetDateTime;

use super::problem::{EXTERNAL_ACCOUNT, Problem};
use crate::authority::agent::AgentFault;
use crate::hook::HookFault;
use crate::outside::OutsideError;

/// Why an ACME authority gave no certificate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AcmeFault {
    /// No answer.
    #[error("{url} cannot be reached")]
    Unreachable {
        url: String,
        #[source]
        source: ureq::Error,
    },
    /// An answer that RFC 8555 does not know.
    #[error("{url} does not speak ACME: it answered with {what}")]
    NotAcme { url: String, what: String },
    /// It says what is wrong.
    #[error("{problem}{}", when(.retry_after))]
    Problem { problem: Problem, retry_after: Option<Duration> },
    /// What is needed for TLS with it.
    #[error(transparent)]
    Tls(#[from] AgentFault),
    /// A file outside the keystore.
    #[error(transparent)]
    File(OutsideError),
    /// A secret that is there and is none.
    #[error("{from} does not hold a {what} in {form}")]
    Secret { from: String, what: &'static str, form: &'static str },
    /// It wants an external account, and none is said.
    #[error("it wants an account that was made with it before (external account binding)")]
    ExternalAccount,
    /// Its profiles are others.
    #[error("it has no profile {wanted}; it has {}", list(.offered))]
    Profile { wanted: String, offered: Vec<String> },
    /// It offers other challenges.
    #[error("{name} can't be proven by {wanted} there: it offers {}", list(.offered))]
    NoChallenge { name: String, wanted: String, offered: Vec<String> },
    /// The account's key is of another kind.
    #[error("the private key of the account is not one on P-256")]
    AccountKey,
    /// It can't be listened at a place.
    #[error("cannot listen at {address}")]
    Listen {
        address: std::net::SocketAddr,
        #[source]
        source: io::Error,
    },
    /// Another order proves the same name for too long.
    #[error("another order still proves {name}")]
    Busy { name: String },
    /// What a challenge says is no token.
    #[error("it gave a token for {name} that is none")]
    Token { name: String },
    /// The program for DNS failed.
    #[error("the record {name} could not be {done}")]
    Hook {
        name: String,
        done: &'static str,
        #[source]
        source: HookFault,
    },
    /// A name server refused an update, or can't be reached.
    #[error("the record {name} could not be {done}: {server}: {reason}")]
    Update { name: String, done: &'static str, server: String, reason: String },
    /// The answer to a challenge could not be made.
    #[error("no certificate for tls-alpn-01 can be made for {name}")]
    TlsAlpn {
        name: String,
        #[source]
        source: rcgen::Error,
    },
    /// It refuses for good, in its words.
    #[error("{0}")]
    Refused(String),
    /// instant-acme has a reason of its own.
    #[error("{0}")]
    Other(String),
}

/// `, not before 2026-11-22 10:00 UTC`
fn when(retry_after: &Option<Duration>) -> String {
    let Some(pause) = retry_after.filter(|pause| !pause.is_zero()) else { return String::new() };
    let Ok(now) = OffsetDateTime::from_unix_timestamp(crate::outside::now().unix()) else { return String::new() };
    let then = now + pause;
    format!("; not before {} {:02}:{:02}:{:02} UTC", then.date(), then.hour(), then.minute(), then.second())
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

impl AcmeFault {
    pub(super) fn not_acme(url: &str, what: &str) -> Self {
        Self::NotAcme { url: url.to_owned(), what: what.to_owned() }
    }

    /// What instant-acme says.
    pub(super) fn of(error: instant_acme::Error, retry_after: Option<Duration>) -> Self {
        match error {
            instant_acme::Error::Api(problem) => Self::Problem { problem: Problem::from(&problem), retry_after },
            instant_acme::Error::Other(source) => match source.downcast::<Self>() {
                Ok(fault) => *fault,
                Err(source) => Self::Other(source.to_string()),
            },
            error => Self::Other(error.to_string()),
        }
    }

    /// The problem, where it is one.
    pub(super) fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem { problem, .. } => Some(problem),
            _ => None,
        }
    }

    /// Why the same request will never be signed, if that is so.
    pub(super) fn refusal(&self) -> Option<String> {
        match self {
            Self::Refused(reason) => Some(reason.clone()),
            Self::Problem { problem, .. } if problem.is_of_request() => Some(problem.to_string()),
            _ => None,
        }
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        matches!(self, Self::Hook { source: HookFault::Interrupted { .. }, .. })
    }

    /// A word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Problem { problem, .. } if problem.is(super::problem::RATE_LIMITED) => "authority-rate-limited",
            Self::Problem { .. } | Self::Profile { .. } | Self::ExternalAccount | Self::NoChallenge { .. } => {
                "authority-problem"
            }
            Self::Unreachable { .. } => "authority-unreachable",
            Self::NotAcme { .. } | Self::Token { .. } | Self::Other(_) => "authority-not-acme",
            Self::Refused(_) => "authority-refused",
            Self::Listen { .. }
            | Self::Busy { .. }
            | Self::Hook { .. }
            | Self::Update { .. }
            | Self::TlsAlpn { .. } => "challenge-not-answered",
            Self::Tls(_) | Self::File(_) | Self::Secret { .. } | Self::AccountKey => "authority-unusable",
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self, authority: &str) -> Option<String> {
        Some(match self {
            Self::Unreachable { .. } => format!(
                "check the URL and the network; where its certificate is a private authority's, \
                 `keyring set-authority {authority} --ca-file FILE` names the roots"
            ),
            Self::NotAcme { .. } => format!("`keyring set-authority {authority} --directory URL` names another"),
            Self::Problem { problem, .. } => return problem.hint().map(|hint| hint.replace("NAME", authority)),
            Self::ExternalAccount => return Problem::hint_of(EXTERNAL_ACCOUNT).map(str::to_owned),
            Self::NoChallenge { .. } => format!(
                "`keyring set-authority {authority} --challenge KIND` says another; a wildcard is proven by dns-01 alone"
            ),
            Self::Profile { .. } => format!("`keyring set-authority {authority} --acme-profile PROFILE`"),
            Self::Listen { address, source } if source.kind() == io::ErrorKind::PermissionDenied => format!(
                "ports below 1024 are root's: run this as root, or say --listen with a port that {} is forwarded to",
                address.port()
            ),
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                "where a web server has that port, say --webroot with the folder that it serves as /".to_owned()
            }
            Self::Secret { .. } => "it is read again whenever it is needed: mend it there".to_owned(),
            Self::Hook { .. } | Self::Update { .. } => {
                "the order stays as it is: try again when the cause is mended".to_owned()
            }
            Self::Busy { .. } => "try again when that one is done".to_owned(),
            Self::AccountKey => format!("move authorities/{authority}/account-key.pem away: another one is made"),
            _ => return None,
        })
    }
}
