use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Change, Conflict, Stage, Target};
use crate::model::{Generation, Installed, KeyEntry, Renewal, State, VersionNumber};
use crate::name::{Address, Endpoint, KeyPath, ServerName, ServicePath};
use crate::timestamp::Timestamp;

fn now() -> Timestamp {
    Timestamp::from_unix(0)
}

fn key(text: &str) -> KeyPath {
    text.parse().unwrap()
}

fn endpoint(text: &str) -> Endpoint {
    text.parse().unwrap()
}

fn bind(at: &str, to: &str) -> Change {
    Change::Bind { endpoint: endpoint(at), key: key(to) }
}

fn unbind(at: &str) -> Change {
    Change::Unbind { endpoint: endpoint(at) }
}

fn install(at: &str, version: u32) -> Change {
    Change::InstallCertificate { key: key(at), installed: Box::new(Installed::sample(version, 1)), after: None }
}

/// Stages changes; each call that opens a change set names it by how many there are.
fn put(stage: &mut Stage, sealed: &[String], changes: impl IntoIterator<Item = Change>) {
    for change in changes {
        let id = format!("set {}", stage.sets.len() + 1);
        stage.put(change, sealed, || id, now());
    }
}

fn staged(changes: impl IntoIterator<Item = Change>) -> Stage {
    let mut stage = Stage::default();
    put(&mut stage, &[], changes);
    stage
}

fn changes(stage: &Stage) -> Vec<Change> {
    stage.changes().cloned().collect()
}

#[test]
fn a_later_change_about_the_same_takes_the_place_of_the_earlier() {
    let stage = staged([
        bind("a/imap@default", "a/imap/one"),
        install("a/imap/one", 1),
        bind("a/imap@default", "a/imap/two"),
        install("a/imap/one", 2),
        unbind("b/imap@default"),
        bind("b/imap@default", "a/imap/one"),
    ]);
    let expected =
        [bind("a/imap@default", "a/imap/two"), install("a/imap/one", 2), bind("b/imap@default", "a/imap/one")];
    assert_eq!(changes(&stage), expected);
    assert_eq!(stage.sets.len(), 1);
    assert_eq!(stage.binding(&endpoint("a/imap@default")), Some(Some(&key("a/imap/two"))));
    assert_eq!(stage.binding(&endpoint("c/imap@default")), None);
    assert_eq!(stage.certificate(&key("a/imap/one")), Some(&Installed::sample(2, 1)));
    assert_eq!(stage.certificate(&key("a/imap/two")), None);
}

#[test]
fn what_is_taken_back_is_gone_and_an_empty_set_with_it() {
    let mut stage = staged([bind("a/imap@default", "a/imap/one")]);
    assert!(!stage.withdraw(&Target::Certificate(key("a/imap/one")), &[]));
    assert!(stage.withdraw(&Target::Binding(endpoint("a/imap@default")), &[]));
    assert!(stage.is_empty());
    assert_eq!(stage, Stage::default());
}

#[test]
fn what_a_commit_has_taken_is_never_altered() {
    let mut stage = staged([bind("a/imap@default", "a/imap/one"), install("a/imap/one", 1)]);
    let taken = stage.clone();
    let sealed = stage.ids();

    assert!(!stage.withdraw(&Target::Certificate(key("a/imap/one")), &sealed));
    assert_eq!(stage.remove(&sealed, |_| true), []);
    assert_eq!(stage, taken);

    put(&mut stage, &sealed, [unbind("a/imap@default"), install("a/imap/one", 2)]);
    assert_eq!(stage.sets.len(), 2);
    assert_eq!(stage.sets[0], taken.sets[0]);
    assert_eq!(stage.binding(&endpoint("a/imap@default")), Some(None), "the newest set has the last word");
    assert_eq!(stage.certificate(&key("a/imap/one")), Some(&Installed::sample(2, 1)));

    // What was added since can be taken back alone.
    assert_eq!(stage.remove(&sealed, |_| true), [unbind("a/imap@default"), install("a/imap/one", 2)]);
    assert_eq!(stage, taken);
}

