//! The parts of the files that a listing shows. What is left out of them here is passed over.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{ByName, Text};
use crate::model::{
    Binding, CertificateNumber, CertificateSummary, Generation, Installed, KeyFacts, Origin, ServerFacts, VersionFacts,
    VersionNumber, is_due,
};
use crate::name::{Address, Endpoint, KeyName, Protocol};
use crate::pki::KeyAlgorithm;
use crate::timestamp::Timestamp;

/// A private key in brief.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct VersionBrief<'a> {
    /// Its number among the versions of the key.
    pub number: VersionNumber,
    /// What kind of key it is.
    pub algorithm: KeyAlgorithm,
    /// SHA-256 of the `SubjectPublicKeyInfo`.
    #[serde(borrow)]
    pub spki: Text<'a>,
    /// Whether the private key file needs a passphrase.
    pub encrypted: bool,
    /// The requests made with it.
    pub requests: RequestsBrief,
    /// The version that it is a copy of.
    #[serde(default)]
    pub copy_of: Option<Box<Origin>>,
    /// Whether somebody else may know it.
    #[serde(borrow, default)]
    pub compromised: Option<CompromiseBrief<'a>>,
    /// Why it should not be used.
    #[serde(borrow, default)]
    pub weaknesses: Vec<Text<'a>>,
}

/// That a private key may be known to somebody else, in brief.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct CompromiseBrief<'a> {
    /// Why it was marked so.
    #[serde(borrow)]
    pub reason: Text<'a>,
}

/// The requests made with a private key, in brief.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RequestsBrief {
    /// How many there are.
    pub count: usize,
    /// When the last was made.
    pub last: Option<Timestamp>,
}

impl<'de> Deserialize<'de> for RequestsBrief {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Request {
            made: Timestamp,
        }
        struct Counting;
        impl<'de> Visitor<'de> for Counting {
            type Value = RequestsBrief;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("requests")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut requests: A) -> Result<Self::Value, A::Error> {
                let mut brief = RequestsBrief::default();
                while let Some(Request { made }) = requests.next_element()? {
                    brief = RequestsBrief { count: brief.count + 1, last: Some(made) };
                }
                Ok(brief)
            }
        }
        deserializer.deserialize_seq(Counting)
    }
}

impl VersionBrief<'_> {
    pub(super) fn of(version: &VersionFacts) -> Self {
        let compromised = version.compromised.as_ref();
        Self {
            number: version.number,
            algorithm: version.algorithm,
            spki: Text::of(&version.spki),
            encrypted: version.encrypted,
            requests: RequestsBrief {
                count: version.requests.len(),
                last: version.requests.last().map(|request| request.made),
            },
            copy_of: version.copy_of.clone().map(Box::new),
            compromised: compromised.map(|mark| CompromiseBrief { reason: Text::of(&mark.reason) }),
            weaknesses: version.weaknesses.iter().map(Text::of).collect(),
        }
    }
}

/// A private key with its certificate, in brief.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct InstalledBrief<'a> {
    /// The private key's version.
    pub version: VersionNumber,
    /// SHA-256 of its `SubjectPublicKeyInfo`.
    #[serde(borrow)]
    pub spki: Text<'a>,
    /// Which of the certificates of this private key.
    pub certificate: CertificateNumber,
    /// How many intermediates the chain holds.
    pub chain_length: usize,
    /// How many requests had been made when it was installed.
    pub requests: usize,
    /// What the certificate says.
    #[serde(borrow)]
    pub summary: SummaryBrief<'a>,
}

/// What a certificate says, in brief.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct SummaryBrief<'a> {
    /// SHA-256 of the DER encoding.
    #[serde(borrow)]
    pub fingerprint: Text<'a>,
    /// Serial number, lower-case hexadecimal.
    #[serde(borrow)]
    pub serial: Text<'a>,
    /// The subject.
    #[serde(borrow)]
    pub subject: Text<'a>,
    /// The issuer.
    #[serde(borrow)]
    pub issuer: Text<'a>,
    /// The names it is valid for.
    #[serde(borrow)]
    pub names: Vec<Text<'a>>,
    /// Start of its validity.
    pub not_before: Timestamp,
    /// End of its validity.
    pub not_after: Timestamp,
}

