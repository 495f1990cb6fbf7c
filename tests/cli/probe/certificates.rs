//! What is said of the certificate that is served.

use serde_json::json;

use super::server::{Tls, serve};
use super::{HOST, LIVE, codes, committed, one, plain, private_key, probe, shown, world};
use crate::common::output::snapshot;
use crate::common::{Authority, KEY};

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
    let elsewhere = super::probe(&world, &url, &["--name", "www.example.com", "--json"]).exits(12);
    assert_eq!(codes(&elsewhere.json()["result"]["probes"][0]), ["name-not-covered"]);
    world.write("other.pem", Authority::new().root_pem());
    let untrusted = world.keyring(&["probe", &url, "--name", HOST, "--roots", "other.pem", "--json"]).exits(12);
    assert_eq!(codes(&untrusted.json()["result"]["probes"][0]), ["issuer-missing"]);
    world.done(&["probe", &url, "--name", HOST, "--roots", "none"]);
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
