//! What Java's keytool writes: PKCS#12, which is read, and its own keystores, which keytool converts.

use super::{PASSPHRASE, World};
use crate::common::{text, write};
use crate::stranger::{KEYTOOL, spki};

const ALGORITHMS: [&[&str]; 2] =
    [&["-keyalg", "RSA", "-keysize", "2048"], &["-keyalg", "EC", "-groupname", "secp256r1"]];

/// A keystore with a private key and a certificate signed by itself. Returns the hash of the public key.
#[track_caller]
fn generate(world: &World, file: &str, alias: &str, kind: &str, algorithm: &[&str], more: &[&str]) -> String {
    let subject = ["-alias", alias, "-dname", "CN=a.example", "-validity", "30"];
    let store = ["-keystore", file, "-storetype", kind, "-storepass", PASSPHRASE, "-keypass", PASSPHRASE];
    KEYTOOL.run(&[more, &["-genkeypair"], &subject[..], &store, algorithm].concat());
    let certificate = world.keyring.path("java.pem");
    let said = KEYTOOL.run(&["-exportcert", "-rfc", "-alias", alias, "-keystore", file, "-storepass", PASSPHRASE]);
    write(&certificate, said);
    spki("certificate", &text(&certificate))
}

#[test]
fn pkcs12_of_today_and_of_the_past_is_imported_with_its_certificate() {
    for algorithm in ALGORITHMS {
        let world = World::new();
        for (name, more, legacy) in [("java.p12", &[][..], false), ("old.p12", &["-J-Dkeystore.pkcs12.legacy"], true)] {
            let file = world.file(name);
            let public_key = generate(&world, &file, "main", "PKCS12", algorithm, more);
            let imported = world.read(name, &[&file], &public_key);
            assert_eq!(imported["certificate"]["subject"], "CN=a.example", "{name}");
            assert_eq!(imported["from"]["friendly_name"], "main", "{name}");
            assert_eq!(imported["from"]["legacy"], legacy, "{name}: {imported}");
        }
    }
}

#[test]
fn its_own_keystores_are_imported_after_the_command_that_we_name() {
    for kind in ["JKS", "JCEKS"] {
        let world = World::new();
        let file = world.file("old.store");
        let first = generate(&world, &file, "first", kind, ALGORITHMS[0], &[]);
        let second = generate(&world, &file, "second", kind, ALGORITHMS[1], &[]);
        let found = world.keyring.json(&["inspect", &file]);
        assert_eq!(found["objects"][0]["kind"], "java-keystore", "{found}");
        assert_eq!(found["objects"][0]["store_type"], kind, "{found}");
        let command = found["objects"][0]["convert_with"].as_str().expect("a command").to_owned();
        let said = world.refused(&[&file]).stderr;
        assert!(said.contains(&command), "{said}");
        let mut words: Vec<&str> = command.split(' ').collect();
        assert_eq!(words.remove(0), "keytool");
        // what it would ask for
        words.extend(["-srcstorepass", PASSPHRASE, "-deststorepass", PASSPHRASE, "-noprompt"]);
        KEYTOOL.run(&words);
        let converted = format!("{file}.p12");
        assert!(words.contains(&converted.as_str()), "{command}");
        for (alias, public_key) in [("first", &first), ("second", &second)] {
            let imported = world.import(kind, &[&converted, "--friendly-name", alias], public_key);
            assert_eq!(imported["certificate"]["subject"], "CN=a.example", "{kind}");
        }
    }
}

#[test]
fn its_requests_are_taken_over() {
    let world = World::new();
    let file = world.file("java.p12");
    generate(&world, &file, "main", "PKCS12", ALGORITHMS[1], &[]);
    let request = world.file("java.csr");
    let names = ["-ext", "SAN=dns:a.example,ip:192.0.2.7", "-file", &request];
    KEYTOOL.run(&[&["-certreq", "-alias", "main", "-keystore", &file, "-storepass", PASSPHRASE], &names[..]].concat());
    let found = world.keyring.json(&["inspect", &request]);
    assert_eq!(found["objects"][0]["kind"], "request", "{found}");
    let out = world.file("ours.csr");
    world.keyring.run(&["make-csr", "web01/https/main", "--new-key", "--from-csr", &request, "--out", &out]);
    let ours = world.keyring.json(&["inspect", &out]);
    for field in ["subject", "names"] {
        assert_eq!(ours["objects"][0][field], found["objects"][0][field], "{field}");
    }
    assert_eq!(ours["objects"][0]["names"], serde_json::json!(["dns:a.example", "ip:192.0.2.7"]));
}
