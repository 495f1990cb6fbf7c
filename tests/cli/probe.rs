//! `probe`, against servers on this machine that do as they are told.

mod certificates;
mod faults;
mod server;
mod words;

use std::net::SocketAddr;

use serde_json::Value;

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
