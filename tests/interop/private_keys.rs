//! Private keys, opened by everyone, or with the right passphrase only.

use crate::common::{Keyring, Tool, write};
use crate::stranger::{ALGORITHMS, CERTTOOL, certtool, openssl, python, python_says, spki};

const KEY: &str = "web01/https/main";

#[test]
fn of_every_algorithm_are_read_by_openssl_gnutls_and_python() {
    for algorithm in ALGORITHMS {
        let keyring = Keyring::new();
        let made = keyring.json(&["create-key", KEY, "--algorithm", algorithm]);
        let file = keyring.kept(KEY, 1, "private-key.pem");
        let public_key = made["spki_sha256"].as_str().unwrap();
        let checked = openssl(&["pkey", "-in", &file, "-check", "-noout"]);
        assert!(checked.contains("Key is valid"), "{algorithm}: {checked}");
        assert_eq!(spki("key", &file), public_key, "{algorithm}");

        let said = certtool(&["--key-info", "--infile", &file]);
        assert!(said.contains(&format!("sha256:{public_key}")), "{algorithm}: certtool reads another key:\n{said}");

        let [said] = python_says(&[format!("key:{file}")]);
        assert_eq!(said["spki"], public_key, "{algorithm}");
        assert_eq!(said["kind"].as_str(), algorithm.split('-').next(), "{said}");
    }
}

#[test]
fn that_are_encrypted_open_with_their_passphrase_and_no_other() {
    for algorithm in ["ecdsa-p256", "rsa-2048", "ed25519"] {
        let keyring = Keyring::new();
        let passphrase = "correct horse, bätterie";
        write(&keyring.path("passphrase"), format!("{passphrase}\n"));
        write(&keyring.path("another"), "correct horse, batterie\n");
        let secret = keyring.file("passphrase");
        let made = keyring.json(&["create-key", KEY, "--algorithm", algorithm, "--passphrase-file", &secret]);
        let public_key = made["spki_sha256"].as_str().unwrap();
        let file = keyring.kept(KEY, 1, "private-key.pem");

        let open = |name: &str| {
            let from = format!("file:{}", keyring.file(name));
            Tool::OPENSSL.finish(&["pkey", "-in", &file, "-passin", &from, "-out", &keyring.file("opened.pem")])
        };
        open("passphrase").succeeded();
        assert_eq!(spki("key", &keyring.file("opened.pem")), public_key, "{algorithm}");
        open("another").ended_with(1);
        let scheme = openssl(&["asn1parse", "-in", &file]);
        for part in ["PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc"] {
            assert!(scheme.contains(part), "{algorithm}: no {part} in\n{scheme}");
        }

        let question = [format!("key:{file}")];
        let said = python(&question, Some(passphrase)).succeeded().stdout;
        assert!(said.contains(public_key), "{algorithm}: {said}");
        let refused = python(&question, Some("correct horse, batterie")).ended_with(1);
        assert!(refused.stderr.contains("ncorrect password"), "{algorithm}: {}", refused.stderr);
        python(&question, None).ended_with(1);

        // --key-info shows no more than the scheme of an encrypted Ed25519 key
        let ask =
            |passphrase: &str| CERTTOOL.finish(&["--pubkey-info", "--load-privkey", &file, "--password", passphrase]);
        let said = ask(passphrase).succeeded().stdout;
        assert!(said.contains(&format!("sha256:{public_key}")), "{algorithm}: certtool reads another key:\n{said}");
        ask("wrong").ended_with(1);
    }
}
