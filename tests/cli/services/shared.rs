//! Two services that would be given the same file outside the keystore.

use super::renew;
use crate::common::output::snapshot;
use crate::common::{KEY, World};

/// Says that a service reads copies of its files in a folder, and is told nothing.
fn install(world: &World, service: &str, folder: &str) {
    let folder = world.path(folder);
    let nobody = ["--test-command", "none", "--reload-command", "none"];
    let files = ["set-service", service, "--profile", "nginx", "--install-to", folder.to_str().unwrap()];
    world.done(&[&files[..], &nobody].concat());
}

#[test]
fn a_file_that_another_service_has_is_refused_before_anything_is_switched() {
    let (world, authority) = World::committed();
    world.make_folder("tls");
    world.make_folder("other");
    install(&world, "mail01/imap", "tls");
    world.done(&["commit"]);
    // its own files are replaced, and so is what is nobody's
    renew(&world, &authority, KEY);
    world.done(&["commit"]);
    world.write("tls/fullchain.pem", "junk");
    renew(&world, &authority, KEY);
    world.done(&["commit"]);
    world.done(&["bind", KEY, "mail01/pop3@default"]);
    install(&world, "mail01/pop3", "tls");
    let before = (world.listing("keystore"), world.listing("tls"));
    snapshot!(world.keyring(&["commit"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: [FOLDER]/tls/private-key.pem is to be installed twice: for mail01/imap@default and for mail01/pop3@default
    hint: give each endpoint's service files of its own with set-service; nothing was changed
    ");
    for arguments in [&["commit", "--dry-run"][..], &["commit", "--each"], &["commit"]] {
        let refused = world.keyring(&[arguments, &["--json"]].concat()).exits(3);
        assert_eq!(refused.error()["code"], "install-twice", "{refused}");
    }
    assert_eq!((world.listing("keystore"), world.listing("tls")), before);
    // what is committed and not published yet has no claim of its own either
    world.done(&["commit", "--no-publish"]);
    let live = world.listing("tls");
    assert_eq!(world.keyring(&["publish", "--json"]).exits(3).error()["code"], "install-twice");
    assert!(world.keyring(&["publish", "--each"]).exits(11).stderr.contains("is to be installed twice"));
    assert_eq!(world.listing("tls"), live);
    install(&world, "mail01/pop3", "other");
    world.done(&["commit"]);
    world.done(&["doctor"]);
    // once nobody else is given it, it can be taken over
    install(&world, "mail01/imap", "other");
    install(&world, "mail01/pop3", "tls");
    let crossed = world.keyring(&["commit", "--dry-run", "--json"]);
    assert_eq!(crossed.exits(0).result()["committed"], false);
    world.done(&["commit"]);
    world.done(&["doctor"]);
}

#[test]
fn a_dry_run_refuses_a_file_that_two_services_of_one_commit_are_given() {
    let (world, _) = World::committed();
    world.make_folder("tls");
    world.done(&["bind", KEY, "mail01/pop3@default"]);
    install(&world, "mail01/imap", "tls");
    install(&world, "mail01/pop3", "tls");
    for arguments in [&["commit", "--dry-run", "--json"][..], &["commit", "--json"], &["commit", "--each", "--json"]] {
        assert_eq!(world.keyring(arguments).exits(3).error()["code"], "install-twice");
    }
    world.done(&["commit", "--no-publish", "--dry-run"]);
    assert!(world.listing("tls").is_empty());
}
