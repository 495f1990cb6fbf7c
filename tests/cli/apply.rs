//! `apply`.

use crate::common::output::snapshot;
use crate::common::{Authority, World};

const FLEET: &str = r#"
[defaults]
authority = "program"
subject.organization = "Example"

[servers]
web = "web{1..2}.example.com"

[[service]]
for = "web"
service = "{server}/https"
profile = "files"
install-to = "FOLDER/{name}"

[[key]]
for = "web"
key = "{server}/https/main"
bind = ["{server}/https@default"]
"#;

/// A world with the file of a fleet, and a program that signs what `sign` signs.
fn fleet() -> (World, Authority) {
    let world = World::new();
    let folder = world.path("").display().to_string();
    let line = format!(
        "cd {folder}; cat > \"$KEYRING_SERVER.csr\"; test -f \"$KEYRING_SERVER.pem\" && cat \"$KEYRING_SERVER.pem\" || exit 10"
    );
    world.done(&["set-authority", "program", "--kind", "command", "--shell", "--run", &line]);
    for name in ["web1", "web2"] {
        world.make_folder(name);
    }
    world.write("fleet.toml", FLEET.replace("FOLDER", folder.trim_end_matches('/')));
    (world, Authority::new())
}

fn sign(world: &World, authority: &Authority, server: &str) {
    let request = world.read(&format!("{server}.csr"));
    world.write(&format!("{server}.pem"), authority.order(&request).chain());
}

#[test]
fn a_fleet_is_planned_made_and_left_alone() {
    let (world, authority) = fleet();
    snapshot!(world.done(&["apply", "fleet.toml", "--plan"]), @"
    exit code 0
    -- stdout
    create   key      web1.example.com/https/main: new ecdsa-p256 private key for dns:web1.example.com, signed by program
    create   renewal  web1.example.com/https/main: by program at 2/3
    create   key      web2.example.com/https/main: new ecdsa-p256 private key for dns:web2.example.com, signed by program
    create   renewal  web2.example.com/https/main: by program at 2/3
    create   service  web1.example.com/https: files
    create   service  web2.example.com/https: files
    create   binding  web1.example.com/https@default: to web1.example.com/https/main
    create   binding  web2.example.com/https@default: to web2.example.com/https/main
    8 things to do.
    -- stderr
    ");
    assert_eq!(world.done(&["list", "--json"]).result()["services"].as_array().unwrap().len(), 0);
    snapshot!(world.keyring(&["apply", "fleet.toml", "--commit"]).exits(10), @"
    exit code 10
    -- stdout
    -- stderr
    create   key      web1.example.com/https/main: new ecdsa-p256 private key for dns:web1.example.com, signed by program
    create   renewal  web1.example.com/https/main: by program at 2/3
    create   key      web2.example.com/https/main: new ecdsa-p256 private key for dns:web2.example.com, signed by program
    create   renewal  web2.example.com/https/main: by program at 2/3
    create   service  web1.example.com/https: files
    create   service  web2.example.com/https: files
    create   binding  web1.example.com/https@default: to web1.example.com/https/main
    create   binding  web2.example.com/https@default: to web2.example.com/https/main
    waiting: web1.example.com/https/main at program: program has no reply yet
    waiting: web2.example.com/https/main at program: program has no reply yet
    waiting: web1.example.com/https@default is bound once web1.example.com/https/main has a certificate
    waiting: web2.example.com/https@default is bound once web2.example.com/https/main has a certificate
    Committed generation 1.
    ");
    sign(&world, &authority, "web1.example.com");
    snapshot!(world.keyring(&["apply", "fleet.toml", "--commit"]).exits(10), @"
    exit code 10
    -- stdout
    -- stderr
    create   binding  web1.example.com/https@default: to web1.example.com/https/main
    create   binding  web2.example.com/https@default: to web2.example.com/https/main
    installed: web1.example.com/https/main by program, until [DATE] ([DAYS])
    waiting: web2.example.com/https/main at program: program has no reply yet
    waiting: web2.example.com/https@default is bound once web2.example.com/https/main has a certificate
    Committed generation 2.
    ");
    sign(&world, &authority, "web2.example.com");
    snapshot!(world.done(&["apply", "fleet.toml", "--commit", "--json"]), @r#"
    exit code 0
    -- stdout
    {
      "command": "apply",
      "ok": true,
      "result": {
        "generation": 3,
        "items": [
          {
            "action": "wait",
            "detail": "its request waits for program",
            "name": "web2.example.com/https/main",
            "thing": "key"
          },
          {
            "action": "create",
            "detail": "to web2.example.com/https/main",
            "name": "web2.example.com/https@default",
            "thing": "binding"
          }
        ],
        "keys": [
          {
            "authority": "program",
            "certificate": {
              "chain_length": 1,
              "issuer": "CN=Test Issuing CA",
              "names": [
                "dns:web2.example.com"
              ],
              "not_after": "[TIME]",
              "not_before": "[TIME]",
              "serial": "[...]",
              "sha256": "[SHA256]",
              "spki_sha256": "[SHA256]",
              "subject": "O=Example"
            },
            "key": "web2.example.com/https/main",
            "state": "installed",
            "version": 1,
            "warnings": []
          }
        ],
        "planned": false,
        "staged": false,
        "unbound": [],
        "unchanged": 6
      },
      "schema": 1
    }
    -- stderr
    "#);
    let before = world.done(&["export-plan"]).stdout;
    snapshot!(world.done(&["apply", "fleet.toml", "--commit"]), @"
    exit code 0
    -- stdout
    -- stderr
    Nothing to do: all is as it should be (8 things).
    ");
    snapshot!(world.done(&["apply", "fleet.toml", "--plan", "--prune"]), @"
    exit code 0
    -- stdout
    Nothing to do: all is as it should be (8 things).
    -- stderr
    ");
    assert_eq!(world.done(&["export-plan"]).stdout, before);
    assert!(world.read("web2/private-key.pem").contains("PRIVATE KEY"));
    world.done(&["doctor"]);
}
