//! The test vectors of python's `cryptography`: what it reads and what we read is compared file by file, and where they
//! differ, `vectors.txt` must say so and why.
//!
//! The library does the reading, as `inspect` and `import-key` have it read; a few files go through the program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use keystore::digest::Digest;
use keystore::pki::{Budget, Content, Item, Passphrase, recognise};

use crate::common::{Keyring, finish, text, write};
use crate::stranger::{python_program, run_python_program};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/vectors.py");
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/vectors.txt");

/// Which of them hold what is read here. Public keys and parameters are left out on both sides.
const FOLDERS: [&str; 4] = ["asymmetric", "pkcs12", "pkcs7", "x509"];
const EXTENSIONS: [&str; 8] = ["pem", "der", "key", "p12", "p7b", "crt", "crl", "cer"];

/// What a line of the table says of the files that its pattern names.
struct Difference {
    pattern: String,
    ours: String,
    line: usize,
}

#[derive(Default)]
struct Table {
    passphrases: Vec<String>,
    differences: Vec<Difference>,
}

impl Table {
    /// `passphrase PATTERN TEXT`, and `PATTERN | what we do | why`.
    fn read() -> Self {
        let mut table = Self::default();
        let lines = std::fs::read_to_string(TABLE).unwrap();
        for (line, text) in (1..).zip(lines.lines()) {
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            if let Some(passphrase) = text.strip_prefix("passphrase ") {
                table.passphrases.push(passphrase.to_owned());
                continue;
            }
            let [pattern, ours, why] = text.split('|').map(str::trim).collect::<Vec<_>>()[..] else {
                panic!("vectors.txt, line {line}: three columns")
            };
            assert!(!why.is_empty(), "vectors.txt, line {line}: no reason");
            table.differences.push(Difference { pattern: pattern.to_owned(), ours: ours.to_owned(), line });
        }
        table
    }

    fn passphrases(&self, path: &str) -> Vec<Option<Passphrase>> {
        let found = self.passphrases.iter().filter_map(|line| line.split_once(' '));
        let found = found.filter(|(pattern, _)| matches(pattern, path));
        let passphrases = found.map(|(_, text)| Some(Passphrase::new(text.to_owned()).unwrap()));
        [None].into_iter().chain(passphrases).collect()
    }
}

/// Whether a path is one of those that a pattern names; `*` stands for anything.
fn matches(pattern: &str, path: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == path };
    let Some(mut path) = path.strip_prefix(start) else { return false };
    let parts: Vec<&str> = rest.split('*').collect();
    let (last, between) = parts.split_last().expect("split gives one at least");
    for part in between {
        let Some(at) = path.find(part) else { return false };
        path = &path[at + part.len()..];
    }
    path.ends_with(last)
}

/// The files, as paths below the folder of the vectors.
fn files(base: &Path) -> Vec<String> {
    fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, into);
            } else if path.extension().is_some_and(|found| EXTENSIONS.iter().any(|one| *one == found)) {
                into.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for folder in FOLDERS {
        walk(&base.join(folder), &mut found);
    }
    let mut paths: Vec<String> = found.iter().map(|path| text(path.strip_prefix(base).unwrap())).collect();
    paths.sort();
    paths
}

/// What we read of a file, in the words of `vectors.py`; beside it what we say of what we do not read.
fn ours(bytes: &[u8], passphrase: Option<&Passphrase>) -> (Vec<String>, Vec<String>) {
    let items = match recognise(bytes) {
        Ok(items) => items,
        Err(error) => return (Vec::new(), vec![error.to_string()]),
    };
    let mut budget = Budget::default();
    let items: Vec<Item> = items.into_iter().flat_map(|item| item.unlock(passphrase, &mut budget)).collect();
    let (mut found, mut said) = (BTreeSet::new(), Vec::new());
    for item in items {
        if let Some(closed) = item.protection.as_ref().and_then(|protection| protection.closed.as_ref()) {
            said.push(closed.to_string());
        }
        let one = match &item.content {
            Content::PrivateKey(key) => match key.public_key() {
                Some(public) => format!("private-key {}", public.hash()),
                None => {
                    said.push(format!("{}, of which the public key is not told", key.describe()));
                    continue;
                }
            },
            Content::Certificate(certificate) => format!("certificate {}", certificate.fingerprint()),
            Content::Request(request) => format!("request {}", Digest::of(request.as_der())),
            Content::Crl(crl) => format!("crl {} {}", crl.this_update, crl.revoked),
            Content::Unreadable { error, .. } => {
                said.push(error.to_string());
                continue;
            }
            _ => continue,
        };
        found.insert(one);
    }
    (found.into_iter().collect(), said)
}

