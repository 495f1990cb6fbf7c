//! `make-csr` from what there is: a certificate, a request, a config of another program.
#![allow(clippy::disallowed_methods, reason = "puts fixtures where the program finds them")]

use crate::common::output::snapshot;
use crate::common::{Authority, KEY, World};

/// Puts a fixture into a world's folder.
fn fixture<'f>(world: &World, name: &'f str) -> &'f str {
    let from = format!("{}/keystore/tests/fixtures/request-config/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::copy(from, world.path(name)).unwrap();
    name
}

#[test]
fn takes_a_certificate_over_for_its_renewal() {
    let (world, authority) = World::committed();
    let names = ["--san", "dns:mail01.example.com", "--san", "ip:192.0.2.7"];
    let subject = ["--subject", "O=Example,CN=mail01.example.com"];
    let request = world.done(&[&["make-csr", "web/https/old", "--new-key"], &names[..], &subject].concat()).stdout;
    world.write("chain.pem", authority.issuing_pem() + &authority.order(&request).leaf());
    snapshot!(world.done(&["make-csr", KEY, "--new-key", "--from-certificate", "chain.pem", "--out", "a.csr"]), @"
    exit code 0
    -- stdout
    -- stderr
    Made mail01/imap/main, version 2: a new private key.
    Made request 1 with version 2 of mail01/imap/main.
      subject       O=Example,CN=mail01.example.com
      names         dns:mail01.example.com, ip:192.0.2.7
      asks for      extendedKeyUsage = serverAuth
      asks for      keyUsage = critical,digitalSignature
      taken from    chain.pem, a certificate
      not taken     what authorities add: authorityKeyIdentifier
      kept in       [FOLDER]/keystore/servers/mail01/imap/main/2/request-1.csr
      written to    a.csr
    Send it to your authority, then: keyring install-cert mail01/imap/main REPLY
    ");
    // what is said wins, and what is not said goes on being what was taken
    let made = world.done(&["make-csr", KEY, "--from-csr", "a.csr", "--cn", "b.example.com", "--json"]).result();
    assert_eq!(made["subject"], "O=Example,CN=b.example.com");
    let made = world.done(&["make-csr", KEY, "--from-csr", "a.csr", "--san", "dns:c.example.com", "--json"]).result();
    assert_eq!(made["names"], serde_json::json!(["dns:mail01.example.com", "dns:c.example.com"]));
    let piped = ["make-csr", KEY, "--from-csr", "-", "--template", "WebServer", "--json"];
    let made = world.keyring_reading(&piped, &world.read("a.csr")).exits(0).result();
    assert_eq!((&made["template"], &made["taken"]["file"]), (&"WebServer".into(), &"standard input".into()));
}

#[test]
fn takes_the_config_of_openssl() {
    let world = World::new();
    let config = fixture(&world, "variables.cnf");
    snapshot!(world.done(&["make-csr", "web/https/main", "--new-key", "--config", config, "--out", "a.csr"]), @r#"
    exit code 0
    -- stdout
    -- stderr
    Made web/https/main, version 1: a new private key.
    Made request 1 with version 1 of web/https/main.
      subject       DC=org,DC=example,O=Example\; \"quoted\" # Org,OU=Büro,OU=api.example.org,CN=api.example.org,serialNumber=HRB 4711
      names         dns:api.example.org, ip:192.0.2.20
      template      WebServer
      asks for      basicConstraints = critical,CA:FALSE
      asks for      extendedKeyUsage = critical,serverAuth,clientAuth,ipsecIKE
      asks for      keyUsage = critical,digitalSignature
      asks for      tlsfeature = status_request
      taken from    variables.cnf, a config of openssl
      kept in       [FOLDER]/keystore/servers/web/https/main/1/request-1.csr
      written to    a.csr
    Send it to your authority, then: keyring install-cert web/https/main REPLY
    "#);
    let key = world.done(&["show", "web/https/main", "--json"]).result()["key"].clone();
    assert_eq!(key["next"]["algorithm"], "rsa-3072");
    // the next request asks for the same
    let again = world.done(&["make-csr", "web/https/main", "--json"]).result();
    snapshot!(again["extensions"], @r#"{"basicConstraints":"critical,CA:FALSE","extendedKeyUsage":"critical,serverAuth,clientAuth,ipsecIKE","keyUsage":"critical,digitalSignature","tlsfeature":"status_request"}"#);
}

#[test]
fn takes_the_inf_file_of_certreq_and_names_what_has_no_meaning() {
    let world = World::new();
    world.done(&["create-key", KEY]);
    snapshot!(world.done(&["make-csr", KEY, "--config", fixture(&world, "exchange.inf"), "--out", "a.csr"]), @r"
    exit code 0
    -- stdout
    -- stderr
    Made request 1 with version 1 of mail01/imap/main.
      subject       C=US,ST=Washington,L=Redmond,O=Contoso\, Ltd.,OU=IT,CN=mail.contoso.example
      names         dns:mail.contoso.example, dns:autodiscover.contoso.example, ip:192.0.2.30, email:postmaster@contoso.example, uri:https://mail.contoso.example/owa
      template      WebServer
      asks for      extendedKeyUsage = serverAuth,clientAuth
      asks for      keyUsage = critical,digitalSignature
      asks for      tlsfeature = status_request
      taken from    exchange.inf, an INF file of certreq
      kept in       [FOLDER]/keystore/servers/mail01/imap/main/1/request-1.csr
      written to    a.csr
    warning: line 11: Exportable is about a store of Windows: export-key does it here
    warning: line 13: KeySpec is about a provider of Windows
    warning: line 15: MachineKeySet is about a store of Windows
    warning: line 16: ProviderName is about a provider of Windows
    warning: line 17: ProviderType is about a provider of Windows
    warning: line 19: HashAlgorithm is not used: the signature's hash follows from the key
    warning: line 20: FriendlyName is about a store of Windows
    warning: line 21: SMIME asks for S/MIME capabilities, which a TLS server has no use for
    warning: line 22: UseExistingKeySet is not used: --reuse-key asks for the private key in use again
    warning: line 12: KeyLength = 2048 is not what the private key of mail01/imap/main is: ecdsa-p256
    warning: a key of ecdsa-p256 cannot encrypt: its encipherment is not requested
    Send it to your authority, then: keyring install-cert mail01/imap/main REPLY
    ");
    let made = world.done(&["make-csr", KEY, "--config", fixture(&world, "exchange.inf"), "--json"]).result();
    let codes: Vec<_> = made["warnings"].as_array().unwrap().iter().map(|warning| warning["code"].clone()).collect();
    assert_eq!(codes.iter().filter(|code| **code == "config-line").count(), 9);
    assert_eq!(codes[9..], ["other-key", "no-encipherment"]);
}

#[test]
fn refuses_what_cannot_be_taken_and_makes_nothing() {
    let world = World::new();
    let before = world.listing("keystore");
    let make = |arguments: &[&str]| world.keyring(&[&["make-csr", KEY, "--new-key"], arguments].concat());
    snapshot!(make(&["--config", fixture(&world, "refused.inf")]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: refused.inf is refused, and nothing was made: 11 of its lines cannot be done here
      - line 2: a + joins attributes, which is not done here: write it in quotes, or set X500NameFlags to 0x20000000, where it is part of a value
      - line 3: 0x06 is no key usage of a server, as 0xa0 is
      - line 4: KeyLenght is not an entry of [NewRequest] that is known here
      - line 5: for a renewal, give --from-certificate FILE
      - line 7: it is neither a [section] nor NAME = VALUE with its quotes closed
      - line 12: "upn" is a kind of name that is not requested here: there are dns, ip, email and uri
      - line 13: "bad..contoso.example" has an empty label: dots stand singly between labels
      - line 14: certificates of authorities are not requested here
      - line 15: the extension 1.2.3.4 is not requested here, or its value is damaged
      - line 17: the section [PolicyStatementExtension] is not requested here
      - line 21: the attribute ValidityPeriod is not requested here
    hint: take these lines out, or change them, and say the rest on the command line
    "#);
    let refused = make(&["--config", fixture(&world, "refused.cnf"), "--json"]).exits(3).error();
    assert_eq!((&refused["code"], refused["details"].as_array().unwrap().len()), (&"config-refused".into(), 16));
    world.write("small.cnf", "[req]\ndefault_bits = 1024\nprompt = no\ndistinguished_name = d\n[d]\nCN = a.example\n");
    snapshot!(make(&["--config", "small.cnf"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: line 2 of small.cnf asks for a private key that is not made here: default_bits = 1024
    hint: say which one to make with --algorithm
    ");
    world.write("empty.cnf", "[req]\nprompt = no\ndistinguished_name = d\n[d]\n");
    snapshot!(make(&["--config", "empty.cnf"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: no request can be made for mail01/imap/main: a request needs a subject or a name
    ");
    world.write("hello.txt", "hello");
    snapshot!(make(&["--config", "hello.txt"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: hello.txt is refused, and nothing was made: it is no request config: it has neither a section [req], as openssl's have, nor [NewRequest], as certreq's
    hint: give a config of `openssl req` or an INF file of `certreq`
    ");
    snapshot!(make(&["--from-csr", "hello.txt"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: hello.txt cannot be taken for a request to begin with: not a certification request: it looks like some other text
    hint: give a request (PKCS#10) in PEM, base64 or DER
    ");
    snapshot!(make(&["--from-certificate", "hello.txt"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: hello.txt cannot be taken for a request to begin with: not a certificate: it looks like some other text
    hint: give the certificate that is to be renewed: PEM, base64, DER or PKCS#7
    ");
    world.write("two.pem", Authority::new().foreign() + &Authority::new().foreign());
    snapshot!(make(&["--from-certificate", "two.pem"]).exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: two.pem holds the certificates of several: "CN=stranger.example.com", "CN=stranger.example.com"
    hint: give a file with one of them, and its chain at most
    "#);
    assert_eq!(make(&["--from-certificate", "two.pem", "--config", "small.cnf"]).exits(2).code, 2);
    assert_eq!(make(&["--config", "no-such-file.cnf"]).exits(1).code, 1);
    assert_eq!(world.listing("keystore"), before);
}
