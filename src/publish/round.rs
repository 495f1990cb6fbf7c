//! One publication after its files were switched: services are given them, tested, reloaded and proven; or all of
//! that is taken back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use keystore::digest::Digest;
use keystore::model::{Generation, Hook};
use keystore::name::{Endpoint, Host, ServicePath};
use keystore::store::{Phase, PublishedFiles};
use zeroize::Zeroizing;

use super::archive;
use super::profile::Files;
use super::proof::{self, ProofFault, Target};
use super::service::{Door, Service};
use super::table::{Did, Table};
use crate::error::Failure;
use crate::hook::Call;

/// An endpoint that gets new files.
pub(crate) struct Place {
    pub(crate) endpoint: Endpoint,
    /// The name of its folder in `live/` and in archives.
    pub(crate) folder: String,
    /// Where its service reads them.
    pub(crate) files: Files,
    /// The name that it is asked for.
    pub(crate) name: Option<Host>,
    /// What it shall serve, leaf first.
    pub(crate) wanted: Vec<Digest>,
    /// Where that is seen.
    pub(crate) doors: Vec<Door>,
    /// The new files, and those that it had.
    pub(crate) versions: [PublishedFiles; 2],
}

/// A service of which something is said, with its endpoints that get new files.
pub(crate) struct Part {
    pub(crate) service: Service,
    pub(crate) places: Vec<Place>,
    /// How many of its endpoints are bound.
    pub(crate) endpoints: usize,
}

/// The services that a publication tells, and what each served before.
pub(crate) struct Round {
    pub(crate) generation: Generation,
    parts: Vec<Part>,
    /// The keystore's folder.
    store: PathBuf,
    before: Vec<Option<Vec<Digest>>>,
    /// Whether nobody looked what was served before: what is read shall be served.
    is_again: bool,
}

/// A program that services of one server share.
struct Shared<'r> {
    server: &'r str,
    hook: Hook,
    input: String,
    services: Vec<usize>,
}

/// How far it came, for the way back.
#[derive(Default)]
pub(crate) struct Reached {
    given: Vec<usize>,
    reloaded: Vec<usize>,
}

impl Round {
    /// Looks at what every service serves now.
    pub(crate) fn begin(store: PathBuf, generation: Generation, parts: Vec<Part>) -> Self {
        let mut round = Self { generation, parts, store, before: Vec::new(), is_again: false };
        round.before = proof::look(&round.targets());
        round
    }

    /// To be told again: they have their files already, and serve them once they are told.
    pub(crate) fn again(store: PathBuf, generation: Generation, parts: Vec<Part>) -> (Self, Reached) {
        let mut round = Self { generation, parts, store, before: Vec::new(), is_again: true };
        round.before = vec![None; round.targets().len()];
        let all = round.all();
        (round, all)
    }

    /// Everything that is done there is.
    pub(crate) fn all(&self) -> Reached {
        let all: Vec<_> = (0..self.parts.len()).collect();
        let given = all.iter().copied().filter(|index| self.parts[*index].service.publish().is_some()).collect();
        Reached { given, reloaded: all }
    }

    /// Every service but these.
    pub(crate) fn services_without(&self, left: &BTreeSet<&ServicePath>) -> BTreeSet<ServicePath> {
        let services = self.parts.iter().map(|part| &part.service.path);
        services.filter(|service| !left.contains(service)).cloned().collect()
    }

    /// The services that have read all they are to read when this is through. A program that takes files elsewhere is
    /// given those of the endpoints that get new ones, and no others.
    pub(crate) fn services_in_full(&self) -> BTreeSet<ServicePath> {
        let is_whole = |part: &&Part| part.service.publish().is_none() || part.places.len() == part.endpoints;
        self.parts.iter().filter(is_whole).map(|part| part.service.path.clone()).collect()
    }

    fn targets(&self) -> Vec<Target> {
        let target = |part: &Part, place: &Place, door: &Door| Target {
            door: door.clone(),
            name: place.name.clone(),
            wanted: place.wanted.clone(),
            within: part.service.timeout(),
        };
        let of_place =
            |part, place: &Place| place.doors.iter().map(|door| target(part, place, door)).collect::<Vec<_>>();
        self.parts.iter().flat_map(|part| part.places.iter().flat_map(move |place| of_place(part, place))).collect()
    }