#[test]
fn a_recorded_set_leaves_what_came_after_it() {
    let mut stage = staged([bind("a/imap@default", "a/imap/one")]);
    let recorded = stage.ids();
    put(&mut stage, &recorded, [install("a/imap/one", 2)]);
    let rest = stage.clone().without(&recorded);
    assert_eq!(changes(&rest), [install("a/imap/one", 2)]);
    assert!(rest.clone().without(&rest.ids()).is_empty());
    assert_eq!(stage.clone().without(&["another".to_owned()]), stage);
}

#[test]
fn freeing_a_free_endpoint_is_a_conflict() {
    let stage = staged([unbind("a/imap@default"), unbind("b/imap@default"), bind("c/imap@default", "a/imap/one")]);
    let conflicts = stage.apply(State::default(), Generation(1)).unwrap_err();
    let not_bound = |text| Conflict::NotBound { endpoint: endpoint(text) };
    assert_eq!(conflicts, [not_bound("a/imap@default"), not_bound("b/imap@default")]);
}

#[test]
fn a_key_that_is_bound_in_the_end_is_not_deleted() {
    let delete = |text: &str| Change::DeleteKey {
        key: key(text),
        through: VersionNumber(1),
        waiting: None,
        renamed_to: None,
        after: None,
    };
    let bound = [install("a/imap/one", 1), bind("b/imap@default", "a/imap/one")];
    let state = staged(bound).apply(State::default(), Generation(1)).unwrap();
    let conflicts = staged([delete("a/imap/one")]).apply(state.clone(), Generation(2)).unwrap_err();
    let endpoints = BTreeSet::from([endpoint("b/imap@default")]);
    assert_eq!(conflicts, [Conflict::StillBound { key: key("a/imap/one"), endpoints }]);
    // The order in which its endpoints are taken from it does not matter.
    let taken = staged([delete("a/imap/one"), bind("b/imap@default", "a/imap/two")]);
    let state = taken.apply(state, Generation(2)).unwrap();
    let entry = state.key(&key("a/imap/one")).unwrap();
    assert_eq!((&entry.current, entry.deleted), (&None, Some(VersionNumber(1))));
}

#[test]
fn what_another_commit_did_meanwhile_is_not_undone() {
    let after = Some(Generation(1));
    let through = VersionNumber(1);
    let installed = || Some(Box::new(Installed::sample(1, 1)));
    let copied = || BTreeSet::from([through]);
    let one = || key("a/imap/one");
    let made_at_first = [
        Change::InstallCertificate { key: one(), installed: Box::new(Installed::sample(1, 1)), after },
        Change::DeleteKey { key: one(), through, waiting: None, renamed_to: None, after },
        Change::RestoreKey { key: one(), current: installed(), deleted: None, copied: copied(), forced: false, after },
    ];
    let first = staged([install("a/imap/one", 1)]).apply(State::default(), Generation(1)).unwrap();
    // With the same private key, so that numbers do not tell.
    let renewed = staged([install("a/imap/one", 1)]).apply(first.clone(), Generation(2)).unwrap();
    for change in made_at_first {
        let stage = staged([change]);
        stage.apply(first.clone(), Generation(2)).unwrap();
        let conflicts = stage.apply(renewed.clone(), Generation(3)).unwrap_err();
        assert_eq!(conflicts, [Conflict::Overtaken { key: one(), since: Generation(2) }]);
    }
    let copy = Change::CopyKey { from: key("b/imap/two"), to: one(), versions: copied(), current: installed() };
    let conflicts = staged([copy]).apply(renewed, Generation(3)).unwrap_err();
    assert_eq!(conflicts, [Conflict::Taken { key: one(), since: Generation(2) }]);
}

#[test]
fn a_deleted_version_does_not_come_back_by_a_certificate() {
    let delete = Change::DeleteKey {
        key: key("a/imap/one"),
        through: VersionNumber(1),
        waiting: None,
        renamed_to: None,
        after: None,
    };
    let deleted = staged([delete]).apply(State::default(), Generation(1)).unwrap();
    let conflicts = staged([install("a/imap/one", 1)]).apply(deleted.clone(), Generation(2)).unwrap_err();
    assert_eq!(conflicts, [Conflict::Deleted { key: key("a/imap/one") }]);
    staged([install("a/imap/one", 2)]).apply(deleted, Generation(2)).unwrap();
}

