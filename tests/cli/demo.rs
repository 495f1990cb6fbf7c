//! `demo`. That it proves what it says is tested in src/demo; here, how it is run.

use crate::common::World;
use crate::common::output::snapshot;

#[test]
fn plays_the_workflow_and_can_leave_it_to_explore() {
    let world = World::empty();
    let played = world.done(&["demo", "--keep", "played"]);
    assert_eq!(played.stdout.matches("\nverified ").count(), 8, "{played}");
    assert!(
        played.stdout.contains("error: publishing failed at mail02/pop3 (prove) and everything is as it was"),
        "{played}"
    );
    assert!(played.stdout.contains("$ keyring create-key mail01/imap/main --next"), "{played}");
    snapshot!(world.done(&["--store", "played/keystore", "list"]), @"
    exit code 0
    -- stdout
    mail01
      imap
        main  installed, dns:mail01.example.com +1, until [DATE] ([DAYS])
              bound to @default, mail02/pop3@default
    mail02
      pop3
        @default -> mail01/imap/main
    -- stderr
    ");
    snapshot!(world.keyring(&["demo", "--keep", "played"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: played exists already
    hint: name a folder that is not there yet
    ");
}

#[test]
fn leaves_nothing_unless_it_is_told_to() {
    let mut world = World::empty();
    world.set("TMPDIR", world.path("home").to_str().unwrap());
    let played = world.done(&["demo", "--json"]);
    snapshot!(played.result(), @r#"{"kept":null,"proofs":[{"after":"[SHA256]","before":"[SHA256]","endpoint":"mail01/imap@default","name":"mail01.example.com"},{"after":"[SHA256]","before":"[SHA256]","endpoint":"mail02/pop3@default","name":"mail02.example.com"}]}"#);
    assert!(world.listing("home").is_empty());
    assert!(!world.store().exists());
}
