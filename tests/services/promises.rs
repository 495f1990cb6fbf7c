//! What `keyring commit` promises of every kind of software: to end with everything proven, or with everything as it
//! was. Nobody but the commit tells a daemon anything here.

use std::time::Instant;

use keystore::digest::Digest;

use super::client::{Target, fingerprint};
use super::installation::{Grief, Installation};
use super::rotation::Scene;
use super::traffic::{Gap, Rotation, Traffic};
use super::{apache, dovecot, exim, haproxy, inn, nginx, postfix, slapd, stunnel};

#[test]
fn nginx_serves_what_was_committed_or_what_it_served_before() {
    promises(|scene| nginx::install(scene, "web01"), Gap::None);
}

#[test]
fn apache_serves_what_was_committed_or_what_it_served_before() {
    promises(|scene| apache::install(scene, "web02"), Gap::None);
}

#[test]
fn haproxy_serves_what_was_committed_or_what_it_served_before() {
    promises(|scene| haproxy::install(scene, "lb01"), Gap::None);
}

#[test]
fn dovecot_serves_what_was_committed_or_what_it_served_before() {
    promises(|scene| dovecot::install(scene, "mail01"), Gap::None);
}

#[test]
fn postfix_serves_what_was_committed_or_what_it_served_before() {
    promises(|scene| postfix::install(scene, "mail01"), Gap::None);
}

#[test]
fn slapd_serves_what_was_committed_or_what_it_served_before() {
    promises(|scene| slapd::install(scene, "dir01"), Gap::None);
}

#[test]
fn stunnel_serves_what_was_committed_or_what_it_served_before() {
    promises(|scene| stunnel::install(scene, "app01"), Gap::Own);
}

#[test]
fn exim_serves_what_was_committed_or_what_it_served_before() {
    promises(|scene| exim::install(scene, "mx01"), Gap::Own);
}

#[test]
fn inn_serves_what_was_committed_or_what_it_served_before() {
    promises(|scene| inn::install(scene, "news01"), Gap::Own);
}

/// First publication, rotation under traffic, every grief taken back, and the same rotation once all is mended.
#[track_caller]
fn promises(install: impl Fn(&Scene) -> Installation, gap: Gap) {
    let scene = Scene::new();
    let mut it = install(&scene);
    it.say(&scene, None);
    let first: Vec<_> = it.services.iter().map(|served| fingerprint(&scene.newest(&served.service))).collect();
    commit(&scene, &it);
    it.prove(&scene, &first);

    let second = it.renew(&scene, "rsa-2048");
    let traffic = Traffic::start(&scene.client, &it.targets());
    traffic.wait_for(5);
    commit(&scene, &it);
    let proven = Instant::now();
    traffic.wait_for(20);
    it.prove(&scene, &second);
    let of =
        |target: Target| it.services.iter().position(|served| served.targets.contains(&target)).expect("its service");
    traffic.saw_nothing_but(gap, |target| Rotation { old: first[of(target)], new: second[of(target)], proven });

    let third = it.renew(&scene, "ecdsa-p256");
    for grief in std::mem::take(&mut it.griefs) {
        it.suffer(&scene, &grief);
        is_taken_back(&scene, &it, &grief, &second);
        it.heal(&scene, &grief);
    }
    commit(&scene, &it);
    it.prove(&scene, &third);
}

/// A commit that proves every service.
#[track_caller]
fn commit(scene: &Scene, it: &Installation) {
    let said = scene.keyring.finish(&["commit"]).succeeded().stderr;
    for served in &it.services {
        let is_proven = |line: &str| line.contains(&format!("{}: ", served.service)) && line.ends_with("proven");
        assert!(said.lines().any(is_proven), "{} is not proven:\n{said}", served.service);
    }
}

/// A commit that fails where it is to fail, with nothing recorded and everything as it was.
#[track_caller]
pub(crate) fn is_taken_back(scene: &Scene, it: &Installation, grief: &Grief, before: &[Digest]) {
    let status = scene.keyring.json(&["status"]);
    let table = scene.keyring.finish(&["commit"]).ended_with(6).stderr;
    let service = &it.services[0].service;
    has_row(&table, service, grief.phase, "failed");
    for served in &it.services {
        has_row(&table, &served.service, "undo: prove", "done");
    }
    it.prove(scene, before);
    assert_eq!(scene.keyring.json(&["status"])["staged"], status["staged"], "what was staged is staged still");
    assert_eq!(scene.keyring.json(&["log"])["commits"][0]["generation"], status["generation"], "nothing is recorded");
}

/// The table of a commit that failed has this row.
#[track_caller]
pub(crate) fn has_row(table: &str, service: &str, phase: &str, outcome: &str) {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let row = words(&format!("- {service} {phase} {outcome}"));
    assert!(table.lines().any(|line| words(line).starts_with(&row)), "no {row:?} in:\n{table}");
}