    /// The service of each target, in the same order.
    fn services(&self) -> Vec<&ServicePath> {
        let of_part = |part: &Part| part.places.iter().map(|place| place.doors.len()).sum();
        self.parts.iter().flat_map(|part| std::iter::repeat_n(&part.service.path, of_part(part))).collect()
    }

    /// Gives services their new files, tests, reloads and proves them.
    ///
    /// # Errors
    /// How far it came, when something failed. The table says what.
    pub(crate) fn go(&self, table: &mut Table) -> Result<(), Reached> {
        let mut reached = Reached::default();
        for (index, part) in self.parts.iter().enumerate() {
            let Some(hook) = part.service.publish() else { continue };
            reached.given.push(index);
            if !self.give(table, part, &hook, Phase::Publish) {
                return Err(reached);
            }
        }
        let all: Vec<_> = (0..self.parts.len()).collect();
        if !self.run_each(table, Phase::Test, &all, Service::test, |_| {}) {
            return Err(reached);
        }
        let reloads = |index| reached.reloaded.push(index);
        if !self.run_each(table, Phase::Reload, &all, Service::reload, reloads) || !self.prove_new(table) {
            return Err(reached);
        }
        Ok(())
    }

    /// Gives services the files that they had, has them read these and proves what they served.
    pub(crate) fn go_back(&self, table: &mut Table, reached: &Reached) {
        for index in &reached.given {
            let part = &self.parts[*index];
            if let Some(hook) = part.service.undo() {
                self.give(table, part, &hook, Phase::Undo);
            }
        }
        self.run_each(table, Phase::ReloadFormer, &reached.reloaded, Service::reload, |_| {});
        self.prove_old(table);
    }

    /// Gives a program the new files, or those of before.
    fn give(&self, table: &mut Table, part: &Part, hook: &Hook, phase: Phase) -> bool {
        let which = usize::from(phase == Phase::Undo);
        let versions = part.places.iter().map(|place| (place.folder.as_str(), &place.versions[which]));
        let input = Zeroizing::new(archive::tar(versions));
        let did = self.call(&[part], hook, &input, phase);
        let is_done = did.is_ok();
        table.add(&part.service.path, phase, did);
        is_done
    }

    /// Runs a program of each of these services: the same one on the same server once for all of them. Says whether all
    /// succeeded; a test names every failure, a reload ends at the first.
    fn run_each(
        &self,
        table: &mut Table,
        phase: Phase,
        which: &[usize],
        hook: impl Fn(&Service) -> Option<Hook>,
        mut begins: impl FnMut(usize),
    ) -> bool {
        let mut calls: Vec<Shared<'_>> = Vec::new();
        for &index in which {
            let part = &self.parts[index];
            let Some(hook) = hook(&part.service) else { continue };
            let (server, input) = (part.service.path.server.as_str(), part.input(phase));
            match calls.iter_mut().find(|call| (call.server, &call.hook, &call.input) == (server, &hook, &input)) {
                Some(call) => call.services.push(index),
                None => calls.push(Shared { server, hook, input, services: vec![index] }),
            }
        }
        let mut all_done = true;
        for Shared { hook, input, services, .. } in calls {
            services.iter().for_each(|index| begins(*index));
            let parts: Vec<_> = services.iter().map(|index| &self.parts[*index]).collect();
            let did = self.call(&parts, &hook, input.as_bytes(), phase);
            all_done &= did.is_ok();
            for part in parts {
                table.add(&part.service.path, phase, did.clone());
            }
            if !all_done && phase == Phase::Reload {
                break;
            }
        }
        all_done
    }

    fn call(&self, parts: &[&Part], hook: &Hook, input: &[u8], phase: Phase) -> Did {
        let timeout = parts.iter().map(|part| part.service.timeout()).max().unwrap_or_default();
        let variables = self.variables(parts, phase);
        // what is taken back is taken back to its end
        let interruptible = matches!(phase, Phase::Publish | Phase::Test | Phase::Reload);
        let call = Call { hook, variables, input, timeout, interruptible };
        call.run().map(Some).map_err(|fault| Failure::whole_message(&fault))
    }

