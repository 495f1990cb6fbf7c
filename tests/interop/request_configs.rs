//! The same request configs, taken by openssl and by `make-csr --config`.

use std::collections::BTreeMap;

use crate::common::{Keyring, text};
use crate::stranger::{openssl, python_says};

const KEY: &str = "web01/https/main";
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/keystore/tests/fixtures/request-config");

/// The requested extensions, each with what openssl says of it.
fn extensions(request: &str) -> BTreeMap<String, String> {
    let said = openssl(&["req", "-in", request, "-noout", "-text"]);
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut lines = said.lines().skip_while(|line| line.trim() != "Requested Extensions:").peekable();
    let Some(level) = lines.next().map(indent) else { return BTreeMap::new() };
    let mut all = BTreeMap::new();
    while let Some(name) = lines.next_if(|line| indent(line) > level && !line.contains("Signature Algorithm")) {
        let mut value = String::new();
        while let Some(line) = lines.next_if(|line| indent(line) > indent(name)) {
            value.push_str(line.trim());
        }
        all.insert(name.trim().to_owned(), value);
    }
    all
}

/// The subject with the type of each string.
fn subject(request: &str) -> String {
    openssl(&["req", "-in", request, "-noout", "-subject", "-nameopt", "esc_msb,utf8,oid,show_type,sep_comma_plus"])
}

#[test]
fn openssl_makes_the_same_request_of_the_same_config() {
    for (config, count) in [("web-server.cnf", 4), ("prompts.cnf", 2), ("variables.cnf", 6), ("defaults.cnf", 2)] {
        let keyring = Keyring::new();
        let file = format!("{FIXTURES}/{config}");
        let ours = keyring.file("ours.csr");
        keyring.run(&["make-csr", KEY, "--new-key", "--config", &file, "--out", &ours]);
        let theirs = keyring.file("theirs.csr");
        let key = keyring.kept(KEY, 1, "private-key.pem");
        // -batch takes the defaults of the questions
        openssl(&["req", "-new", "-batch", "-config", &file, "-key", &key, "-out", &theirs]);
        assert_eq!(subject(&ours), subject(&theirs), "{config}");
        let extensions = [extensions(&ours), extensions(&theirs)];
        assert_eq!(extensions[0], extensions[1], "{config}");
        assert_eq!(extensions[0].len(), count, "{config}: {extensions:?}");
        if count == 6 {
            // the one with everything in it, which python's script wants
            let [ours, theirs] = python_says(&[format!("request:{ours}"), format!("request:{theirs}")]);
            assert_eq!(ours, theirs, "{config}");
            assert_eq!(ours["signature_valid"], true, "{config}");
        }
    }
}

#[test]
fn an_inf_file_of_certreq_becomes_a_request() {
    let keyring = Keyring::new();
    let out = keyring.path("exchange.csr");
    let file = format!("{FIXTURES}/exchange.inf");
    keyring.run(&["make-csr", KEY, "--new-key", "--config", &file, "--out", &text(&out)]);
    assert_eq!(
        crate::stranger::subject("req", &out),
        r"C=US,ST=Washington,L=Redmond,O=Contoso\, Ltd.,OU=IT,CN=mail.contoso.example"
    );
    let extensions = extensions(&text(&out));
    assert_eq!(
        extensions["X509v3 Subject Alternative Name:"],
        "DNS:mail.contoso.example, DNS:autodiscover.contoso.example, IP Address:192.0.2.30, \
         email:postmaster@contoso.example, URI:https://mail.contoso.example/owa"
    );
    assert_eq!(extensions["X509v3 Key Usage: critical"], "Digital Signature, Key Encipherment");
    assert_eq!(
        extensions["X509v3 Extended Key Usage:"],
        "TLS Web Server Authentication, TLS Web Client Authentication"
    );
    assert_eq!(extensions["TLS Feature:"], "status_request");
}

#[test]
fn openssls_certificates_and_requests_are_taken_over() {
    let keyring = Keyring::new();
    let (config, key) = (format!("{FIXTURES}/variables.cnf"), keyring.file("old.key"));
    let (request, certificate) = (keyring.file("old.csr"), keyring.file("old.pem"));
    openssl(&[
        "req", "-new", "-batch", "-newkey", "rsa:2048", "-nodes", "-config", &config, "-keyout", &key, "-out", &request,
    ]);
    let sign = ["x509", "-req", "-in", &request, "-key", &key, "-days", "9", "-copy_extensions", "copyall", "-out"];
    openssl(&[&sign[..], &[certificate.as_str()]].concat());
    for (flag, file, key) in
        [("--from-csr", &request, "web01/https/csr"), ("--from-certificate", &certificate, "web01/https/certificate")]
    {
        let out = keyring.file(&format!("{}.csr", &key[12..]));
        keyring.run(&["make-csr", key, "--new-key", flag, file, "--out", &out]);
        assert_eq!(subject(&out), subject(&request), "{flag}");
        assert_eq!(extensions(&out), extensions(&request), "{flag}");
    }
    // exported again as it was made
    let again = keyring.file("again.der");
    keyring.run(&["export-csr", "web01/https/csr", "--der", "--out", &again]);
    let der = ["req", "-inform", "DER", "-in", &again, "-verify", "-noout", "-text"];
    assert!(openssl(&der).contains("DNS:api.example.org"));
    assert_eq!(
        keyring.run(&["export-csr", "web01/https/csr"]),
        std::fs::read_to_string(keyring.file("csr.csr")).unwrap()
    );
}
