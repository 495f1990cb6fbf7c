//! Services that read their files outside the keystore.

use super::{FILES, renew};
use crate::common::daemon::{Daemon, fingerprint};
use crate::common::output::snapshot;
use crate::common::{KEY, World};

#[test]
fn files_outside_the_keystore_change_with_it() {
    let (world, authority) = World::committed();
    world.make_folder("tls");
    world.write("tls/fullchain.pem", "what somebody had there before\n");
    let folder = world.path("tls");
    let daemon = Daemon::reading(&world, "outside", folder.clone());
    let files = ["--install-to", folder.to_str().unwrap(), "--timeout", "3"];
    let hooks = ["--test-command", "none", "--reload-command", &daemon.reload];
    daemon.set_service(&world, "mail01/imap", "nginx", &[files, hooks].concat());
    world.done(&["commit"]);
    let old = fingerprint(&world, "tls/fullchain.pem");
    assert_eq!((daemon.serves(), &old), (Some(old.clone()), &fingerprint(&world, FILES)));
    let modes: Vec<_> =
        world.listing("tls").iter().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(modes, ["tls/fullchain.pem 0644", "tls/private-key.pem 0600"]);
    renew(&world, &authority, KEY);
    world.done(&["set-service", "mail01/imap", "--reload-command", "true"]);
    let _ = world.keyring(&["commit"]).exits(6);
    assert_eq!((daemon.serves(), fingerprint(&world, "tls/fullchain.pem")), (Some(old.clone()), old));
    assert_eq!(world.listing("tls").len(), 2, "nothing is left beside them");
}

#[test]
fn commands_take_the_files_to_another_place_and_bring_the_old_ones_back() {
    let (world, authority) = World::committed();
    world.make_folder("elsewhere");
    let elsewhere = world.path("elsewhere").display().to_string();
    let daemon = Daemon::reading(&world, "elsewhere", world.path("elsewhere/default"));
    let untar = format!("tar -x -f - -C {elsewhere}; {}", daemon.reload);
    let commands = ["--timeout", "3", "--publish-command", &untar, "--undo-command", &untar];
    daemon.set_service(&world, "mail01/imap", "command", &commands);
    world.done(&["commit"]);
    let old = fingerprint(&world, FILES);
    assert_eq!(daemon.serves(), Some(old.clone()));
    renew(&world, &authority, KEY);
    world.done(&["set-service", "mail01/imap", "--test-command", "false"]);
    snapshot!(world.keyring(&["commit"]).exits(6), @"
    exit code 6
    -- stdout
    -- stderr
    error: publishing failed at mail01/imap (test) and everything is as it was
      - mail01/imap  publish       done
      - mail01/imap  test          failed     false ended with exit status 1
      - mail01/imap  undo          done
      - mail01/imap  prove-former  done
    hint: what is staged stays staged: mend what is named and commit again
    ");
    assert_eq!((daemon.serves(), fingerprint(&world, "elsewhere/default/fullchain.pem")), (Some(old.clone()), old));
    world.done(&["set-service", "mail01/imap", "--test-command", "default"]);
    world.done(&["commit"]);
    assert_eq!(daemon.serves(), Some(fingerprint(&world, "next.pem")));
}
