//! The shapes of JSON results that several commands share, and the lines that people read instead. The JSON types
//! are their own, so that the contract does not move with the model.

use keystore::change::Change;
use keystore::model::{Fate, Installed, InstalledBrief, KeyBrief, NextBrief, SummaryBrief, Text, VersionBrief};
use keystore::name::{Endpoint, KeyPath};
use keystore::ops::apply::Mistake;
use keystore::ops::create_key::LineFault;
use keystore::ops::inspect::Finding;
use keystore::ops::{Fault, Warning};
use keystore::request_config::Note;
use keystore::store::{EndpointChange, Keystore, Pair};
use keystore::timestamp::Timestamp;
use serde::Serialize;

use super::renewal::{RenewalJson, renewal_line};
use super::service::{SettingsJson, settings_line};

/// A fault or a warning: a word for programs, a sentence for people.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct CodedJson {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

/// Faults or warnings as JSON.
pub(crate) fn coded<'a, T: Coded + 'a>(items: impl IntoIterator<Item = &'a T>) -> Vec<CodedJson> {
    items.into_iter().map(Coded::json).collect()
}

/// What has a word for programs and a sentence for people.
pub(crate) trait Coded {
    fn json(&self) -> CodedJson;
}

impl Coded for Mistake {
    fn json(&self) -> CodedJson {
        CodedJson { code: "mistake", message: self.to_string() }
    }
}

impl Coded for Warning {
    fn json(&self) -> CodedJson {
        CodedJson { code: self.code(), message: self.to_string() }
    }
}

impl Coded for Finding {
    fn json(&self) -> CodedJson {
        CodedJson { code: self.code(), message: self.to_string() }
    }
}

impl Coded for LineFault {
    fn json(&self) -> CodedJson {
        CodedJson { code: self.fault.code(), message: self.to_string() }
    }
}

impl Coded for Note {
    fn json(&self) -> CodedJson {
        CodedJson { code: "config-line", message: self.to_string() }
    }
}

impl Coded for Fault {
    fn json(&self) -> CodedJson {
        CodedJson { code: self.code(), message: self.to_string() }
    }
}

/// A certificate.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct CertificateJson<'a> {
    pub(crate) subject: Text<'a>,
    pub(crate) names: Vec<Text<'a>>,
    pub(crate) issuer: Text<'a>,
    pub(crate) serial: Text<'a>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) sha256: Text<'a>,
    pub(crate) spki_sha256: Text<'a>,
    pub(crate) chain_length: usize,
}

impl CertificateJson<'static> {
    pub(crate) fn of(installed: &Installed) -> Self {
        Self::from(InstalledBrief::from(installed))
    }
}

impl<'a> From<InstalledBrief<'a>> for CertificateJson<'a> {
    fn from(installed: InstalledBrief<'a>) -> Self {
        let SummaryBrief { fingerprint, serial, subject, issuer, names, not_before, not_after } = installed.summary;
        Self {
            subject,
            names,
            issuer,
            serial,
            not_before,
            not_after,
            sha256: fingerprint,
            spki_sha256: installed.spki,
            chain_length: installed.chain_length,
        }
    }
}

/// One version of a key.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct VersionJson<'a> {
    version: u32,
    state: &'static str,
    algorithm: &'static str,
    encrypted: bool,
    spki_sha256: Text<'a>,
    requests: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<CertificateJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since_generation: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compromised: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    copy_of: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    weaknesses: Vec<Text<'a>>,
}

impl<'a> VersionJson<'a> {
    fn of(version: VersionBrief<'a>, state: &'static str, installed: Option<InstalledBrief<'a>>) -> Self {
        Self {
            version: version.number.0,
            state,
            algorithm: version.algorithm.as_str(),
            encrypted: version.encrypted,
            spki_sha256: version.spki,
            requests: version.requests.count,
            requested: version.requests.last,
            certificate: installed.map(CertificateJson::from),
            since_generation: None,
            compromised: version.compromised.map(|mark| mark.reason),
            copy_of: version.copy_of.as_ref().map(|origin| format!("{} version {}", origin.key, origin.version)),
            weaknesses: version.weaknesses,
        }
    }
}

