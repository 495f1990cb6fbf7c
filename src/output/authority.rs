//! What is said of an authority, as JSON and in a line. Secrets are named by their source.

mod acme;
mod adcs;

use keystore::model::{AuthoritySettings, CommandSettings, FileSettings, LocalCaSettings, SelfSignedSettings};
use serde::Serialize;

use self::acme::AcmeJson;
use self::adcs::AdcsJson;
use super::service::{HookJson, hook_line};

/// What is said of an authority.
#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum AuthorityJson {
    /// A person or another system.
    File { requests: String, replies: String },
    /// A program.
    Command { run: HookJson, timeout: u32 },
    /// One that speaks ACME.
    Acme(Box<AcmeJson>),
    /// A Windows certification authority.
    Adcs(Box<AdcsJson>),
    /// A private authority in the keystore.
    LocalCa {
        days: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        crl_url: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        passphrase: Option<String>,
    },
    /// Nobody: certificates sign themselves.
    SelfSigned {
        profile: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        days: Option<u32>,
    },
}

impl AuthorityJson {
    pub(crate) fn of(settings: &AuthoritySettings) -> Self {
        match settings {
            AuthoritySettings::File(FileSettings { requests, replies }) => {
                Self::File { requests: requests.to_string(), replies: replies.to_string() }
            }
            AuthoritySettings::Command(CommandSettings { run, timeout }) => {
                Self::Command { run: HookJson::of(run), timeout: *timeout }
            }
            AuthoritySettings::Acme(settings) => Self::Acme(Box::new(AcmeJson::of(settings))),
            AuthoritySettings::Adcs(settings) => Self::Adcs(Box::new(AdcsJson::of(settings))),
            AuthoritySettings::LocalCa(LocalCaSettings { days, crl_url, passphrase, .. }) => Self::LocalCa {
                days: *days,
                crl_url: crl_url.as_ref().map(ToString::to_string),
                passphrase: passphrase.as_ref().map(ToString::to_string),
            },
            AuthoritySettings::SelfSigned(SelfSignedSettings { profile, days }) => {
                Self::SelfSigned { profile: profile.as_str(), days: *days }
            }
        }
    }
}

/// `file, requests to /srv/requests, replies from /srv/replies`
pub(crate) fn authority_line(settings: &AuthoritySettings) -> String {
    let kind = settings.kind().as_str();
    match settings {
        AuthoritySettings::File(FileSettings { requests, replies }) => {
            format!("{kind}, requests to {requests}, replies from {replies}")
        }
        AuthoritySettings::Command(CommandSettings { run, timeout }) => {
            format!("{kind}, {}, within {timeout} s", hook_line(run))
        }
        AuthoritySettings::Acme(settings) => acme::line(settings),
        AuthoritySettings::Adcs(settings) => adcs::line(settings),
        AuthoritySettings::LocalCa(LocalCaSettings { days, crl_url, passphrase, .. }) => {
            let list = crl_url.as_ref().map(|url| format!(", list at {url}")).unwrap_or_default();
            let passphrase = passphrase.as_ref().map(|from| format!(", passphrase from {from}")).unwrap_or_default();
            format!("{kind}, certificates for {days} days{list}{passphrase}")
        }
        AuthoritySettings::SelfSigned(SelfSignedSettings { profile, days }) => {
            let days = days.map(|days| format!(", certificates for {days} days")).unwrap_or_default();
            format!("{kind}, profile {}{days}", profile.as_str())
        }
    }
}
