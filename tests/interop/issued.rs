//! Certificates and revocation lists that the library issues, read and verified by strangers, of every algorithm.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use keystore::pki::{
    AuthorityTemplate, BeyondIssuer, Certificate, CertificateProfile, EXCHANGE_DAYS, Issuer, KeyAlgorithm,
    NameConstraints, PrivateKey, RequestTemplate, RevocationReason, Revoked, SelfSignedTemplate, SerialNumber, Terms,
    Validity, exchange_names,
};
use keystore::timestamp::Timestamp;
use serde_json::json;

use crate::common::{Finished, Tool, text, write};
use crate::lint::{ODD_HOST, lint, lint_list, strict};
use crate::stranger::{CERTTOOL, GNUTLS_CLI, certtool, openssl, python, python_says};

const HOST: &str = "web01.lab.example";
const SUBJECT: &str = r"C=NL,O=Bäckerei Grün\, Söhne,OU=IT,OU=Web & Mail,CN=web01.lab.example";
const LIST_URL: &str = "http://ca.lab.example/lab.crl";

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock past 1970");
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap())
}

/// So many days from an hour ago on.
fn days(days: u32) -> Validity {
    Validity::of_days(Timestamp::from_unix(now().unix() - 3600), days).unwrap()
}

fn terms(number: u8, validity: Validity) -> Terms {
    let crl_url = Some(LIST_URL.parse().unwrap());
    Terms { serial: SerialNumber::from_random([number; 16]), validity, beyond_issuer: BeyondIssuer::Refuse, crl_url }
}

fn constraints(permitted: &[&str], excluded: &[&str]) -> NameConstraints {
    let all = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    NameConstraints { permitted: all(permitted), excluded: all(excluded) }
}

/// A root, an issuing authority, and a folder for what strangers read.
struct Laboratory {
    folder: tempfile::TempDir,
    root: Certificate,
    issuing: Certificate,
    key: PrivateKey,
}

impl Laboratory {
    fn new(algorithm: KeyAlgorithm, constraints: &NameConstraints) -> Self {
        let [root_key, key] = [(); 2].map(|()| PrivateKey::generate(algorithm).unwrap());
        let template = |name: &str, authorities_below| AuthorityTemplate {
            subject: format!("O=Bäckerei Grün,CN={name}").parse().unwrap(),
            authorities_below,
            constraints: constraints.clone(),
        };
        let serial = SerialNumber::from_random([0; 16]);
        // an end from 2050 on is written in another way
        let root = template("Lab Root", 1).self_signed(&root_key, &serial, days(30 * 365)).unwrap();
        let below = template("Lab Issuing CA", 0);
        let issuer = Issuer::new(&root, &root_key).unwrap();
        let issuing = issuer.issue_authority(&below, key.public_key(), &terms(1, days(3650))).unwrap().certificate;
        let laboratory = Self { folder: tempfile::tempdir().unwrap(), root, issuing, key };
        laboratory.file("root.pem", &laboratory.root.to_pem());
        laboratory.file("issuing.pem", &laboratory.issuing.to_pem());
        laboratory
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, contents: &str) -> String {
        write(&self.path(name), contents);
        text(&self.path(name))
    }

    fn issuer(&self) -> Issuer<'_> {
        Issuer::new(&self.issuing, &self.key).unwrap()
    }

    fn issue(&self, number: u8, key: KeyAlgorithm, profile: CertificateProfile, names: &[&str]) -> Certificate {
        let template = RequestTemplate {
            subject: SUBJECT.parse().unwrap(),
            names: names.iter().map(|name| name.parse().unwrap()).collect(),
            ..RequestTemplate::default()
        };
        let request = template.sign(&PrivateKey::generate(key).unwrap()).unwrap();
        self.issuer().issue(&request, profile, &terms(number, days(47))).unwrap().certificate
    }

    fn list(&self, revoked: &[Revoked]) -> String {
        let next = Timestamp::from_unix(now().unix() + 7 * 86_400);
        let list = self.issuer().revocation_list(revoked, 4711, now(), next).unwrap();
        self.file("list.crl", &list.to_pem())
    }

    /// Whether openssl finds the way from a certificate to the root, with a list that is not run out.
    fn openssl_verifies(&self, purpose: &str, leaf: &str, list: &str) -> Result<(), String> {
        let (root, issuing) = (text(&self.path("root.pem")), text(&self.path("issuing.pem")));
        let names = if purpose == "sslserver" { &["-verify_hostname", HOST][..] } else { &[] };
        let usual = ["verify", "-x509_strict", "-crl_check", "-CRLfile", list, "-purpose", purpose, "-CAfile", &root];
        let said = Tool::OPENSSL.finish(&[&usual[..], names, &["-untrusted", &issuing, leaf]].concat());
        if said.code == Some(0) { Ok(()) } else { Err(said.stderr) }
    }

    /// The same of certtool.
    fn certtool_verifies(&self, purpose: &str, leaf: &Certificate, list: &str) -> Result<(), String> {
        let chain = self.file("chain.pem", &(leaf.to_pem() + &self.issuing.to_pem()));
        let root = text(&self.path("root.pem"));
        let usual = ["--verify", "--infile", &chain, "--load-ca-certificate", &root, "--load-crl", list];
        let said = CERTTOOL.finish(&[&usual[..], &["--verify-purpose", purpose]].concat());
        if said.code == Some(0) { Ok(()) } else { Err(said.stdout) }
    }
}

