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
    snapshot!(world.done(&["apply", "fleet.toml", "--plan"]), @"");
    assert_eq!(world.done(&["list", "--json"]).result()["services"].as_array().unwrap().len(), 0);
    snapshot!(world.keyring(&["apply", "fleet.toml", "--commit"]).exits(10), @"");
    sign(&world, &authority, "web1.example.com");
    snapshot!(world.keyring(&["apply", "fleet.toml", "--commit"]).exits(10), @"");
    sign(&world, &authority, "web2.example.com");
    snapshot!(world.done(&["apply", "fleet.toml", "--commit", "--json"]), @"");
    let before = world.done(&["export-plan"]).stdout;
    snapshot!(world.done(&["apply", "fleet.toml", "--commit"]), @"");
    snapshot!(world.done(&["apply", "fleet.toml", "--plan", "--prune"]), @"");
    assert_eq!(world.done(&["export-plan"]).stdout, before);
    assert!(world.read("web2/private-key.pem").contains("PRIVATE KEY"));
    world.done(&["doctor"]);
}
