//! What is said of an authority that speaks ACME.

use keystore::model::{AcmeSettings, DnsUpdate, ExternalAccount, Proof, Tsig};
use serde::Serialize;

use crate::output::service::{HookJson, hook_line};

/// What is said of an authority that speaks ACME.
#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
pub(crate) struct AcmeJson {
    directory: String,
    contacts: Vec<String>,
    roots: Option<String>,
    external_account: Option<ExternalAccountJson>,
    challenge: &'static str,
    proof: ProofJson,
    profile: Option<String>,
    preferred_chain: Option<String>,
}

#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
struct ExternalAccountJson {
    kid: String,
    key: String,
}

/// How names are proven.
#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
#[serde(tag = "by", rename_all = "kebab-case")]
enum ProofJson {
    HttpListener { listen: String },
    HttpWebroot { webroot: String },
    DnsCommand { run: HookJson, wait: u32 },
    DnsUpdate { server: String, zone: Option<String>, tsig: TsigJson, wait: u32 },
    TlsAlpn { listen: String },
}

#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
struct TsigJson {
    name: String,
    algorithm: &'static str,
    key: String,
}

impl AcmeJson {
    pub(super) fn of(settings: &AcmeSettings) -> Self {
        let AcmeSettings { directory, contacts, roots, external_account, proof, profile, preferred_chain } = settings;
        let account = |ExternalAccount { kid, key }: &ExternalAccount| ExternalAccountJson {
            kid: kid.to_string(),
            key: key.to_string(),
        };
        Self {
            directory: directory.to_string(),
            contacts: contacts.iter().map(ToString::to_string).collect(),
            roots: roots.as_ref().map(ToString::to_string),
            external_account: external_account.as_ref().map(account),
            challenge: proof.challenge(),
            proof: ProofJson::of(proof),
            profile: profile.as_ref().map(ToString::to_string),
            preferred_chain: preferred_chain.as_ref().map(ToString::to_string),
        }
    }
}

impl ProofJson {
    fn of(proof: &Proof) -> Self {
        match proof {
            Proof::HttpListener { listen } => Self::HttpListener { listen: listen.to_string() },
            Proof::HttpWebroot { webroot } => Self::HttpWebroot { webroot: webroot.to_string() },
            Proof::DnsCommand { run, wait } => Self::DnsCommand { run: HookJson::of(run), wait: *wait },
            Proof::DnsUpdate(DnsUpdate { server, zone, tsig: Tsig { name, algorithm, key }, wait }) => {
                Self::DnsUpdate {
                    server: server.to_string(),
                    zone: zone.as_ref().map(ToString::to_string),
                    tsig: TsigJson { name: name.to_string(), algorithm: algorithm.as_str(), key: key.to_string() },
                    wait: *wait,
                }
            }
            Proof::TlsAlpn { listen } => Self::TlsAlpn { listen: listen.to_string() },
        }
    }
}

/// `acme at https://acme.example/directory, http-01 at [::]:80`
pub(super) fn line(settings: &AcmeSettings) -> String {
    let proof = match &settings.proof {
        Proof::HttpListener { listen } | Proof::TlsAlpn { listen } => format!("at {listen}"),
        Proof::HttpWebroot { webroot } => format!("from {webroot}"),
        Proof::DnsCommand { run, .. } => format!("by {}", hook_line(run)),
        Proof::DnsUpdate(update) => format!("by updates to {}", update.server),
    };
    format!("acme at {}, {} {proof}", settings.directory, settings.proof.challenge())
}
