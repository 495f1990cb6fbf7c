//! Requests, read back by everyone.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;

use crate::common::{Keyring, text, write};
use crate::stranger::{ALGORITHMS, CERTUTIL, certtool, openssl, python_says, spki, subject};

const KEY: &str = "web01/https/main";
const SUBJECT: &str =
    r"C=NL,ST=Noord-Holland,L=Amsterdam,O=Bäckerei Grün\, Söhne,OU=IT,OU=Web & Mail,CN=web01.example.com";
const NAMES: [&str; 7] = [
    "dns:web01.example.com",
    "dns:*.example.com",
    "dns:bücher.example",
    "ip:192.0.2.7",
    "ip:2001:db8::7",
    "email:postmaster@example.com",
    "uri:https://example.com/a",
];

/// A key of the algorithm and a request with everything in it. Returns the request's file.
fn make(keyring: &Keyring, algorithm: &str, more: &[&str]) -> std::path::PathBuf {
    let names = NAMES.iter().flat_map(|name| ["--san", name]);
    let arguments: Vec<&str> = ["--subject", SUBJECT, "--template", "WebServer"].into_iter().chain(names).collect();
    keyring.request(KEY, &["--algorithm", algorithm], &[&arguments, more].concat())
}

#[test]
fn of_every_algorithm_are_read_alike_by_openssl_gnutls_and_python() {
    for algorithm in ALGORITHMS {
        let keyring = Keyring::new();
        let request = make(&keyring, algorithm, &[]);
        read_by_openssl(&request, algorithm);
        read_by_certtool(&request, algorithm);
        let public_key = spki("request", &text(&request));
        read_by_python(&request, algorithm, &public_key);
        assert_eq!(public_key, spki("key", &keyring.kept(KEY, 1, "private-key.pem")), "{algorithm}");
    }
}

/// The names as openssl and certtool write them, the internationalised one as an A-label.
fn read_by_openssl(request: &Path, algorithm: &str) {
    let said = crate::common::Tool::OPENSSL.finish(&["req", "-verify", "-text", "-noout", "-in", &text(request)]);
    let said = said.succeeded();
    assert!(said.stderr.contains("verify OK") || said.stdout.contains("verify OK"), "{algorithm}: {}", said.stderr);
    let names = "DNS:web01.example.com, DNS:*.example.com, DNS:xn--bcher-kva.example, IP Address:192.0.2.7, \
                 IP Address:2001:DB8:0:0:0:0:0:7, email:postmaster@example.com, URI:https://example.com/a\n";
    for expected in [names, "X509v3 Key Usage: critical\n", "TLS Web Server Authentication\n", "1.3.6.1.4.1.311.20.2:"]
    {
        assert!(said.stdout.contains(expected), "{algorithm}: openssl shows no {expected} in\n{}", said.stdout);
    }
    assert_eq!(subject("req", request), SUBJECT, "{algorithm}");
}

fn read_by_certtool(request: &Path, algorithm: &str) {
    let said = certtool(&["--crq-info", "--infile", &text(request)]);
    let lines: BTreeSet<&str> = said.lines().map(str::trim).collect();
    for expected in [
        "Self signature: verified",
        "DNSname: *.example.com",
        "DNSname: xn--bcher-kva.example (bücher.example)",
        "IPAddress: 192.0.2.7",
        "IPAddress: 2001:db8::7",
        "RFC822Name: postmaster@example.com",
        "URI: https://example.com/a",
        "Key Usage (critical):",
        "TLS WWW Server.",
        "Hexdump: 1e12005700650062005300650072007600650072",
    ] {
        assert!(lines.contains(expected), "{algorithm}: certtool shows no {expected} in\n{said}");
    }
}

fn read_by_python(request: &Path, algorithm: &str, public_key: &str) {
    let usage: &[&str] =
        if algorithm.starts_with("rsa") { &["digital_signature", "key_encipherment"] } else { &["digital_signature"] };
    let names = NAMES.map(|name| if name == "dns:bücher.example" { "dns:xn--bcher-kva.example" } else { name });
    let expected = json!({
        "signature_valid": true,
        "subject": [
            ["2.5.4.6", "NL"],
            ["2.5.4.8", "Noord-Holland"],
            ["2.5.4.7", "Amsterdam"],
            ["2.5.4.10", "Bäckerei Grün, Söhne"],
            ["2.5.4.11", "IT"],
            ["2.5.4.11", "Web & Mail"],
            ["2.5.4.3", "web01.example.com"],
        ],
        "names": names,
        "usage": usage,
        "usage_critical": true,
        "extended_usage": ["1.3.6.1.5.5.7.3.1"],
        // a bare BMPString, as Active Directory's authorities want it
        "template": "1e12005700650062005300650072007600650072",
        "template_critical": false,
        "extensions": 4,
        "spki": public_key,
    });
    let [said] = python_says(&[format!("request:{}", text(request))]);
    assert_eq!(said, expected, "{algorithm}");
}

