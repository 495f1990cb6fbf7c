//! `list`: the tree.

use keystore::model::{Generation, InstalledBrief, KeyBrief, NextBrief};
use keystore::name::{Endpoint, KeyPath};
use keystore::ops::list::{self as op, ListedService, Scope, Staged};
use keystore::timestamp::Timestamp;
use serde::Serialize;

use crate::context::Context;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{BindingJson, KeyJson, Page, Report, fate_line, style, until};

const HELP: &str = "\
Examples:
  keyring list
  keyring list mail01/imap
  keyring list --json | jq -r '.result.services[].keys[].key'

Exit codes:
  0  done
  1  failed
  2  usage
  3  a name refused
  4  no keystore, or nothing is there
  7  keystore damaged";

/// Show the tree: servers, protocols, keys
///
/// With the state of each key, the names on its certificate, when it expires and where it is bound.
#[derive(clap::Args, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// A part of the tree: SERVER, SERVER/PROTOCOL or SERVER/PROTOCOL/NAME
    path: Option<String>,
}

#[derive(Serialize)]
struct ServiceJson<'a> {
    service: String,
    keys: Vec<KeyJson<'a>>,
    bindings: Vec<BindingJson>,
}

/// For a person: a page for each server.
struct Tree(Vec<Page>);

pub(crate) fn run(context: &Context, args: &Args) -> Result<Exit, Failure> {
    let scope = scope(args.path.as_deref())?;
    let keystore = context.keystore()?;
    let snapshot = keystore.read()?;
    if context.printer.is_json() {
        let servers = op::list(&snapshot, &scope, |services, _| json(services))?;
        let servers = servers.into_iter().collect::<Result<Vec<_>, _>>().map_err(std::io::Error::from)?;
        let result = result_json(snapshot.generation(), servers);
        return Ok(context.printer.finish_written(context.command, &result)?);
    }
    let now = keystore.world().now();
    let pages = op::list(&snapshot, &scope, |services, staged| Lines { staged, now }.server(&services))?;
    Ok(context.printer.tell(&Tree(pages))?)
}

/// The services of one server as JSON, without the brackets around all of them.
fn json(services: Vec<ListedService<'_>>) -> serde_json::Result<Vec<u8>> {
    // about as long as it will be: growing would copy it again and again
    let keys: usize = services.iter().map(|service| service.keys.len()).sum();
    let mut text = Vec::with_capacity(keys * 1024);
    for (index, service) in services.into_iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        serde_json::to_writer(&mut text, &service_json(service))?;
    }
    // what is left over is for the next server
    text.shrink_to_fit();
    Ok(text)
}

/// The result, of the services of each server.
fn result_json(generation: Generation, servers: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut pieces = vec![format!("{{\"generation\":{generation},\"services\":[").into_bytes()];
    for (index, server) in servers.into_iter().enumerate() {
        if index > 0 {
            pieces.push(b",".to_vec());
        }
        pieces.push(server);
    }
    pieces.push(b"]}".to_vec());
    pieces
}

fn scope(path: Option<&str>) -> Result<Scope, Failure> {
    let Some(path) = path else { return Ok(Scope::All) };
    Ok(match path.matches('/').count() {
        0 => Scope::Server(path.parse().map_err(keystore::name::PathError::from)?),
        1 => Scope::Service(path.parse()?),
        _ => Scope::Key(path.parse()?),
    })
}

fn service_json(service: ListedService<'_>) -> ServiceJson<'_> {
    let binding = |(address, binding): (&keystore::name::Address, &op::ListedBinding)| BindingJson {
        endpoint: format!("{}@{address}", service.path),
        committed: binding.committed.as_ref().map(ToString::to_string),
        upcoming: binding.upcoming.as_ref().map(ToString::to_string),
    };
    ServiceJson {
        service: service.path.to_string(),
        bindings: service.bindings.iter().map(binding).collect(),
        keys: service.keys.into_iter().map(KeyJson::of).collect(),
    }
}

impl Report for Tree {
    fn report(&self, page: &mut Page) {
        for server in &self.0 {
            page.append(server);
        }
    }

    fn notes(&self, page: &mut Page) {
        if self.0.is_empty() {
            page.line("The keystore is empty: `keyring create-key SERVER/PROTOCOL/NAME` makes the first key.");
        }
    }
}

/// Writes the lines of a server.
struct Lines<'a> {
    staged: &'a Staged,
    now: Timestamp,
}

