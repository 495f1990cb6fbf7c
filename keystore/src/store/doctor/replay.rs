//! The committed states: every file that a record reaches, and every state against what the changes of its record
//! make of the one before. Hashes that were made anew in one place do not hide a change from that.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::IgnoredAny;

use super::super::layout::{self, PRIVATE_FILE};
use super::super::live::Expected;
use super::super::log::{EndpointChange, Pair, Record};
use super::super::tree::{Object, Tree};
use super::super::{DiskError, StoreError, tree};
use super::finding::{Code, Finding};
use super::known::{Known, Wanted};
use super::look::{Belongs, Look};
use super::remedy::{Remedy, Repair};
use crate::change::{ChangeSet, Stage};
use crate::digest::Digest;
use crate::model::{Binding, Current, Generation, ServerState, State};
use crate::name::{Address, Endpoint, KeyPath, ServerName, ServicePath};

/// A file of a state that is missing or damaged.
struct Lost {
    code: Code,
    message: String,
    generation: Generation,
    /// What replaying the log made of it.
    bytes: Option<Vec<u8>>,
}

/// The state, record by record.
#[derive(Default)]
pub(super) struct Replay {
    /// The state after the last record; none when it can't be told, `Some` of an empty tree before the first.
    tree: Option<Tree>,
    begun: bool,
    sound: BTreeSet<Digest>,
    /// Servers' files whose contents are known to the other checks.
    taken: BTreeSet<Digest>,
    lost: BTreeMap<Digest, Lost>,
    last: Generation,
}

impl Replay {
    /// Begins behind what was cut off: the state there can't be told.
    pub(super) fn after(through: Generation) -> Self {
        Self { begun: through > Generation::EMPTY, last: through, ..Self::default() }
    }

    /// Takes the next record; none when it can't be read.
    pub(super) fn step(
        &mut self,
        look: &mut Look<'_>,
        known: &mut Known,
        generation: Generation,
        record: Option<&Record>,
    ) {
        let before = if self.begun { self.tree.take() } else { Some(Tree::default()) };
        let follows = generation.0 == self.last.0 + 1;
        (self.begun, self.last) = (true, generation);
        let Some(record) = record else { return };
        let kept = self.load::<Tree>(look, record.state, generation);
        let made = before.filter(|_| follows).and_then(|before| self.replay(look, &before, record));
        self.tree = match made {
            Some(made) => self.compare(look, record, made, kept),
            None => kept,
        };
        let Some(tree) = self.tree.clone() else { return };
        for (server, digest) in tree.objects() {
            if self.taken.insert(digest)
                && let Some(state) = self.load::<ServerState>(look, digest, generation)
            {
                known.name_all(server, &state, generation);
            }
        }
    }

    fn is_known(&self, digest: Digest) -> bool {
        self.sound.contains(&digest) || self.lost.contains_key(&digest)
    }

    /// Reads a file of a state; from the replay when it is lost on the disk.
    fn load<T: serde::de::DeserializeOwned>(
        &mut self,
        look: &mut Look<'_>,
        digest: Digest,
        generation: Generation,
    ) -> Option<T> {
        if let Some(lost) = self.lost.get(&digest) {
            return serde_json::from_slice(lost.bytes.as_ref()?).ok();
        }
        match tree::load_object(look.disk, digest) {
            Ok(object) => {
                self.sound.insert(digest);
                Some(object)
            }
            Err(error) => {
                let missing = !super::history::stands(look.disk, &layout::state_object(digest));
                let code = if missing { Code::StateMissing } else { Code::StateDamaged };
                let message = match error {
                    StoreError::Disk(DiskError { source, .. }) => format!("it cannot be read: {source}"),
                    other => other.reason(),
                };
                self.lost.insert(digest, Lost { code, message, generation, bytes: None });
                None
            }
        }
    }

