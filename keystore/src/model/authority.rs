//! Who signs requests: an authority, as its administrator has described it. Facts: what is said takes effect at once.

mod acme;
mod adcs;
mod self_signed;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use acme::{
    AcmeAccount, AcmeSettings, DirectoryUrl, DirectoryUrlError, DnsServer, DnsServerError, DnsUpdate, ExternalAccount,
    Line, LineError, Proof, Tsig, TsigAlgorithm,
};

pub use adcs::{Account, AdcsLogin, AdcsSettings, EnrolmentUrl, EnrolmentUrlError, UserName, UserNameError};
pub use self_signed::{SelfSignedProfile, SelfSignedSettings};

use super::{AbsolutePath, CertificateNumber, Hook, LocalCaSettings};
use crate::name::{AuthorityName, serde_as_text};
use crate::timestamp::Timestamp;
use crate::world::Actor;

/// An authority.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Authority {
    /// Since when it is known as it is.
    pub set: Timestamp,
    /// Who described it.
    pub by: Actor,
    /// What is said of it.
    #[serde(flatten)]
    pub settings: AuthoritySettings,
}

/// What is said of an authority, by its kind.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum AuthoritySettings {
    /// A person, or another system: requests go to a folder, replies come to one.
    File(FileSettings),
    /// A program that is given the request and prints the reply.
    Command(CommandSettings),
    /// One that speaks ACME.
    Acme(AcmeSettings),
    /// A Windows certification authority, by its web enrolment.
    Adcs(AdcsSettings),
    /// A private authority in the keystore.
    LocalCa(LocalCaSettings),
    /// Nobody: certificates are signed by their own private keys.
    SelfSigned(SelfSignedSettings),
}

/// Requests go to a folder, replies come to one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileSettings {
    /// The folder for requests.
    pub requests: AbsolutePath,
    /// The folder that replies are found in.
    pub replies: AbsolutePath,
}

/// A program is given the request and prints the reply.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CommandSettings {
    /// The program.
    pub run: Hook,
    /// Seconds that it may take.
    pub timeout: u32,
}

impl AuthoritySettings {
    /// The word for its kind.
    #[must_use]
    pub fn kind(&self) -> AuthorityKind {
        match self {
            Self::File(_) => AuthorityKind::File,
            Self::Command(_) => AuthorityKind::Command,
            Self::Acme(_) => AuthorityKind::Acme,
            Self::Adcs(_) => AuthorityKind::Adcs,
            Self::LocalCa(_) => AuthorityKind::LocalCa,
            Self::SelfSigned(_) => AuthorityKind::SelfSigned,
        }
    }

    /// Whether a person has to do something before it answers.
    #[must_use]
    pub fn is_manual(&self) -> bool {
        matches!(self, Self::File(_))
    }
}

/// A kind of authority.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AuthorityKind {
    /// A person or another system.
    File,
    /// A program.
    Command,
    /// One that speaks ACME (RFC 8555).
    Acme,
    /// A Windows certification authority, by its web enrolment.
    Adcs,
    /// A private authority in the keystore.
    LocalCa,
    /// Nobody: certificates are signed by their own private keys.
    SelfSigned,
}

impl AuthorityKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::File, Self::Command, Self::Acme, Self::Adcs, Self::LocalCa, Self::SelfSigned];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Command => "command",
            Self::Acme => "acme",
            Self::Adcs => "adcs",
            Self::LocalCa => "local-ca",
            Self::SelfSigned => "self-signed",
        }
    }
}

/// A request that was handed to an authority, until its reply is installed. Stands with the request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Submission {
    /// Which authority.
    pub authority: AuthorityName,
    /// When.
    pub submitted: Timestamp,
    /// What the authority calls it: an address, a number. None until it has said so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ticket: Option<String>,
    /// The number of the certificate that came for it and is not committed yet.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub received: Option<CertificateNumber>,
    /// Why the authority refuses it, once it does.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refused: Option<String>,
}

impl Submission {
    /// Whether a reply can still come.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.refused.is_none()
    }

    /// Whether it was noted after another one of the same request: it is newer, or more is known.
    #[must_use]
    pub fn follows(&self, earlier: &Self) -> bool {
        fn goes_on<T: PartialEq>(later: &Option<T>, earlier: &Option<T>) -> bool {
            earlier.is_none() || later == earlier
        }
        let is_same = self.authority == earlier.authority && self.submitted == earlier.submitted;
        let knows_more = goes_on(&self.ticket, &earlier.ticket)
            && goes_on(&self.refused, &earlier.refused)
            && goes_on(&self.received, &earlier.received);
        self.submitted > earlier.submitted || (is_same && knows_more)
    }
}

/// Where a secret of an authority is read from whenever it is needed. It is not kept in the keystore.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SecretSource {
    /// The first line of a file.
    File(AbsolutePath),
    /// A variable of the environment.
    Variable(String),
}

/// Text that names no source of a secret.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is neither file:/ABSOLUTE/PATH nor env:NAME")]
pub struct SecretSourceError(String);

impl FromStr for SecretSource {
    type Err = SecretSourceError;

    fn from_str(text: &str) -> Result<Self, SecretSourceError> {
        let error = || SecretSourceError(text.to_owned());
        let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        match text.split_once(':') {
            Some(("file", path)) => path.parse().map(Self::File).map_err(|_| error()),
            Some(("env", name)) if is_name(name) => Ok(Self::Variable(name.to_owned())),
            _ => Err(error()),
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{path}"),
            Self::Variable(name) => write!(f, "env:{name}"),
        }
    }
}

serde_as_text!(SecretSource);

#[cfg(test)]
mod tests {
    use super::SecretSource;

    #[test]
    fn secrets_are_named_and_not_told() {
        for text in ["file:/etc/keyring/secret", "env:CA_PASSWORD"] {
            assert_eq!(text.parse::<SecretSource>().map(|source| source.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "secret", "file:relative", "env:", "env:A B", "pass:word"] {
            assert!(text.parse::<SecretSource>().is_err(), "{text:?}");
        }
    }
}
