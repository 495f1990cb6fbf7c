//! What `keyring commit` promises of every kind of software: to end with everything proven, or with everything as it
//! was. Nobody but the commit tells a daemon anything here.

use std::time::Instant;

use keystore::digest::Digest;

use super::account::may_become_others;
use super::client::Target;
use super::installation::Installation;
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
    if !may_become_others("Postfix") {
        return;
    }
    promises(|scene| postfix::install(scene, "mail01"), Gap::None);
}

#[test]
fn slapd_serves_what_was_committed_or_what_it_served_before() {
    // one of some hundred connections was broken off in one of several runs
    promises(|scene| slapd::install(scene, "dir01"), Gap::Meeting);
}

#[test]
fn stunnel_serves_what_was_committed_or_what_it_served_before() {
    promises(|scene| stunnel::install(scene, "app01"), Gap::Port);
}

#[test]
fn exim_serves_what_was_committed_or_what_it_served_before() {
    if !may_become_others("Exim") {
        return;
    }
    promises(|scene| exim::install(scene, "mx01"), Gap::Own);
}

#[test]
fn inn_serves_what_was_committed_or_what_it_served_before() {
    if !may_become_others("INN") {
        return;
    }
    promises(|scene| inn::install(scene, "news01"), Gap::Own);
}

/// First publication, rotation under traffic, every grief taken back, and the same rotation once all is mended.
#[track_caller]
fn promises(install: impl Fn(&Scene) -> Installation, gap: Gap) {
    let scene = Scene::new();
    let mut it = install(&scene);
    it.say(&scene, None);
    let first = it.newest(&scene);
    commit(&scene, [&it]);
    it.prove(&scene, &first);

    let second = it.renew(&scene, "rsa-2048");
    let traffic = Traffic::start(&scene.client, &it.targets());
    traffic.wait_for(5);
    commit(&scene, [&it]);
    let proven = Instant::now();
    traffic.wait_for(20);
    it.prove(&scene, &second);
    let of =
        |target: Target| it.services.iter().position(|served| served.targets.contains(&target)).expect("its service");
    traffic.saw_nothing_but(gap, |target| Rotation { old: first[of(target)], new: second[of(target)], proven });

    let third = it.renew(&scene, "ecdsa-p256");
    for grief in std::mem::take(&mut it.griefs) {
        it.suffer(&scene, &grief);
        let row = [&it.services[0].service, grief.phase, "failed", grief.says];
        is_taken_back(&scene, &[(&it, &second)], row);
        it.heal(&scene, &grief);
    }
    commit(&scene, [&it]);
    it.prove(&scene, &third);
}

/// A commit that proves every service.
#[track_caller]
fn commit<'a>(scene: &Scene, all: impl IntoIterator<Item = &'a Installation>) {
    let said = scene.keyring.finish(&["commit"]).succeeded().stderr;
    for served in all.into_iter().flat_map(|it| &it.services) {
        let is_proven = |line: &str| line.contains(&format!("{}: ", served.service)) && line.ends_with("proven");
        assert!(said.lines().any(is_proven), "{} is not proven:\n{said}", served.service);
    }
}

/// A commit that fails at one service, with nothing recorded and everything as it was.
#[track_caller]
fn is_taken_back(scene: &Scene, all: &[(&Installation, &[Digest])], failed: [&str; 4]) {
    let status = scene.keyring.json(&["status"]);
    let table = scene.keyring.finish(&["commit"]).ended_with(6).stderr;
    println!("{table}");
    has_row(&table, failed);
    for (it, before) in all {
        for served in &it.services {
            has_row(&table, [&served.service, "prove-former", "done", ""]);
        }
        it.prove(scene, before);
    }
    let after = scene.keyring.json(&["status"]);
    assert!(status["staged"].as_array().is_some_and(|staged| !staged.is_empty()), "{status}");
    assert_eq!(after["staged"], status["staged"], "what was staged is staged still");
    assert_eq!(after["generation"], status["generation"], "nothing is recorded");
}

/// The table of a commit that failed has this row.
#[track_caller]
fn has_row(table: &str, [service, phase, outcome, says]: [&str; 4]) {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let row = words(&format!("- {service} {phase} {outcome}"));
    let is_it = |line: &str| words(line).starts_with(&row) && line.contains(says);
    assert!(table.lines().any(is_it), "no {row:?} that says {says:?} in:\n{table}");
}

#[test]
fn ten_services_on_three_servers_serve_what_they_did_when_the_ninth_fails() {
    if !may_become_others("ten services") {
        return;
    }
    let scene = Scene::new();
    let all = [
        nginx::install(&scene, "alpha"),
        dovecot::install(&scene, "alpha"),
        postfix::install(&scene, "alpha"),
        apache::install(&scene, "beta"),
        slapd::install(&scene, "beta"),
        exim::install(&scene, "beta"),
        haproxy::install(&scene, "gamma"),
        inn::install(&scene, "gamma"),
        stunnel::install(&scene, "gamma"),
    ];
    let mut services: Vec<_> = all.iter().flat_map(|it| &it.services).map(|served| served.service.as_str()).collect();
    // the order in which they are told
    services.sort_unstable();
    assert_eq!(services.len(), 10);
    let ninth = services[8];
    all.iter().for_each(|it| it.say(&scene, None));
    let first: Vec<Vec<_>> = all.iter().map(|it| it.newest(&scene)).collect();
    commit(&scene, &all);
    all.iter().zip(&first).for_each(|(it, first)| it.prove(&scene, first));

    let second: Vec<_> = all.iter().map(|it| it.renew(&scene, "rsa-2048")).collect();
    // nnrpd may not read what belongs to root
    assert_eq!(ninth, "gamma/nntp");
    scene.keyring.run(&["set-service", ninth, "--owner", "root", "--timeout", "10"]);
    let before: Vec<_> = all.iter().zip(first.iter().map(Vec::as_slice)).collect();
    is_taken_back(&scene, &before, [ninth, "prove", "failed", "580 Error initializing TLS"]);

    scene.keyring.run(&["set-service", ninth, "--owner", "default", "--timeout", "default"]);
    commit(&scene, &all);
    all.iter().zip(&second).for_each(|(it, second)| it.prove(&scene, second));
}
