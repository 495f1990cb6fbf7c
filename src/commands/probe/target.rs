//! What is to be looked at: where, asking for which name, and what should be there.

use keystore::name::{Endpoint, Host, ProbeUrl};
use keystore::ops::probe::{self as op, Expected};
use keystore::store::Snapshot;

use super::Args;
use crate::context::Context;
use crate::error::Failure;
use crate::publish::Service;

/// One service.
pub(super) struct Target {
    /// Its endpoint, when it is of the keystore.
    pub(super) endpoint: Option<Endpoint>,
    /// Where it is reached; none where nobody knows.
    pub(super) url: Option<ProbeUrl>,
    /// The host that is asked for.
    pub(super) name: Host,
    /// What should be served.
    pub(super) expected: Option<Expected>,
}

/// As it was written.
enum Asked {
    Endpoint(Endpoint),
    Url(ProbeUrl),
}

impl Asked {
    /// What needs no keystore.
    fn by_itself(&self, name: Option<&Host>) -> Option<Target> {
        match self {
            Self::Url(url) => Some(of_url(url.clone(), name)),
            Self::Endpoint(_) => None,
        }
    }
}

/// Everything that was asked for, in order; without arguments, everything that is bound. The keystore is opened when
/// something of it is asked for.
pub(super) fn all(context: &Context, args: &Args) -> Result<Vec<Target>, Failure> {
    let name = args.name.as_deref().map(str::parse::<Host>).transpose()?;
    let at = args.at.as_deref().map(str::parse::<ProbeUrl>).transpose()?;
    let asked = args.targets.iter().map(|text| parse(text)).collect::<Result<Vec<_>, _>>()?;
    if at.is_some() && !matches!(asked.as_slice(), [Asked::Endpoint(_)]) {
        let message = "--at says where one endpoint is reached".to_owned();
        return Err(Failure::Usage { message, hint: "give one ENDPOINT with it, SERVER/PROTOCOL@ADDRESS" });
    }
    let by_themselves: Option<Vec<_>> = asked.iter().map(|one| one.by_itself(name.as_ref())).collect();
    if let Some(targets) = by_themselves.filter(|targets| !targets.is_empty()) {
        return Ok(targets);
    }
    let keystore = context.keystore()?;
    let snapshot = keystore.read()?;
    let asked = match asked.is_empty() {
        true => op::endpoints(&snapshot)?.into_iter().map(Asked::Endpoint).collect(),
        false => asked,
    };
    let mut targets = Vec::new();
    for one in asked {
        match one {
            Asked::Url(url) => targets.push(of_url(url, name.as_ref())),
            Asked::Endpoint(endpoint) => {
                targets.extend(of_endpoint(&snapshot, &endpoint, at.as_ref(), name.as_ref())?);
            }
        }
    }
    Ok(targets)
}

fn parse(text: &str) -> Result<Asked, Failure> {
    match text.contains("://") {
        true => Ok(Asked::Url(text.parse()?)),
        false => Ok(Asked::Endpoint(text.parse()?)),
    }
}

fn of_url(url: ProbeUrl, name: Option<&Host>) -> Target {
    let name = name.unwrap_or(url.host()).clone();
    Target { endpoint: None, url: Some(url), name, expected: None }
}

/// An endpoint at every place where its service is proven.
fn of_endpoint(
    snapshot: &Snapshot<'_>,
    endpoint: &Endpoint,
    at: Option<&ProbeUrl>,
    name: Option<&Host>,
) -> Result<Vec<Target>, Failure> {
    let expected = op::expected(snapshot, endpoint)?;
    let service = snapshot.committed_settings(&endpoint.service)?;
    let service = service.map(|settings| Service::new(endpoint.service.clone(), settings));
    let hosts = expected.hosts();
    let usual = || hosts.first().cloned();
    let name = name.cloned().or_else(|| service.as_ref().map_or_else(usual, |service| service.name(&hosts)));
    let mut urls = match at {
        Some(url) => vec![Some(url.clone())],
        None => places(snapshot, endpoint, service.as_ref())?.into_iter().map(Some).collect(),
    };
    if urls.is_empty() {
        urls.push(ProbeUrl::of_endpoint(endpoint));
    }
    let target = |url: Option<ProbeUrl>| {
        let server = || Host::Name(endpoint.server().clone());
        let host = || url.as_ref().map_or_else(server, |url| url.host().clone());
        let name = name.clone().unwrap_or_else(host);
        Target { endpoint: Some(endpoint.clone()), url, name, expected: Some(expected.clone()) }
    };
    Ok(urls.into_iter().map(target).collect())
}

/// Where the settings of its service say that an endpoint is proven.
fn places(snapshot: &Snapshot<'_>, endpoint: &Endpoint, service: Option<&Service>) -> Result<Vec<ProbeUrl>, Failure> {
    let Some(service) = service else { return Ok(Vec::new()) };
    let bound = snapshot.committed_endpoints(&endpoint.service)?;
    Ok(service.doors(endpoint, &bound).into_iter().map(|door| door.url).collect())
}