#[test]
fn an_entry_says_since_when() {
    let first = staged([bind("a/imap@default", "a/imap/one"), install("a/imap/one", 1)]);
    let state = first.apply(State::default(), Generation(7)).unwrap();
    assert_eq!(state.binding(&endpoint("a/imap@default")).unwrap().since, Generation(7));
    assert_eq!(state.current(&key("a/imap/one")).unwrap().since, Generation(7));
    let state = staged([install("a/imap/one", 2)]).apply(state, Generation(8)).unwrap();
    assert_eq!(state.binding(&endpoint("a/imap@default")).unwrap().since, Generation(7));
    assert_eq!(state.current(&key("a/imap/one")).unwrap().since, Generation(8));
}

const SERVERS: [&str; 4] = ["a", "b", "c", "d"];

fn any_change() -> impl Strategy<Value = Change> {
    let service = || (0..SERVERS.len(), prop_oneof![Just("imap"), Just("smtp")]);
    let key = || (service(), 1..3u8).prop_map(|((s, p), n)| key(&format!("{}/{p}/key{n}", SERVERS[s])));
    let address = prop_oneof![Just("default"), Just("192.0.2.7:993")];
    let endpoint = (service(), address).prop_map(|((s, p), at)| endpoint(&format!("{}/{p}@{at}", SERVERS[s])));
    prop_oneof![
        4 => (endpoint.clone(), key()).prop_map(|(endpoint, key)| Change::Bind { endpoint, key }),
        2 => endpoint.prop_map(|endpoint| Change::Unbind { endpoint }),
        2 => (key(), 1..4u32).prop_map(|(key, version)| Change::InstallCertificate {
            key,
            installed: Box::new(Installed::sample(version, 1)),
            after: None,
        }),
        1 => (key(), any::<bool>()).prop_map(|(key, is_said)| Change::SetRenewal {
            key,
            renewal: is_said.then(|| Box::new(Renewal::by("internal".parse().unwrap()))),
        }),
        1 => (key(), key(), 1..4u32).prop_map(|(from, to, version)| Change::CopyKey {
            from,
            to,
            versions: [VersionNumber(version)].into(),
            current: Some(Box::new(Installed::sample(version, 1))),
        }),
        1 => (key(), 1..4u32).prop_map(|(key, through)| Change::DeleteKey {
            key,
            through: VersionNumber(through),
            waiting: (through > 1).then_some(VersionNumber(through)),
            renamed_to: None,
            after: None,
        }),
        1 => (key(), any::<Option<bool>>()).prop_map(|(key, current)| Change::RestoreKey {
            key,
            current: current.map(|_| Box::new(Installed::sample(1, 1))),
            deleted: None,
            copied: BTreeSet::new(),
            forced: current == Some(true),
            after: None,
        }),
    ]
}

/// Every server loaded, after these changes one by one; those that cannot be applied are left out.
fn whole_state(changes: &[Change]) -> State {
    let mut state = State::default();
    for server in SERVERS {
        state.load(server.parse().unwrap(), Default::default());
    }
    for (change, generation) in changes.iter().zip(1..) {
        let stage = staged([change.clone()]);
        state = stage.apply(state.clone(), Generation(generation)).unwrap_or(state);
    }
    state
}

type Relation = BTreeSet<(Endpoint, KeyPath)>;

/// The relation between endpoints and keys, as each side tells it.
fn bindings(state: &State) -> (Relation, Relation) {
    let (mut from_endpoints, mut from_keys) = (BTreeSet::new(), BTreeSet::new());
    for (server, server_state) in state.servers() {
        for (protocol, service_state) in &server_state.services {
            let service = ServicePath { server: server.clone(), protocol: protocol.clone() };
            let at = |address: &Address| Endpoint { service: service.clone(), address: *address };
            let bindings = service_state.bindings.iter();
            from_endpoints.extend(bindings.map(|(address, binding)| (at(address), binding.key.clone())));
            for (name, entry) in &service_state.keys {
                let key = KeyPath { service: service.clone(), name: name.clone() };
                from_keys.extend(entry.bound.iter().map(|endpoint| (endpoint.clone(), key.clone())));
            }
        }
    }
    (from_endpoints, from_keys)
}

