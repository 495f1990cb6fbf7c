//! `set-service`: staged like the rest.

use crate::common::World;
use crate::common::output::snapshot;

#[test]
fn says_changes_and_takes_back() {
    let world = World::new();
    snapshot!(world.done(&["set-service", "mail01/imap", "--profile", "dovecot"]), @"
    exit code 0
    -- stdout
    -- stderr
    Staged mail01/imap: profile dovecot.
    `keyring show-service mail01/imap` prints the lines for its configuration.
    ");
    let more = ["--install-to", "/etc/dovecot/tls", "--owner", "root", "--group", "dovecot", "--mode", "640"];
    let proof = ["--probe", "imaps://127.0.0.1", "--probe", "imap://[::1]:1143", "--timeout", "10"];
    world.done(&[&["set-service", "mail01/imap"][..], &more, &proof].concat());
    snapshot!(world.done(&["set-service", "mail01/imap", "--timeout", "10", "--json"]), @r#"
    exit code 0
    -- stdout
    {
      "command": "set-service",
      "ok": true,
      "result": {
        "before": {
          "group": "dovecot",
          "install_to": "/etc/dovecot/tls",
          "mode": "0640",
          "owner": "root",
          "probes": [
            "imaps://127.0.0.1:993",
            "imap+starttls://[::1]:1143"
          ],
          "profile": "dovecot",
          "timeout": 10
        },
        "changed": false,
        "service": "mail01/imap",
        "settings": {
          "group": "dovecot",
          "install_to": "/etc/dovecot/tls",
          "mode": "0640",
          "owner": "root",
          "probes": [
            "imaps://127.0.0.1:993",
            "imap+starttls://[::1]:1143"
          ],
          "profile": "dovecot",
          "timeout": 10
        }
      },
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.done(&["diff"]), @"
    exit code 0
    -- stdout
    service  mail01/imap  profile dovecot, files in /etc/dovecot/tls, owner root, group dovecot, mode 0640, proven at imaps://127.0.0.1:993, proven at imap+starttls://[::1]:1143, within 10 s
    -- stderr
    ");
    snapshot!(world.done(&["set-service", "mail01/imap", "--install-to", "default", "--owner", "default"]), @"
    exit code 0
    -- stdout
    -- stderr
    Staged mail01/imap: profile dovecot, group dovecot, mode 0640, proven at imaps://127.0.0.1:993, proven at imap+starttls://[::1]:1143, within 10 s.
    `keyring show-service mail01/imap` prints the lines for its configuration.
    ");
    world.done(&["commit"]);
    snapshot!(world.done(&["set-service", "mail01/imap", "--remove"]), @"
    exit code 0
    -- stdout
    -- stderr
    Staged mail01/imap without settings.
    ");
    snapshot!(world.done(&["status"]), @"
    exit code 0
    -- stdout
    Generation 1. 1 change is staged:
      service  mail01/imap  without settings
    -- stderr
    ");
    world.done(&["discard"]);
    snapshot!(world.done(&["diff", "0", "1"]), @"
    exit code 0
    -- stdout
    mail01/imap
      + profile dovecot, group dovecot, mode 0640, proven at imaps://127.0.0.1:993, proven at imap+starttls://[::1]:1143, within 10 s
    -- stderr
    ");
}

#[test]
fn refuses_what_cannot_be_meant() {
    let world = World::new();
    for (flags, code, says) in [
        (&["--profile", "iis"][..], 2, "invalid value 'iis'"),
        (&[], 2, "the kind of software is missing"),
        (&["--profile", "nginx", "--install-to", "tls"], 3, "--install-to: \"tls\" is not absolute"),
        (&["--profile", "nginx", "--mode", "0644"], 3, "--mode: mode 0644 would open the private key to everybody"),
        (&["--profile", "nginx", "--owner", "a:b"], 3, "--owner: \"a:b\" is not the name"),
        (&["--profile", "nginx", "--timeout", "0"], 3, "--timeout: \"0\" is not a number of seconds"),
        (&["--profile", "nginx", "--reload-command", "'"], 3, "--reload-command: missing closing quote"),
        (&["--profile", "nginx", "--reload-command", ""], 3, "--reload-command: it names no program"),
        (&["--profile", "nginx", "--probe", "gopher://x"], 3, "\"gopher\" is not a scheme"),
        (&["--profile", "nginx", "--probe-name", "a b"], 3, "--probe-name:"),
        (&["--profile", "command"], 3, "the profile `command` has no commands of its own"),
    ] {
        let output = world.keyring(&[&["set-service", "web01/https"], flags].concat()).exits(code);
        assert!(output.stderr.contains(says), "{flags:?}: {}", output.stderr);
    }
    assert!(world.done(&["status"]).stdout.contains("Nothing is staged"));
}

#[test]
fn asks_for_the_kind_of_software() {
    let world = World::new();
    let mut terminal = world.terminal(&["set-service", "web01/https"]);
    terminal.expect("Which software");
    terminal.press("\r");
    terminal.expect("Staged web01/https: profile nginx.");
    assert_eq!(terminal.end().0, Some(0));
}
