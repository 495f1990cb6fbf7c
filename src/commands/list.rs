//! `list`: the tree.

use keystore::change::{Change, Stage};
use keystore::model::{KeyView, Next};
use keystore::name::{Endpoint, KeyPath};
use keystore::ops::list::{self as op, ListedService, Scope};
use keystore::timestamp::Timestamp;
use serde::Serialize;

use crate::context::Context;
use crate::error::Failure;
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
struct ServiceJson {
    service: String,
    keys: Vec<KeyJson>,
    bindings: Vec<BindingJson>,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    generation: u64,
    services: Vec<ServiceJson>,
    #[serde(skip)]
    tree: Vec<ListedService>,
    #[serde(skip)]
    stage: Stage,
    #[serde(skip)]
    now: Timestamp,
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<Outcome, Failure> {
    let scope = scope(args.path.as_deref())?;
    let keystore = context.keystore()?;
    let snapshot = keystore.read()?;
    let tree = op::list(&snapshot, &scope)?;
    let services = if context.printer.is_json() { tree.iter().map(service_json).collect() } else { Vec::new() };
    let (generation, now) = (snapshot.generation().0, keystore.world().now());
    Ok(Outcome { generation, services, tree, stage: snapshot.stage().clone(), now })
}

fn scope(path: Option<&str>) -> Result<Scope, Failure> {
    let Some(path) = path else { return Ok(Scope::All) };
    Ok(match path.matches('/').count() {
        0 => Scope::Server(path.parse().map_err(keystore::name::PathError::from)?),
        1 => Scope::Service(path.parse()?),
        _ => Scope::Key(path.parse()?),
    })
}

fn service_json(service: &ListedService) -> ServiceJson {
    let binding = |(address, binding): (&keystore::name::Address, &op::ListedBinding)| BindingJson {
        endpoint: format!("{}@{address}", service.path),
        committed: binding.committed.as_ref().map(ToString::to_string),
        upcoming: binding.upcoming.as_ref().map(ToString::to_string),
    };
    ServiceJson {
        service: service.path.to_string(),
        keys: service.keys.iter().map(KeyJson::of).collect(),
        bindings: service.bindings.iter().map(binding).collect(),
    }
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        let mut server = None;
        for service in &self.tree {
            if server != Some(&service.path.server) {
                page.styled(style::STRONG, &service.path.server);
                server = Some(&service.path.server);
            }
            page.line(format_args!("  {}", service.path.protocol));
            let width = service.keys.iter().map(|view| view.path.name.as_str().len()).max().unwrap_or(0);
            for view in &service.keys {
                self.key(page, view, width);
            }
            for (address, binding) in &service.bindings {
                if let Some(line) = foreign_binding(service, binding) {
                    page.line(format_args!("    @{address} {line}"));
                }
            }
        }
    }

    fn notes(&self, page: &mut Page) {
        if self.tree.is_empty() {
            page.line("The keystore is empty: `keyring create-key SERVER/PROTOCOL/NAME` makes the first key.");
        }
    }
}

impl Outcome {
    fn key(&self, page: &mut Page, view: &KeyView, width: usize) {
        let name = &view.path.name;
        let what = match (&view.current, &view.next) {
            (Some(current), _) => self.certificate(&current.installed),
            (None, Some(next)) => self.next(next),
            (None, None) => "new".to_owned(),
        };
        page.line(format_args!("    {name:width$}  {what}"));
        if let Some(fate) = fate_line(&view.fate) {
            page.line(format_args!("    {:width$}  {fate}, staged", ""));
        }
        if let (Some(_), Some(next)) = (&view.current, &view.next) {
            page.line(format_args!("    {:width$}  next: {}", "", self.next(next)));
        }
        let bound = self.bound(view);
        if !bound.is_empty() {
            page.line(format_args!("    {:width$}  bound to {}", "", bound.join(", ")));
        }
    }

    /// The endpoints of a key, with what is staged for them.
    fn bound(&self, view: &KeyView) -> Vec<String> {
        let short = |endpoint: &Endpoint| {
            let own = endpoint.service == view.path.service;
            if own { format!("@{}", endpoint.address) } else { endpoint.to_string() }
        };
        let committed = view.bound.iter().map(|endpoint| match self.stage.binding(endpoint) {
            None => short(endpoint),
            Some(Some(key)) if *key == view.path => short(endpoint),
            Some(_) => format!("{} (no longer, staged)", short(endpoint)),
        });
        let staged = self.stage.changes().filter_map(|change| match change {
            Change::Bind { endpoint, key } if *key == view.path && !view.bound.contains(endpoint) => Some(endpoint),
            _ => None,
        });
        committed.chain(staged.map(|endpoint| format!("{} (staged)", short(endpoint)))).collect()
    }

    fn next(&self, next: &Next) -> String {
        match next {
            Next::New(version) => format!("new, {}, no request yet", version.algorithm),
            Next::Pending { version, reused } => {
                let since = version.requests.last().map_or_else(String::new, |request| request.made.date());
                let reused = if *reused { " for the private key in use" } else { "" };
                format!("pending, requested {since}{reused}")
            }
            Next::Installed(installed) => format!("{}, staged", self.certificate(installed)),
        }
    }

    fn certificate(&self, installed: &keystore::model::Installed) -> String {
        let summary = &installed.summary;
        let first = summary.names.first().map_or_else(|| summary.subject.to_string(), ToString::to_string);
        let more = match summary.names.len() {
            0 | 1 => String::new(),
            names => format!(" +{}", names - 1),
        };
        format!("installed, {first}{more}, {}", until(summary.not_after, self.now))
    }
}

/// What is bound to a key of another service; a key of this service says itself where it is bound.
fn foreign_binding(service: &ListedService, binding: &op::ListedBinding) -> Option<String> {
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