    /// What a program is told of what it is run for.
    fn variables(&self, parts: &[&Part], phase: Phase) -> Vec<(&'static str, String)> {
        let Some(part) = parts.first() else { return Vec::new() };
        let services: Vec<_> = parts.iter().map(|part| part.service.path.to_string()).collect();
        let endpoints: Vec<_> =
            parts.iter().flat_map(|part| &part.places).map(|place| place.endpoint.to_string()).collect();
        let mut variables = vec![
            ("KEYRING_PHASE", phase.as_str().to_owned()),
            ("KEYRING_STORE", self.store.display().to_string()),
            ("KEYRING_GENERATION", self.generation.to_string()),
            ("KEYRING_SERVICE", part.service.path.to_string()),
            ("KEYRING_SERVER", part.service.path.server.to_string()),
            ("KEYRING_PROTOCOL", part.service.path.protocol.to_string()),
            ("KEYRING_SERVICES", services.join(" ")),
            ("KEYRING_ENDPOINTS", endpoints.join(" ")),
        ];
        if let Some(place) = part.places.first() {
            use keystore::model::FileForm as F;
            let forms = [
                ("KEYRING_PRIVATE_KEY_FILE", F::PrivateKey),
                ("KEYRING_CERTIFICATE_FILE", F::Certificate),
                ("KEYRING_CHAIN_FILE", F::Chain),
                ("KEYRING_FULLCHAIN_FILE", F::FullChain),
                ("KEYRING_COMBINED_FILE", F::Combined),
            ];
            variables.extend(forms.map(|(name, form)| (name, place.files.path(form).display().to_string())));
        }
        variables
    }

    fn prove_new(&self, table: &mut Table) -> bool {
        let targets = self.targets().into_iter().zip(self.before.clone());
        prove(table, Phase::Prove, self.services().into_iter().zip(targets))
    }

    fn prove_old(&self, table: &mut Table) {
        let old = |(service, (target, before)): (_, (Target, Option<Vec<Digest>>))| match before {
            Some(wanted) => Some((service, (Target { wanted: wanted.clone(), ..target }, Some(wanted)))),
            None => self.is_again.then_some((service, (target, None))),
        };
        let targets = self.targets().into_iter().zip(self.before.clone());
        prove(table, Phase::ProveFormer, self.services().into_iter().zip(targets).filter_map(old));
    }
}

/// Proves targets of services, with what each served before as far as anybody knows. Says whether none failed.
fn prove<'p>(
    table: &mut Table,
    phase: Phase,
    targets: impl Iterator<Item = (&'p ServicePath, (Target, Option<Vec<Digest>>))>,
) -> bool {
    let (services, targets): (Vec<_>, Vec<_>) = targets.map(|(service, target)| (service, patience(target))).unzip();
    let results = proof::prove(&targets, phase == Phase::Prove);
    let mut proven = Vec::new();
    for ((service, (target, before)), result) in services.into_iter().zip(targets).zip(results) {
        // nobody is known to have listened where nobody said that somebody does
        if before.is_none() && !target.door.said && result.as_ref().is_err_and(ProofFault::is_nobody) {
            table.skip(service, phase, unproven(service, &target));
        } else {
            proven.push((service, result));
        }
    }
    add_proofs(table, phase, proven)
}

/// Adds a row for each service: the first of its doors that failed decides. Says whether none did.
fn add_proofs<'p>(
    table: &mut Table,
    phase: Phase,
    proofs: impl IntoIterator<Item = (&'p ServicePath, Result<(), ProofFault>)>,
) -> bool {
    let mut rows: BTreeMap<&ServicePath, Did> = BTreeMap::new();
    for (service, result) in proofs {
        let row = rows.entry(service).or_insert(Ok(None));
        if let (Ok(_), Err(fault)) = (&row, result) {
            *row = Err(fault.to_string());
        }
    }
    let all_proven = rows.values().all(Result::is_ok);
    for (service, row) in rows {
        table.add(service, phase, row);
    }
    all_proven
}

impl Part {
    /// What a program of this service reads on standard input.
    fn input(&self, phase: Phase) -> String {
        match (phase, self.service.knowledge().reload_input, self.places.first()) {
            (Phase::Reload | Phase::ReloadFormer, Some(input), Some(place)) => input(&place.files),
            _ => String::new(),
        }
    }
}

/// Where nobody listened and nobody said that somebody does, nobody is waited for either.
fn patience((target, before): (Target, Option<Vec<Digest>>)) -> (Target, Option<Vec<Digest>>) {
    let within = if before.is_none() && !target.door.said { proof::GLANCE } else { target.within };
    (Target { within, ..target }, before)
}

fn unproven(service: &ServicePath, target: &Target) -> String {
    let url = &target.door.url;
    format!("not proven, as nobody listens at {url}: `keyring set-service {service} --probe URL` says where")
}
