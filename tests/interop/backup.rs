//! Backups, opened by those who know nothing of `keyring`: `age` and `tar`. And what `age` encrypts, opened here.

use std::process::Command;

use crate::common::{Keyring, Tool, finish, write};

const AGE: Tool = Tool { program: "age", package: "age" };
const AGE_KEYGEN: Tool = Tool { program: "age-keygen", package: "age" };
const TAR: Tool = Tool { program: "tar", package: "tar" };
const KEY: &str = "web01/https/main";

/// A keystore with a key whose request waits, and an identity with its recipient.
fn keystore() -> (Keyring, String) {
    let keyring = Keyring::new();
    keyring.run(&["create-key", KEY]);
    keyring.run(&["make-csr", KEY, "--cn", "www.example.com"]);
    // with a part in every folder of the keystore
    keyring.run(&["set-authority", "people", "--kind", "file", "--requests", "/srv/csr", "--replies", "/srv/pem"]);
    let said = AGE_KEYGEN.run(&["-o", &keyring.file("identity.txt")]);
    let said = if said.is_empty() { AGE_KEYGEN.run(&["-y", &keyring.file("identity.txt")]) } else { said };
    let recipient = said.trim().rsplit(' ').next().expect("a recipient").to_owned();
    (keyring, recipient)
}

/// What `tar` leaves is a keystore: it lists the same, and takes a certificate for the request.
#[track_caller]
fn is_the_keystore(keyring: &Keyring, folder: &str) {
    let listed = |store: &str| keyring.json(&["list", "--store", &keyring.file(store)]);
    assert_eq!(listed(folder), listed("keystore"));
    keyring.run(&["doctor", "--store", &keyring.file(folder)]);
    let private_key = |store: &str| std::fs::read(keyring.path(&format!("{store}/servers/{KEY}/1/private-key.pem")));
    assert_eq!(private_key(folder).unwrap(), private_key("keystore").unwrap());
    keyring.run(&["create-key", "web02/https/main", "--store", &keyring.file(folder)]);
}

fn unpack(keyring: &Keyring, archive: &str, folder: &str) {
    std::fs::create_dir(keyring.path(folder)).unwrap();
    TAR.run(&["-xf", &keyring.file(archive), "-C", &keyring.file(folder)]);
}

#[test]
fn to_a_recipient_are_opened_by_age_and_tar() {
    let (keyring, recipient) = keystore();
    keyring.run(&["backup", &keyring.file("keys.age"), "--recipient", &recipient]);
    let (archive, sealed) = (keyring.file("keys.tar"), keyring.file("keys.age"));
    AGE.run(&["-d", "-i", &keyring.file("identity.txt"), "-o", &archive, &sealed]);
    let names = TAR.run(&["-tf", &archive]);
    assert!(names.starts_with("manifest.json\n") && names.ends_with("keystore.toml\n"), "{names}");
    unpack(&keyring, "keys.tar", "unpacked");
    is_the_keystore(&keyring, "unpacked");
    let modes = TAR.run(&["-tvf", &archive]);
    let passage = |line: &str| line.starts_with("drwx--x--x") && line.ends_with(" live");
    let ours = |line: &str| line.starts_with("-rw-------") || line.starts_with("drwx------") || passage(line);
    assert!(modes.lines().all(ours), "{modes}");
}

#[test]
fn in_the_clear_have_hashes_that_sha256sum_finds_too() {
    let (keyring, _) = keystore();
    keyring.run(&["backup", &keyring.file("keys.tar"), "--no-passphrase"]);
    unpack(&keyring, "keys.tar", "unpacked");
    is_the_keystore(&keyring, "unpacked");
    let manifest = std::fs::read_to_string(keyring.path("unpacked/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let files = manifest["files"].as_object().unwrap();
    assert!(files.len() >= 4);
    for (name, hash) in files.iter().filter(|(name, _)| !name.ends_with("facts.json")) {
        let said =
            Tool { program: "sha256sum", package: "coreutils" }.run(&[&keyring.file(&format!("unpacked/{name}"))]);
        assert_eq!(said.split(' ').next(), hash.as_str(), "{name}");
    }
}

#[test]
fn that_age_encrypted_itself_are_restored() {
    let (keyring, recipient) = keystore();
    keyring.run(&["backup", &keyring.file("keys.tar"), "--no-passphrase"]);
    AGE.run(&["-r", &recipient, "-o", &keyring.file("keys.age"), &keyring.file("keys.tar")]);
    let identity = keyring.file("identity.txt");
    let store = keyring.file("copy");
    keyring.run(&["restore", &keyring.file("keys.age"), "--store", &store, "--identity-file", &identity]);
    is_the_keystore(&keyring, "copy");
}

#[test]
fn to_a_passphrase_are_opened_by_age_on_a_terminal() {
    let (keyring, _) = keystore();
    write(&keyring.path("secret.txt"), "correct horse\n");
    let secret = keyring.file("secret.txt");
    keyring.run(&["backup", &keyring.file("keys.age"), "--passphrase-file", &secret]);
    // age asks on a terminal alone: script(1) gives it one
    let line = format!("age -d -o {} {}", keyring.file("keys.tar"), keyring.file("keys.age"));
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]);
    finish(&mut command, "correct horse\n").expect("script is part of every Debian").succeeded();
    unpack(&keyring, "keys.tar", "unpacked");
    is_the_keystore(&keyring, "unpacked");
}
