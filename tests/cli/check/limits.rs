//! When a certificate that ends is spoken of.

use super::{all_is_well, one, valid, verdict_of};
use crate::common::output::snapshot;
use crate::common::{Authority, ENDPOINT, KEY, World};

#[test]
fn limits_are_days_or_shares() {
    // 50 days, of which 20 and a half are left: 41 %
    let world = valid(-30, 20);
    let said = |more: &[&str]| {
        let output = world.keyring(&[&["check", "--no-probe", "--json"], more].concat());
        output.json()["result"]["verdict"].as_str().unwrap().to_owned()
    };
    assert_eq!(said(&[]), "ok");
    assert_eq!(said(&["--warning", "20", "--critical", "5"]), "ok");
    assert_eq!(said(&["--warning", "21", "--critical", "5"]), "warning");
    assert_eq!(said(&["--warning", "21", "--critical", "21"]), "critical");
    assert_eq!(said(&["--warning", "40%"]), "ok");
    assert_eq!(said(&["--warning", "42%"]), "warning");
    assert_eq!(said(&["--warning", "90%", "--critical", "42%"]), "critical");
    // longer than the certificate lives: a third counts
    assert_eq!(said(&["--warning", "60"]), "ok");
    snapshot!(world.keyring(&["check", "--no-probe", "--warning", "21"]).exits(12), @"
    exit code 12
    -- stdout
    warning: mail01/imap/main: its certificate expires in 20 days, [TIME]
    WARNING: 1 endpoint and 1 certificate; the first expires in 20 days, [TIME] (mail01/imap/main)
    -- stderr
    ");
}

#[test]
fn certificates_of_hours_are_told_of_by_the_share() {
    let (world, request) = World::with_request();
    let authority = Authority::new();
    let install = |hours: i64| {
        world.write("reply.pem", authority.order(&request).valid_hours(-9, hours).chain());
        world.done(&["install-cert", KEY, "reply.pem"]);
        world.done(&["commit"]);
    };
    world.done(&["bind", KEY, ENDPOINT]);
    let said = |more: &[&str]| verdict_of(&world, more);
    install(6);
    assert_eq!(said(&[]), all_is_well());
    assert_eq!(said(&["--warning", "21", "--critical", "7"]), all_is_well(), "days say nothing of such a life");
    install(3);
    assert_eq!(said(&["--warning", "21", "--critical", "7"]), one("warning", "expires"));
    install(0);
    assert_eq!(said(&[]), one("critical", "expires"));
    let plugin = world.keyring(&["check", "--no-probe", "--nagios"]).exits(2);
    assert!(plugin.stdout.starts_with("KEYRING CRITICAL - mail01/imap/main: its certificate expires in "), "{plugin}");
    assert!(plugin.stdout.contains(" minutes, "), "{plugin}");
}

#[test]
fn limits_that_make_no_sense_are_refused() {
    let world = World::new();
    for more in [&["--warning", "soon"][..], &["--critical", "101%"], &["--warning", "7", "--critical", "21"]] {
        let arguments = [&["check"], more].concat();
        assert_eq!(world.keyring(&[&arguments[..], &["--json"]].concat()).exits(2).error()["code"], "usage");
        let plugin = world.keyring(&[&arguments[..], &["--nagios"]].concat()).exits(3);
        assert!(plugin.stdout.starts_with("KEYRING UNKNOWN - ") && plugin.stderr.is_empty(), "{plugin}");
    }
    let plugin = world.keyring(&["check", "--nagios", "--json"]).exits(3);
    assert!(plugin.stdout.starts_with("KEYRING UNKNOWN - --nagios prints what plug-ins print"), "{plugin}");
    let plugin = world.keyring(&["check", "--nagios", "--prometheus", "file"]).exits(3);
    assert!(plugin.stdout.starts_with("KEYRING UNKNOWN - "), "{plugin}");
    assert_eq!(world.keyring(&["list", "--nagios"]).exits(2).stdout, "", "no other command is a plug-in");
    assert!(world.keyring(&["check", "mail01", "--nagios"]).exits(3).stdout.contains("UNKNOWN - \"mail01\" is not"));
}
