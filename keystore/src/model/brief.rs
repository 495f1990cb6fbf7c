//! A key in brief: what a listing shows of it, read without the rest and, where it is text, without a copy.
//!
//! A keystore may hold a hundred thousand keys, and a listing shows them all. What [`KeyView`] says of a key that
//! nothing is staged for, [`KeyBrief::of_files`] says too, from a part of the fields of the same files; a test holds
//! the two together.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{
    Binding, CertificateNumber, CertificateSummary, Fate, Generation, Installed, KeyFacts, KeyView, Next, Origin,
    ServerFacts, VersionFacts, VersionNumber, is_due,
};
use crate::name::{Address, Endpoint, KeyName, KeyPath, Protocol};
use crate::pki::KeyAlgorithm;
use crate::timestamp::Timestamp;

/// Text as it is shown, not taken apart.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(transparent)]
pub struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    /// What something is shown as.
    pub fn of(value: &impl ToString) -> Self {
        Self(Cow::Owned(value.to_string()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowing;
        impl<'de> Visitor<'de> for Borrowing {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Borrowing).map(Self)
    }
}

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
    fn of(version: &VersionFacts) -> Self {
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
    #[serde(borrow)]
    current: Option<CurrentBrief<'a>>,
    bound: BTreeSet<Endpoint>,
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

    /// As [`KeyEntry::has`](super::KeyEntry::has).
    fn has(&self, version: &VersionBrief<'_>) -> bool {
        self.deleted.is_none_or(|deleted| deleted < version.number)
            && (version.copy_of.is_none() || self.copied.contains(&version.number))
    }
}

/// The versions of one key in brief, oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
pub struct KeyFactsBrief<'a> {
    #[serde(borrow)]
    versions: Vec<VersionBrief<'a>>,
}

/// The facts of one server in brief.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
pub struct ServerFactsBrief<'a> {
    /// Keys by protocol and name.
    #[serde(borrow)]
    pub protocols: BTreeMap<Protocol, BTreeMap<KeyName, KeyFactsBrief<'a>>>,
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
    pub keys: BTreeMap<KeyName, EntryBrief<'a>>,
    /// Its endpoints that are bound.
    pub bindings: BTreeMap<Address, Binding>,
}

/// The committed state of one server in brief.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
pub struct ServerStateBrief<'a> {
    /// Its services.
    #[serde(borrow)]
    pub services: BTreeMap<Protocol, ServiceBrief<'a>>,
}

/// The next version of a key in brief: what will take the place of the current one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NextBrief<'a> {
    /// A private key without a request.
    New(VersionBrief<'a>),
    /// A private key whose request waits for its certificate.
    Pending {
        /// The private key.
        version: VersionBrief<'a>,
        /// Whether it is the current private key, asked to be certified again.
        reused: bool,
    },
    /// A certificate that is staged, with what the facts say of its private key.
    Installed(Option<VersionBrief<'a>>, Box<InstalledBrief<'a>>),
}

/// One key in brief.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyBrief<'a> {
    /// Its address.
    pub path: KeyPath,
    /// What it runs on, with what the facts say of its private key.
    pub current: Option<(Option<VersionBrief<'a>>, CurrentBrief<'a>)>,
    /// What comes next.
    pub next: Option<NextBrief<'a>>,
    /// The endpoints bound to it by the last commit.
    pub bound: BTreeSet<Endpoint>,
    /// What the stage makes of its place in the tree.
    pub fate: Fate,
    /// Whether it runs on a certificate once the stage is committed.
    pub has_upcoming: bool,
}

impl<'a> KeyBrief<'a> {
    /// What two files say of a key that nothing is staged for; none when it is not in the tree.
    #[must_use]
    pub fn of_files(path: KeyPath, facts: KeyFactsBrief<'a>, entry: EntryBrief<'a>) -> Option<Self> {
        let mut versions = facts.versions;
        versions.retain(|version| entry.has(version));
        let newest = versions.last()?;
        let next = match &entry.current {
            Some(CurrentBrief { installed, .. }) if newest.number <= installed.version => {
                let version = versions.iter().find(|version| version.number == installed.version);
                let version = version.filter(|version| version.requests.count > installed.requests);
                version.map(|version| NextBrief::Pending { version: version.clone(), reused: true })
            }
            _ if newest.requests.count == 0 => Some(NextBrief::New(newest.clone())),
            _ => Some(NextBrief::Pending { version: newest.clone(), reused: false }),
        };
        let has_upcoming = entry.current.is_some();
        let current = entry.current.map(|current| {
            let at = versions.iter().position(|version| version.number == current.installed.version);
            (at.map(|at| versions.swap_remove(at)), current)
        });
        Some(Self { path, current, next, bound: entry.bound, fate: Fate::Stays, has_upcoming })
    }

    /// The private key that it runs on once the stage is committed.
    #[must_use]
    pub fn upcoming(&self) -> Option<&VersionBrief<'a>> {
        match &self.next {
            _ if !self.has_upcoming => None,
            Some(NextBrief::Installed(version, _)) => version.as_ref(),
            _ => self.current.as_ref()?.0.as_ref(),
        }
    }

    /// `new`, `pending` or `installed`: the state of the current version, else of the next one.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match (&self.current, &self.next) {
            (Some(_), _) | (None, Some(NextBrief::Installed(..))) => "installed",
            (None, Some(NextBrief::Pending { .. })) => "pending",
            (None, Some(NextBrief::New(_)) | None) => "new",
        }
    }
}

impl From<&KeyView> for KeyBrief<'_> {
    fn from(view: &KeyView) -> Self {
        let version = |number| view.facts.version(number).map(VersionBrief::of);
        let current = view.current.as_ref().map(|current| {
            let installed = InstalledBrief::from(&current.installed);
            (version(installed.version), CurrentBrief { since: current.since, installed })
        });
        let next = view.next.as_ref().map(|next| match next {
            Next::New(version) => NextBrief::New(VersionBrief::of(version)),
            Next::Pending { version, reused } => {
                NextBrief::Pending { version: VersionBrief::of(version), reused: *reused }
            }
            Next::Installed(installed) => {
                NextBrief::Installed(version(installed.version), Box::new(InstalledBrief::from(installed)))
            }
        });
        Self {
            path: view.path.clone(),
            current,
            next,
            bound: view.bound.clone(),
            fate: view.fate.clone(),
            has_upcoming: view.upcoming().is_some(),
        }
    }
}

#[cfg(test)]
mod tests;
