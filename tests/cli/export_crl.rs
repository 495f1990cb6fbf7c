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
    MIHRMHkCAQEwCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwObGFiIElzc3VpbmcgQ0EX
    DTI2MTEyMjA5MTczOFoXDTI2MTEyOTA5MTczOFqgLzAtMB8GA1UdIwQYMBaAFNAW
    NyVPsHQZ4KIz1TlD96psv5XhMAoGA1UdFAQDAgEBMAoGCCqGSM49BAMCA0gAMEUC
    IQDa1mPKPRlU5tb9hZ01uupjGfGPnmCqsDEPZZxWq1z3AQIgR2yRFxOlIIUMyM7f
    lZeF6mVr4C/Ns6P29wgjyIViv3k=
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
        "crl_pem": "-----BEGIN X509 CRL-----\nMIHSMHkCAQEwCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwObGFiIElzc3VpbmcgQ0EX\nDTI2MTEyMjA5MTczOVoXDTI2MTIyMjA5MTczOVqgLzAtMB8GA1UdIwQYMBaAFNAW\nNyVPsHQZ4KIz1TlD96psv5XhMAoGA1UdFAQDAgECMAoGCCqGSM49BAMCA0kAMEYC\nIQCUJhWX6QMuWGdEGgYyZbq0XOJeWhvganmeDO1VUYZq7gIhAJbFt1fHfqs2Vw9J\nMPnuzxhmzFmSYsMXdzlh79RwfiWt\n-----END X509 CRL-----\n",
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
