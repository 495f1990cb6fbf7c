//! Files that were installed outside the keystore, and what becomes of them afterwards.
#![allow(clippy::disallowed_methods, reason = "damages installed files")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::common::World;
use crate::common::output::snapshot;

/// A committed keystore whose service reads copies of its files.
fn installed() -> World {
    let (world, _) = World::committed();
    world.make_folder("tls");
    install(&world, "mail01/imap", "tls");
    world.done(&["commit"]);
    world
}

fn install(world: &World, service: &str, folder: &str) {
    let folder = world.path(folder);
    let nobody = ["--test-command", "none", "--reload-command", "none"];
    let files = ["set-service", service, "--profile", "nginx", "--install-to", folder.to_str().unwrap()];
    world.done(&[&files[..], &nobody].concat());
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_becomes_of_installed_files_is_found_and_mended() {
    let world = installed();
    let (key, chain) = (world.path("tls/private-key.pem"), world.path("tls/fullchain.pem"));
    world.done(&["doctor"]);
    let cases: [(&str, &dyn Fn()); 4] = [
        ("is not what is published", &|| fs::write(&chain, "junk").unwrap()),
        ("has mode 0644, and was given 0600", &|| mode(&key, 0o644)),
        ("is missing", &|| fs::remove_file(&key).unwrap()),
        ("is no file any more", &|| {
            fs::remove_file(&chain).unwrap();
            std::os::unix::fs::symlink("private-key.pem", &chain).unwrap();
        }),
    ];
    for (says, damage) in cases {
        let before = world.listing("tls");
        damage();
        let found = world.keyring(&["doctor", "--json"]).exits(7).result()["findings"].clone();
        assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
        assert_eq!((&found[0]["code"], &found[0]["severity"]), (&"installed-differs".into(), &"trouble".into()));
        assert!(found[0]["message"].as_str().unwrap().ends_with(says), "{found}");
        if chain.is_symlink() {
            // nothing is put in the place of a link: its administrator meant something by it
            assert_eq!(world.keyring(&["publish", "--json"]).exits(3).error()["code"], "install-no-file");
            fs::remove_file(&chain).unwrap();
        }
        assert!(world.done(&["publish"]).stderr.starts_with("Published mail01/imap@default in "));
        world.done(&["doctor"]);
        let names = |listing: Vec<String>| listing.iter().map(|it| it[..24].to_owned()).collect::<Vec<_>>();
        assert_eq!(names(world.listing("tls")), names(before));
        assert!(world.done(&["publish"]).stderr.contains("nothing to do"));
    }
}

#[test]
fn a_folder_that_is_gone_is_a_finding_like_any_other() {
    let world = installed();
    fs::remove_dir_all(world.path("tls")).unwrap();
    snapshot!(world.keyring(&["doctor"]).exits(7), @"
    exit code 7
    -- stdout
    Trouble:
      live/mail01/imap/default: [FOLDER]/tls/private-key.pem is missing, with its folder
        `keyring publish mail01/imap` puts it there anew
      live/mail01/imap/default: [FOLDER]/tls/fullchain.pem is missing, with its folder
        `keyring publish mail01/imap` puts it there anew

    Checked 2 generations, 1 private key, 1 request, 1 certificate, 1 endpoint: 2 cases of trouble.
    -- stderr
    ");
    world.write("tls", "a file in its place");
    let found = world.keyring(&["doctor", "--repair", "--json"]).exits(7).result()["findings"].clone();
    assert_eq!(found.as_array().unwrap().len(), 2, "{found}");
    assert!(found[0]["message"].as_str().unwrap().contains("cannot be looked at"), "{found}");
    // what is behind is named as that, and its files are not looked at
    install(&world, "mail01/imap", "elsewhere");
    world.done(&["commit", "--no-publish"]);
    let found = world.done(&["doctor", "--json"]).result()["findings"].clone();
    assert_eq!((found.as_array().unwrap().len(), &found[0]["code"]), (1, &"unpublished".into()), "{found}");
}

#[test]
fn what_is_installed_stays_where_an_endpoint_is_pruned_and_that_is_said() {
    let world = installed();
    world.done(&["unbind", "mail01/imap@default"]);
    world.done(&["commit"]);
    snapshot!(world.done(&["prune", "--keep", "9", "--live", "--yes"]), @"
    exit code 0
    -- stdout
    -- stderr
    Removed for good:
      the files of mail01/imap@default
    Left: [FOLDER]/tls/private-key.pem, of mail01/imap@default. Remove it when nothing reads it any more.
    Left: [FOLDER]/tls/fullchain.pem, of mail01/imap@default. Remove it when nothing reads it any more.
    ");
    assert!(world.path("tls/private-key.pem").exists());
}
