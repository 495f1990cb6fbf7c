//! The profile for Microsoft Exchange: a PFX file and a script, for a machine of its own.

use crate::common::output::snapshot;
use crate::common::{Authority, KEY, World};

/// Three protocols of Exchange with one certificate.
fn world(algorithm: &str) -> World {
    let (world, authority) = (World::new(), Authority::new());
    std::fs::create_dir(world.path("exchange")).unwrap();
    world.write("secret.txt", "the passphrase of the file\n");
    world.done(&["create-key", KEY, "--algorithm", algorithm]);
    let request = world.done(&["make-csr", KEY, "--cn", "mail01.example.com"]).stdout;
    world.write("reply.pem", authority.order(&request).chain());
    world.done(&["install-cert", KEY, "reply.pem"]);
    world.done(&["bind", KEY, "mail01/imap@default", "mail01/smtp@default", "mail01/https@default"]);
    let (folder, secret) = (world.path("exchange"), world.path("secret.txt"));
    let files = ["--install-to", folder.to_str().unwrap(), "--pfx-passphrase-file", secret.to_str().unwrap()];
    for service in ["mail01/imap", "mail01/smtp", "mail01/https"] {
        world.done(&[&["set-service", service, "--profile", "exchange"], &files[..]].concat());
    }
    world
}

#[test]
fn one_file_and_one_script_serve_all_protocols_of_a_certificate() {
    let world = world("rsa-2048");
    world.done(&["commit"]);
    let files: Vec<_> =
        world.listing("exchange").iter().map(|line| line[..line.find(" 0").unwrap() + 5].to_owned()).collect();
    assert_eq!(files, ["exchange/mail01-https-imap-smtp.pfx 0600", "exchange/mail01-https-imap-smtp.ps1 0644"]);
    let script = world.read("exchange/mail01-https-imap-smtp.ps1");
    let thumbprint = script.split("$thumbprint = '").nth(1).unwrap().split('\'').next().unwrap().to_owned();
    let inspected =
        world.done(&["inspect", "exchange/mail01-https-imap-smtp.pfx", "--passphrase-file", "secret.txt", "--json"]);
    let objects = inspected.result()["objects"].clone();
    let leaf = objects.as_array().unwrap().iter().find(|object| object["sha1"].is_string()).unwrap();
    assert_eq!(leaf["sha1"].as_str().unwrap().replace(':', "").to_uppercase(), thumbprint);
    assert!(inspected.stdout.contains("Microsoft RSA SChannel Cryptographic Provider"), "{}", inspected.stdout);
    insta::with_settings!({ filters => vec![(r"[0-9A-F]{40}", "[THUMBPRINT]"), (r"\d{4}-\d\d-\d\d", "[DATE]")] }, {
        insta::assert_snapshot!(script, @"");
    });
    snapshot!(world.done(&["show-service", "mail01/imap"]), @"");
}

#[test]
fn keys_that_exchange_does_not_take_are_refused() {
    let world = world("ecdsa-p256");
    snapshot!(world.keyring(&["commit"]).exits(3), @"");
    assert!(world.listing("exchange").is_empty());
}

#[test]
fn what_exchange_needs_is_asked_for() {
    let world = World::new();
    for (service, says) in [("mail01/imap", "--install-to DIR"), ("mail01/nntp", "imap, pop3, smtp and https")] {
        let files = ["--install-to", "/srv/exchange", "--pfx-passphrase-file", "/etc/secret"];
        let flags = if service == "mail01/imap" { &files[..0] } else { &files[..] };
        let refused = world.keyring(&[&["set-service", service, "--profile", "exchange"], flags].concat()).exits(3);
        assert!(refused.stderr.contains(says), "{}", refused.stderr);
    }
}