fn servers(state: &State) -> BTreeMap<&ServerName, &crate::model::ServerState> {
    state.servers().collect()
}

proptest! {
    #[test]
    fn both_sides_of_a_binding_agree_and_nothing_empty_stays(changes in prop::collection::vec(any_change(), 0..40)) {
        let state = whole_state(&changes);
        let (from_endpoints, from_keys) = bindings(&state);
        prop_assert_eq!(from_endpoints, from_keys);
        for (_, server) in state.servers() {
            for service in server.services.values() {
                prop_assert!(!service.keys.is_empty() || !service.bindings.is_empty());
                for entry in service.keys.values() {
                    prop_assert!(*entry != KeyEntry::default());
                }
            }
        }
    }

    #[test]
    fn the_servers_it_asks_for_are_all_that_a_stage_needs(
        before in prop::collection::vec(any_change(), 0..30),
        first in prop::collection::vec(any_change(), 0..5),
        second in prop::collection::vec(any_change(), 0..5),
    ) {
        let whole = whole_state(&before);
        let mut stage = staged(first);
        // As when a commit had taken the first change set and was taken back.
        let sealed = stage.ids();
        put(&mut stage, &sealed, second);

        let mut partial = State::default();
        loop {
            let missing = stage.missing_servers(&partial);
            if missing.is_empty() {
                break;
            }
            for server in missing {
                partial.load(server.clone(), servers(&whole)[&server].clone());
            }
        }
        let loaded: BTreeSet<ServerName> = partial.servers().map(|(name, _)| name.clone()).collect();
        match (stage.apply(whole.clone(), Generation(99)), stage.apply(partial, Generation(99))) {
            (Ok(of_whole), Ok(of_partial)) => {
                let (whole, of_whole, of_partial) = (servers(&whole), servers(&of_whole), servers(&of_partial));
                prop_assert!(of_partial.keys().all(|server| loaded.contains(*server)), "a server that was not loaded");
                for (name, server) in of_whole {
                    let expected = of_partial.get(name).unwrap_or(&whole[name]);
                    prop_assert_eq!(&server, expected);
                }
            }
            (of_whole, of_partial) => prop_assert_eq!(of_whole.err(), of_partial.err()),
        }
    }

    #[test]
    fn what_is_foreseen_for_a_key_is_what_comes(
        before in prop::collection::vec(any_change(), 0..30),
        staged_changes in prop::collection::vec(any_change(), 0..10),
    ) {
        let state = whole_state(&before);
        let stage = staged(staged_changes);
        let Ok(after) = stage.apply(state.clone(), Generation(99)) else { return Ok(()) };
        for key in stage.changes().filter_map(Change::key) {
            let mut foreseen = stage.upcoming(key, state.key(key)).entry;
            let came = after.key(key).cloned().unwrap_or_default();
            // Bindings are not followed; which generation it is only a commit knows.
            foreseen.bound = came.bound.clone();
            let installed = |entry: &KeyEntry| entry.current.as_ref().map(|current| current.installed.clone());
            prop_assert_eq!(installed(&foreseen), installed(&came));
            prop_assert_eq!((foreseen.deleted, foreseen.copied), (came.deleted, came.copied));
        }
    }

    #[test]
    fn every_staged_change_is_about_something_else(changes in prop::collection::vec(any_change(), 0..30)) {
        let stage = staged(changes.clone());
        let targets: BTreeSet<Target> = stage.changes().map(Change::target).collect();
        prop_assert_eq!(targets.len(), stage.changes().count());
        for target in targets {
            let last = changes.iter().rfind(|change| change.target() == target);
            prop_assert_eq!(stage.changes().find(|change| change.target() == target), last);
        }
    }
}
