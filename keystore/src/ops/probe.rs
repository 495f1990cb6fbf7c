//! `probe`: what the keystore says that an endpoint serves, and what is to be said of what it really serves. Pure: the
//! front of the house connects.

mod finding;

use super::holders::holders;
use super::verify::{Examined, Trust, examine};
use super::{Error, find_key};
use crate::digest::Digest;
use crate::model::{Installed, VersionNumber, is_due};
use crate::name::{Address, Endpoint, Host, KeyPath};
use crate::pki::{Certificate, CertificateError, ReadError, Stapled, SubjectAltName, read_certificates};
use crate::store::Snapshot;
use crate::timestamp::Timestamp;

pub use super::verify::Finding as ChainFinding;
pub use finding::Finding;

/// What should be served.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The key.
    pub key: KeyPath,
    /// Its version.
    pub version: VersionNumber,
    /// Its certificate.
    pub leaf: Certificate,
    /// The chain that services get with it.
    pub chain: Vec<Certificate>,
    /// Every version of the key, by its public key.
    versions: Vec<(VersionNumber, Digest)>,
}

impl Expected {
    /// What is installed for a key, whether or not it was committed.
    ///
    /// # Errors
    /// When there is no such key, or its files are damaged.
    pub fn of(snapshot: &Snapshot<'_>, key: &KeyPath, installed: &Installed) -> Result<Self, Error> {
        let (leaf, chain) = snapshot.certificate_files(key, installed)?;
        let unreadable = |source| Error::Unreadable { file: format!("the chain of {key}"), source };
        let leaf = read_certificates(&leaf).map_err(unreadable)?.into_iter().next();
        let chain = match chain.trim_ascii().is_empty() {
            true => Vec::new(),
            false => read_certificates(&chain).map_err(unreadable)?,
        };
        let versions = find_key(snapshot, key)?.facts.versions;
        Ok(Self {
            key: key.clone(),
            version: installed.version,
            leaf: leaf.ok_or_else(|| unreadable(ReadError::Empty))?,
            chain,
            versions: versions.iter().map(|version| (version.number, version.spki)).collect(),
        })
    }

    /// The hosts that its certificate is good for, without wildcards: names first, then addresses.
    #[must_use]
    pub fn hosts(&self) -> Vec<Host> {
        let host = |name: &SubjectAltName| match name {
            SubjectAltName::Dns(name) => Some(Host::Name(name.to_string().parse().ok()?)),
            SubjectAltName::Ip(ip) => Some(Host::Ip(*ip)),
            _ => None,
        };
        let mut hosts: Vec<_> = self.leaf.names().iter().filter_map(host).collect();
        hosts.sort_by_key(|host| matches!(host, Host::Ip(_)));
        hosts
    }
}

/// What an endpoint should serve: the current certificate of the key that it is bound to by the last commit, or that
/// `default` is, where the endpoint is not bound itself.
///
/// # Errors
/// When neither is bound, or the keystore can't be read.
pub fn expected(snapshot: &Snapshot<'_>, endpoint: &Endpoint) -> Result<Expected, Error> {
    let default = Endpoint { service: endpoint.service.clone(), address: Address::Default };
    let bound = match snapshot.committed_binding(endpoint)? {
        Some(key) => Some(key),
        None => snapshot.committed_binding(&default)?,
    };
    let key = bound.ok_or_else(|| Error::NotBound { endpoint: endpoint.clone() })?;
    let view = find_key(snapshot, &key)?;
    let current = view.current.ok_or_else(|| Error::NoCertificate { key: key.clone() })?;
    Expected::of(snapshot, &key, &current.installed)
}

/// Every endpoint that is bound by the last commit, in order.
///
/// # Errors
/// When the keystore can't be read.
pub fn endpoints(snapshot: &Snapshot<'_>) -> Result<Vec<Endpoint>, Error> {
    let mut all = Vec::new();
    for server in snapshot.servers()? {
        snapshot.look(&server, |state| {
            let of_server = state.bindings().map(|(endpoint, _)| endpoint);
            all.extend(of_server.filter(|endpoint| *endpoint.server() == server));
        })?;
    }
    all.sort();
    Ok(all)
}

/// A key of the keystore, in the tree or not, that has a certificate's private key.
///
/// # Errors
/// When the keystore can't be read.
pub fn owner(snapshot: &Snapshot<'_>, leaf: &Certificate) -> Result<Option<KeyPath>, Error> {
    let spkis = [leaf.public_key().hash()].into();
    let first = holders(snapshot, &spkis)?.next().transpose()?;
    Ok(first.map(|holder| holder.key))
}

/// What was served, and what to judge it by.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The certificates as they were sent, DER, the leaf first.
    pub sent: &'a [Vec<u8>],
    /// The OCSP response that came with them, DER.
    pub staple: Option<&'a [u8]>,
    /// The host or address that the certificate must be good for.
    pub host: &'a Host,
    /// What the keystore says; none for what is not in it.
    pub expected: Option<&'a Expected>,
    /// Whom to trust.
    pub trust: Trust<'a>,
}