    /// What the changes of a record make of the state before; none when that can't be told.
    fn replay(&mut self, look: &mut Look<'_>, before: &Tree, record: &Record) -> Option<Made> {
        let changes = ChangeSet { id: String::new(), since: record.time, changes: record.changes.clone() };
        let stage = Stage { sets: vec![changes] };
        let mut state = State::default();
        loop {
            let missing = stage.missing_servers(&state);
            if missing.is_empty() {
                break;
            }
            for server in missing {
                self.load_server(look, before, &server, &mut state, record.generation)?;
            }
        }
        for EndpointChange { endpoint, .. } in &record.endpoints {
            self.load_server(look, before, endpoint.server(), &mut state, record.generation)?;
            if let Some(key) = state.binding(endpoint).map(|binding| binding.key.clone()) {
                self.load_server(look, before, key.server(), &mut state, record.generation)?;
            }
        }
        let after = match stage.apply(state.clone(), record.generation) {
            Ok(after) => after,
            Err(conflicts) => {
                let reasons: Vec<_> = conflicts.iter().map(ToString::to_string).collect();
                differs(look, record, format!("its changes can't be made: {}", reasons.join("; ")));
                return None;
            }
        };
        check_endpoints(look, record, &state, &after);
        let (tree, root, servers) = before.clone().replaced(&after);
        Some(Made { tree, root, servers })
    }

    fn load_server(
        &mut self,
        look: &mut Look<'_>,
        tree: &Tree,
        server: &ServerName,
        state: &mut State,
        generation: Generation,
    ) -> Option<()> {
        if !state.has(server) {
            let loaded = match tree.object(server) {
                Some(digest) => self.load(look, digest, generation)?,
                None => ServerState::default(),
            };
            state.load(server.clone(), loaded);
        }
        Some(())
    }

    /// Holds what was made against what the record names; keeps what was made for files that are lost.
    fn compare(&mut self, look: &mut Look<'_>, record: &Record, made: Made, kept: Option<Tree>) -> Option<Tree> {
        if made.root.digest != record.state {
            let servers = kept.as_ref().map(|kept| made.tree.differing(kept)).unwrap_or_default();
            let servers: Vec<_> = servers.iter().map(ToString::to_string).collect();
            let where_ = if servers.is_empty() { String::new() } else { format!(", on {}", servers.join(", ")) };
            differs(look, record, format!("its state is not what its changes make of the one before{where_}"));
            return kept;
        }
        for Object { digest, bytes } in made.servers.into_iter().chain([made.root]) {
            if !self.is_known(digest) {
                self.load::<IgnoredAny>(look, digest, record.generation);
            }
            if let Some(lost) = self.lost.get_mut(&digest) {
                lost.bytes = Some(bytes);
            }
        }
        Some(made.tree)
    }

    /// Says what is lost and what nobody reaches, and takes in what the newest state wants published.
    pub(super) fn finish(mut self, look: &mut Look<'_>, known: &mut Known) {
        if let Some(tree) = if self.begun { self.tree.take() } else { Some(Tree::default()) } {
            self.newest(look, known, &tree);
        }
        let is_object = |name: &str| layout::state_digest(name).is_some() || name == layout::head_hint().name();
        let names = look.survey(&layout::state(), |name| is_object(name).then_some(Belongs::File(PRIVATE_FILE)));
        known.is_broken |= self.lost.values().any(|lost| lost.bytes.is_none());
        for digest in names.iter().filter_map(|name| layout::state_digest(name)) {
            if !known.is_broken && !known.is_committing && !self.is_known(digest) {
                let finding = Finding::new(Code::StateUnused, layout::state_object(digest), "no record reaches it");
                look.found(
                    finding
                        .mended_by("a commit that was taken back left it: it can be removed, unless a record got lost"),
                );
            }
        }
        look.counts.state_objects += self.sound.len() as u64;
        for (digest, Lost { code, message, generation, bytes }) in self.lost {
            let finding = Finding::new(code, layout::state_object(digest), message).in_generation(generation);
            let remedy = bytes.map_or(Remedy::Backup, |bytes| Repair::WriteState { digest, bytes }.into());
            look.found(finding.mended_by(remedy));
        }
    }