impl Lines<'_> {
    fn server(&self, services: &[ListedService<'_>]) -> Page {
        let mut page = Page::default();
        if let Some(service) = services.first() {
            page.styled(style::STRONG, &service.path.server);
        }
        for service in services {
            page.line(format_args!("  {}", service.path.protocol));
            let width = service.keys.iter().map(|key| key.path.name.as_str().len()).max().unwrap_or(0);
            for key in &service.keys {
                self.key(&mut page, key, width);
            }
            for (address, binding) in &service.bindings {
                if let Some(line) = foreign_binding(service, binding) {
                    page.line(format_args!("    @{address} {line}"));
                }
            }
        }
        page
    }

    fn key(&self, page: &mut Page, key: &KeyBrief<'_>, width: usize) {
        let name = &key.path.name;
        let what = match (&key.current, &key.next) {
            (Some((_, current)), _) => self.certificate(&current.installed),
            (None, Some(next)) => self.next(next),
            (None, None) => "new".to_owned(),
        };
        page.line(format_args!("    {name:width$}  {what}"));
        if let Some(fate) = fate_line(&key.fate) {
            page.line(format_args!("    {:width$}  {fate}, staged", ""));
        }
        if let (Some(_), Some(next)) = (&key.current, &key.next) {
            page.line(format_args!("    {:width$}  next: {}", "", self.next(next)));
        }
        let bound = self.bound(key);
        if !bound.is_empty() {
            page.line(format_args!("    {:width$}  bound to {}", "", bound.join(", ")));
        }
    }

    /// The endpoints of a key, with what is staged for them.
    fn bound(&self, key: &KeyBrief<'_>) -> Vec<String> {
        let short = |endpoint: &Endpoint| {
            let own = endpoint.service == key.path.service;
            if own { format!("@{}", endpoint.address) } else { endpoint.to_string() }
        };
        let committed = key.bound.iter().map(|endpoint| match self.staged.binding(endpoint) {
            None => short(endpoint),
            Some(Some(to)) if *to == key.path => short(endpoint),
            Some(_) => format!("{} (no longer, staged)", short(endpoint)),
        });
        let staged = self.staged.bound_to(&key.path).filter(|endpoint| !key.bound.contains(endpoint));
        committed.chain(staged.map(|endpoint| format!("{} (staged)", short(endpoint)))).collect()
    }

    fn next(&self, next: &NextBrief<'_>) -> String {
        match next {
            NextBrief::New(version) => format!("new, {}, no request yet", version.algorithm),
            NextBrief::Pending { version, reused } => {
                let since = version.requests.last.map_or_else(String::new, Timestamp::date);
                let reused = if *reused { " for the private key in use" } else { "" };
                format!("pending, requested {since}{reused}")
            }
            NextBrief::Installed(_, installed) => format!("{}, staged", self.certificate(installed)),
        }
    }

    fn certificate(&self, installed: &InstalledBrief<'_>) -> String {
        let summary = &installed.summary;
        let first = summary.names.first().unwrap_or(&summary.subject);
        let more = match summary.names.len() {
            0 | 1 => String::new(),
            names => format!(" +{}", names - 1),
        };
        format!("installed, {first}{more}, {}", until(summary.not_after, self.now))
    }
}

/// What is bound to a key of another service; a key of this service says itself where it is bound.
fn foreign_binding(service: &ListedService<'_>, binding: &op::ListedBinding) -> Option<String> {
    let foreign = |key: &Option<KeyPath>| key.as_ref().is_some_and(|key| key.service != service.path);
    if !foreign(&binding.committed) && !foreign(&binding.upcoming) {
        return None;
    }
    Some(match (&binding.committed, &binding.upcoming) {
        (Some(now), Some(next)) if now == next => format!("-> {now}"),
        (Some(now), Some(next)) => format!("-> {now}, staged: -> {next}"),
        (Some(now), None) => format!("-> {now}, staged: free"),
        (None, Some(next)) => format!("-> {next} (staged)"),
        (None, None) => "free".to_owned(),
    })
}