/// An authority of each algorithm, and keys of each kind below one of them.
fn pairs() -> impl Iterator<Item = (KeyAlgorithm, KeyAlgorithm)> {
    let authorities = KeyAlgorithm::ALL.map(|authority| (authority, KeyAlgorithm::EcdsaP256));
    let keys = [KeyAlgorithm::Rsa2048, KeyAlgorithm::Ed25519].map(|key| (KeyAlgorithm::EcdsaP256, key));
    authorities.into_iter().chain(keys)
}

#[test]
fn certificates_of_every_algorithm_are_verified_by_openssl_gnutls_and_python() {
    for (algorithm, key) in pairs() {
        let laboratory = Laboratory::new(algorithm, &NameConstraints::default());
        let (root, issuing) = (text(&laboratory.path("root.pem")), text(&laboratory.path("issuing.pem")));
        let list = laboratory.list(&[]);
        let names =
            ["dns:*.lab.example", "ip:192.0.2.7", "ip:2001:db8::7", "email:a@lab.example", "uri:https://a.example/"];
        let server = laboratory.issue(2, key, CertificateProfile::Server, &names);
        let file = laboratory.file("server.pem", &server.to_pem());
        laboratory.openssl_verifies("sslserver", &file, &list).unwrap();
        assert!(laboratory.openssl_verifies("sslclient", &file, &list).is_err());
        strict(&root, &issuing, &file);
        laboratory.certtool_verifies("1.3.6.1.5.5.7.3.1", &server, &list).unwrap();
        assert!(laboratory.certtool_verifies("1.3.6.1.5.5.7.3.2", &server, &list).is_err());

        let client = laboratory.issue(3, key, CertificateProfile::Client, &["email:a@lab.example"]);
        let file = laboratory.file("client.pem", &client.to_pem());
        laboratory.openssl_verifies("sslclient", &file, &list).unwrap();
        assert!(laboratory.openssl_verifies("sslserver", &file, &list).is_err());
        laboratory.certtool_verifies("1.3.6.1.5.5.7.3.2", &client, &list).unwrap();

        let chain = laboratory.file("whole.pem", &(server.to_pem() + &laboratory.issuing.to_pem()));
        let [said] = python_says(&[format!("issued:{chain},{root}")]);
        assert_eq!(said["subjects"][0][0], json!(["2.5.4.6", "NL"]), "{said}");
        assert_eq!((&said["serial"], &said["serial_octets"]), (&json!(server.serial()), &json!([16, 16, 16])));
        // python's verifier is that of the web, which has no Ed25519
        if algorithm != KeyAlgorithm::Ed25519 && key != KeyAlgorithm::Ed25519 {
            let [said] = python_says(&[format!("web:{HOST},{chain},{root}")]);
            let [issuing, root] = ["CN=Lab Issuing CA,O=Bäckerei Grün", "CN=Lab Root,O=Bäckerei Grün"];
            assert_eq!(said, json!([SUBJECT_AS_PYTHON_SAYS, issuing, root]));
        }
    }
}

#[test]
fn certificates_of_every_kind_are_in_order() {
    for (algorithm, key) in pairs().filter(|(algorithm, _)| *algorithm == KeyAlgorithm::EcdsaP256) {
        let laboratory = Laboratory::new(algorithm, &NameConstraints::default());
        for name in ["root.pem", "issuing.pem"] {
            lint(name, &laboratory.path(name), &[]);
        }
        let names = ["dns:*.lab.example", "ip:2001:db8::7", "email:a@lab.example", "uri:https://a.example/"];
        let server = laboratory.issue(2, key, CertificateProfile::Server, &names);
        laboratory.file("server.pem", &server.to_pem());
        lint("a server", &laboratory.path("server.pem"), &[ODD_HOST]);
        let client = laboratory.issue(3, key, CertificateProfile::Client, &["email:a@lab.example"]);
        laboratory.file("client.pem", &client.to_pem());
        lint("a client", &laboratory.path("client.pem"), &[]);
    }
}