    /// What the newest state binds, seen from both sides, and what it wants published.
    fn newest(&mut self, look: &mut Look<'_>, known: &mut Known, tree: &Tree) {
        let mut keys: BTreeMap<KeyPath, Current> = BTreeMap::new();
        let mut bindings: BTreeMap<Endpoint, Binding> = BTreeMap::new();
        let mut bound: BTreeSet<(Endpoint, KeyPath)> = BTreeSet::new();
        for (server, digest) in tree.objects() {
            let Some(state) = self.load::<ServerState>(look, digest, self.last) else { return };
            for (protocol, service) in state.services {
                let path = ServicePath { server: server.clone(), protocol };
                // what is said of a service is published with its endpoints
                let since = |it: &Binding| Binding { since: service.bound_since(it), key: it.key.clone() };
                let endpoint = |address: &Address| Endpoint { service: path.clone(), address: *address };
                bindings.extend(service.bindings.iter().map(|(address, it)| (endpoint(address), since(it))));
                for (name, entry) in service.keys {
                    let key = KeyPath { service: path.clone(), name };
                    known.copied(&key, &entry.copied);
                    known.past.extend(entry.past().map(|through| (key.clone(), through)));
                    bound.extend(entry.bound.into_iter().map(|endpoint| (endpoint, key.clone())));
                    keys.extend(entry.current.map(|current| (key, current)));
                }
                known.settings.extend(service.settings.map(|settings| (path.clone(), *settings)));
            }
        }
        let seen: BTreeSet<_> = bindings.iter().map(|(endpoint, it)| (endpoint.clone(), it.key.clone())).collect();
        for (endpoint, key) in seen.symmetric_difference(&bound) {
            let message = format!("{endpoint} is bound to {key} on one side only");
            let finding = Finding::new(Code::BindingOneSided, layout::commit(self.last), message);
            let finding = finding.at(endpoint).of_key(key).in_generation(self.last);
            look.found(
                finding
                    .mended_by(format!("`keyring bind {key} {endpoint}` or `keyring unbind {endpoint}`, and commit")),
            );
        }
        let mut wanted = BTreeMap::new();
        for (endpoint, Binding { key, since }) in bindings {
            match keys.get(&key) {
                Some(Current { since: installed_since, installed }) => {
                    let committed = since.max(*installed_since);
                    wanted.insert(endpoint, Wanted { expected: Expected::of(installed), key, committed });
                }
                None => _ = known.bound.insert(endpoint),
            }
        }
        known.wanted = Some(wanted);
    }
}

/// A state that was made by replaying.
struct Made {
    tree: Tree,
    root: Object,
    servers: Vec<Object>,
}

fn differs(look: &mut Look<'_>, record: &Record, message: String) {
    let finding = Finding::new(Code::StateDiffers, layout::commit(record.generation), message);
    let finding = finding.and(layout::state_object(record.state)).in_generation(record.generation);
    look.found(finding.mended_by(Remedy::Backup));
}

/// Holds what a record says of endpoints against the states on both sides of it.
fn check_endpoints(look: &mut Look<'_>, record: &Record, before: &State, after: &State) {
    let pair = |state: &State, endpoint: &Endpoint| {
        let key = &state.binding(endpoint)?.key;
        Some(Pair::of(key, &state.current(key)?.installed))
    };
    for EndpointChange { endpoint, from, to } in &record.endpoints {
        if (pair(before, endpoint), pair(after, endpoint)) != (from.clone(), to.clone()) {
            differs(
                look,
                record,
                format!("what it says was published at {endpoint} is not what its changes publish there"),
            );
        }
    }
}
