//! What the desired state asks for beyond what there is. Pure: nothing is changed.

use std::collections::BTreeSet;

use super::desired::{Desired, DesiredKey};
use super::key::{Look, Verdict};
use super::mistake::Mistakes;
use super::prune::{Surplus, surplus};
use crate::change::Stage;
use crate::model::{Fate, Renewal};
use crate::name::{AuthorityName, KeyPath};
use crate::ops::Error;
use crate::ops::create_key::Asked;
use crate::ops::make_csr;
use crate::ops::renew::Step;
use crate::pki::SubjectAltName;
use crate::store::{Keystore, Snapshot};

/// What is done to something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// It is made.
    Create,
    /// It is made otherwise.
    Change,
    /// Something else takes its place.
    Replace,
    /// It is taken away.
    Remove,
    /// It waits for a person or an authority.
    Wait,
}

/// What something is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Thing {
    /// A key with its certificate.
    Key,
    /// How a key is renewed.
    Renewal,
    /// How a service is published to.
    Service,
    /// What an endpoint is bound to.
    Binding,
}

/// One thing to be done.
#[derive(Clone, Debug)]
pub struct Item {
    /// What is done.
    pub action: Action,
    /// To what.
    pub thing: Thing,
    /// How that is called.
    pub name: String,
    /// More of it.
    pub detail: String,
}

/// A key for which something is to be made, or whose request is on its way.
#[derive(Debug)]
pub struct Task {
    /// The key.
    pub key: KeyPath,
    /// What is next.
    pub step: Step,
    /// Who signs; none: a person sees to it.
    pub authority: Option<AuthorityName>,
}

/// Everything that is to be done.
#[derive(Debug, Default)]
pub struct Plan {
    /// In words, in the order of keys, services and bindings.
    pub items: Vec<Item>,
    /// How many things are as they should be.
    pub unchanged: usize,
    /// Private keys and requests that are to be made, and requests that wait.
    pub tasks: Vec<Task>,
    /// Private keys that are to be made without a request.
    pub bare: Vec<Asked>,
    /// Keys whose certificate somebody has staged.
    pub staged: Vec<KeyPath>,
}

/// How the desired state is applied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Way {
    /// Whether it goes into a commit of its own: then what administrators have staged is theirs.
    pub apart: bool,
    /// Whether what the files do not name is taken away, on the servers that they name.
    pub prune: bool,
}

/// Compares the desired state with what there is.
///
/// # Errors
/// When the keystore can't be read. What the keystore has no part for is a mistake.
pub fn plan(keystore: &Keystore, desired: &Desired, way: Way, mistakes: &mut Mistakes<'_>) -> Result<Plan, Error> {
    let snapshot = keystore.read()?;
    let staged = snapshot.stage().clone();
    let snapshot = if way.apart { snapshot.with_stage(Stage::default()) } else { snapshot };
    let mut planner = Planner { keystore, snapshot: &snapshot, staged, way, desired, plan: Plan::default() };
    for (key, wanted) in &desired.keys {
        planner.key(key, wanted, mistakes)?;
    }
    planner.services()?;
    planner.bindings()?;
    if way.prune {
        planner.prune(mistakes)?;
    }
    Ok(planner.plan)
}

/// The names of what a key serves: what its services are asked for, else their servers' names where these are whole.
fn collected(
    snapshot: &Snapshot<'_>,
    desired: &Desired,
    wanted: &DesiredKey,
) -> Result<Option<Vec<SubjectAltName>>, Error> {
    let mut names = Vec::new();
    for endpoint in &wanted.bind {
        let probe_name = match desired.services.get(&endpoint.service) {
            Some(said) => said.value.probe_name.clone(),
            None => snapshot.upcoming_settings(&endpoint.service)?.and_then(|settings| settings.probe_name),
        };
        let host = probe_name.or_else(|| make_csr::server_host(endpoint));
        let name = host.as_ref().and_then(make_csr::certified);
        names.extend(name.filter(|name| !names.contains(name)));
    }
    Ok((!names.is_empty()).then_some(names))
}

