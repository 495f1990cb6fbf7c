//! What a commit published, read back by everyone.

use std::path::Path;

use serde_json::Value;

use crate::common::{Authority, text, write};
use crate::stranger::{CERTTOOL, certtool, openssl, python_says, spki};

/// The files of `current/`.
struct Published {
    certificate: String,
    chain: String,
    fullchain: String,
    combined: String,
    private_key: String,
}

/// SHA-256 of the first certificate in a file, as openssl says it.
#[track_caller]
pub(crate) fn fingerprint(file: &str) -> String {
    let said = openssl(&["x509", "-in", file, "-noout", "-fingerprint", "-sha256"]);
    let digest = said.trim_end().rsplit('=').next().unwrap_or_default();
    digest.replace(':', "").to_lowercase()
}

/// All files of a `current/` folder hold this certificate with the issuing CA's, or its private key, and prove
/// `name` to everybody who trusts the root.
#[track_caller]
pub(crate) fn check(folder: &Path, leaf: &Path, authority: &Authority, name: &str) {
    let file = |name: &str| text(&folder.join(name));
    let files = Published {
        certificate: file("certificate.pem"),
        chain: file("chain.pem"),
        fullchain: file("fullchain.pem"),
        combined: file("combined.pem"),
        private_key: file("private-key.pem"),
    };
    let leaf = text(leaf);
    let root = text(&authority.root());
    check_with_openssl(&files, &leaf, &root, name);
    check_with_certtool(&files, authority, &spki("certificate", &leaf), name);
    check_with_python(&files, &fingerprint(&leaf), &spki("certificate", &leaf), authority);
}

#[track_caller]
fn check_with_openssl(files: &Published, leaf: &str, root: &str, name: &str) {
    let Published { certificate, chain, fullchain, combined, private_key } = files;
    for file in [certificate, fullchain, combined] {
        assert_eq!(fingerprint(file), fingerprint(leaf), "{file} begins with another certificate");
        let verify = ["verify", "-CAfile", root, "-purpose", "sslserver", "-verify_hostname", name];
        let said = openssl(&[&verify[..], &["-untrusted", chain, file]].concat());
        assert!(said.ends_with(": OK\n"), "{said}");
    }
    openssl(&["verify", "-CAfile", root, "-untrusted", fullchain, fullchain]);
    for file in [private_key, combined] {
        openssl(&["pkey", "-in", file, "-check", "-noout"]);
        assert_eq!(spki("key", file), spki("certificate", certificate), "{file} is for another certificate");
    }
}

#[track_caller]
fn check_with_certtool(files: &Published, authority: &Authority, public_key: &str, name: &str) {
    let Published { certificate, fullchain, combined, private_key, .. } = files;
    let said = certtool(&["--certificate-info", "--infile", certificate]);
    assert!(said.contains(&format!("sha256:{public_key}")), "{said}");
    let root = text(&authority.root());
    let verify = ["--verify", "--load-ca-certificate", &root, "--verify-hostname", name, "--infile", fullchain];
    let said = certtool(&verify);
    assert!(said.contains("Chain verification output: Verified."), "{said}");
    let refused = CERTTOOL.finish(&["--verify", "--load-ca-certificate", &root, "--infile", certificate]);
    assert_ne!(refused.code, Some(0), "certtool verifies without the chain, so that it proves nothing");
    let whole = authority.root().with_file_name("whole-chain.pem");
    write(&whole, [std::fs::read(fullchain).unwrap(), std::fs::read(authority.root()).unwrap()].concat());
    let said = certtool(&["--verify-chain", "--infile", &text(&whole)]);
    assert!(said.contains("Chain verification output: Verified."), "{said}");
    for file in [private_key, combined] {
        let said = certtool(&["--key-info", "--infile", file]);
        assert!(said.contains(&format!("sha256:{public_key}")), "{file}: {said}");
    }
}

#[track_caller]
fn check_with_python(files: &Published, leaf: &str, public_key: &str, authority: &Authority) {
    let Published { certificate, chain, fullchain, combined, private_key } = files;
    let issuing = fingerprint(&text(&authority.issuing()));
    let certificates = |file: &str| format!("certificates:{file}");
    let [alone, rest, whole, both, key, key_of_both] = python_says(&[
        certificates(certificate),
        certificates(chain),
        certificates(fullchain),
        certificates(combined),
        format!("key:{private_key}"),
        format!("key:{combined}"),
    ]);
    for (said, expected) in
        [(alone, vec![leaf]), (rest, vec![&issuing]), (whole, vec![leaf, &issuing]), (both, vec![leaf, &issuing])]
    {
        let found: Vec<&Value> = said.as_array().unwrap().iter().map(|one| &one["sha256"]).collect();
        assert_eq!(found, expected);
    }
    assert_eq!(key["spki"], public_key);
    assert_eq!(key_of_both["spki"], public_key);
}

/// Two `current/` folders hold the same.
#[track_caller]
pub(crate) fn same(one: &Path, other: &Path) {
    for name in ["certificate.pem", "chain.pem", "fullchain.pem", "combined.pem", "private-key.pem"] {
        assert_eq!(std::fs::read(one.join(name)).unwrap(), std::fs::read(other.join(name)).unwrap(), "{name}");
    }
}
