//! `verify`: whether clients will trust a key's certificate, with the chain that its services send.

mod differences;
mod examine;
mod finding;

use super::install_cert::certificates;
use super::warning::covers;
use super::{Error, Warning, find_key};
use crate::model::{Installed, VersionFacts};
use crate::name::KeyPath;
use crate::pki::{Certificate, RevocationList, Roots, read_certificates};
use crate::store::Keystore;

pub(super) use differences::differences;
pub use differences::{Difference, State};
pub(super) use examine::examine;
pub use examine::{Examined, Fetched};
pub use finding::Finding;

/// Gets what is at a URL, or says why it can't.
pub type Fetch<'a> = &'a (dyn Fn(&str) -> Result<Vec<u8>, String> + Sync);

/// Whom to trust, and what may be done to find out.
#[derive(Clone, Copy, Default)]
pub struct Trust<'a> {
    /// The roots that are trusted; none given: whatever the chain ends in is not judged.
    pub roots: Option<&'a Roots>,
    /// What is revoked.
    pub lists: &'a [RevocationList],
    /// How to get issuers' certificates that are missing; none given: not at all.
    pub fetch: Option<Fetch<'a>>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The key.
    pub key: KeyPath,
    /// Its private key and certificate: what the next commit leaves it with.
    pub installed: Installed,
    /// The way to a root, and what is wrong with it.
    pub examined: Examined,
    /// What was requested and what was issued.
    pub differences: Vec<Difference>,
    /// What to look at besides.
    pub warnings: Vec<Warning>,
}

/// Looks at the certificate that is staged for a key, else at its current one. Takes no lock and changes nothing.
///
/// # Errors
/// When there is no such key, when it has no certificate, or when its files are damaged.
pub fn verify(keystore: &Keystore, key: &KeyPath, hosts: &[String], trust: &Trust<'_>) -> Result<Outcome, Error> {
    let snapshot = keystore.read()?;
    let view = find_key(&snapshot, key)?;
    let installed = view.upcoming().or(view.current.as_ref().map(|current| &current.installed));
    let installed = installed.ok_or_else(|| Error::NoCertificate { key: key.clone() })?.clone();
    let (leaf, chain) = certificates(&snapshot, key, &installed)?;
    let mut examined = examine(&leaf, &chain, trust, keystore.world().now());
    let not_covered = hosts.iter().filter(|host| !leaf.covers(host));
    examined.findings.extend(not_covered.map(|host| Finding::NotFor { host: host.clone() }));
    let version: Option<&VersionFacts> = view.facts.version(installed.version);
    let mut warnings = Warning::of_installed(key, &installed);
    // the findings say it better
    warnings.retain(|warning| !matches!(warning, Warning::IssuerMissing { .. }));
    let uncovered = view.bound.iter().filter(|endpoint| !covers(leaf.names(), endpoint));
    warnings.extend(uncovered.map(|endpoint| Warning::NotCovered {
        endpoint: endpoint.clone(),
        key: key.clone(),
        names: leaf.names().to_vec(),
    }));
    Ok(Outcome {
        key: key.clone(),
        examined,
        differences: version.map(|version| differences(version, &leaf)).unwrap_or_default(),
        warnings,
        installed,
    })
}

/// Roots from a file, in whatever form certificates come.
///
/// # Errors
/// When it holds none that could be read.
pub fn read_roots(file: &str, bytes: &[u8]) -> Result<Roots, Error> {
    let unreadable = |source| Error::Roots { file: file.to_owned(), source };
    let roots: Vec<Certificate> = read_certificates(bytes).map_err(unreadable)?;
    Ok(Roots::new(roots))
}

/// Revocation lists from a file.
///
/// # Errors
/// When it holds none that could be read.
pub fn read_lists(file: &str, bytes: &[u8]) -> Result<Vec<RevocationList>, Error> {
    let unreadable = |source| Error::Lists { file: file.to_owned(), source };
    crate::pki::read_revocation_lists(bytes).map_err(unreadable)
}
