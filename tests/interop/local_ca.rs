//! What a private authority of the keystore makes, used by others: its private keys opened, its certificates and lists
//! verified.

use crate::common::{Keyring, Tool, text, write};
use crate::lint::{lint, lint_list, strict};
use crate::stranger::{ALGORITHMS, certtool, openssl, spki};

const KEY: &str = "web01/https/main";

#[test]
fn everything_of_a_private_authority_is_what_others_expect() {
    for algorithm in ALGORITHMS {
        let keyring = Keyring::new();
        write(&keyring.path("secret"), "correct horse\n");
        let (secret, root) = (keyring.file("secret"), keyring.file("root.pem"));
        let passphrase = ["--passphrase-file", &secret];
        let permit = ["--permit", "dns:lab.example", "--crl-url", "http://ca.lab.example/lab.crl"];
        let create = ["create-ca", "lab", "--cn", "Lab", "--algorithm", algorithm, "--out", &root];
        keyring.run(&[&create[..], &permit, &passphrase].concat());
        let kept = |name: &str| text(&keyring.store().join("authorities/lab").join(name));

        // whoever has the passphrase can go on with any other tool
        for name in ["root", "issuing"] {
            let key = kept(&format!("{name}-private-key.pem"));
            let opened = openssl(&["pkey", "-in", &key, "-passin", "pass:correct horse", "-pubout"]);
            let certified = openssl(&["x509", "-in", &kept(&format!("{name}-certificate.pem")), "-noout", "-pubkey"]);
            assert_eq!(opened, certified, "{algorithm} {name}");
            assert_ne!(Tool::OPENSSL.finish(&["pkey", "-in", &key, "-passin", "pass:wrong", "-noout"]).code, Some(0));
        }

        let request = keyring.request(KEY, &[], &["--cn", "web01.lab.example"]);
        let leaf = keyring.file("leaf.pem");
        keyring.run(&[&["sign-csr", &text(&request), "--ca", "lab", "--out", &leaf][..], &passphrase].concat());
        strict(&root, &kept("issuing-certificate.pem"), &leaf);
        assert_eq!(spki("certificate", &leaf), spki("request", &text(&request)));

        keyring.run(&["revoke", &leaf, "--ca", "lab", "--reason", "superseded"]);
        let (list, der) = (keyring.file("lab.crl"), keyring.file("lab.der"));
        keyring.run(&[&["export-crl", "--ca", "lab", "--out", &list][..], &passphrase].concat());
        keyring.run(&[&["export-crl", "--ca", "lab", "--der", "--out", &der][..], &passphrase].concat());
        let said = openssl(&[
            "crl",
            "-inform",
            "DER",
            "-in",
            &der,
            "-CAfile",
            &kept("issuing-certificate.pem"),
            "-noout",
            "-text",
        ]);
        assert!(said.contains("X509v3 CRL Number: \n                2\n") && said.contains("Superseded"), "{said}");
        let said =
            certtool(&["--verify-crl", "--infile", &list, "--load-ca-certificate", &kept("issuing-certificate.pem")]);
        assert!(said.contains("Verified."), "{said}");
        let verify = ["verify", "-crl_check", "-CRLfile", &list, "-CAfile", &root, "-untrusted", &leaf, &leaf];
        let said = Tool::OPENSSL.finish(&verify);
        assert!(said.stderr.contains("certificate revoked"), "{}", said.stderr);
        if algorithm == ALGORITHMS[0] {
            // the leaf alone: pkilint reads one certificate
            let alone = keyring.path("alone.pem");
            write(&alone, openssl(&["x509", "-in", &leaf]));
            for file in [kept("root-certificate.pem"), kept("issuing-certificate.pem"), text(&alone)] {
                lint(&file, file.as_ref(), &[]);
            }
            lint_list(list.as_ref());
        }
    }
}