/// How what is served compares to the keystore.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// The certificate that should be.
    Same,
    /// An earlier one of the same key.
    Old {
        /// Its version.
        version: VersionNumber,
    },
    /// A later one of the same key.
    Newer {
        /// Its version.
        version: VersionNumber,
    },
    /// One that is not of this key.
    Wrong,
}

impl Comparison {
    /// A short word for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Old { .. } => "old",
            Self::Newer { .. } => "newer",
            Self::Wrong => "wrong",
        }
    }

    fn of(leaf: &Certificate, expected: &Expected) -> Self {
        if *leaf == expected.leaf {
            return Self::Same;
        }
        let spki = leaf.public_key().hash();
        let Some(&(version, _)) = expected.versions.iter().find(|(_, known)| *known == spki) else {
            return Self::Wrong;
        };
        // a private key that was certified again: the certificates' own times tell
        let is_old = match version == expected.version {
            true => leaf.not_before() <= expected.leaf.not_before(),
            false => version < expected.version,
        };
        if is_old { Self::Old { version } } else { Self::Newer { version } }
    }
}

/// What is to be said of what was served.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The certificate.
    pub leaf: Certificate,
    /// What was sent with it, as far as it can be read.
    pub chain: Vec<Certificate>,
    /// How it compares to the keystore.
    pub comparison: Option<Comparison>,
    /// The way to a root. What is wrong with it stands in `findings`.
    pub examined: Examined,
    /// What the OCSP response says of the certificate, if there is one that can be read.
    pub stapled: Option<Stapled>,
    /// What is wrong, and what to look at.
    pub findings: Vec<Finding>,
}

impl Judged {
    /// Whether all is as it should be.
    #[must_use]
    pub fn is_good(&self) -> bool {
        !self.findings.iter().any(Finding::is_fault)
    }

    /// Says whose certificate it is, where it is the wrong one.
    pub fn is_of(&mut self, owner: Option<&KeyPath>) {
        for finding in &mut self.findings {
            if let Finding::Wrong { owner: place, .. } = finding {
                *place = owner.cloned();
            }
        }
    }
}

/// Judges what was served.
///
/// # Errors
/// When the leaf can't be read.
pub fn judge(question: &Question<'_>, now: Timestamp) -> Result<Judged, CertificateError> {
    let leaf = Certificate::from_der(question.sent.first().map(Vec::as_slice).unwrap_or_default())?;
    let mut findings = Vec::new();
    let comparison = question.expected.map(|expected| Comparison::of(&leaf, expected));
    if let (Some(comparison), Some(expected)) = (comparison, question.expected) {
        findings.extend(Finding::of_comparison(comparison, &leaf, expected));
    }
    let (mut chain, mut unreadable) = (Vec::new(), 0);
    for der in question.sent.iter().skip(1) {
        match Certificate::from_der(der) {
            Ok(certificate) => chain.push(certificate),
            Err(_) => unreadable += 1,
        }
    }
    if unreadable > 0 {
        findings.push(Finding::Unreadable { count: unreadable });
    }
    let examined = examine(&leaf, &chain, &question.trust, now);
    findings.extend(of_chain(&leaf, &chain, &examined, comparison, question));
    if !leaf.covers(&question.host.to_string()) {
        findings.push(Finding::Chain(ChainFinding::NotFor { host: question.host.to_string() }));
    }
    let (not_before, not_after) = (leaf.not_before(), leaf.not_after());
    if not_after >= now && is_due(not_before, not_after, now) {
        findings.push(Finding::Due { not_after });
    }
    let stapled = question.staple.and_then(|der| Stapled::read(der, &leaf));
    if question.staple.is_some() {
        findings.extend(Finding::of_staple(stapled.as_ref(), now));
    }
    Ok(Judged { leaf, chain, comparison, examined, stapled, findings })
}

/// What is to be said of the chain. What is missing from what services were given has a word of its own: nobody needs
/// to ask whether an authority is unknown or was left out.
fn of_chain(
    leaf: &Certificate,
    sent: &[Certificate],
    examined: &Examined,
    comparison: Option<Comparison>,
    question: &Question<'_>,
) -> Vec<Finding> {
    let kept = question.expected.filter(|_| comparison == Some(Comparison::Same)).map(|expected| &expected.chain);
    let not_sent: Vec<_> = kept.into_iter().flatten().filter(|one| !sent.contains(one)).collect();
    // there is a way to a trusted root without them, so that nobody misses them
    let leads_on = examined.root.is_some();
    let mut findings = Vec::new();
    if !not_sent.is_empty() && !leads_on {
        findings.push(Finding::Incomplete { missing: not_sent.iter().map(|one| one.subject().clone()).collect() });
    }
    for finding in &examined.findings {
        match finding {
            ChainFinding::MissingIssuer { .. } if !findings.is_empty() => {}
            ChainFinding::MissingIssuer { of, issuer } if sent.is_empty() && of == leaf.subject() => {
                findings.push(Finding::Alone { issuer: issuer.clone() });
            }
            ChainFinding::Untrusted { root } if root == leaf.subject() && leaf.is_self_issued() => {
                findings.push(Finding::SelfSigned);
            }
            other => findings.push(Finding::Chain(other.clone())),
        }
    }
    findings
}

#[cfg(test)]
mod tests;