impl SummaryBrief<'_> {
    /// Whether less than a third of its lifetime is left.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        is_due(self.not_before, self.not_after, now)
    }
}

impl From<&Installed> for InstalledBrief<'_> {
    fn from(installed: &Installed) -> Self {
        let CertificateSummary { fingerprint, serial, subject, issuer, names, not_before, not_after } =
            &installed.summary;
        Self {
            version: installed.version,
            spki: Text::of(&installed.spki),
            certificate: installed.certificate,
            chain_length: installed.chain_length,
            requests: installed.requests,
            summary: SummaryBrief {
                fingerprint: Text::of(fingerprint),
                serial: Text::of(serial),
                subject: Text::of(subject),
                issuer: Text::of(issuer),
                names: names.iter().map(Text::of).collect(),
                not_before: *not_before,
                not_after: *not_after,
            },
        }
    }
}

/// The certificate a key runs on, in brief.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct CurrentBrief<'a> {
    /// The generation that made it current.
    pub since: Generation,
    /// Private key and certificate.
    #[serde(borrow)]
    pub installed: InstalledBrief<'a>,
}

/// One key in the committed state, in brief.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
pub struct EntryBrief<'a> {
    /// Aside, as an entry is moved more often than it is looked at.
    #[serde(borrow)]
    pub(super) current: Option<Box<CurrentBrief<'a>>>,
    pub(super) bound: BTreeSet<Endpoint>,
    #[serde(default)]
    deleted: Option<VersionNumber>,
    #[serde(default)]
    copied: BTreeSet<VersionNumber>,
}

impl<'a> EntryBrief<'a> {
    /// The generation that made its certificate current.
    #[must_use]
    pub fn since(&self) -> Option<Generation> {
        self.current.as_ref().map(|current| current.since)
    }

    /// As [`KeyEntry::has`](crate::model::KeyEntry::has).
    pub(super) fn has(&self, version: &VersionBrief<'_>) -> bool {
        self.deleted.is_none_or(|deleted| deleted < version.number)
            && (version.copy_of.is_none() || self.copied.contains(&version.number))
    }
}

/// The versions of one key in brief, oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
pub struct KeyFactsBrief<'a> {
    #[serde(borrow)]
    pub(super) versions: Vec<VersionBrief<'a>>,
}

/// The facts of one server in brief.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
pub struct ServerFactsBrief<'a> {
    /// Keys by protocol and name.
    #[serde(borrow)]
    pub protocols: BTreeMap<Protocol, ByName<KeyFactsBrief<'a>>>,
}

impl From<&ServerFacts> for ServerFactsBrief<'_> {
    fn from(facts: &ServerFacts) -> Self {
        let key = |(name, key): (&KeyName, &KeyFacts)| {
            (name.clone(), KeyFactsBrief { versions: key.versions.iter().map(VersionBrief::of).collect() })
        };
        let protocol = |(protocol, keys): (&Protocol, &BTreeMap<KeyName, KeyFacts>)| {
            (protocol.clone(), keys.iter().map(key).collect())
        };
        Self { protocols: facts.protocols.iter().map(protocol).collect() }
    }
}

/// One protocol on one server, in brief.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
pub struct ServiceBrief<'a> {
    /// Its keys.
    #[serde(borrow)]
    pub keys: ByName<EntryBrief<'a>>,
    /// Its endpoints that are bound.
    pub bindings: BTreeMap<Address, Binding>,
    /// How it is published to, where that was said.
    #[serde(default)]
    pub settings: Option<SettingsBrief>,
}

impl ServiceBrief<'_> {
    /// The generation that an endpoint, whose key's certificate is current since `current`, should be published from.
    #[must_use]
    pub fn to_be_published_from(&self, binding: &Binding, current: Generation) -> Generation {
        let settings = self.settings.as_ref().map_or(Generation::EMPTY, |settings| settings.since);
        binding.since.max(current).max(settings)
    }
}

/// How a service is published to, in brief: that something was said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub struct SettingsBrief {
    /// The generation that made it so.
    pub since: Generation,
}

/// The committed state of one server in brief.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
pub struct ServerStateBrief<'a> {
    /// Its services.
    #[serde(borrow)]
    pub services: BTreeMap<Protocol, ServiceBrief<'a>>,
}
