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

#[test]
fn mistakes_are_told_all_at_once_before_anything_is_done() {
    let world = World::new();
    world.write(
        "fleet.toml",
        "[[service]]\nservice = \"ex01/https\"\nprofile = \"exchange\"\n[[key]]\nkey = \"a/https/main\"\nauthority = \"nobody\"\n\
         colour = 1\n[[key]]\nkey = \"b/https/main\"\n",
    );
    world.write("more.toml", "[[key]]\nkey = \"b/https/main\"\nsan = [\n");
    snapshot!(world.keyring(&["apply", "fleet.toml", "more.toml", "--commit"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: the desired state is refused
      - fleet.toml:2:11: Exchange is given files, in a folder of yours: say --install-to DIR and --pfx-passphrase-file FILE
      - fleet.toml:5:7: the request of a/https/main would have no name: say `san`, `subject` or `request = false`
      - fleet.toml:6:13: there is no authority nobody: `keyring set-authority nobody` describes one
      - fleet.toml:7:1: there is no field `colour` here: there are for, key, algorithm, subject, san, request, authority, renew-at, reuse-key, bind
      - fleet.toml:9:7: the request of b/https/main would have no name: say `san`, `subject` or `request = false`
      - more.toml:2:7: b/https/main stands in fleet.toml:9:7 already
      - more.toml:3:8: unclosed array, expected `]`
    hint: mend these; `keyring apply --help` shows examples, nothing was changed
    ");
    let error = world.keyring(&["apply", "fleet.toml", "more.toml", "--json"]).exits(3).error();
    assert_eq!((&error["code"], &error["details"][0]["code"]), (&"desired-state-refused".into(), &"mistake".into()));
    world.write("binary.toml", b"a = 1\n\xff");
    assert!(world.keyring(&["apply", "binary.toml"]).exits(3).stderr.contains("binary.toml:2:1: this is not UTF-8"));
    let _ = world.keyring(&["list", "a"]).exits(4);
}

const ONE: &str = r#"
[[key]]
key = "web01/https/main"
san = ["dns:www.example.com"]
bind = ["web01/https@default", "web02/https@default"]
"#;

#[test]
fn what_nobody_signs_for_waits_for_a_person() {
    let (world, authority) = (World::new(), Authority::new());
    world.write("one.toml", ONE);
    snapshot!(world.keyring(&["apply", "one.toml", "--commit"]).exits(10), @"
    exit code 10
    -- stdout
    -- stderr
    create   key      web01/https/main: new ecdsa-p256 private key for dns:www.example.com, signed by hand
    waiting: web01/https/main: nobody signs for it: `keyring export-csr` writes its request, `keyring install-cert` takes the reply
    waiting: web01/https@default is bound once web01/https/main has a certificate
    waiting: web02/https@default is bound once web01/https/main has a certificate
    ");
    let request = world.done(&["export-csr", "web01/https/main"]).stdout;
    world.write("reply.pem", authority.order(&request).chain());
    world.done(&["install-cert", "web01/https/main", "reply.pem"]);
    // in a commit of its own, an administrator's certificate is not taken along, and no other is asked for
    snapshot!(world.keyring(&["apply", "one.toml", "--commit"]).exits(10), @"
    exit code 10
    -- stdout
    -- stderr
    waiting: web01/https/main: its certificate is staged: `keyring commit` brings it in
    waiting: web01/https@default is bound once web01/https/main has a certificate
    waiting: web02/https@default is bound once web01/https/main has a certificate
    ");
    snapshot!(world.done(&["apply", "one.toml"]), @"
    exit code 0
    -- stdout
    -- stderr
    create   binding  web01/https@default: to web01/https/main
    create   binding  web02/https@default: to web01/https/main
    Staged: `keyring commit` makes it effective.
    ");
    world.done(&["commit"]);
    world.done(&["apply", "one.toml", "--commit"]);
    assert_eq!(world.done(&["export-csr", "web01/https/main"]).stdout, request);
}

#[test]
fn certificates_that_say_something_else_are_replaced_and_the_rest_is_pruned() {
    let world = World::new();
    world.done(&["create-ca", "lab", "--no-passphrase"]);
    let one = format!("[defaults]\nauthority = \"lab\"\n{ONE}[[key]]\nkey = \"web02/https/old\"\nrequest = false\n");
    world.write("fleet.toml", &one);
    let done = world.done(&["apply", "fleet.toml", "--commit", "--json"]).result();
    crate::json::assert_documented("| `apply` |", &done);
    crate::json::assert_documented("| `apply` |", &done["items"][0]);
    crate::json::assert_documented("**errand**", &done["keys"][0]);
    crate::json::assert_documented("| `apply` |", &world.done(&["apply", "--schema", "--json"]).result());
    world.done(&["create-key", "web03/https/other"]);
    let two =
        one.split("[[key]]\nkey = \"web02").next().unwrap().replace("\"dns:www", "\"dns:shop.example.com\", \"dns:www");
    world.write("fleet.toml", two.replace(", \"web02/https@default\"", "").replace("[def", "[servers]\nall = \"web{01..02}\"\n[def")
        + "algorithm = \"ecdsa-p384\"\n[[service]]\nfor = \"all\"\nservice = \"{server}/https\"\nprofile = \"files\"\n");
    snapshot!(world.done(&["apply", "fleet.toml", "--plan", "--prune"]), @"
    exit code 0
    -- stdout
    replace  key      web01/https/main: ecdsa-p384 instead of ecdsa-p256, with dns:shop.example.com: new ecdsa-p384 private key for dns:shop.example.com and 1 more, signed by lab
    create   service  web01/https: files
    create   service  web02/https: files
    remove   binding  web02/https@default: of web01/https/main
    remove   key      web02/https/old
    5 things to do; 2 as it should be.
    -- stderr
    ");
    snapshot!(world.done(&["apply", "fleet.toml", "--prune"]), @"
    exit code 0
    -- stdout
    -- stderr
    replace  key      web01/https/main: ecdsa-p384 instead of ecdsa-p256, with dns:shop.example.com: new ecdsa-p384 private key for dns:shop.example.com and 1 more, signed by lab
    create   service  web01/https: files
    create   service  web02/https: files
    remove   binding  web02/https@default: of web01/https/main
    remove   key      web02/https/old
    installed: web01/https/main by lab, until [DATE] ([DAYS])
    Staged: `keyring commit` makes it effective.
    ");
    world.done(&["commit"]);
    snapshot!(world.done(&["list"]), @"
    exit code 0
    -- stdout
    web01
      https
        main  installed, dns:shop.example.com +1, until [DATE] ([DAYS])
              bound to @default
    web03
      https
        other  new, ecdsa-p256, no request yet
    -- stderr
    ");
    world.done(&["doctor"]);
}
