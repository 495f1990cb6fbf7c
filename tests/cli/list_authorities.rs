//! `list-authorities`.

use crate::common::World;
use crate::common::output::snapshot;

#[test]
fn shows_who_signs() {
    let world = World::new();
    snapshot!(world.done(&["list-authorities"]), @"
    exit code 0
    -- stdout
    -- stderr
    There are no authorities: `keyring set-authority` describes them.
    ");
    world.done(&["set-authority", "people", "--kind", "file", "--requests", "/srv/csr", "--replies", "/srv/pem"]);
    world.done(&["set-authority", "vault", "--kind", "command", "--shell", "--run", "sign | tee log"]);
    snapshot!(world.done(&["list-authorities"]), @"
    exit code 0
    -- stdout
    people
      file, requests to /srv/csr, replies from /srv/pem
    vault
      command, sh -c 'sign | tee log', within 60 s
    -- stderr
    ");
    let json = world.done(&["list-authorities", "--json"]).result();
    assert_eq!(json["authorities"][0]["kind"], "file");
    assert_eq!(json["authorities"][1]["run"]["shell"], "sign | tee log");
}