/// One key.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct KeyJson<'a> {
    key: KeyPath,
    state: &'static str,
    current: Option<VersionJson<'a>>,
    next: Option<VersionJson<'a>>,
    pub(crate) bound: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    staged: Option<&'static str>,
}

impl<'a> KeyJson<'a> {
    pub(crate) fn of(key: KeyBrief<'a>) -> Self {
        let state = key.state();
        let installed = |version: Option<_>, installed| Some(VersionJson::of(version?, "installed", Some(installed)));
        let current = key.current.and_then(|(version, current)| {
            let since_generation = Some(current.since.0);
            Some(VersionJson { since_generation, ..installed(version, current.installed)? })
        });
        let next = key.next.and_then(|next| match next {
            NextBrief::New(version) => Some(VersionJson::of(version, "new", None)),
            NextBrief::Pending { version, .. } => Some(VersionJson::of(version, "pending", None)),
            NextBrief::Installed(version, certificate) => installed(version, *certificate),
        });
        let staged = match &key.fate {
            Fate::Stays => None,
            Fate::Arrives { .. } => Some("copied"),
            Fate::Goes { renamed_to: Some(_) } => Some("renamed"),
            Fate::Goes { renamed_to: None } => Some("deleted"),
        };
        let bound = key.bound.iter().map(ToString::to_string).collect();
        Self { key: key.path, state, current, next, bound, staged }
    }
}

/// What an endpoint is bound to: by the last commit, and once the stage is committed.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct BindingJson {
    pub(crate) endpoint: String,
    pub(crate) committed: Option<String>,
    pub(crate) upcoming: Option<String>,
}

/// A private key with its certificate, by name.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct PairJson {
    pub(crate) key: String,
    pub(crate) version: u32,
    pub(crate) certificate: u32,
    pub(crate) sha256: String,
    pub(crate) not_after: String,
}

impl PairJson {
    pub(crate) fn of(pair: &Pair) -> Self {
        Self {
            key: pair.key.to_string(),
            version: pair.version.0,
            certificate: pair.certificate.0,
            sha256: pair.fingerprint.to_string(),
            not_after: pair.not_after.to_string(),
        }
    }
}

/// What a commit did, or would do, to an endpoint.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct EndpointJson {
    pub(crate) endpoint: String,
    pub(crate) from: Option<PairJson>,
    pub(crate) to: Option<PairJson>,
}

impl EndpointJson {
    pub(crate) fn of(change: &EndpointChange) -> Self {
        Self {
            endpoint: change.endpoint.to_string(),
            from: change.from.as_ref().map(PairJson::of),
            to: change.to.as_ref().map(PairJson::of),
        }
    }
}

/// The folder that a service reads.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct PublishedJson {
    pub(crate) endpoint: String,
    pub(crate) folder: String,
}

impl PublishedJson {
    pub(crate) fn of(keystore: &Keystore, endpoint: &Endpoint) -> Self {
        Self { endpoint: endpoint.to_string(), folder: keystore.live_folder(endpoint).display().to_string() }
    }
}

/// A staged or committed change.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct ChangeJson {
    pub(crate) change: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) certificate: Option<CertificateJson<'static>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) renamed_to: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) forced: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) settings: Option<SettingsJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) renewal: Option<RenewalJson>,
}

