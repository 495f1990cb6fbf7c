//! `export-crl`.

use crate::common::World;
use crate::common::output::snapshot;

#[test]
fn lists_have_growing_numbers() {
    let world = World::new();
    world.done(&["create-ca", "lab", "--no-passphrase"]);
    snapshot!(world.done(&["export-crl", "--ca", "lab"]), @"
    exit code 0
    -- stdout
    -----BEGIN X509 CRL-----
    [BASE64]
    -----END X509 CRL-----
    -- stderr
    List 1 of lab: 0 revoked, good until [TIME].
    ");
    let made = world.done(&["export-crl", "--ca", "lab", "--days", "30", "--json"]);
    made.json();
    snapshot!(made, @r#"
    exit code 0
    -- stdout
    {
      "command": "export-crl",
      "ok": true,
      "result": {
        "ca": "lab",
        "crl_pem": "-----BEGIN X509 CRL-----\n[BASE64]\n-----END X509 CRL-----\n",
        "next_update": "[TIME]",
        "number": 2,
        "revoked": 0,
        "this_update": "[TIME]"
      },
      "schema": 1
    }
    -- stderr
    "#);
    snapshot!(world.done(&["export-crl", "--ca", "lab", "--der", "--out", "lab.crl"]), @"
    exit code 0
    -- stdout
    -- stderr
    List 3 of lab: 0 revoked, good until [TIME].
      written to    lab.crl
    ");
    snapshot!(world.done(&["inspect", "lab.crl"]), @"
    exit code 0
    -- stdout
    1. lab.crl: certificate revocation list
      issuer        CN=lab Issuing CA
      made          [DATE]
      next due      [DATE]
      number        3
      revoked       0
      signed with   ecdsa-with-SHA256
    -- stderr
    ");
    snapshot!(world.keyring(&["export-crl", "--ca", "lab", "--out", "lab.crl"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: lab.crl exists already
    hint: name another file, or say --force to replace it
    ");
    snapshot!(world.keyring(&["export-crl", "--ca", "lab", "--der"]).exits(2), @"
    exit code 2
    -- stdout
    -- stderr
    error: the following required arguments were not provided:
      --out <FILE>

    Usage: keyring export-crl --ca <NAME> --out <FILE> --der

    For more information, try '--help'.
    ");
    snapshot!(world.keyring(&["export-crl", "--ca", "none"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: there is no authority none
    hint: `keyring set-authority none --kind KIND` describes it; `keyring list-authorities` shows them
    ");
}