struct Planner<'a> {
    keystore: &'a Keystore,
    snapshot: &'a Snapshot<'a>,
    /// What administrators have staged.
    staged: Stage,
    way: Way,
    desired: &'a Desired,
    plan: Plan,
}

impl Planner<'_> {
    fn item(&mut self, action: Action, thing: Thing, name: &impl ToString, detail: impl Into<String>) {
        self.plan.items.push(Item { action, thing, name: name.to_string(), detail: detail.into() });
    }

    fn key(&mut self, key: &KeyPath, wanted: &DesiredKey, mistakes: &mut Mistakes<'_>) -> Result<(), Error> {
        let view = self.snapshot.key(key)?;
        if let Some(Fate::Goes { .. }) = view.as_ref().map(|view| &view.fate) {
            mistakes.add(wanted.place, format_args!("{key} is staged to be deleted: commit or discard that first"));
            return Ok(());
        }
        self.authority(wanted, mistakes)?;
        let newest = self.snapshot.facts_of(key)?.and_then(|facts| facts.newest());
        let names = match &wanted.names {
            Some(names) => Some(names.clone()),
            None => collected(self.snapshot, self.desired, wanted)?,
        };
        let look = Look {
            snapshot: self.snapshot,
            defaults: &self.keystore.config().defaults,
            now: self.keystore.world().now(),
            key,
            desired: wanted,
            names,
            newest,
            taken: self.way.apart && self.staged.certificate(key).is_some(),
        };
        let before = view.as_ref().and_then(|view| view.upcoming_renewal.clone());
        let authority = match &wanted.renewal {
            Some(said) => said.value.as_ref().map(|renewal| renewal.authority.clone()),
            None => before.as_ref().map(|renewal| renewal.authority.clone()),
        };
        // an authority that has the request is asked for it, whoever is wanted now
        let has_it = view.as_ref().and_then(|view| view.submission()).filter(|it| it.is_open());
        let asked = has_it.map(|submission| submission.authority.clone()).or_else(|| authority.clone());
        let by = || authority.as_ref().map_or("by hand".to_owned(), |name| format!("by {name}"));
        match look.verdict(view.as_ref())? {
            Verdict::Leave => self.plan.unchanged += 1,
            Verdict::Nameless => mistakes.add(
                wanted.place,
                format_args!("the request of {key} would have no name: say `san`, `subject` or `request = false`"),
            ),
            Verdict::CreateBare(algorithm) => {
                self.item(Action::Create, Thing::Key, key, format!("{algorithm}, without a request"));
                let (key, passphrase, request) = (key.clone(), None, None);
                self.plan.bare.push(Asked { line: 0, key, algorithm, passphrase, request });
            }
            Verdict::Create(step) => {
                self.item(Action::Create, Thing::Key, key, format!("{}, signed {}", in_words(&step), by()));
                self.plan.tasks.push(Task { key: key.clone(), step, authority });
            }
            Verdict::Replace(step, why) => {
                self.item(Action::Replace, Thing::Key, key, format!("{why}: {}, signed {}", in_words(&step), by()));
                self.plan.tasks.push(Task { key: key.clone(), step, authority });
            }
            Verdict::Waits(step) => {
                let whom = asked.as_ref().map_or("a person".to_owned(), ToString::to_string);
                self.item(Action::Wait, Thing::Key, key, format!("its request waits for {whom}"));
                self.plan.tasks.push(Task { key: key.clone(), step, authority: asked });
            }
            Verdict::Staged => {
                self.item(Action::Wait, Thing::Key, key, "its certificate is staged: `keyring commit` brings it in");
                self.plan.staged.push(key.clone());
            }
        }
        self.renewal(key, wanted, before.as_ref());
        Ok(())
    }

    fn authority(&self, wanted: &DesiredKey, mistakes: &mut Mistakes<'_>) -> Result<(), Error> {
        let Some(said) = &wanted.renewal else { return Ok(()) };
        let Some(renewal) = &said.value else { return Ok(()) };
        if self.snapshot.authority(&renewal.authority)?.is_none() {
            let name = &renewal.authority;
            mistakes.add(
                said.place,
                format_args!("there is no authority {name}: `keyring set-authority {name}` describes one"),
            );
        }
        Ok(())
    }

    fn renewal(&mut self, key: &KeyPath, wanted: &DesiredKey, before: Option<&Renewal>) {
        let Some(said) = &wanted.renewal else { return };
        match (before, said.value.as_ref()) {
            (before, wanted) if before == wanted => self.plan.unchanged += usize::from(wanted.is_some()),
            (None, Some(renewal)) => self.item(Action::Create, Thing::Renewal, key, renewal_in_words(renewal)),
            (Some(_), Some(renewal)) => self.item(Action::Change, Thing::Renewal, key, renewal_in_words(renewal)),
            (_, None) => self.item(Action::Remove, Thing::Renewal, key, ""),
        }
    }

    fn services(&mut self) -> Result<(), Error> {
        for (service, said) in &self.desired.services {
            match self.snapshot.upcoming_settings(service)? {
                Some(settings) if settings == said.value => self.plan.unchanged += 1,
                Some(_) => self.item(Action::Change, Thing::Service, service, said.value.profile.as_str()),
                None => self.item(Action::Create, Thing::Service, service, said.value.profile.as_str()),
            }
        }
        Ok(())
    }

    fn bindings(&mut self) -> Result<(), Error> {
        for (endpoint, said) in &self.desired.bindings {
            let key = &said.value;
            match self.snapshot.upcoming_binding(endpoint)? {
                Some(bound) if bound == *key => self.plan.unchanged += 1,
                Some(bound) => self.item(Action::Change, Thing::Binding, endpoint, format!("to {key}, not {bound}")),
                None => self.item(Action::Create, Thing::Binding, endpoint, format!("to {key}")),
            }
        }
        Ok(())
    }

    fn prune(&mut self, mistakes: &mut Mistakes<'_>) -> Result<(), Error> {
        let Surplus { keys, services, endpoints } = surplus(self.snapshot, self.desired)?;
        for (endpoint, key) in endpoints {
            self.item(Action::Remove, Thing::Binding, &endpoint, format!("of {key}"));
        }
        for service in services {
            self.item(Action::Remove, Thing::Service, &service, "");
        }
        let mut held = BTreeSet::new();
        for key in keys {
            if !self.way.apart && self.staged.changes().any(|change| change.names_key(&key)) {
                held.insert(key.to_string());
            }
            self.item(Action::Remove, Thing::Key, &key, "");
        }
        if let (false, Some(place)) = (held.is_empty(), self.desired.keys.values().map(|key| key.place).next()) {
            let keys = Vec::from_iter(held).join(", ");
            let message =
                format!("nothing here names {keys}, of which changes are staged: commit or discard them first");
            mistakes.add(super::mistake::Place { offset: 0, ..place }, message);
        }
        Ok(())
    }
}

fn in_words(step: &Step) -> String {
    let of = |template: &crate::pki::RequestTemplate| match template.names.as_slice() {
        [] => template.subject.to_string(),
        [one] => one.to_string(),
        [one, others @ ..] => format!("{one} and {} more", others.len()),
    };
    match step {
        Step::NewKey { algorithm, template, .. } => format!("new {algorithm} private key for {}", of(template)),
        Step::Request(plan) => format!("request for {}", of(&plan.template)),
        Step::HandIn(_) => "request that waits".to_owned(),
    }
}

fn renewal_in_words(renewal: &Renewal) -> String {
    let reuse = if renewal.reuse_key.is_some() { ", with the same private key" } else { "" };
    format!("by {} at {}{reuse}", renewal.authority, renewal.at)
}
