//! How a service is published to, as its administrator has said it. What is not said is its profile's to know.

mod text;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use text::{AbsolutePath, AbsolutePathError, AccountName, AccountNameError, FileMode, FileModeError};

use super::Generation;
use crate::name::{Host, ProbeUrl};

/// The kind of software behind a service.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Files, and nothing is told of them.
    Files,
    /// nginx.
    Nginx,
    /// Apache's httpd.
    Apache,
    /// HAProxy.
    Haproxy,
    /// Dovecot.
    Dovecot,
    /// Postfix.
    Postfix,
    /// Exim.
    Exim,
    /// OpenLDAP's slapd.
    Openldap,
    /// INN's nnrpd.
    Inn,
    /// stunnel.
    Stunnel,
    /// Microsoft Exchange, on a machine of its own.
    Exchange,
    /// A program that is given the files, on this machine or for another.
    Command,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 12] = [
        Self::Files,
        Self::Nginx,
        Self::Apache,
        Self::Haproxy,
        Self::Dovecot,
        Self::Postfix,
        Self::Exim,
        Self::Openldap,
        Self::Inn,
        Self::Stunnel,
        Self::Exchange,
        Self::Command,
    ];

    /// Its name, as it is typed and written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Nginx => "nginx",
            Self::Apache => "apache",
            Self::Haproxy => "haproxy",
            Self::Dovecot => "dovecot",
            Self::Postfix => "postfix",
            Self::Exim => "exim",
            Self::Openldap => "openldap",
            Self::Inn => "inn",
            Self::Stunnel => "stunnel",
            Self::Exchange => "exchange",
            Self::Command => "command",
        }
    }
}

/// What a file holds that a service reads.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileForm {
    /// The private key alone, PKCS#8 in PEM.
    PrivateKey,
    /// The certificate alone.
    Certificate,
    /// The intermediates, the certificate's issuer first.
    Chain,
    /// The certificate and its intermediates.
    FullChain,
    /// Private key, certificate and intermediates: one rename changes all of them together.
    Combined,
}

impl FileForm {
    /// Every form.
    pub const ALL: [Self; 5] = [Self::PrivateKey, Self::Certificate, Self::Chain, Self::FullChain, Self::Combined];

    /// Whether it holds the private key.
    #[must_use]
    pub fn is_secret(self) -> bool {
        matches!(self, Self::PrivateKey | Self::Combined)
    }

    /// The name of a file of this form.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::PrivateKey => "private-key.pem",
            Self::Certificate => "certificate.pem",
            Self::Chain => "chain.pem",
            Self::FullChain => "fullchain.pem",
            Self::Combined => "combined.pem",
        }
    }
}

/// A program that publishing runs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hook {
    /// None, whatever the profile says.
    Nothing,
    /// A program with its arguments; no shell reads them.
    Argv(Vec<String>),
    /// A line for `/bin/sh -c`.
    Shell(String),
}

/// How a service is published to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ServiceSettings {
    /// The kind of software.
    pub profile: Profile,
    /// The folder, outside the keystore, for the files that its profile reads.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub install_to: Option<AbsolutePath>,
    /// Files outside the keystore.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub files: BTreeMap<FileForm, AbsolutePath>,
    /// Whose the files are.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub owner: Option<AccountName>,
    /// Which group they belong to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group: Option<AccountName>,
    /// The permission bits of files that hold the private key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mode: Option<FileMode>,
    /// Tests the service's configuration.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub test: Option<Hook>,
    /// Makes the service read its files again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reload: Option<Hook>,
    /// Takes the new version, as a tar archive, to where it is read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub publish: Option<Hook>,
    /// Brings back the version before, given as a tar archive.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub undo: Option<Hook>,
    /// Where the service answers.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub probes: Vec<ProbeUrl>,
    /// The name that it is asked for, and that its certificate must be valid for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub probe_name: Option<Host>,
    /// The file with the passphrase of the PFX, for Exchange.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pfx_passphrase_file: Option<AbsolutePath>,
    /// Whether the PFX is for Windows Server 2016 or older.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub windows_2016: bool,
    /// Seconds that a test, a reload or a proof may take.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub timeout: Option<u32>,
}

impl ServiceSettings {
    /// Those of a profile, with nothing said beyond it.
    #[must_use]
    pub fn of(profile: Profile) -> Self {
        Self {
            profile,
            install_to: None,
            files: BTreeMap::new(),
            owner: None,
            group: None,
            mode: None,
            test: None,
            reload: None,
            publish: None,
            undo: None,
            probes: Vec::new(),
            probe_name: None,
            pfx_passphrase_file: None,
            windows_2016: false,
            timeout: None,
        }
    }
}

/// A service's settings that were committed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CommittedSettings {
    /// The generation that made them so.
    pub since: Generation,
    /// What they are.
    pub settings: ServiceSettings,
}

#[cfg(test)]
mod tests {
    use super::Profile;

    #[test]
    fn every_profile_has_the_name_that_is_written() {
        for (index, profile) in Profile::ALL.into_iter().enumerate() {
            assert_eq!(profile as usize, index);
            assert_eq!(serde_json::to_value(profile).unwrap(), profile.as_str());
        }
    }
}
