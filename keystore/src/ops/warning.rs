//! What is done all the same, but should be looked at. `commit --strict` refuses it.

use std::collections::BTreeSet;
use std::fmt;

use super::Fault;
use crate::model::{Installed, VersionNumber};
use crate::name::{AuthorityName, Endpoint, KeyPath};
use crate::pki::{Subject, SubjectAltName};

/// Something to look at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Warning {
    /// The issuer was not among the certificates: clients that don't know it cannot trust the key.
    IssuerMissing {
        /// The key.
        key: KeyPath,
        /// The issuer.
        issuer: Subject,
    },
    /// The certificate is for an older private key than the one in use.
    OlderKey {
        /// The key.
        key: KeyPath,
        /// The version that the certificate is for.
        version: VersionNumber,
        /// The version in use.
        current: VersionNumber,
    },
    /// Names that were requested and are not in the certificate.
    NotIssued {
        /// The key.
        key: KeyPath,
        /// The names.
        names: Vec<SubjectAltName>,
    },
    /// A signature algorithm or key that clients refuse.
    Weak {
        /// The key.
        key: KeyPath,
        /// What is weak.
        what: String,
    },
    /// The private key itself is weak.
    WeakKey {
        /// The key.
        key: KeyPath,
        /// What is weak.
        what: String,
    },
    /// Other keys have the same private key.
    SharedKey {
        /// The key.
        key: KeyPath,
        /// The others.
        keys: BTreeSet<KeyPath>,
    },
    /// The certificate's names cover nothing that the endpoint is called.
    NotCovered {
        /// The endpoint.
        endpoint: Endpoint,
        /// The key.
        key: KeyPath,
        /// The names it has.
        names: Vec<SubjectAltName>,
    },
    /// A key that is bound has no certificate yet.
    NoCertificate {
        /// The key.
        key: KeyPath,
    },
    /// A key is to be renewed by an authority that is not there.
    NoAuthority {
        /// The key.
        key: KeyPath,
        /// The authority.
        authority: AuthorityName,
    },
    /// What would be refused, had a rollback not been forced.
    Forced {
        /// It.
        fault: Fault,
    },
}

impl Warning {
    /// What to look at in what is installed for a key, at its installation and at its commit.
    pub(super) fn of_installed(key: &KeyPath, installed: &Installed) -> Vec<Self> {
        let key = || key.clone();
        let mut warnings = Vec::new();
        if !installed.issuer_known {
            warnings.push(Self::IssuerMissing { key: key(), issuer: installed.summary.issuer.clone() });
        }
        if !installed.not_issued.is_empty() {
            warnings.push(Self::NotIssued { key: key(), names: installed.not_issued.clone() });
        }
        warnings.extend(installed.weaknesses.iter().map(|what| Self::Weak { key: key(), what: what.clone() }));
        warnings
    }

    /// A short word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::IssuerMissing { .. } => "issuer-missing",
            Self::OlderKey { .. } => "older-key",
            Self::NotIssued { .. } => "names-not-issued",
            Self::Weak { .. } => "weak",
            Self::WeakKey { .. } => "weak-key",
            Self::SharedKey { .. } => "shared-key",
            Self::NotCovered { .. } => "endpoint-not-covered",
            Self::NoCertificate { .. } => "no-certificate",
            Self::NoAuthority { .. } => "authority-not-found",
            Self::Forced { .. } => "forced",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IssuerMissing { key, issuer } => {
                write!(f, "the chain of {key} lacks its issuer \"{issuer}\": give it to install-cert with --chain")
            }
            Self::OlderKey { key, version, current } => {
                write!(f, "the certificate of {key} is for version {version}, which version {current} has replaced")
            }
            Self::NotIssued { key, names } => {
                write!(f, "the certificate of {key} lacks names that were requested: {}", joined(names))
            }
            Self::Weak { key, what } => write!(f, "the certificate of {key} is weak: {what}"),
            Self::WeakKey { key, what } => write!(f, "the private key of {key} is weak: {what}"),
            Self::SharedKey { key, keys } => {
                let keys = keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                write!(f, "the private key of {key} is that of {keys} too: whoever has one of them has all")
            }
            Self::NotCovered { endpoint, key, names } if names.is_empty() => {
                write!(f, "{endpoint} is not covered by {key}, which has no names")
            }
            Self::NotCovered { endpoint, key, names } => {
                write!(f, "{endpoint} is not covered by the names of {key}: {}", joined(names))
            }
            Self::NoCertificate { key } => {
                write!(f, "{key} has no certificate yet: install one before you commit")
            }
            Self::NoAuthority { key, authority } => {
                write!(
                    f,
                    "{key} is to be renewed by {authority}, which is not there: `keyring set-authority` says how it is reached"
                )
            }
            Self::Forced { fault } => write!(f, "forced by the rollback: {fault}"),
        }
    }
}

fn joined(names: &[SubjectAltName]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Whether names cover what an endpoint is called: its server's name, whole or as the first part of a longer
/// host name, or its address. `mail01` counts as covered by `mail01.example.com`.
pub(super) fn covers(names: &[SubjectAltName], endpoint: &Endpoint) -> bool {
    let server = endpoint.server().as_str();
    let address = endpoint.address.ip().map(|ip| ip.to_string());
    names.iter().any(|name| {
        name.matches_host(server)
            || address.as_ref().is_some_and(|address| name.matches_host(address))
            || (!server.contains('.') && first_label(name) == Some(server))
    })
}

fn first_label(name: &SubjectAltName) -> Option<&str> {
    match name {
        SubjectAltName::Dns(name) => name.as_str().split('.').next(),
        _ => None,
    }
}
