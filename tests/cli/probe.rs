//! `probe`, against servers on this machine that do as they are told.

mod server;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::output::snapshot;
use crate::common::{Authority, ENDPOINT, KEY, Output, World};
use crate::json::assert_documented;
use server::{Door, Step, Tls, say, serve};

const HOST: &str = "mail01.example.com";
const LIVE: &str = "keystore/live/mail01/imap/default/current";

/// A committed keystore, and the authority's root in a file.
fn world() -> (World, Authority) {
    let (world, authority) = World::committed();
    world.write("root.pem", authority.root_pem());
    (world, authority)
}

fn private_key(world: &World) -> String {
    world.read(&format!("{LIVE}/private-key.pem"))
}

/// TLS with what is committed.
fn committed(world: &World) -> Tls {
    Tls::new(&world.read(&format!("{LIVE}/fullchain.pem")), &private_key(world))
}

/// Inside TLS a service without words of its own, which waits for the client to go.
fn plain(tls: Tls) -> Vec<Step> {
    vec![Step::Tls(tls)]
}

/// The endpoint, at an address, with the test's root; as one who knows where it is would ask.
fn probe(world: &World, url: &str, more: &[&str]) -> Output {
    world.keyring(&[&["probe", ENDPOINT, "--at", url, "--roots", "root.pem"], more].concat())
}

/// The one probe of a document, and the exit code.
fn one(world: &World, url: &str) -> (i32, Value) {
    let output = probe(world, url, &["--json"]);
    let result = output.json()["result"].clone();
    assert_documented("| `probe` |", &result);
    let probe = result["probes"][0].clone();
    assert_documented("**probe**", &probe);
    for part in ["seen", "fault"].into_iter().filter(|part| !probe[part].is_null()) {
        assert_documented("**probe**", &probe[part]);
    }
    (output.code, probe)
}