impl ChangeJson {
    pub(crate) fn of(change: &Change) -> Self {
        let of = |change, key: Option<&KeyPath>| Self {
            change,
            key: key.map(ToString::to_string),
            endpoint: None,
            version: None,
            certificate: None,
            from: None,
            renamed_to: None,
            forced: false,
            service: None,
            settings: None,
            renewal: None,
        };
        let with = |installed: Option<&Installed>, json: Self| Self {
            version: installed.map(|installed| installed.version.0),
            certificate: installed.map(CertificateJson::of),
            ..json
        };
        match change {
            Change::InstallCertificate { key, installed, .. } => {
                with(Some(installed), of("install-certificate", Some(key)))
            }
            Change::CopyKey { from, to, current, .. } => {
                Self { from: Some(from.to_string()), ..with(current.as_deref(), of("copy-key", Some(to))) }
            }
            Change::DeleteKey { key, renamed_to, .. } => {
                Self { renamed_to: renamed_to.as_ref().map(ToString::to_string), ..of("delete-key", Some(key)) }
            }
            Change::RestoreKey { key, current, forced, .. } => {
                Self { forced: *forced, ..with(current.as_deref(), of("restore-key", Some(key))) }
            }
            Change::Bind { endpoint, key } => Self { endpoint: Some(endpoint.to_string()), ..of("bind", Some(key)) },
            Change::Unbind { endpoint } => Self { endpoint: Some(endpoint.to_string()), ..of("unbind", None) },
            Change::SetService { service, settings } => Self {
                service: Some(service.to_string()),
                settings: settings.as_deref().map(SettingsJson::of),
                ..of("set-service", None)
            },
            Change::SetRenewal { key, renewal } => {
                Self { renewal: renewal.as_deref().map(RenewalJson::of), ..of("set-renewal", Some(key)) }
            }
        }
    }
}

/// One change in a line.
pub(crate) fn change_line(change: &Change) -> String {
    match change {
        Change::InstallCertificate { key, installed, .. } => format!("install  {key}  {}", version_line(installed)),
        Change::CopyKey { from, to, .. } => format!("copy     {from} -> {to}"),
        Change::DeleteKey { key, renamed_to: Some(to), .. } => format!("delete   {key}  renamed to {to}"),
        Change::DeleteKey { key, .. } => format!("delete   {key}"),
        Change::RestoreKey { key, current: Some(installed), forced, .. } => {
            let forced = if *forced { ", forced" } else { "" };
            format!("restore  {key}  {}{forced}", version_line(installed))
        }
        Change::RestoreKey { key, .. } => format!("restore  {key}  to be without a certificate"),
        Change::Bind { endpoint, key } => format!("bind     {endpoint} -> {key}"),
        Change::Unbind { endpoint } => format!("unbind   {endpoint}"),
        Change::SetService { service, settings: Some(settings) } => {
            format!("service  {service}  {}", settings_line(settings))
        }
        Change::SetService { service, settings: None } => format!("service  {service}  without settings"),
        Change::SetRenewal { key, renewal: Some(renewal) } => format!("renewal  {key}  {}", renewal_line(renewal)),
        Change::SetRenewal { key, renewal: None } => format!("renewal  {key}  none"),
    }
}

fn version_line(Installed { version, summary, .. }: &Installed) -> String {
    format!("version {version}, certificate until {}", summary.not_after.date())
}

/// What is staged about a key's place in the tree.
pub(crate) fn fate_line(fate: &Fate) -> Option<String> {
    match fate {
        Fate::Stays => None,
        Fate::Arrives { from } => Some(format!("a copy of {from}")),
        Fate::Goes { renamed_to: Some(to) } => Some(format!("to be renamed to {to}")),
        Fate::Goes { renamed_to: None } => Some("to be deleted".to_owned()),
    }
}

/// A text for a person, never an empty one.
pub(crate) fn or_none(text: &str) -> &str {
    if text.is_empty() { "(none)" } else { text }
}

/// Whole days from now to the end of a certificate's validity; negative when it has passed.
pub(crate) fn days_left(not_after: Timestamp, now: Timestamp) -> i64 {
    not_after.since(now).whole_days()
}

/// `until 2027-02-18 (89 days)`, or that it is over.
pub(crate) fn until(not_after: Timestamp, now: Timestamp) -> String {
    let date = not_after.date();
    match days_left(not_after, now) {
        _ if not_after < now => format!("expired {date}"),
        1 => format!("until {date} (1 day)"),
        days => format!("until {date} ({days} days)"),
    }
}
