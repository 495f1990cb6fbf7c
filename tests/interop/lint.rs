//! Requests and certificates that the program makes, held against the standards by openssl and pkilint.
//!
//! pkilint has linters for certificates and none for requests. So a request is checked by openssl (its structure and
//! signature) and parsed by python's `cryptography`, and then a throw-away authority copies its subject, public key, and
//! extensions into a certificate: that is what pkilint sees. What of a finding is the authority's own (serial number,
//! validity, key identifiers) would be found in all of them. The header of Key Manager stands outside of what is signed.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::common::{Authority, Keyring, Tool, text, write};
use crate::stranger::{ALGORITHMS, openssl, python_program, python_says, run_python_program};

const KEY: &str = "web01/https/main";
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/keystore/tests/fixtures/request-config");

/// A name with a wildcard is one of RFC 6125 and no host name of RFC 5280, which is the one that pkilint knows; and one
/// without a dot is none of its.
pub(crate) const ODD_HOST: &str = "ERROR pkix.invalid_domain_name_syntax";
/// The config asks for it, and openssl makes the same request of it.
const KEY_USAGE_OF_CONFIG: &str = "WARNING pkix.key_usage_extension_not_critical";

/// Section 4.1.2.6 of RFC 5280 obliges authorities. A request adds no mailbox to the names that nobody asked for: an
/// authority of web servers would refuse it.
const MAILBOX: &str = "ERROR pkix.subject_email_address_not_in_san";

/// One flag at a time, then everything at once; with what is found of that and meant.
const REQUESTS: [(&str, &[&str], &[&str]); 12] = [
    ("a host name", &["--cn", "web01.example.com"], &[]),
    ("an internationalised host name", &["--cn", "bücher.example"], &[]),
    ("a common name for people", &["--cn", "Grün & Söhne Webshop", "--san", "dns:web01.example.com"], &[]),
    ("dns", &["--san", "dns:web01.example.com", "--san", "dns:*.example.com"], &[ODD_HOST]),
    ("an internationalised name", &["--san", "dns:bücher.example", "--san", "dns:δοκιμή.example"], &[]),
    ("ip", &["--san", "ip:192.0.2.7", "--san", "ip:2001:db8::7"], &[]),
    ("email", &["--san", "email:postmaster@example.com"], &[]),
    ("email at an internationalised name", &["--san", "email:postmaster@bücher.example"], &[]),
    ("uri", &["--san", "uri:https://example.com/a?b=c#d"], &[]),
    ("an internationalised uri", &["--san", "uri:https://xn--bcher-kva.example:8443/%C3%A4"], &[]),
    ("a template", &["--cn", "web01.example.com", "--template", "WebServer"], &[]),
    (
        "every field",
        &[
            "--cn",
            "web01.example.com",
            "--org",
            "Bäckerei Grün, Söhne",
            "--unit",
            "IT",
            "--unit",
            "Web & Mail",
            "--country",
            "NL",
            "--state",
            "Noord-Holland",
            "--locality",
            "Amsterdam",
            "--key-manager-header",
            "--email",
            "webmaster@example.com",
            "--phone",
            "+31 20 5550100",
        ],
        &[],
    ),
];

/// Every attribute that a subject can have by name, in the order of their encoding.
const SUBJECT: &str = "DC=org,DC=example,C=NL,ST=Noord-Holland,L=Amsterdam,street=Damrak 1,postalCode=1012 LG,\
                       O=Bäckerei Grün,OU=IT,OU=Web,title=Dr.,GN=Jan,SN=Jansen,serialNumber=HRB 4711,\
                       UID=web01,emailAddress=webmaster@example.com,CN=web01.example.com";

/// What pkilint finds, by its codes. NOTICE and INFO name what is allowed and unusual.
fn findings(certificate: &Path) -> Vec<String> {
    let mut command = python_program("lint_pkix_cert");
    command.args(["lint", "-s", "NOTICE", "-f", "JSON"]).arg(certificate);
    findings_of(&mut command)
}

fn findings_of(command: &mut Command) -> Vec<String> {
    let said = run_python_program(command);
    let report: Value = serde_json::from_str(&said.stdout)
        .unwrap_or_else(|_| panic!("{}: no report:\n{}{}", said.line, said.stdout, said.stderr));
    let results = report["results"].as_array().expect("results");
    let all = results.iter().flat_map(|result| {
        let place = result["node_path"].as_str().unwrap_or_default().to_owned();
        let found = result["finding_descriptions"].as_array().cloned().unwrap_or_default();
        found.into_iter().map(move |finding| {
            format!("{} {} at {place} {}", finding["severity"], finding["code"], finding["message"]).replace('"', "")
        })
    });
    all.collect()
}

/// The requests of one keystore, and who certifies them.
struct Desk {
    keyring: Keyring,
    authority: Authority,
}

impl Desk {
    fn new() -> Self {
        let keyring = Keyring::new();
        let authority = Authority::new(keyring.path("authority"));
        Self { keyring, authority }
    }

    /// Checks a request in every way. `allowed` are the findings that the request was made for.
    #[track_caller]
    fn check(&self, what: &str, request: &Path, allowed: &[&str]) {
        let said = Tool::OPENSSL.finish(&["req", "-in", &text(request), "-verify", "-noout"]).succeeded();
        assert!(said.stdout.contains("verify OK") || said.stderr.contains("verify OK"), "{what}: {}", said.stderr);
        let [said] = python_says(&[format!("parsed:{}", text(request))]);
        assert_eq!(said["signature_valid"], true, "{what}: {said}");
        let certificate = self.authority.sign(request);
        let (root, issuing) = (text(&self.authority.root()), text(&self.authority.issuing()));
        strict(&root, &issuing, &text(&certificate));
        lint(what, &certificate, allowed);
    }