/// RFC 4514: the last part first.
const SUBJECT_AS_PYTHON_SAYS: &str = r"CN=web01.lab.example,OU=Web & Mail,OU=IT,O=Bäckerei Grün\, Söhne,C=NL";

#[test]
fn revocation_lists_of_every_algorithm_are_heeded_by_openssl_gnutls_and_python() {
    for algorithm in KeyAlgorithm::ALL {
        let laboratory = Laboratory::new(algorithm, &NameConstraints::default());
        let issuing = text(&laboratory.path("issuing.pem"));
        let leaf = laboratory.issue(7, KeyAlgorithm::EcdsaP256, CertificateProfile::Server, &[]);
        let file = laboratory.file("server.pem", &leaf.to_pem());
        let revoked = RevocationReason::ALL.map(|reason| Revoked {
            serial: SerialNumber::from_random(
                [if reason == RevocationReason::Superseded { 7 } else { 100 + reason as u8 }; 16],
            ),
            at: Timestamp::from_unix(now().unix() - 60),
            reason,
        });
        for (revoked, count) in [(&revoked[..], 7), (&revoked[..0], 0)] {
            let list = laboratory.list(revoked);
            let said = openssl(&["crl", "-in", &list, "-CAfile", &issuing, "-noout", "-text"]);
            assert!(
                said.contains("Version 2 (0x1)") && said.contains("X509v3 CRL Number: \n                4711"),
                "{said}"
            );
            let reasons = [
                "Key Compromise",
                "CA Compromise",
                "Affiliation Changed",
                "Superseded",
                "Cessation Of Operation",
                "Privilege Withdrawn",
            ];
            for reason in reasons {
                assert_eq!(
                    said.contains(&format!("X509v3 CRL Reason Code: \n                {reason}\n")),
                    count > 0,
                    "{said}"
                );
            }
            let said = certtool(&["--verify-crl", "--infile", &list, "--load-ca-certificate", &issuing]);
            assert!(said.contains("Verified."), "{said}");
            lint_list(&laboratory.path("list.crl"));
            let [said] = python_says(&[format!("list:{list},{issuing}")]);
            assert_eq!((&said["revoked"], &said["number"]), (&json!(count), &json!(4711)), "{said}");
            let by_openssl = laboratory.openssl_verifies("sslserver", &file, &list);
            let by_certtool = laboratory.certtool_verifies("1.3.6.1.5.5.7.3.1", &leaf, &list);
            if count == 0 {
                by_openssl.unwrap();
                by_certtool.unwrap();
                continue;
            }
            let (by_openssl, by_certtool) = (by_openssl.unwrap_err(), by_certtool.unwrap_err());
            assert!(by_openssl.contains("certificate revoked"), "{by_openssl}");
            assert!(by_certtool.contains("revoked"), "{by_certtool}");
        }
    }
}

