//! `export-csr`: a request that was made before.

use std::path::PathBuf;

use super::{Error, find_key};
use crate::model::{KeyView, RequestFacts, RequestNumber, VersionFacts, VersionNumber};
use crate::name::KeyPath;
use crate::pki::CertificationRequest;
use crate::store::Keystore;

/// Which request is wanted.
#[derive(Clone, Debug)]
pub struct ExportCsr {
    /// The key.
    pub key: KeyPath,
    /// The version of its private key; none given: the next version, else the newest that has a request.
    pub version: Option<VersionNumber>,
    /// The number of the request; none given: the newest.
    pub request: Option<RequestNumber>,
}

/// A request as it is kept.
#[derive(Debug)]
pub struct Exported {
    /// The key.
    pub key: KeyPath,
    /// Its private key.
    pub version: VersionFacts,
    /// What is known of the request.
    pub facts: RequestFacts,
    /// The request.
    pub request: CertificationRequest,
    /// The file that it is kept in.
    pub kept: PathBuf,
}

/// Finds a request and reads it. Takes no lock.
///
/// # Errors
/// When there is no such key, version or request, or when its file is damaged.
pub fn export_csr(keystore: &Keystore, asked: &ExportCsr) -> Result<Exported, Error> {
    let snapshot = keystore.read()?;
    let view = find_key(&snapshot, &asked.key)?;
    let (version, facts) = choose(&view, asked)?;
    let bytes = snapshot.request_file(&asked.key, version, facts)?;
    let read = CertificationRequest::from_pem(&bytes);
    let request = read.map_err(|source| Error::Request { key: asked.key.clone(), source })?;
    let folder = keystore.version_folder(&asked.key, version.number);
    Ok(Exported {
        key: asked.key.clone(),
        kept: folder.join(format!("request-{}.csr", facts.number)),
        version: version.clone(),
        facts: facts.clone(),
        request,
    })
}

fn choose<'a>(view: &'a KeyView, asked: &ExportCsr) -> Result<(&'a VersionFacts, &'a RequestFacts), Error> {
    let no_request = |version| Error::NoRequest { key: asked.key.clone(), version, request: asked.request };
    let version = match asked.version {
        Some(number) => view
            .facts
            .version(number)
            .ok_or_else(|| Error::VersionNotFound { key: asked.key.clone(), version: Some(number) })?,
        None => {
            let pending = view.working_version().filter(|version| !version.requests.is_empty());
            let newest = || view.facts.versions.iter().rev().find(|version| !version.requests.is_empty());
            pending.or_else(newest).ok_or_else(|| no_request(None))?
        }
    };
    let found = match asked.request {
        Some(number) => version.requests.iter().find(|request| request.number == number),
        None => version.requests.last(),
    };
    Ok((version, found.ok_or_else(|| no_request(Some(version.number)))?))
}
