//! `verify`, and what `install-cert` says of trust.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread::JoinHandle;

use crate::common::output::snapshot;
use crate::common::{Authority, KEY, World};

/// A world whose key has a certificate of an authority, not committed, and the authority's root in a file.
fn installed() -> (World, Authority) {
    let (world, request) = World::with_request();
    let authority = Authority::new();
    world.write("root.pem", authority.root_pem());
    world.write("reply.pem", authority.order(&request).serial(4711).chain());
    world.done(&["install-cert", KEY, "reply.pem"]);
    (world, authority)
}

/// Answers one request for each document over HTTP, at an address on this machine. Says what was asked for.
fn serve(documents: Vec<Vec<u8>>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = move || {
        let mut asked = Vec::new();
        for document in documents {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut octet = [0];
            while !request.ends_with(b"\r\n\r\n") {
                stream.read_exact(&mut octet).unwrap();
                request.push(octet[0]);
            }
            asked.push(String::from_utf8(request).unwrap().lines().next().unwrap().to_owned());
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", document.len());
            stream.write_all(&[head.as_bytes(), &document].concat()).unwrap();
        }
        asked
    };
    (url, std::thread::spawn(answer))
}

#[test]
fn says_which_root_it_leads_to() {
    let (world, _) = installed();
    snapshot!(world.done(&["verify", KEY, "--roots", "root.pem", "--name", "mail01.example.com"]), @"
    exit code 0
    -- stdout
    mail01/imap/main, version 1
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      issuer        CN=Test Issuing CA
      valid         until [DATE] ([DAYS])
      chain         1 intermediate(s)
      root          CN=Test Root, trusted by root.pem
    Nothing was found that makes clients refuse it.
    -- stderr
    ");
    // what the machine trusts
    world.write("system-roots.pem", world.read("root.pem"));
    let result = world.done(&["verify", KEY, "--json"]).result();
    assert_eq!((&result["trust"]["roots"], &result["trust"]["good"]), (&"system".into(), &true.into()));
    assert_eq!(result["trust"]["root"]["subject"], "CN=Test Root");
}

#[test]
fn refuses_what_clients_refuse() {
    let (world, authority) = installed();
    world.write("other.pem", Authority::new().root_pem());
    snapshot!(world.keyring(&["verify", KEY, "--roots", "other.pem", "--name", "www.example.com"]).exits(12), @r#"
    exit code 12
    -- stdout
    mail01/imap/main, version 1
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      issuer        CN=Test Issuing CA
      valid         until [DATE] ([DAYS])
      chain         1 intermediate(s)
    fault: "CN=Test Root", the issuer of "CN=Test Issuing CA", is neither in the chain nor a trusted root
    fault: the certificate is not good for www.example.com
    Clients will refuse it.
    -- stderr
    "#);
    snapshot!(world.keyring(&["verify", KEY, "--roots", "other.pem", "--json"]).exits(12), @r#"
    exit code 12
    -- stdout
    {
      "command": "verify",
      "error": {
        "code": "findings",
        "kind": "findings",
        "message": "\"CN=Test Root\", the issuer of \"CN=Test Issuing CA\", is neither in the chain nor a trusted root"
      },
      "ok": false,
      "result": {
        "certificate": {
          "chain_length": 1,
          "issuer": "CN=Test Issuing CA",
          "names": [
            "dns:mail01.example.com"
          ],
          "not_after": "[TIME]",
          "not_before": "[TIME]",
          "serial": "[...]",
          "sha256": "[SHA256]",
          "spki_sha256": "[SHA256]",
          "subject": "CN=mail01.example.com"
        },
        "differences": [
          {
            "issued": "CN=mail01.example.com",
            "requested": "CN=mail01.example.com",
            "state": "same",
            "what": "subject"
          },
          {
            "issued": "dns:mail01.example.com",
            "requested": "dns:mail01.example.com",
            "state": "same",
            "what": "names"
          },
          {
            "issued": "ECDSA P-256",
            "requested": "ECDSA P-256",
            "state": "same",
            "what": "public key"
          },
          {
            "issued": "from [DATE] to [DATE], 48 days",
            "requested": null,
            "state": "same",
            "what": "lifetime"
          },
          {
            "issued": "critical,digitalSignature",
            "requested": "critical,digitalSignature",
            "state": "same",
            "what": "key usage"
          },
          {
            "issued": "serverAuth",
            "requested": "serverAuth",
            "state": "same",
            "what": "extended key usage"
          }
        ],
        "key": "mail01/imap/main",
        "trust": {
          "fetched": [],
          "findings": [
            {
              "code": "issuer-missing",
              "fault": true,
              "message": "\"CN=Test Root\", the issuer of \"CN=Test Issuing CA\", is neither in the chain nor a trusted root"
            }
          ],
          "good": false,
          "path": [],
          "root": null,
          "roots": "file",
          "roots_file": "other.pem"
        },
        "version": 1,
        "warnings": []
      },
      "schema": 1
    }
    -- stderr
    "#);
    world.write("revoked.crl", authority.revocation_list(&[4711]));
    snapshot!(world.keyring(&["verify", KEY, "--roots", "root.pem", "--crl", "revoked.crl"]).exits(12), @r#"
    exit code 12
    -- stdout
    mail01/imap/main, version 1
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      issuer        CN=Test Issuing CA
      valid         until [DATE] ([DAYS])
      chain         1 intermediate(s)
    fault: "CN=mail01.example.com" is revoked
    Clients will refuse it.
    -- stderr
    "#);
    world.write("clean.crl", authority.revocation_list(&[1]));
    let clean = world.done(&["verify", KEY, "--roots", "root.pem", "--crl", "clean.crl", "--json"]).result();
    assert_eq!(clean["trust"]["findings"][0]["code"], "no-crl", "nothing is known of the issuing CA: {clean}");
}

#[test]
fn refuses_to_judge_without_what_it_needs() {
    let (world, _) = installed();
    snapshot!(world.keyring(&["verify", KEY]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: this machine has no trusted roots of its own
    hint: install its bundle (Debian package ca-certificates), or say whom to trust with --roots FILE
    ");
    snapshot!(world.keyring(&["verify", KEY, "--roots", "root.pem", "--crl", "reply.pem"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: reply.pem cannot be taken for revocation lists: not a revocation list: it looks like a certificate
    hint: give revocation lists (CRLs) in PEM or DER
    ");
    world.write("hello.txt", "hello");
    snapshot!(world.keyring(&["verify", KEY, "--roots", "hello.txt"]).exits(3), @"
    exit code 3
    -- stdout
    -- stderr
    error: hello.txt cannot be taken for trusted roots: not a certificate: it looks like some other text
    hint: give certificates in PEM, base64, DER or PKCS#7; `system` means this machine's own
    ");
    world.done(&["create-key", "mail01/imap/new"]);
    snapshot!(world.keyring(&["verify", "mail01/imap/new", "--roots", "none"]).exits(4), @"
    exit code 4
    -- stdout
    -- stderr
    error: mail01/imap/new has no certificate yet
    hint: `keyring install-cert mail01/imap/new FILE` installs one
    ");
    assert_eq!(world.keyring(&["verify"]).exits(2).code, 2);
}

#[test]
fn install_cert_warns_of_an_unknown_root_and_refuses_what_is_revoked() {
    let (world, request) = World::with_request();
    let authority = Authority::new();
    world.write("system-roots.pem", Authority::new().root_pem());
    world.write("reply.pem", authority.issuing_pem() + &authority.order(&request).serial(4711).leaf());
    world.write("revoked.crl", authority.revocation_list(&[4711]));
    let before = world.listing("keystore");
    let refused = world.keyring(&["install-cert", KEY, "reply.pem", "--roots", "none", "--crl", "revoked.crl"]);
    snapshot!(refused.exits(3), @r#"
    exit code 3
    -- stdout
    -- stderr
    error: the certificate for mail01/imap/main is revoked: "CN=mail01.example.com" is in a revocation list of its issuer
    hint: ask the authority why, and for another one; the key still waits for it
    "#);
    assert_eq!(world.listing("keystore"), before);
    snapshot!(world.done(&["install-cert", KEY, "reply.pem"]), @r#"
    exit code 0
    -- stdout
    -- stderr
    Staged a certificate for mail01/imap/main, version 1, until [DATE] ([DAYS]).
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      issuer        CN=Test Issuing CA
      chain         1 intermediate(s)
      order         put right: the certificates came in another order than that of the chain
    warning: "CN=Test Root", the issuer of "CN=Test Issuing CA", is neither in the chain nor a trusted root
    `keyring status` shows what is staged; `keyring commit` makes it effective.
    "#);
    world.write("root.pem", authority.root_pem());
    snapshot!(world.done(&["install-cert", KEY, "reply.pem", "--roots", "root.pem"]), @"
    exit code 0
    -- stdout
    -- stderr
    mail01/imap/main has this certificate already: nothing to do.
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      issuer        CN=Test Issuing CA
      chain         1 intermediate(s)
      order         put right: the certificates came in another order than that of the chain
      root          CN=Test Root, trusted by root.pem
    ");
}

#[test]
fn shows_what_was_requested_and_what_was_issued() {
    let world = World::new();
    let authority = Authority::new();
    world.write("root.pem", authority.root_pem());
    let asked = ["--cn", "a.example.com", "--san", "dns:b.example.com"];
    let request = world.done(&[&["make-csr", KEY, "--new-key"], &asked[..]].concat()).stdout;
    world.write("reply.pem", authority.order(&request).names(&["a.example.com", "c.example.com"]).chain());
    snapshot!(world.done(&["install-cert", KEY, "reply.pem", "--roots", "root.pem"]), @"
    exit code 0
    -- stdout
    -- stderr
    Staged a certificate for mail01/imap/main, version 1, until [DATE] ([DAYS]).
      subject       CN=a.example.com
      names         dns:a.example.com, dns:c.example.com
      issuer        CN=Test Issuing CA
      chain         1 intermediate(s)
      root          CN=Test Root, trusted by root.pem
      changed       names: requested dns:a.example.com, dns:b.example.com, issued dns:a.example.com, dns:c.example.com
    warning: the certificate of mail01/imap/main lacks names that were requested: dns:b.example.com
    `keyring status` shows what is staged; `keyring commit` makes it effective.
    ");
    let result = world.done(&["verify", KEY, "--roots", "root.pem", "--json"]).result();
    snapshot!(result["differences"], @r#"[{"issued":"CN=a.example.com","requested":"CN=a.example.com","state":"same","what":"subject"},{"issued":"dns:a.example.com, dns:c.example.com","requested":"dns:a.example.com, dns:b.example.com","state":"changed","what":"names"},{"issued":"ECDSA P-256","requested":"ECDSA P-256","state":"same","what":"public key"},{"issued":"from [DATE] to [DATE], 48 days","requested":null,"state":"same","what":"lifetime"},{"issued":"critical,digitalSignature","requested":"critical,digitalSignature","state":"same","what":"key usage"},{"issued":"serverAuth","requested":"serverAuth","state":"same","what":"extended key usage"}]"#);
}

#[test]
fn fetches_missing_issuers_when_asked_to() {
    let (world, request) = World::with_request();
    let authority = Authority::new();
    world.write("root.pem", authority.root_pem());
    let issuing = pem::parse(authority.issuing_pem()).unwrap().into_contents();
    let (url, server) = serve(vec![issuing.clone(), issuing]);
    world.write("leaf.pem", authority.order(&request).issuer_at(&format!("{url}/issuing.cer")).leaf());
    let bare = world.done(&["install-cert", KEY, "leaf.pem", "--roots", "root.pem", "--json"]).result();
    assert_eq!(bare["certificate"]["chain_length"], 0);
    assert_eq!(bare["warnings"][0]["code"], "issuer-missing");
    // to look does not put it into the chain, and clients go without it
    let looked = world.keyring(&["verify", KEY, "--roots", "root.pem", "--fetch-issuers", "--json"]).exits(12);
    assert_eq!(looked.result()["trust"]["findings"][0]["code"], "issuer-not-sent");
    let fetched = world.done(&["install-cert", KEY, "leaf.pem", "--roots", "root.pem", "--fetch-issuers", "--json"]);
    let fetched = fetched.result();
    assert_eq!((&fetched["certificate"]["chain_length"], &fetched["trust"]["good"]), (&1.into(), &true.into()));
    assert_eq!(fetched["warnings"], serde_json::json!([]));
    assert_eq!(fetched["trust"]["fetched"][0]["url"], format!("{url}/issuing.cer"));
    assert_eq!(server.join().unwrap(), ["GET /issuing.cer HTTP/1.1"; 2]);
    // whole now, it asks nobody
    world.done(&["verify", KEY, "--roots", "root.pem", "--fetch-issuers"]);
}

#[test]
fn what_cannot_be_fetched_is_said() {
    let (world, request) = World::with_request();
    let authority = Authority::new();
    world.write("root.pem", authority.root_pem());
    let (url, server) = serve(vec![b"<html>moved</html>".to_vec(), vec![b'x'; 2 << 20]]);
    world.write("leaf.pem", authority.order(&request).issuer_at(&format!("{url}/a")).leaf());
    let reason = || {
        let installed =
            world.done(&["install-cert", KEY, "leaf.pem", "--roots", "root.pem", "--fetch-issuers", "--json"]);
        let findings = installed.result()["trust"]["findings"].clone();
        assert_eq!(findings[0]["code"], "not-fetched", "{findings}");
        findings[0]["message"].as_str().unwrap().replace(&url, "URL")
    };
    snapshot!(reason(), @r#"the issuer of "CN=mail01.example.com" could not be fetched: URL/a: not a certificate: it looks like a web page"#);
    snapshot!(reason(), @r#"the issuer of "CN=mail01.example.com" could not be fetched: URL/a: the response body is larger than request limit: 1048576"#);
    drop(server);
}