#[test]
fn with_the_header_of_key_manager_are_read_by_openssl_and_certtool() {
    let keyring = Keyring::new();
    let header = ["--key-manager-header", "--email", "webmaster@example.com", "--phone", "+31 20 5550100"];
    let request = make(&keyring, "rsa-2048", &header);
    let written = std::fs::read_to_string(&request).unwrap();
    assert!(written.starts_with("Webmaster: webmaster@example.com\r\nPhone: +31 20 5550100\r\n"), "{written}");
    read_by_openssl(&request, "rsa-2048");
    read_by_certtool(&request, "rsa-2048");
    let kept = keyring.kept(KEY, 1, "request-1.csr");
    let der = |file: &str| openssl(&["req", "-in", file, "-outform", "PEM"]);
    assert_eq!(der(&text(&request)), der(&kept), "the header changes nothing of the request itself");
}

#[test]
fn on_names_alone_have_an_empty_subject_and_critical_names() {
    let keyring = Keyring::new();
    let request = keyring.request(KEY, &[], &["--san", "dns:web01.example.com", "--san", "ip:192.0.2.7"]);
    let said = openssl(&["req", "-verify", "-text", "-noout", "-in", &text(&request)]);
    assert!(said.contains("X509v3 Subject Alternative Name: critical\n"), "{said}");
    assert_eq!(subject("req", &request), "");
}

#[test]
fn of_gnutls_and_nss_are_taken_over() {
    let keyring = Keyring::new();
    let template = "cn = \"web01.example.com\"\norganization = \"Example\"\ndns_name = \"web01.example.com\"\n\
                    ip_address = \"192.0.2.7\"\nemail = \"a@example.com\"\nuri = \"https://example.com/\"\ntls_www_server\n";
    write(&keyring.path("template"), template);
    let (key, theirs, template) = (keyring.file("key.pem"), keyring.file("gnutls.csr"), keyring.file("template"));
    certtool(&["--generate-privkey", "--key-type", "rsa", "--bits", "2048", "--outfile", &key]);
    certtool(&["--generate-request", "--load-privkey", &key, "--template", &template, "--outfile", &theirs]);
    let names = json!(["dns:web01.example.com", "uri:https://example.com/", "ip:192.0.2.7", "email:a@example.com"]);
    taken_over(&keyring, "gnutls", &theirs, &names);

    let folder = keyring.path("nss");
    std::fs::create_dir(&folder).unwrap();
    let database = format!("sql:{}", text(&folder));
    CERTUTIL.run(&["-N", "-d", &database, "--empty-password"]);
    write(&keyring.path("noise"), [7; 64]);
    for form in ["-a", "-v"] {
        let theirs = keyring.file("nss.csr");
        let subject = ["-s", "CN=web01.example.com,O=Example", "-8", "web01.example.com,www.example.com"];
        let out = ["-k", "rsa", "-g", "2048", "-z", &keyring.file("noise"), "-o", &theirs];
        // with -a a header for people stands above the request; -v 1 changes nothing, and leaves it binary
        let form: &[&str] = if form == "-a" { &["-a"] } else { &["-v", "1"] };
        CERTUTIL.run(&[&["-R", "-d", &database], &subject[..], &out, form].concat());
        let names = json!(["dns:web01.example.com", "dns:www.example.com"]);
        taken_over(&keyring, &format!("nss{}", form.len()), &theirs, &names);
    }
}

/// A request that somebody made, asked for again with another key.
#[track_caller]
fn taken_over(keyring: &Keyring, name: &str, theirs: &str, names: &serde_json::Value) {
    let found = keyring.json(&["inspect", theirs]);
    assert_eq!(found["objects"][0]["kind"], "request", "{found}");
    assert_eq!(&found["objects"][0]["names"], names, "{name}");
    let out = keyring.file(&format!("{name}.ours"));
    keyring.run(&["make-csr", &format!("web01/https/{name}"), "--new-key", "--from-csr", theirs, "--out", &out]);
    let ours = keyring.json(&["inspect", &out]);
    for field in ["subject", "names"] {
        assert_eq!(ours["objects"][0][field], found["objects"][0][field], "{name}: {field}");
    }
}
