//! Why a Windows authority gave no certificate.

use std::io;

use crate::authority::agent::AgentFault;
use crate::hook::HookFault;
use crate::outside::OutsideError;

/// Why a Windows authority gave no certificate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdcsFault {
    /// No answer.
    #[error("{url} cannot be reached")]
    Unreachable {
        url: String,
        #[source]
        source: ureq::Error,
    },
    /// curl got no answer, or can't be run.
    #[error("{url} cannot be reached")]
    Curl {
        url: String,
        #[source]
        source: HookFault,
    },
    /// It does not believe who asks.
    #[error("{url} does not let {who} in{}", takes(.offered))]
    Login { url: String, who: String, offered: Vec<String> },
    /// Another status than 200.
    #[error("{url} answers with HTTP status {status}{}", said(.words))]
    Status { url: String, status: u16, words: String },
    /// Its page about an error.
    #[error("it could not handle the request: {0}")]
    Failed(String),
    /// A page that is none of a web enrolment's.
    #[error("{url} answers with a page that is not understood{}", said(.title))]
    Odd { url: String, title: String },
    /// It was sent the request, and did not say what it calls it.
    #[error("it may have got the request or not, and the number of it is not known")]
    Unclear(#[source] Box<Self>),
    /// What is needed for TLS with it.
    #[error(transparent)]
    Tls(#[from] AgentFault),
    /// A file or a variable outside the keystore.
    #[error(transparent)]
    File(#[from] OutsideError),
    /// A file that is no certificate with its private key.
    #[error("{file} does not hold a certificate and its private key in the clear, PEM")]
    ClientCertificate { file: String },
    /// A password that can't be sent.
    #[error("the password in {from} has a control character")]
    Password { from: String },
}

fn said(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

fn takes(offered: &[String]) -> String {
    if offered.is_empty() { String::new() } else { format!("; it takes {}", offered.join(", ")) }
}

impl AdcsFault {
    /// The same when it befell the handing in of a request: unless it is certain that the authority has not got it.
    pub(super) fn of_handing_in(self) -> Self {
        let is_certain = match &self {
            Self::Unreachable { source, .. } => never_left(source),
            Self::Curl { source, .. } => super::curl::never_left(source),
            Self::Status { status, .. } => *status < 500,
            Self::Odd { .. } | Self::Unclear(_) => false,
            _ => true,
        };
        if is_certain { self } else { Self::Unclear(Box::new(self)) }
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        match self {
            Self::Unclear(source) => source.is_interrupted(),
            Self::Curl { source: HookFault::Interrupted { .. }, .. } => true,
            _ => false,
        }
    }

    /// A word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } | Self::Curl { .. } => "authority-unreachable",
            Self::Login { .. } => "authority-login-refused",
            Self::Status { .. } | Self::Failed(_) => "authority-problem",
            Self::Odd { .. } => "authority-not-adcs",
            Self::Unclear(_) => "authority-unclear",
            Self::Tls(_) | Self::File(_) | Self::ClientCertificate { .. } | Self::Password { .. } => {
                "authority-unusable"
            }
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self, authority: &str) -> Option<String> {
        Some(match self {
            Self::Curl { source: HookFault::Start { .. }, .. } => {
                "Negotiate and NTLM are curl's to speak: install the program curl, or log in with a password over TLS \
                 (--login basic) or a certificate"
                    .to_owned()
            }
            Self::Unreachable { .. } | Self::Curl { .. } => format!(
                "check the URL and the network; where its certificate is a private authority's, \
                 `keyring set-authority {authority} --ca-file FILE` names the roots"
            ),
            Self::Login { who, .. } if who == super::http::TICKET => {
                "`klist` shows whether there is a ticket, `kinit` gets one; KRB5_CLIENT_KTNAME names a keytab".to_owned()
            }
            Self::Login { .. } => {
                format!("`keyring set-authority {authority} --login HOW` says another way; --user and --password who asks")
            }
            Self::Status { status: 300..=399, .. } | Self::Odd { .. } => {
                format!("`keyring set-authority {authority} --url https://HOST/certsrv` says where its web enrolment is")
            }
            Self::Status { status: 403, .. } => {
                "it may want TLS, a certificate of who asks, or an account that may enrol for this template".to_owned()
            }
            Self::Status { status: 404, .. } => format!(
                "nothing is there: the role service is called Certification Authority Web Enrollment; \
                 `keyring set-authority {authority} --url https://HOST/certsrv` says where it is"
            ),
            Self::Status { .. } => "the log of its web server (IIS) has the cause; try again when it is mended".to_owned(),
            Self::Failed(_) => "mend what it names, there or in the request, and try again".to_owned(),
            Self::Unclear(_) => {
                "`keyring collect` hands it in again: where the authority has it already, its list (certsrv.msc) has it \
                 twice then"
                    .to_owned()
            }
            Self::ClientCertificate { .. } | Self::Password { .. } => {
                "it is read again whenever it is needed: mend it there".to_owned()
            }
            Self::Tls(_) | Self::File(_) => return None,
        })
    }
}

/// Whether it failed before anything could be sent.
fn never_left(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Io(error) => {
            let tls = error.get_ref().and_then(|inner| inner.downcast_ref());
            let is_tls = matches!(tls, Some(rustls::Error::InvalidCertificate(_) | rustls::Error::AlertReceived(_)));
            is_tls || error.kind() == io::ErrorKind::ConnectionRefused
        }
        ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::RequireHttpsOnly(_)
        | ureq::Error::Tls(_)
        | ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => true,
        _ => false,
    }
}
