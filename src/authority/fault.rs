//! Why an authority gave no certificate.

use keystore::name::{AuthorityName, KeyPath};

use super::acme::AcmeFault;
use super::adcs::AdcsFault;
use crate::exit::Exit;
use crate::hook::HookFault;

/// Why an authority gave no certificate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthorityFault {
    /// It refuses the request, for good.
    #[error("{authority} refuses the request of {key}: {reason}")]
    Refused { authority: AuthorityName, key: KeyPath, reason: String },
    /// Its program failed.
    #[error("the program of {authority} failed for {key}")]
    Program {
        authority: AuthorityName,
        key: KeyPath,
        #[source]
        source: HookFault,
    },
    /// Its program ended well and printed nothing.
    #[error("the program of {authority} printed no certificate for {key}")]
    NoReply { authority: AuthorityName, key: KeyPath },
    /// It speaks ACME, and something of that failed.
    #[error("{authority} gives no certificate now")]
    Acme {
        authority: AuthorityName,
        #[source]
        source: AcmeFault,
    },
    /// It is a Windows authority, and something of that failed.
    #[error("{authority} gives no certificate now")]
    Adcs {
        authority: AuthorityName,
        #[source]
        source: AdcsFault,
    },
    /// A private authority of this keystore can't sign.
    #[error("{authority} cannot sign the request of {key}: {reason}")]
    Unusable { authority: AuthorityName, key: KeyPath, reason: String, hint: Option<String> },
}

impl AuthorityFault {
    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Program { source: HookFault::Interrupted { .. }, .. } => Exit::Interrupted,
            Self::Acme { source, .. } if source.is_interrupted() => Exit::Interrupted,
            Self::Adcs { source, .. } if source.is_interrupted() => Exit::Interrupted,
            Self::Refused { .. }
            | Self::Program { .. }
            | Self::NoReply { .. }
            | Self::Acme { .. }
            | Self::Adcs { .. } => Exit::Remote,
            Self::Unusable { .. } => Exit::Rejected,
        }
    }

    /// A word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "authority-refused",
            Self::Program { .. } => "authority-program-failed",
            Self::NoReply { .. } => "authority-no-reply",
            Self::Acme { source, .. } => source.code(),
            Self::Adcs { source, .. } => source.code(),
            Self::Unusable { .. } => "authority-unusable",
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Acme { authority, source } => return source.hint(authority.as_str()),
            Self::Adcs { authority, source } => return source.hint(authority.as_str()),
            Self::Refused { key, .. } => format!("mend what it names, make a new request with `keyring make-csr {key}`, and submit that"),
            Self::Program { source: HookFault::Start { .. }, authority, .. } => {
                format!("`keyring set-authority {authority} --run COMMAND` names another program")
            }
            Self::Unusable { hint, .. } => return hint.clone(),
            Self::Program { .. } => "the request stays as it is: try again when the cause is mended".to_owned(),
            Self::NoReply { .. } => {
                "it prints the certificate and its chain on standard output, or ends with exit status 10 when it has to \
                 be asked again later"
                    .to_owned()
            }
        })
    }

    /// Why it will never sign this request.
    pub(crate) fn refusal(&self) -> Option<&str> {
        match self {
            Self::Refused { reason, .. } => Some(reason),
            Self::Program { .. }
            | Self::NoReply { .. }
            | Self::Acme { .. }
            | Self::Adcs { .. }
            | Self::Unusable { .. } => None,
        }
    }

    /// What of ACME failed.
    pub(super) fn acme(&self) -> Option<&AcmeFault> {
        match self {
            Self::Acme { source, .. } => Some(source),
            _ => None,
        }
    }
}