/// Every stranger that checks name constraints refuses what the library refuses to issue.
#[test]
fn name_constraints_are_understood_by_openssl_gnutls_and_python() {
    let permitted = ["dns:lab.example", "ip:192.0.2.0/24", "ip:2001:db8::/32", "email:lab.example", "uri:.lab.example"];
    let excluded = ["dns:secret.lab.example", "ip:192.0.2.128/25"];
    let lab = constraints(&permitted, &excluded);
    let laboratory = Laboratory::new(KeyAlgorithm::EcdsaP256, &lab);
    for name in ["root.pem", "issuing.pem"] {
        lint(name, &laboratory.path(name), &[]);
    }
    let said = openssl(&["x509", "-in", &text(&laboratory.path("issuing.pem")), "-noout", "-text"]);
    for line in [
        "X509v3 Name Constraints: critical\n",
        "DNS:lab.example\n",
        "IP:192.0.2.0/255.255.255.0\n",
        "email:lab.example\n",
    ] {
        assert!(said.contains(line), "{said}");
    }
    // the same key and name without constraints issues what may not be issued
    let free = AuthorityTemplate {
        subject: laboratory.issuing.subject().clone(),
        authorities_below: 0,
        constraints: NameConstraints::default(),
    };
    let free = free.self_signed(&laboratory.key, &SerialNumber::from_random([9; 16]), days(3650)).unwrap();
    let free = Issuer::new(&free, &laboratory.key).unwrap();
    let (list, root) = (laboratory.list(&[]), text(&laboratory.path("root.pem")));
    for (name, good) in [
        ("dns:a.lab.example", true),
        ("ip:192.0.2.7", true),
        ("ip:2001:db8::7", true),
        ("dns:a.example", false),
        ("dns:a.secret.lab.example", false),
        ("ip:192.0.2.200", false),
        ("ip:198.51.100.1", false),
        ("ip:2001:db9::7", false),
    ] {
        let names = vec![format!("dns:{HOST}").parse().unwrap(), name.parse().unwrap()];
        let template = RequestTemplate { names, ..RequestTemplate::default() };
        let request = template.sign(&PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap()).unwrap();
        let terms = terms(8, days(47));
        let ours = laboratory.issuer().issue(&request, CertificateProfile::Server, &terms);
        assert_eq!(ours.is_ok(), good, "{name}: {ours:?}");
        let leaf = free.issue(&request, CertificateProfile::Server, &terms).unwrap().certificate;
        let file = laboratory.file("server.pem", &leaf.to_pem());
        assert_eq!(laboratory.openssl_verifies("sslserver", &file, &list).is_ok(), good, "{name}");
        let by_certtool = laboratory.certtool_verifies("1.3.6.1.5.5.7.3.1", &leaf, &list);
        assert_eq!(by_certtool.is_ok(), good, "{name}: {by_certtool:?}");
        let chain = laboratory.file("whole.pem", &(leaf.to_pem() + &laboratory.issuing.to_pem()));
        let said = python(&[format!("web:{HOST},{chain},{root}")], None);
        assert_eq!(said.code == Some(0), good, "{name}: {}", said.stderr);
    }
}

/// OpenSSL and GnuTLS take a certificate that signs itself and is no authority's, once it is trusted; and only then.
/// `certtool --verify`, which is no client, wants an authority's; the clients of its library do not.
#[test]
fn certificates_that_sign_themselves_are_taken_as_themselves() {
    for algorithm in KeyAlgorithm::ALL {
        let folder = tempfile::tempdir().unwrap();
        let template = SelfSignedTemplate {
            subject: "CN=mail01.example.com".parse().unwrap(),
            names: exchange_names(&"mail01.example.com".parse().unwrap()),
        };
        let make = |number| {
            let key = PrivateKey::generate(algorithm).unwrap();
            let certificate = template.sign(&key, &SerialNumber::from_random([number; 16]), days(EXCHANGE_DAYS));
            let path = folder.path().join(format!("{number}.pem"));
            write(&path, certificate.unwrap().to_pem());
            write(&path.with_extension("key"), key.to_pem());
            path
        };
        let [path, other] = [1, 2].map(make);
        let (file, other) = (text(&path), text(&other));
        let openssl_says = |trusted: &str| {
            let usual = ["verify", "-x509_strict", "-check_ss_sig", "-CAfile", trusted];
            let host = ["-purpose", "sslserver", "-verify_hostname", "mail01.example.com"];
            Tool::OPENSSL.finish(&[&usual[..], &host, &[&file]].concat())
        };
        openssl_says(&file).succeeded();
        assert_ne!(openssl_says(&other).code, Some(0));
        let server = Server::start(&file, &text(&path.with_extension("key")));
        server.gnutls_cli(&file).succeeded();
        assert_ne!(server.gnutls_cli(&other).code, Some(0));
        let said = CERTTOOL.finish(&["--verify", "--infile", &file, "--load-ca-certificate", &file]);
        assert!(said.stdout.contains("The certificate issuer is not a CA."), "{}", said.stdout);
        lint("a certificate that signs itself", &path, &[ODD_HOST]);
    }
}

/// `openssl s_server` with a certificate.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(certificate: &str, key: &str) -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut command = Tool::OPENSSL.command();
        command.args(["s_server", "-quiet", "-accept", &format!("127.0.0.1:{port}")]);
        command.args(["-cert", certificate, "-key", key]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let server = Self { child: child.unwrap_or_else(|error| Tool::OPENSSL.missing(&error)), port };
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "openssl s_server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    fn gnutls_cli(&self, trusted: &str) -> Finished {
        let verify = ["--x509cafile", trusted, "--verify-hostname", "mail01.example.com"];
        GNUTLS_CLI.finish(&[&verify[..], &["--port", &self.port.to_string(), "127.0.0.1"]].concat())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
