//! Why a service was not seen.

use std::time::{Duration, Instant};

use super::server::{Door, Step, Tls, say, serve};
use super::{LIVE, one, plain, private_key, probe, shown, world};
use crate::common::World;
use crate::common::output::snapshot;

/// The cause why a service was not seen, and how far the probe had come.
fn fault(world: &World, url: &str) -> (String, String) {
    let (code, probe) = one(world, url);
    assert_eq!((code, &probe["verdict"]), (9, &"unreachable".into()), "{probe}");
    let text = |name: &str| probe["fault"][name].as_str().unwrap().to_owned();
    (text("code"), text("phase"))
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
