//! From a key to what services read, with an authority that `openssl ca` runs: the first time, with a new private
//! key, with the same one again; encrypted; and as a script does it. What is published is read by openssl, certtool and python.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{Authority, Keyring, search_path, text, write};
use crate::published::{check, fingerprint, same};
use crate::stranger::{ALGORITHMS, spki, subject};

const KEY: &str = "mail01/imap/main";
const SUBJECT: &str = "C=NL,O=Bäckerei Grün,OU=IT,OU=Mail,CN=mail01.example.com";

/// Signs a request and installs the certificate with the issuing CA's. Returns the certificate's file.
fn sign_and_install(keyring: &Keyring, authority: &Authority, request: &Path) -> PathBuf {
    let leaf = authority.sign(request);
    keyring.run(&["install-cert", KEY, &text(&leaf), &text(&authority.issuing())]);
    leaf
}

#[test]
fn runs_through_for_every_algorithm_and_again_with_a_new_private_key() {
    for (index, algorithm) in ALGORITHMS.into_iter().enumerate() {
        let keyring = Keyring::new();
        let authority = Authority::new(keyring.path("authority"));
        let endpoints = ["mail01/imap@default", "mail02/pop3@192.0.2.7:995"];
        let live = ["mail01/imap/default", "mail02/pop3/v4-192.0.2.7-995"].map(|endpoint| keyring.live(endpoint));

        let names = ["--san", "dns:mail02.example.com"];
        let request =
            keyring.request(KEY, &["--algorithm", algorithm], &[&["--subject", SUBJECT], &names[..]].concat());
        let first = sign_and_install(&keyring, &authority, &request);
        assert_eq!(subject("x509", &first), SUBJECT);
        keyring.run(&[&["bind", KEY], &endpoints[..]].concat());
        assert!(live.iter().all(|folder| !folder.exists()), "{algorithm}: published before the commit");
        keyring.run(&["commit", "-m", "first"]);
        check(&live[0], &first, &authority, "mail01.example.com");
        same(&live[0], &live[1]);

        let next_algorithm = ALGORITHMS[(index + 1) % ALGORITHMS.len()];
        let request = keyring.request(KEY, &["--next", "--algorithm", next_algorithm], &[]);
        assert_eq!(subject("req", &request), SUBJECT, "the last request's subject is taken");
        let second = sign_and_install(&keyring, &authority, &request);
        assert_eq!(fingerprint(&text(&live[0].join("certificate.pem"))), fingerprint(&text(&first)));
        keyring.run(&["commit", "-m", "second"]);
        check(&live[1], &second, &authority, "mail02.example.com");
        same(&live[0], &live[1]);
        assert_ne!(spki("certificate", &text(&first)), spki("certificate", &text(&second)));
    }
}

#[test]
fn certifies_the_same_private_key_again() {
    let keyring = Keyring::new();
    let authority = Authority::new(keyring.path("authority"));
    let request = keyring.request(KEY, &[], &["--subject", SUBJECT]);
    let first = sign_and_install(&keyring, &authority, &request);
    keyring.run(&["bind", KEY, "mail01/imap@default"]);
    keyring.run(&["commit"]);

    let renewal = keyring.file("renewal.csr");
    keyring.run(&["make-csr", KEY, "--reuse-key", "--out", &renewal]);
    let second = sign_and_install(&keyring, &authority, Path::new(&renewal));
    keyring.run(&["commit"]);
    check(&keyring.live("mail01/imap/default"), &second, &authority, "mail01.example.com");
    assert_eq!(spki("certificate", &text(&first)), spki("certificate", &text(&second)));
    assert_ne!(fingerprint(&text(&first)), fingerprint(&text(&second)));
}

#[test]
fn publishes_an_encrypted_private_key_in_the_clear_for_its_service() {
    let keyring = Keyring::new();
    let authority = Authority::new(keyring.path("authority"));
    write(&keyring.path("passphrase"), "a passphrase of the tests\n");
    let secret = keyring.file("passphrase");
    let passphrase = ["--passphrase-file", &secret];
    let request = keyring.request(KEY, &passphrase, &[&["--subject", SUBJECT], &passphrase[..]].concat());
    let leaf = sign_and_install(&keyring, &authority, &request);
    keyring.run(&["bind", KEY, "mail01/imap@default"]);
    keyring.finish(&["commit"]).ended_with(2);
    assert!(!keyring.live("mail01/imap/default").exists());
    keyring.run(&[&["commit"], &passphrase[..]].concat());
    check(&keyring.live("mail01/imap/default"), &leaf, &authority, "mail01.example.com");
}

/// What an administrator would write, with nobody at the terminal.
const SCRIPT: &str = r#"
openssl req -x509 -newkey rsa:2048 -noenc -keyout ca.key -out ca.pem -days 30 -subj "/CN=Script CA" 2>/dev/null
keyring init --no-input
keyring create-key www01/https/main --no-input
keyring make-csr www01/https/main --cn www01.example.com --org "Example Corp" --country NL --out www01.csr --no-input
openssl x509 -req -in www01.csr -CA ca.pem -CAkey ca.key -CAcreateserial -copy_extensions copy -days 30 -out www01.pem
keyring install-cert www01/https/main www01.pem --no-input
keyring bind www01/https/main www01/https@default --no-input
keyring commit -m "from a script" --no-input
live=$KEYRING_STORE/live/www01/https/default/current
openssl verify -CAfile ca.pem -verify_hostname www01.example.com "$live/fullchain.pem"
cmp www01.pem "$live/certificate.pem"
"#;

#[test]
fn runs_in_a_script_with_nobody_to_ask() {
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_keyring"));
    let mut path = program.parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(search_path());
    let mut shell = Command::new("sh");
    shell.args(["-eu", "-c", SCRIPT]).env_clear().env("PATH", path).env("HOME", folder.path());
    shell.env("KEYRING_STORE", folder.path().join("keystore")).current_dir(folder.path());
    let output = shell.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("fullchain.pem: OK\n"), "{said}");
}