/// Where the vectors are, and what python reads of each, by passphrase.
fn theirs(base: &Path, table: &Table) -> BTreeMap<String, Vec<Vec<String>>> {
    let mut command = python_program("python");
    command.arg(SCRIPT).args(files(base));
    let said = finish(&mut command, &table.passphrases.join("\n")).unwrap().succeeded().stdout;
    serde_json::from_str(&said).expect("vectors.py writes JSON")
}

/// The folder of the package.
fn base() -> PathBuf {
    let mut command = python_program("python");
    command.args(["-c", "import cryptography_vectors as v, os; print(os.path.dirname(v.__file__))"]);
    let said = run_python_program(&mut command).succeeded().stdout;
    PathBuf::from(said.trim_end())
}

/// What we do otherwise.
fn difference(ours: &[String], theirs: &[String]) -> Option<&'static str> {
    match (ours, theirs) {
        _ if ours == theirs => None,
        ([], _) => Some("refused"),
        (_, []) => Some("read"),
        _ if theirs.iter().all(|one| ours.contains(one)) => Some("more"),
        _ if ours.iter().all(|one| theirs.contains(one)) => Some("less"),
        _ => Some("other"),
    }
}

#[test]
fn are_read_as_python_reads_them_or_otherwise_for_a_reason() {
    let (table, base) = (Table::read(), base());
    let theirs = theirs(&base, &table);
    assert!(theirs.len() > 1000, "{} vectors", theirs.len());
    let mut used = BTreeSet::new();
    let mut wrong = Vec::new();
    for (path, theirs) in &theirs {
        let bytes = std::fs::read(base.join(path)).unwrap();
        let passphrases = table.passphrases(path);
        assert_eq!(passphrases.len(), theirs.len(), "{path}");
        for (passphrase, theirs) in passphrases.iter().zip(theirs) {
            let (ours, said) = ours(&bytes, passphrase.as_ref());
            let Some(what) = difference(&ours, theirs) else { continue };
            let with = if passphrase.is_some() { "opened" } else { "alone" };
            let what = format!("{what} {with}");
            match table.differences.iter().find(|line| line.ours == what && matches(&line.pattern, path)) {
                Some(line) => {
                    used.insert(line.line);
                }
                None => wrong.push(format!("{path} | {what} | {said:?} {ours:?} {theirs:?}")),
            }
        }
    }
    let unused = table.differences.iter().filter(|line| !used.contains(&line.line));
    let unused: Vec<String> = unused.map(|line| format!("line {}: {}", line.line, line.pattern)).collect();
    assert!(
        wrong.is_empty() && unused.is_empty(),
        "differences that vectors.txt does not know:\n{}\nlines of it that are no longer true: {unused:#?}",
        wrong.join("\n")
    );
}

#[test]
fn are_read_alike_by_the_program() {
    let (table, base, keyring) = (Table::read(), base(), Keyring::new());
    for (path, passphrase) in [
        ("asymmetric/PKCS8/ed25519-scrypt.pem", "hunter42"),
        ("asymmetric/PKCS8/rsa-40bitrc2.pem", "baz"),
        ("asymmetric/OpenSSH/ecdsa-psw.key", "password"),
        ("asymmetric/Traditional_OpenSSL_Serialization/key1.pem", "123456"),
        ("asymmetric/DER_Serialization/testrsa.der", "unused"),
        ("pkcs12/cert-rc2-key-3des.p12", "cryptography"),
        ("pkcs7/amazon-roots.p7b", "unused"),
        ("x509/requests/san_rsa_sha1.der", "unused"),
        ("x509/cryptography.io.chain_with_garbage.pem", "unused"),
    ] {
        write(&keyring.path("passphrase"), passphrase);
        let arguments = ["inspect", &text(&base.join(path)), "--passphrase-file", &keyring.file("passphrase")];
        let found = keyring.json(&arguments);
        let said = found["objects"].as_array().expect("objects").iter().filter_map(|object| {
            let (kind, field) = match object["kind"].as_str()? {
                "private-key" => ("private-key", "spki_sha256"),
                "certificate" => ("certificate", "sha256"),
                _ => return None,
            };
            Some(format!("{kind} {}", object[field].as_str()?))
        });
        let said: BTreeSet<String> = said.collect();
        let bytes = std::fs::read(base.join(path)).unwrap();
        let (ours, _) = ours(&bytes, table.passphrases(path).last().unwrap().as_ref());
        let ours: BTreeSet<String> = ours.into_iter().filter(|one| !one.starts_with("request")).collect();
        assert_eq!(said, ours, "{path}");
        assert!(!ours.is_empty() || found["objects"][0]["kind"] == "request", "{path}: {found}");
    }
}
