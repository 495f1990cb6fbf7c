//! What GnuTLS writes.

use super::{P_384, PASSPHRASE, RSA, World};
use crate::stranger::{certtool, spki};

/// What certtool encrypts with, and whether it is of the past.
const CIPHERS: [(&str, bool); 7] = [
    ("aes-128", false),
    ("aes-192", false),
    ("aes-256", false),
    ("3des", true),
    ("3des-pkcs12", true),
    ("rc2-40", true),
    ("arcfour", true),
];

#[test]
fn pkcs12_of_every_cipher_is_imported_with_its_certificate() {
    for algorithm in [&RSA[..], &P_384] {
        let world = World::new();
        let (key, certificate) = world.pair(algorithm);
        let file = world.file("file.p12");
        for (cipher, legacy) in CIPHERS {
            let from = ["--to-p12", "--load-privkey", &key, "--load-certificate", &certificate, "--p12-name", "main"];
            let to = ["--password", PASSPHRASE, "--pkcs-cipher", cipher, "--outder", "--outfile", &file];
            certtool(&[from, to].concat());
            let imported = world.read(cipher, &[&file], &spki("key", &key));
            assert_eq!(imported["certificate"]["subject"], "CN=a.example", "{cipher}");
            assert_eq!(imported["from"]["friendly_name"], "main", "{cipher}");
            assert_eq!(imported["from"]["legacy"], legacy, "{cipher}: {imported}");
        }
    }
}

#[test]
fn pkcs8_of_every_cipher_is_imported() {
    let world = World::new();
    let (key, _) = world.pair(&RSA);
    let file = world.file("file.p8");
    for (cipher, legacy) in CIPHERS {
        for form in ["--outder", "--no-outder"] {
            let to = ["--password", PASSPHRASE, "--pkcs-cipher", cipher, form, "--outfile", &file];
            certtool(&[&["--to-p8", "--load-privkey", &key], &to[..]].concat());
            let imported = world.read(cipher, &[&file], &spki("key", &key));
            assert_eq!(imported["from"]["legacy"], legacy, "{cipher}: {imported}");
        }
    }
}

#[test]
fn its_own_private_keys_are_imported() {
    let world = World::new();
    for more in [&["--key-type", "rsa", "--bits", "2048"][..], &["--key-type", "ecdsa", "--curve", "secp256r1"]] {
        for form in ["--pkcs8", "--no-pkcs8"] {
            let own = world.file("own.pem");
            let plain = ["--generate-privkey", "--outfile", &own, "--password", ""];
            let pkcs8: &[&str] = if form == "--pkcs8" { &["--pkcs8"] } else { &[] };
            certtool(&[&plain[..], more, pkcs8].concat());
            // a text for people stands before the key
            let public = certtool(&["--pubkey-info", "--load-privkey", &own, "--password", ""]);
            let imported = world.keyring.json(&["inspect", &own]);
            let found = imported["objects"][0]["spki_sha256"].as_str().expect("a private key");
            assert!(public.contains(&format!("sha256:{found}")), "{public}");
            world.read(form, &[&own], found);
        }
    }
}