    /// A request of a new key.
    #[track_caller]
    fn request(&self, name: &str, create: &[&str], make: &[&str]) -> PathBuf {
        self.keyring.request(&format!("web01/https/{name}"), create, make)
    }
}

/// A revocation list, by the rules for lists; nothing may be found.
#[track_caller]
pub(crate) fn lint_list(list: &Path) {
    let mut command = python_program("lint_crl");
    command.args(["lint", "-t", "CRL", "-p", "PKIX", "-s", "NOTICE", "-f", "JSON"]).arg(list);
    let found = findings_of(&mut command);
    assert!(found.is_empty(), "{found:#?}");
}

#[track_caller]
pub(crate) fn lint(what: &str, certificate: &Path, allowed: &[&str]) {
    let found = findings(certificate);
    let unknown: Vec<&String> =
        found.iter().filter(|finding| !allowed.iter().any(|code| finding.contains(code))).collect();
    assert!(unknown.is_empty(), "{what}: {unknown:#?}");
    for code in allowed {
        assert!(found.iter().any(|finding| finding.contains(code)), "{what}: {code} is no longer found in {found:#?}");
    }
}

/// As openssl checks those who want RFC 5280 to the letter.
#[track_caller]
pub(crate) fn strict(root: &str, issuing: &str, certificate: &str) {
    let said = openssl(&[
        "verify",
        "-x509_strict",
        "-policy_check",
        "-check_ss_sig",
        "-CAfile",
        root,
        "-untrusted",
        issuing,
        certificate,
    ]);
    assert!(said.ends_with(": OK\n"), "{said}");
}

#[test]
fn requests_of_every_algorithm_are_in_order() {
    let desk = Desk::new();
    for algorithm in ALGORITHMS {
        let request = desk.request(algorithm, &["--algorithm", algorithm], &["--cn", "web01.example.com"]);
        desk.check(algorithm, &request, &[]);
    }
}

#[test]
fn requests_of_every_field_are_in_order() {
    let desk = Desk::new();
    for (index, (what, arguments, allowed)) in REQUESTS.into_iter().enumerate() {
        let request = desk.request(&format!("f{index}"), &[], arguments);
        desk.check(what, &request, allowed);
    }
    let request = desk.request("subject", &[], &["--subject", SUBJECT]);
    desk.check("a subject of all attributes", &request, &[MAILBOX]);
}

#[test]
fn requests_of_configs_are_in_order() {
    let desk = Desk::new();
    for (config, allowed) in [
        ("web-server.cnf", &[ODD_HOST, KEY_USAGE_OF_CONFIG][..]),
        ("prompts.cnf", &[]),
        ("variables.cnf", &[]),
        ("defaults.cnf", &[]),
        ("exchange.inf", &[]),
    ] {
        let key = format!("web01/https/{}", config.replace('.', "-"));
        let out = desk.keyring.path(&format!("{config}.csr"));
        let file = format!("{FIXTURES}/{config}");
        desk.keyring.run(&["make-csr", &key, "--new-key", "--config", &file, "--out", &text(&out)]);
        desk.check(config, &out, allowed);
    }
}

#[test]
fn requests_for_a_renewal_are_in_order() {
    let desk = Desk::new();
    let names = ["--cn", "web01.example.com", "--san", "dns:bücher.example", "--template", "WebServer"];
    let first = desk.keyring.request(KEY, &[], &names);
    let certificate = desk.authority.sign(&first);
    desk.keyring.run(&["install-cert", KEY, &text(&certificate), &text(&desk.authority.issuing())]);
    desk.keyring.run(&["commit"]);
    for (flag, file) in [("--from-csr", &first), ("--from-certificate", &certificate)] {
        let out = desk.keyring.path(&format!("again{flag}.csr"));
        desk.keyring.run(&["make-csr", KEY, "--reuse-key", flag, &text(file), "--out", &text(&out)]);
        desk.check(flag, &out, &[]);
    }
}

#[test]
fn certificates_of_the_demonstration_are_in_order() {
    let keyring = Keyring::new();
    let folder = keyring.path("demo");
    keyring.run(&["demo", "--keep", &text(&folder)]);
    let root = folder.join("authority.pem");
    lint("the root", &root, &[]);
    for name in ["reply-1.pem", "reply-2.pem"] {
        let reply = folder.join(name);
        // the leaf, then the issuing CA
        let blocks = keystore::pki::pem_blocks(&std::fs::read(&reply).unwrap());
        let [leaf, issuing] = [0, 1].map(|at: usize| {
            let out = folder.join(format!("{name}-{at}.der"));
            std::fs::write(&out, blocks[at].body.as_ref().unwrap().as_slice()).unwrap();
            out
        });
        assert_eq!(blocks.len(), 2);
        lint("a leaf", &leaf, &[]);
        lint("the issuing CA", &issuing, &[]);
        strict(&text(&root), &text(&issuing), &text(&leaf));
    }
}

#[test]
fn what_is_out_of_order_would_be_found() {
    let keyring = Keyring::new();
    let (key, out) = (keyring.file("key.pem"), keyring.path("bad.pem"));
    let config = keyring.path("empty.cnf");
    // a name that no host has
    write(&config, "[ req ]\ndistinguished_name = dn\n[ dn ]\n");
    let (config, out_file) = (text(&config), text(&out));
    openssl(&[
        "req",
        "-x509",
        "-new",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=a.example",
        "-config",
        &config,
        "-keyout",
        &key,
        "-out",
        &out_file,
        "-addext",
        "subjectAltName=DNS:-a-",
    ]);
    let found = findings(&out).join("\n");
    assert!(found.contains("ERROR pkix.invalid_domain_name_syntax"), "{found}");
}
