//! `export-plan`.

use crate::common::output::snapshot;
use crate::common::{KEY, World};

#[test]
fn what_is_written_is_what_there_is() {
    let (world, _) = World::committed();
    world.done(&["set-authority", "program", "--kind", "command", "--run", "true"]);
    world.done(&["set-renewal", KEY, "--authority", "program", "--at", "30d", "--reuse-key", "--max-days", "90"]);
    let commands = ["--test-command", "none", "--reload-command", "systemctl reload 'a b'"];
    let files = ["--install-to", "/etc/\"x\"", "--combined-file", "/etc/c.pem", "--mode", "0640", "--owner", "root"];
    let proof = ["--probe", "tls://127.0.0.1:993", "--probe-name", "mail01.example.com", "--timeout", "20"];
    world.done(&[&["set-service", "mail01/imap", "--profile", "dovecot"][..], &commands, &files, &proof].concat());
    world.done(&["commit", "--no-publish"]);
    world.done(&["create-key", "mail02/smtp/bare", "--algorithm", "rsa-2048"]);
    world.done(&["create-key", "mail02/smtp/main"]);
    world.done(&[
        "make-csr",
        "mail02/smtp/main",
        "--subject",
        "CN=mail02.example.com,O=Ex\\, Ample",
        "--san",
        "ip:192.0.2.7",
    ]);
    world.done(&["bind", KEY, "mail02/imap@192.0.2.7:993"]);
    world.done(&["set-service", "mail02/smtp", "--profile", "postfix", "--shell", "--reload-command", "a && b"]);
    snapshot!(world.done(&["export-plan"]), @r#"
    exit code 0
    -- stdout
    [[service]]
    service = "mail01/imap"
    profile = "dovecot"
    install-to = '/etc/"x"'
    combined-file = "/etc/c.pem"
    owner = "root"
    mode = "0640"
    test-command = false
    reload-command = ["systemctl", "reload", "a b"]
    probe = ["tls://127.0.0.1:993"]
    probe-name = "mail01.example.com"
    timeout = 20

    [[key]]
    key = "mail01/imap/main"
    algorithm = "ecdsa-p256"
    subject = "CN=mail01.example.com"
    san = ["dns:mail01.example.com"]
    authority = "program"
    renew-at = "30d"
    reuse-key = { days = 90 }
    bind = ["mail01/imap@default", "mail02/imap@192.0.2.7:993"]

    [[service]]
    service = "mail02/smtp"
    profile = "postfix"
    reload-command = "a && b"

    [[key]]
    key = "mail02/smtp/bare"
    algorithm = "rsa-2048"
    request = false

    [[key]]
    key = "mail02/smtp/main"
    algorithm = "ecdsa-p256"
    subject = 'CN=mail02.example.com,O=Ex\, Ample'
    san = ["dns:mail02.example.com", "ip:192.0.2.7"]
    -- stderr
    "#);
    world.done(&["export-plan", "--out", "plan.toml"]);
    let _ = world.keyring(&["export-plan", "--out", "plan.toml"]).exits(4);
    snapshot!(world.done(&["apply", "plan.toml", "--plan", "--prune"]), @"
    exit code 0
    -- stdout
    wait     key      mail02/smtp/main: its request waits for a person
    Nothing to do but to wait.
    -- stderr
    ");
    let result = world.done(&["export-plan", "--json"]).result();
    crate::json::assert_documented("| `export-plan` |", &result);
    assert_eq!(result["plan"].as_str().unwrap(), world.read("plan.toml"));
}
