//! `man`.

use crate::common::World;
use crate::common::output::snapshot;

#[test]
fn renders_the_page_of_the_program_and_of_every_command() {
    let world = World::empty();
    let page = world.done(&["man"]);
    assert!(page.stdout.starts_with(".ie") && page.stdout.contains(".TH KEYRING 1"), "{page}");
    assert_eq!(page.stderr, "");
    let page = world.done(&["man", "make-csr"]).stdout;
    assert!(page.contains(".TH KEYRING-MAKE-CSR 1") && page.contains("Exit codes:"), "{page}");
    let document = world.done(&["man", "make-csr", "--json"]).result();
    assert_eq!(document["page"].as_str(), Some(page.as_str()));
}

#[test]
fn writes_all_pages_and_none_over_one_that_is_there() {
    let world = World::empty();
    world.done(&["man", "--out-dir", "home"]);
    let names: Vec<_> = world.listing("home").iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    // one for each command, and one for them all
    assert!(
        names.len() == world.commands().len() + 1 && names.contains(&"home/keyring-bind.1".to_owned()),
        "{names:?}"
    );
    snapshot!(world.keyring(&["man", "--out-dir", "home"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: home/keyring-init.1 exists already
    hint: name another file, or say --force to replace it
    ");
    let written = world.done(&["man", "--out-dir", "home", "--force", "--json"]).result();
    assert_eq!(written["files"].as_array().unwrap().len(), names.len());
}

#[test]
fn refuses_a_command_that_there_is_not() {
    let world = World::empty();
    snapshot!(world.keyring(&["man", "fly"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: there is no command fly
    hint: `keyring help` names the commands
    ");
    assert_eq!(world.keyring(&["man", "fly", "--json"]).exits(2).error()["kind"], "usage");
}
