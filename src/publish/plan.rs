//! What each service wants of a publication: whose its files are, where more of them stand, where it is proven.

use std::collections::BTreeMap;

use keystore::model::{FileForm, Profile};
use keystore::name::{Endpoint, Host, ServicePath};
use keystore::pki::{SubjectAltName, read_certificates};
use keystore::store::{Install, Keystore, Ownership, Publication, PublishedFiles, Snapshot, StoreError};

use super::round::{Part, Place};
use super::service::Service;
use super::{Said, account, exchange};
use crate::error::Failure;

/// Permission bits of a file, where those with a private key have these.
pub(super) fn mode(form: FileForm, secret: u32) -> u32 {
    if form.is_secret() { secret } else { 0o644 }
}

/// Completes the publications by what is said of their services, and says how these are told.
pub(super) fn parts(
    keystore: &Keystore,
    snapshot: &Snapshot<'_>,
    said: impl Fn(&ServicePath) -> Result<Said, StoreError>,
    publications: &mut [Publication],
) -> Result<Vec<Part>, Failure> {
    let mut by_service: BTreeMap<ServicePath, Vec<&mut Publication>> = BTreeMap::new();
    for publication in publications {
        by_service.entry(publication.endpoint.service.clone()).or_default().push(publication);
    }
    let mut parts = Vec::new();
    let mut exchange = exchange::Groups::default();
    for (path, mut publications) in by_service {
        let (Some(settings), endpoints) = said(&path)? else { continue };
        let service = Service::new(path, settings);
        let part = part(keystore, snapshot, service, &endpoints, &mut publications)?;
        if part.service.settings.profile == Profile::Exchange {
            exchange.take(&part.service, publications);
        }
        parts.push(part);
    }
    exchange.complete()?;
    Ok(parts)
}

fn part(
    keystore: &Keystore,
    snapshot: &Snapshot<'_>,
    service: Service,
    endpoints: &[Endpoint],
    publications: &mut [&mut Publication],
) -> Result<Part, Failure> {
    let ownership = ownership(&service)?;
    let mut places = Vec::new();
    for publication in publications {
        publication.ownership = ownership;
        publication.installs = installs(&service, publication, ownership)?;
        publication.told = service.is_told();
        let is_given = service.publish().is_some();
        let new = if is_given { FileForm::ALL.map(|form| (form, publication.form(form))).into() } else { Vec::new() };
        let old = if is_given { snapshot.published_files(&publication.endpoint)? } else { Vec::new() };
        let full_chain = publication.form(FileForm::FullChain);
        places.push(place(keystore, &service, &publication.endpoint, endpoints, &full_chain, [new, old]));
    }
    Ok(Part { service, places, endpoints: endpoints.len() })
}

fn ownership(service: &Service) -> Result<Ownership, Failure> {
    let root = account::is_root();
    let wrong = |source| Failure::Account { service: service.path.clone(), source };
    Ok(Ownership {
        owner: service.owner(root).map(|name| account::user(&name)).transpose().map_err(wrong)?,
        group: service.group(root).map(|name| account::group(&name)).transpose().map_err(wrong)?,
        mode: service.mode(root).bits(),
    })
}

fn installs(service: &Service, publication: &Publication, ownership: Ownership) -> Result<Vec<Install>, Failure> {
    let install = |(form, path): (FileForm, std::path::PathBuf)| {
        let text = path.display().to_string();
        let path = text.parse().map_err(|source| Failure::OutsidePath { service: service.path.clone(), source })?;
        let mode = mode(form, ownership.mode);
        Ok(Install { path, bytes: publication.form(form), mode })
    };
    service.outside(&publication.endpoint).into_iter().map(install).collect()
}

/// A service with what it reads now; none when nothing is said of it.
pub(super) fn published(
    keystore: &Keystore,
    snapshot: &Snapshot<'_>,
    path: &ServicePath,
) -> Result<Option<Part>, Failure> {
    let Some(settings) = snapshot.committed_settings(path)? else { return Ok(None) };
    let service = Service::new(path.clone(), settings);
    let endpoints = snapshot.committed_endpoints(path)?;
    let mut places = Vec::new();
    for endpoint in &endpoints {
        let files = snapshot.published_files(endpoint)?;
        let full_chain = files.iter().find(|(form, _)| *form == FileForm::FullChain);
        if let Some((_, full_chain)) = full_chain {
            let versions = [Vec::new(), files.clone()];
            places.push(place(keystore, &service, endpoint, &endpoints, full_chain, versions));
        }
    }
    Ok(Some(Part { service, places, endpoints: endpoints.len() }))
}

fn place(
    keystore: &Keystore,
    service: &Service,
    endpoint: &Endpoint,
    endpoints: &[Endpoint],
    full_chain: &[u8],
    versions: [PublishedFiles; 2],
) -> Place {
    // they were loaded before
    let chain = read_certificates(full_chain).unwrap_or_default();
    let names: Vec<Host> = chain.first().map(|leaf| leaf.names().iter().filter_map(host).collect()).unwrap_or_default();
    Place {
        files: service.files(keystore, endpoint),
        name: service.name(&names),
        wanted: chain.iter().map(keystore::pki::Certificate::fingerprint).collect(),
        doors: service.proofs(endpoint, endpoints),
        folder: Keystore::endpoint_folder(endpoint),
        versions,
        endpoint: endpoint.clone(),
    }
}

/// A host that a name of a certificate stands for.
fn host(name: &SubjectAltName) -> Option<Host> {
    match name {
        SubjectAltName::Dns(name) => name.to_string().replacen('*', "www", 1).parse().ok(),
        SubjectAltName::Ip(ip) => Some(Host::Ip(*ip)),
        SubjectAltName::Email(_) | SubjectAltName::Uri(_) => None,
    }
}