fn codes(probe: &Value) -> Vec<&str> {
    probe["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

/// The cause why a service was not seen, and how far the probe had come.
fn fault(world: &World, url: &str) -> (String, String) {
    let (code, probe) = one(world, url);
    assert_eq!((code, &probe["verdict"]), (9, &"unreachable".into()), "{probe}");
    let text = |name: &str| probe["fault"][name].as_str().unwrap().to_owned();
    (text("code"), text("phase"))
}

/// What was printed, with the port by a name.
fn shown(output: &Output, address: SocketAddr) -> String {
    output.to_string().replace(&address.port().to_string(), "[PORT]")
}

fn imap_words(before: &[u8]) -> Vec<Step> {
    vec![
        say(b"* OK ready\r\n"),
        Step::Line,
        say([b"* CAPABILITY IMAP4rev1 STARTTLS ", before, b"\r\na1 OK done\r\n"].concat()),
        Step::Line,
        say(b"a2 OK begin\r\n"),
    ]
}

fn imap_inside() -> Vec<Step> {
    vec![Step::Line, say(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nb1 OK done\r\n")]
}

#[test]
fn says_what_is_served_over_starttls() {
    let (world, _) = world();
    let tls = Step::Tls(committed(&world));
    let address = serve([imap_words(b"LOGINDISABLED"), vec![tls], imap_inside()].concat());
    let url = format!("imap+starttls://{address}");
    snapshot!(shown(&probe(&world, &url, &[]).exits(0), address), @"
    exit code 0
    -- stdout
    mail01/imap@default at imap+starttls://127.0.0.1:[PORT], as mail01.example.com
      TLS           TLS 1.3, TLS_AES_256_GCM_SHA384, at 127.0.0.1:[PORT]
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      issuer        CN=Test Issuing CA
      valid         until [DATE] ([DAYS])
      chain         1 certificate(s) behind it
      root          CN=Test Root, trusted by root.pem
      keystore      mail01/imap/main, version 1, is what is served
      before TLS    offers no authentication
      inside TLS    offers PLAIN, LOGIN command

    All is as it should be.
    -- stderr
    ");
    snapshot!(shown(&probe(&world, &url, &["--json"]).exits(0), address), @r#"
    exit code 0
    -- stdout
    {
      "command": "probe",
      "ok": true,
      "result": {
        "good": true,
        "probes": [
          {
            "endpoint": "mail01/imap@default",
            "findings": [],
            "name": "mail01.example.com",
            "seen": {
              "address": "127.0.0.1:[PORT]",
              "alpn": null,
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
              "chain": [
                {
                  "not_after": "[TIME]",
                  "sha256": "[SHA256]",
                  "subject": "CN=Test Issuing CA"
                }
              ],
              "cipher": "TLS_AES_256_GCM_SHA384",
              "days_left": [DAYS],
              "fetched": [],
              "keystore": {
                "key": "mail01/imap/main",
                "served": "same",
                "version": 1
              },
              "ocsp": null,
              "offered_before_tls": {
                "commands": [],
                "sasl": []
              },
              "offered_inside_tls": {
                "commands": [
                  "LOGIN command"
                ],
                "sasl": [
                  "PLAIN"
                ]
              },
              "path": [
                {
                  "not_after": "[TIME]",
                  "sha256": "[SHA256]",
                  "subject": "CN=Test Issuing CA"
                }
              ],
              "root": {
                "not_after": "[TIME]",
                "sha256": "[SHA256]",
                "subject": "CN=Test Root"
              },
              "tls": "TLS 1.3"
            },
            "url": "imap+starttls://127.0.0.1:[PORT]",
            "verdict": "good"
          }
        ],
        "roots": "file",
        "roots_file": "root.pem"
      },
      "schema": 1
    }
    -- stderr
    "#);
}

#[test]
fn warns_of_passwords_in_the_clear() {
    let (world, _) = world();
    let tls = Step::Tls(committed(&world));
    let address = serve([imap_words(b"AUTH=PLAIN"), vec![tls], imap_inside()].concat());
    snapshot!(shown(&probe(&world, &format!("imap+starttls://{address}"), &[]).exits(0), address), @"
    exit code 0
    -- stdout
    mail01/imap@default at imap+starttls://127.0.0.1:[PORT], as mail01.example.com
      TLS           TLS 1.3, TLS_AES_256_GCM_SHA384, at 127.0.0.1:[PORT]
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      issuer        CN=Test Issuing CA
      valid         until [DATE] ([DAYS])
      chain         1 certificate(s) behind it
      root          CN=Test Root, trusted by root.pem
      keystore      mail01/imap/main, version 1, is what is served
      before TLS    offers PLAIN, LOGIN command
      inside TLS    offers PLAIN, LOGIN command
    warning: it takes passwords in the clear: before TLS it offers PLAIN, LOGIN command

    No fault was found.
    -- stderr
    ");
}

/// Words before TLS and inside it, and what is offered on either side.
struct Dialogue {
    scheme: &'static str,
    before: Vec<Step>,
    inside: Vec<Step>,
    offered: [Value; 2],
}

fn sasl(mechanisms: &[&str], commands: &[&str]) -> Value {
    json!({ "sasl": mechanisms, "commands": commands })
}

/// An LDAP message: its number, its operation's tag, and a result of success.
fn ldap_result(id: u8, tag: u8) -> [u8; 14] {
    [0x30, 12, 2, 1, id, tag, 7, 0x0a, 1, 0, 4, 0, 4, 0]
}

fn dialogues() -> Vec<Dialogue> {
    let line = || Step::Line;
    let greeting = b"\x0a5.5.5-10.11.6-MariaDB\0\x01\0\0\x0012345678\0\xff\xff\x2d\x02\0\0\0\x15\0\0\0\0\0\0\0\0\0\0\
                     123456789012\0";
    let mysql = [&[u8::try_from(greeting.len()).unwrap(), 0, 0, 0], &greeting[..]].concat();
    vec![
        Dialogue {
            scheme: "smtp",
            before: vec![
                say(b"220 mx ESMTP\r\n"),
                line(),
                say(b"250-mx\r\n250-AUTH LOGIN\r\n250 STARTTLS\r\n"),
                line(),
                say(b"220 go\r\n"),
            ],
            inside: vec![line(), say(b"250-mx\r\n250 AUTH PLAIN LOGIN\r\n"), line()],
            offered: [sasl(&["LOGIN"], &[]), sasl(&["PLAIN", "LOGIN"], &[])],
        },
        Dialogue {
            scheme: "pop3",
            before: vec![say(b"+OK\r\n"), line(), say(b"+OK\r\nSTLS\r\n.\r\n"), line(), say(b"+OK\r\n")],
            inside: vec![line(), say(b"+OK\r\nUSER\r\n.\r\n"), line()],
            offered: [sasl(&[], &[]), sasl(&[], &["USER command"])],
        },
        Dialogue {
            scheme: "nntp",
            before: vec![say(b"200 r\r\n"), line(), say(b"101 l\r\nSTARTTLS\r\n.\r\n"), line(), say(b"382 go\r\n")],
            inside: vec![line(), say(b"101 l\r\nAUTHINFO USER\r\n.\r\n"), line()],
            offered: [sasl(&[], &[]), sasl(&[], &["AUTHINFO USER"])],
        },
        Dialogue {
            scheme: "ldap",
            before: vec![Step::Element, say(ldap_result(1, 0x65)), Step::Element, say(ldap_result(2, 0x78))],
            inside: vec![Step::Element, say(ldap_result(3, 0x65)), Step::Element],
            offered: [sasl(&[], &[]), sasl(&[], &[])],
        },
        Dialogue {
            scheme: "sieve",
            before: vec![say(b"\"SASL\" \"\"\r\n\"STARTTLS\"\r\nOK\r\n"), line(), say(b"OK\r\n")],
            inside: vec![say(b"\"SASL\" \"PLAIN\"\r\nOK\r\n"), line()],
            offered: [sasl(&[], &[]), sasl(&["PLAIN"], &[])],
        },
        Dialogue {
            scheme: "ftp",
            before: vec![say(b"220 r\r\n"), line(), say(b"234 go\r\n")],
            inside: vec![],
            offered: [Value::Null, Value::Null],
        },
        Dialogue {
            scheme: "xmpp",
            before: vec![
                Step::Through(b'>'),
                Step::Through(b'>'),
                say(b"<stream:stream><stream:features><starttls/></stream:features>"),
                Step::Through(b'>'),
                say(b"<proceed/>"),
            ],
            inside: vec![
                Step::Through(b'>'),
                Step::Through(b'>'),
                say(b"<stream:stream><stream:features><mechanism>PLAIN</mechanism></stream:features>"),
            ],
            offered: [sasl(&[], &[]), sasl(&["PLAIN"], &[])],
        },
        Dialogue {
            scheme: "postgres",
            before: vec![Step::Octets(8), say(b"S")],
            inside: vec![],
            offered: [Value::Null, Value::Null],
        },
        Dialogue {
            scheme: "mysql",
            before: vec![say(mysql), Step::Octets(36)],
            inside: vec![],
            offered: [Value::Null, Value::Null],
        },
    ]
}

#[test]
fn every_protocol_has_its_own_words_around_tls() {
    let (world, _) = world();
    for Dialogue { scheme, before, inside, offered } in dialogues() {
        let address = serve([before, vec![Step::Tls(committed(&world))], inside].concat());
        let (code, probe) = one(&world, &format!("{scheme}://{address}"));
        assert_eq!((code, &probe["verdict"]), (0, &"good".into()), "{scheme}: {probe}");
        assert_eq!(probe["url"], format!("{scheme}+starttls://{address}"));
        let seen = [&probe["seen"]["offered_before_tls"], &probe["seen"]["offered_inside_tls"]];
        assert_eq!(seen, offered.each_ref(), "{scheme}");
        let warned = if scheme == "smtp" { vec!["passwords-in-clear"] } else { vec![] };
        assert_eq!(codes(&probe), warned, "{scheme}: {probe}");
    }
}

#[test]
fn every_protocol_speaks_tls_at_once_too() {
    let (world, _) = world();
    for (scheme, inside) in [
        ("tls", vec![]),
        ("https", vec![]),
        ("ftps", vec![]),
        ("smtps", vec![say(b"220 mx\r\n"), Step::Line, say(b"250 AUTH PLAIN\r\n")]),
        ("imaps", [vec![say(b"* OK ready\r\n")], imap_inside()].concat()),
        ("pop3s", vec![say(b"+OK\r\n"), Step::Line, say(b"+OK\r\n.\r\n")]),
        ("nntps", vec![say(b"200 r\r\n"), Step::Line, say(b"101 l\r\n.\r\n")]),
        ("ldaps", vec![Step::Element, say(ldap_result(3, 0x65)), Step::Element]),
        ("xmpps", vec![Step::Through(b'>'), Step::Through(b'>'), say(b"<stream:features/>")]),
    ] {
        let address = serve([plain(committed(&world)), inside].concat());
        let (code, probe) = one(&world, &format!("{scheme}://{address}"));
        assert_eq!((code, codes(&probe)), (0, vec![]), "{scheme}: {probe}");
        assert_eq!(probe["seen"]["offered_before_tls"], Value::Null);
    }
}

#[test]
fn what_goes_wrong_inside_tls_is_no_fault_of_the_certificate() {
    let (world, _) = world();
    let address = serve([plain(committed(&world)), vec![say(b"* BYE too many\r\n")]].concat());
    let (code, probe) = one(&world, &format!("imaps://{address}"));
    assert_eq!((code, codes(&probe)), (0, vec!["inside-unread"]), "{probe}");
}

#[test]
fn tells_apart_why_a_service_was_not_seen() {
    let (world, _) = world();
    let fault_of = |scheme: &str, steps: Vec<Step>| fault(&world, &format!("{scheme}://{}", serve(steps)));
    let is = |code: &str, phase: &str| (code.to_owned(), phase.to_owned());

    let nobody = Door::new().address();
    assert_eq!(fault(&world, &format!("imaps://{nobody}")), is("refused", "connect"));
    assert_eq!(fault_of("imap", vec![]), is("closed", "before-tls"));
    assert_eq!(fault_of("imaps", vec![]), is("closed", "handshake"));
    let ehlo = |words: &[u8]| vec![say(b"220 mx\r\n"), Step::Line, say(words)];
    assert_eq!(fault_of("smtp", ehlo(b"250 AUTH PLAIN\r\n")), is("no-starttls", "before-tls"));
    let no = [ehlo(b"250 STARTTLS\r\n"), vec![Step::Line, say(b"454 TLS not available\r\n")]].concat();
    assert_eq!(fault_of("smtp", no), is("starttls-refused", "before-tls"));
    let injected = [ehlo(b"250 STARTTLS\r\n"), vec![Step::Line, say(b"220 go\r\n250 AUTH PLAIN\r\n")]].concat();
    assert_eq!(fault_of("smtp", injected), is("injected", "before-tls"));
    assert_eq!(fault_of("smtp", vec![say(b"554 no\r\n")]), is("turned-away", "before-tls"));
    assert_eq!(fault_of("smtp", vec![say(b"* OK imap\r\n")]), is("protocol", "before-tls"));
    assert_eq!(fault_of("imap", vec![say(b"* PREAUTH\r\n")]), is("logged-in", "before-tls"));
    assert_eq!(fault_of("imaps", vec![say(b"* OK ready\r\n"), Step::Wait]), is("not-tls", "handshake"));
    let choosy = Tls::with(&world.read(&format!("{LIVE}/fullchain.pem")), &private_key(&world), None, &["other"]);
    assert_eq!(fault_of("https", plain(choosy)), is("alert", "handshake"));
    // a certificate is public: who serves it has to prove that he holds its private key
    let other = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let thief = Tls::new(&world.read(&format!("{LIVE}/fullchain.pem")), &other);
    assert_eq!(fault_of("imaps", plain(thief)), is("handshake", "handshake"));
    // words without end, in the clear and in place of a handshake
    assert_eq!(fault_of("imap", vec![Step::Babble(b"aaaaaaaa".to_vec())]), is("protocol", "before-tls"));
    assert_eq!(fault_of("imap", vec![Step::Babble(b"* OK\r\n".to_vec())]), is("protocol", "before-tls"));
    assert_eq!(fault_of("imaps", vec![Step::Babble(vec![0x16, 3, 3, 0, 0])]), is("not-tls", "handshake"));
}

#[test]
fn waits_no_longer_than_it_was_told() {
    let (world, _) = world();
    let silent = serve(vec![Step::Wait]);
    let started = Instant::now();
    for (scheme, phase) in [("imap", "before-tls"), ("imaps", "handshake")] {
        let output = probe(&world, &format!("{scheme}://{silent}"), &["--timeout", "1", "--json"]).exits(9);
        let fault = &output.json()["result"]["probes"][0]["fault"];
        assert_eq!((&fault["code"], &fault["phase"]), (&"timed-out".into(), &phase.into()));
    }
    // one that says something now and then gets no more time
    assert!(started.elapsed() >= Duration::from_secs(2));
    snapshot!(shown(&probe(&world, &format!("imap://{silent}"), &["--timeout", "1"]).exits(9), silent), @"
    exit code 9
    -- stdout
    mail01/imap@default at imap+starttls://127.0.0.1:[PORT], as mail01.example.com
    fault: it timed out before TLS

    1 of 1 could not be seen.
    -- stderr
    ");
}

#[test]
fn tells_a_wrong_certificate_from_an_old_one() {
    let (world, authority) = world();
    let old = plain(committed(&world));
    let next = world.done(&["make-csr", KEY, "--new-key", "--json"]).result();
    world.write("next.pem", authority.order(next["request_pem"].as_str().unwrap()).chain());
    world.done(&["install-cert", KEY, "next.pem"]);
    world.done(&["commit", "--no-publish"]);
    let address = serve(old);
    snapshot!(shown(&probe(&world, &format!("tls://{address}"), &[]).exits(12), address), @"
    exit code 12
    -- stdout
    mail01/imap@default at tls://127.0.0.1:[PORT], as mail01.example.com
      TLS           TLS 1.3, TLS_AES_256_GCM_SHA384, at 127.0.0.1:[PORT]
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      issuer        CN=Test Issuing CA
      valid         until [DATE] ([DAYS])
      chain         1 certificate(s) behind it
      root          CN=Test Root, trusted by root.pem
      keystore      mail01/imap/main, version 2, is not what is served
    fault: it serves an old certificate: version 1 of mail01/imap/main, and not version 2; the service may not have been reloaded

    1 of 1 is not as it should be.
    -- stderr
    ");
    let (code, old) = one(&world, &format!("tls://{address}"));
    assert_eq!((code, codes(&old)), (12, vec!["old-certificate"]));
    assert_eq!(old["seen"]["keystore"], json!({ "key": KEY, "version": 2, "served": "old" }));

    let web = world.done(&["make-csr", "web01/https/main", "--new-key", "--cn", HOST]).stdout;
    world.write("web.pem", authority.order(&web).chain());
    world.done(&["install-cert", "web01/https/main", "web.pem"]);
    world.done(&["bind", "web01/https/main", "web01/https@default"]);
    world.done(&["commit"]);
    let live = "keystore/live/web01/https/default/current";
    let [chain, key] = ["fullchain.pem", "private-key.pem"].map(|file| world.read(&format!("{live}/{file}")));
    let address = serve(plain(Tls::new(&chain, &key)));
    snapshot!(shown(&probe(&world, &format!("tls://{address}"), &[]).exits(12), address), @r#"
    exit code 12
    -- stdout
    mail01/imap@default at tls://127.0.0.1:[PORT], as mail01.example.com
      TLS           TLS 1.3, TLS_AES_256_GCM_SHA384, at 127.0.0.1:[PORT]
      subject       CN=mail01.example.com
      names         dns:mail01.example.com
      issuer        CN=Test Issuing CA
      valid         until [DATE] ([DAYS])
      chain         1 certificate(s) behind it
      root          CN=Test Root, trusted by root.pem
      keystore      mail01/imap/main, version 2, is not what is served
    fault: it serves the wrong certificate: "CN=mail01.example.com", of web01/https/main in place of mail01/imap/main

    1 of 1 is not as it should be.
    -- stderr
    "#);
}

#[test]
fn tells_what_is_wrong_with_the_right_certificate() {
    let (world, authority) = world();
    let leaf = world.read(&format!("{LIVE}/certificate.pem"));
    let serve_chain = |chain: &str| format!("tls://{}", serve(plain(Tls::new(chain, &private_key(&world)))));
    let (code, probe) = one(&world, &serve_chain(&leaf));
    assert_eq!((code, codes(&probe)), (12, vec!["incomplete-chain"]), "{probe}");
    // in the wrong order and with the root: clients cope
    let (code, probe) = one(&world, &serve_chain(&(leaf + &authority.root_pem() + &authority.issuing_pem())));
    assert_eq!((code, codes(&probe)), (0, vec!["superfluous"]), "{probe}");

    let url = serve_chain(&world.read(&format!("{LIVE}/fullchain.pem")));
    let elsewhere = self::probe(&world, &url, &["--name", "www.example.com", "--json"]).exits(12);
    assert_eq!(codes(&elsewhere.json()["result"]["probes"][0]), ["name-not-covered"]);
    world.write("other.pem", Authority::new().root_pem());
    let untrusted = world.keyring(&["probe", &url, "--name", HOST, "--roots", "other.pem", "--json"]).exits(12);
    assert_eq!(codes(&untrusted.json()["result"]["probes"][0]), ["issuer-missing"]);
    world.done(&["probe", &url, "--name", HOST, "--roots", "none"]);
}

#[test]
fn looks_at_urls_without_a_keystore() {
    let (served, authority) = world();
    let url = format!("https://{}", serve(plain(committed(&served))));
    let world = World::empty();
    world.write("root.pem", authority.root_pem());
    world.done(&["probe", &url, "--name", HOST, "--roots", "root.pem"]);
    // as its host, which is an address that the certificate is not good for
    let result = world.keyring(&["probe", &url, "--roots", "root.pem", "--json"]).exits(12).json()["result"].clone();
    assert_eq!(codes(&result["probes"][0]), ["name-not-covered"]);
    assert_eq!(result["probes"][0]["seen"]["keystore"], Value::Null);

    let key = rcgen::KeyPair::generate().unwrap();
    for (from, to, code) in [(2001, 2002, "expired"), (2001, 2999, "self-signed"), (2998, 2999, "not-yet-valid")] {
        let mut params = rcgen::CertificateParams::new(vec![HOST.to_owned()]).unwrap();
        (params.not_before, params.not_after) = (rcgen::date_time_ymd(from, 1, 1), rcgen::date_time_ymd(to, 12, 31));
        let tls = Tls::new(&params.self_signed(&key).unwrap().pem(), &key.serialize_pem());
        let url = format!("https://{}", serve(plain(tls)));
        let output = world.keyring(&["probe", &url, "--name", HOST, "--roots", "root.pem", "--json"]).exits(12);
        assert_eq!(codes(&output.json()["result"]["probes"][0]), [code]);
    }
    let error = world.keyring(&["probe", ENDPOINT, "--roots", "none", "--json"]).exits(4).error();
    assert_eq!(error["code"], "no-keystore");
}

#[test]
fn looks_at_everything_that_is_bound_in_order() {
    let (world, _) = world();
    let empty = World::new();
    snapshot!(empty.done(&["probe", "--roots", "none"]), @"
    exit code 0
    -- stdout
    Nothing is bound: there is nothing to look at.
    -- stderr
    ");
    let doors = [(); 7].map(|()| Door::new());
    let endpoints = doors.each_ref().map(|door| format!("mail01/imaps@{}", door.address()));
    let endpoints: Vec<&str> = endpoints.iter().map(String::as_str).collect();
    world.done(&[&["bind", KEY], &endpoints[..]].concat());
    world.done(&["unbind", ENDPOINT]);
    world.done(&["commit"]);
    let live = |door: &Door| {
        let address = door.address().to_string().replace(['.', ':'], "-");
        format!("keystore/live/mail01/imaps/v4-{}/current", address.replacen("127-0-0-1", "127.0.0.1", 1))
    };
    let tls = |door: &Door| {
        let folder = live(door);
        let [chain, key] = ["fullchain.pem", "private-key.pem"].map(|file| world.read(&format!("{folder}/{file}")));
        Tls::new(&chain, &key)
    };
    let steps: Vec<_> = doors.iter().map(|door| plain(tls(door))).collect();
    let mut closed = None;
    for (at, (door, mut steps)) in doors.into_iter().zip(steps).enumerate() {
        match at {
            3 => closed = Some(door.address()),
            _ => {
                steps.extend([vec![say(b"* OK ready\r\n")], imap_inside()].concat());
                door.open(steps);
            }
        }
    }
    let output = world.keyring(&["probe", "--roots", "root.pem", "--json"]).exits(9);
    let document = output.json();
    assert_eq!((&document["error"]["kind"], &document["error"]["code"]), (&"remote".into(), &"findings".into()));
    let probes = document["result"]["probes"].as_array().unwrap();
    let asked: Vec<_> = probes.iter().map(|probe| probe["endpoint"].as_str().unwrap()).collect();
    assert_eq!(asked.len(), 7);
    for probe in probes {
        let is_closed = probe["endpoint"].as_str().unwrap().ends_with(&closed.unwrap().to_string());
        assert_eq!(probe["verdict"], if is_closed { "unreachable" } else { "good" }, "{probe}");
    }
    // asked for in another order
    let reversed: Vec<_> = endpoints.iter().rev().copied().collect();
    let output = world.keyring(&[&["probe", "--roots", "root.pem", "--json"], &reversed[..]].concat()).exits(9);
    let probes = output.json()["result"]["probes"].as_array().unwrap().clone();
    let asked: Vec<_> = probes.iter().map(|probe| probe["endpoint"].as_str().unwrap()).collect();
    assert_eq!(asked, reversed);
}

#[test]
fn a_service_is_looked_at_where_it_is_said_to_be() {
    let (world, _) = world();
    let inside = [vec![say(b"* OK ready\r\n")], imap_inside()].concat();
    let urls = [(); 2].map(|()| format!("imaps://{}", serve([plain(committed(&world)), inside.clone()].concat())));
    let settings = ["set-service", "mail01/imap", "--profile", "files", "--probe-name", HOST];
    world.done(&[&settings[..], &["--probe", &urls[0], "--probe", &urls[1]]].concat());
    world.done(&["commit"]);
    let result = world.done(&["probe", "--roots", "root.pem", "--json"]).result();
    let probes = result["probes"].as_array().unwrap();
    let seen: Vec<_> = probes.iter().map(|probe| (&probe["endpoint"], &probe["url"], &probe["name"])).collect();
    let [endpoint, name] = [ENDPOINT, HOST].map(Value::from);
    let [first, second] = urls.map(Value::from);
    assert_eq!(seen, [(&endpoint, &first, &name), (&endpoint, &second, &name)]);
}

#[test]
fn refuses_what_it_cannot_look_at() {
    let (world, _) = world();
    let error = |arguments: &[&str], code| {
        world.keyring(&[&["probe", "--roots", "none", "--json"], arguments].concat()).exits(code).error()
    };
    assert_eq!(error(&["http://www.example.com"], 3)["code"], "bad-url");
    assert!(error(&["http://www.example.com"], 3)["hint"].as_str().unwrap().contains("https"));
    assert!(error(&["imap://127.0.0.1:993"], 3)["hint"].as_str().unwrap().contains("imaps://"));
    assert_eq!(error(&["mail01/imap"], 3)["code"], "bad-name");
    assert_eq!(error(&["https://a", "--name", "a b"], 3)["code"], "bad-name");
    assert_eq!(error(&["mail01/pop3@default"], 4)["code"], "not-bound");
    assert_eq!(error(&["https://127.0.0.1", "--at", "https://127.0.0.1"], 2)["code"], "usage");
    assert_eq!(error(&[ENDPOINT, "--timeout", "0"], 2)["code"], "usage");
    // a password is refused and not repeated
    let output = world.keyring(&["probe", "imaps://joe:hunter2@127.0.0.1", "--roots", "none"]).exits(3);
    assert!(!output.stderr.contains("hunter2"), "{output}");
    // a protocol without built-in knowledge has no usual port
    world.done(&["bind", KEY, "mail01/other@default"]);
    world.done(&["commit"]);
    let output = world.keyring(&["probe", "mail01/other@default", "--roots", "none", "--json"]).exits(9);
    assert_eq!(output.json()["result"]["probes"][0]["fault"]["code"], "no-address");
}

#[test]
fn reads_what_is_stapled_and_chooses_a_protocol() {
    let (world, _) = world();
    let chain = world.read(&format!("{LIVE}/fullchain.pem"));
    let tls = Tls::with(&chain, &private_key(&world), Some(b"no response".to_vec()), &["h2"]);
    let (code, probe) = one(&world, &format!("https://{}", serve(plain(tls))));
    assert_eq!((code, codes(&probe)), (0, vec!["ocsp-unreadable"]), "{probe}");
    assert_eq!(probe["seen"]["alpn"], "h2");
}
