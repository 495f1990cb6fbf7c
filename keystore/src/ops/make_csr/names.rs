//! The names of one certificate for many endpoints.

use crate::model::KeyView;
use crate::name::{Endpoint, Host};
use crate::ops::Error;
use crate::ops::warning::covers;
use crate::pki::SubjectAltName;
use crate::store::Snapshot;

/// What all these endpoints are called, each name once: their servers, where those are host names with a dot; what their
/// services are probed by; and what the certificates are for that they will serve after the next commit.
///
/// # Errors
/// When nothing is known of one, or when the keystore can't be read.
pub fn names_for(snapshot: &Snapshot<'_>, endpoints: &[Endpoint]) -> Result<Vec<SubjectAltName>, Error> {
    let mut names = Vec::new();
    for endpoint in endpoints {
        let own = names_of(snapshot, endpoint)?;
        if own.is_empty() {
            return Err(Error::EndpointNameless { endpoint: endpoint.clone() });
        }
        for name in own {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    Ok(names)
}

fn names_of(snapshot: &Snapshot<'_>, endpoint: &Endpoint) -> Result<Vec<SubjectAltName>, Error> {
    let server = server_host(endpoint);
    let probed = snapshot.upcoming_settings(&endpoint.service)?.and_then(|settings| settings.probe_name);
    let mut names: Vec<_> = server.iter().chain(&probed).filter_map(certified).collect();
    if let Some(key) = snapshot.upcoming_binding(endpoint)? {
        let view = snapshot.key(&key)?;
        let installed = view.as_ref().and_then(KeyView::upcoming);
        names.extend(installed.into_iter().flat_map(|installed| installed.summary.names.iter().cloned()));
    }
    Ok(names)
}

/// The host that an endpoint's server is, where its name is a whole one.
pub(in crate::ops) fn server_host(endpoint: &Endpoint) -> Option<Host> {
    let server = endpoint.server().as_str();
    if server.contains('.') { server.parse().ok() } else { None }
}

/// What a certificate calls a host.
pub(in crate::ops) fn certified(host: &Host) -> Option<SubjectAltName> {
    match host {
        Host::Ip(address) => Some(SubjectAltName::Ip(*address)),
        Host::Name(name) => name.as_str().parse().ok().map(SubjectAltName::Dns),
    }
}

/// The endpoints that a key is bound to after the next commit, and that these names would not cover.
///
/// # Errors
/// When the keystore can't be read.
pub fn not_covered(snapshot: &Snapshot<'_>, view: &KeyView, names: &[SubjectAltName]) -> Result<Vec<Endpoint>, Error> {
    let endpoints = snapshot.upcoming_endpoints_of(view)?;
    Ok(endpoints.into_iter().filter(|endpoint| !covers(names, endpoint)).collect())
}
