//! Each protocol against a script: what the server says, piece by piece, and what it must have heard.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use keystore::name::{Host, Start, Talk};
use proptest::prelude::*;

use super::{Offered, Party, inside, start_tls};
use crate::probe::{Fault, Phase};

/// A server that says its pieces in order, whatever it hears; each piece is one read.
#[derive(Default)]
struct Script {
    says: VecDeque<Vec<u8>>,
    heard: Vec<u8>,
    /// Says the last piece for ever.
    endless: bool,
}

impl Script {
    fn of(pieces: &[&[u8]]) -> Self {
        Self { says: pieces.iter().map(|piece| piece.to_vec()).collect(), ..Self::default() }
    }
}

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(mut piece) = self.says.pop_front() else { return Ok(0) };
        let count = piece.len().min(buffer.len());
        buffer[..count].copy_from_slice(&piece[..count]);
        if self.endless && self.says.is_empty() {
            self.says.push_front(piece);
        } else if count < piece.len() {
            self.says.push_front(piece.split_off(count));
        }
        Ok(count)
    }
}

impl Write for Script {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.heard.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn party(talk: Talk, name: &Host) -> Party<'_> {
    Party { talk, port: 5222, ours: IpAddr::V4(Ipv4Addr::LOCALHOST), name }
}

fn host() -> Host {
    "mail.example.com".parse().unwrap()
}

/// Asks for TLS; what was offered before, and what the server heard.
fn ask(talk: Talk, pieces: &[&[u8]]) -> Result<(Option<Offered>, String), Fault> {
    let mut script = Script::of(pieces);
    let (_, offered) = start_tls(&party(talk, &host()), &mut script)?;
    Ok((offered, String::from_utf8_lossy(&script.heard).into_owned()))
}

fn refused(talk: Talk, pieces: &[&[u8]]) -> Fault {
    ask(talk, pieces).unwrap_err()
}

/// Inside TLS: what is offered, and what the server heard.
fn inner(talk: Talk, start: Start, pieces: &[&[u8]]) -> (Option<Offered>, String) {
    let mut script = Script::of(pieces);
    let offered = inside(&party(talk, &host()), start, &mut script).unwrap();
    (offered, String::from_utf8_lossy(&script.heard).into_owned())
}

fn offer(sasl: &[&str], commands: &[&'static str]) -> Option<Offered> {
    Some(Offered { sasl: sasl.iter().map(|&name| name.to_owned()).collect(), commands: commands.to_vec() })
}

#[test]
fn smtp() {
    let ehlo =
        b"250-mail.example.com\r\n250-PIPELINING\r\n250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n250-AUTH=PLAIN LOGIN\r\n\
                 250 8BITMIME\r\n";
    let (offered, heard) =
        ask(Talk::Smtp, &[b"220-wait\r\n", b"220 mail ESMTP\r\n", ehlo, b"220 2.0.0 Ready\r\n"]).unwrap();
    assert_eq!(offered, offer(&["PLAIN", "LOGIN"], &[]));
    assert_eq!(offered.unwrap().passwords(), ["PLAIN", "LOGIN"]);
    assert_eq!(heard, "EHLO [127.0.0.1]\r\nSTARTTLS\r\n");
    // pieces as the network cuts them
    let script: Vec<_> = [b"220 m\r\n", &ehlo[..], b"220 go\r\n"].concat();
    let one_by_one: Vec<&[u8]> = script.chunks(1).collect();
    assert!(ask(Talk::Smtp, &one_by_one).is_ok());

    let none = b"250-mail\r\n250 AUTH PLAIN\r\n";
    assert!(matches!(refused(Talk::Smtp, &[b"220 m\r\n", none]), Fault::NoStartTls));
    assert!(matches!(refused(Talk::Smtp, &[b"220 m\r\n", b"502 what?\r\n"]), Fault::NoStartTls));
    let said = match refused(Talk::Smtp, &[b"220 m\r\n", ehlo, b"454 4.7.0 TLS not available\r\n"]) {
        Fault::StartTlsRefused { said } => said,
        other => panic!("{other:?}"),
    };
    assert_eq!(said, "\"454 4.7.0 TLS not available\"");
    assert!(matches!(refused(Talk::Smtp, &[b"554 no\r\n"]), Fault::TurnedAway { phase: Phase::Clear, .. }));
    assert!(matches!(refused(Talk::Smtp, &[b"220 m\r\n", b"421 later\r\n"]), Fault::TurnedAway { .. }));
    assert!(matches!(refused(Talk::Smtp, &[b"220 m\r\n", b"250-a\r\n251 b\r\n"]), Fault::Protocol { .. }));
    assert!(matches!(refused(Talk::Smtp, &[b"HTTP/1.1 400 Bad\r\n"]), Fault::Protocol { protocol: "SMTP", .. }));
    assert!(matches!(refused(Talk::Smtp, &[b"220 m\r\n", b"250-cut"]), Fault::Closed { phase: Phase::Clear }));

    let (offered, heard) = inner(Talk::Smtp, Start::StartTls, &[b"250-m\r\n250 AUTH SCRAM-SHA-256\r\n"]);
    assert_eq!((offered, heard.as_str()), (offer(&["SCRAM-SHA-256"], &[]), "EHLO [127.0.0.1]\r\nQUIT\r\n"));
    let (offered, _) = inner(Talk::Smtp, Start::Implicit, &[b"220 m\r\n", b"250 m\r\n"]);
    assert_eq!(offered, offer(&[], &[]));
}

#[test]
fn smtp_names_itself_by_its_address() {
    let mut script = Script::of(&[b"220 m\r\n", b"500 no\r\n"]);
    let ours = IpAddr::V6(Ipv6Addr::LOCALHOST);
    let _ = start_tls(&Party { ours, ..party(Talk::Smtp, &host()) }, &mut script);
    assert_eq!(script.heard, b"EHLO [IPv6:::1]\r\n");
}

#[test]
fn imap() {
    let caps = b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED AUTH=SCRAM-SHA-1\r\na1 OK done\r\n";
    let (offered, heard) = ask(Talk::Imap, &[b"* OK ready\r\n", caps, b"a2 OK begin\r\n"]).unwrap();
    assert_eq!((&offered, heard.as_str()), (&offer(&["SCRAM-SHA-1"], &[]), "a1 CAPABILITY\r\na2 STARTTLS\r\n"));
    assert!(offered.unwrap().passwords().is_empty());
    let open = b"* CAPABILITY IMAP4rev1 starttls auth=plain\r\na1 OK done\r\n";
    let (offered, _) = ask(Talk::Imap, &[b"* ok ready\r\n", open, b"* 1 EXISTS\r\na2 OK begin\r\n"]).unwrap();
    assert_eq!(offered.unwrap().passwords(), ["PLAIN", "LOGIN command"]);

    assert!(matches!(refused(Talk::Imap, &[b"* PREAUTH hello\r\n"]), Fault::LoggedIn));
    assert!(matches!(refused(Talk::Imap, &[b"* BYE full\r\n"]), Fault::TurnedAway { .. }));
    assert!(matches!(refused(Talk::Imap, &[b"+OK pop\r\n"]), Fault::Protocol { .. }));
    assert!(matches!(refused(Talk::Imap, &[b"* OK\r\n", b"* CAPABILITY IMAP4\r\na1 OK\r\n"]), Fault::NoStartTls));
    assert!(matches!(refused(Talk::Imap, &[b"* OK\r\n", b"a1 BAD no\r\n"]), Fault::Protocol { .. }));
    assert!(matches!(refused(Talk::Imap, &[b"* OK\r\n", caps, b"a2 NO not now\r\n"]), Fault::StartTlsRefused { .. }));
    assert!(matches!(refused(Talk::Imap, &[b"* OK\r\n", caps, b"* BYE\r\n"]), Fault::TurnedAway { .. }));

    let caps = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nb1 OK done\r\n";
    let (offered, heard) = inner(Talk::Imap, Start::Implicit, &[b"* OK ready\r\n", caps]);
    assert_eq!((offered, heard.as_str()), (offer(&["PLAIN"], &["LOGIN command"]), "b1 CAPABILITY\r\nb2 LOGOUT\r\n"));
}

#[test]
fn pop3() {
    let capa = b"+OK\r\nUSER\r\nSASL PLAIN CRAM-MD5\r\nSTLS\r\n.\r\n";
    let (offered, heard) = ask(Talk::Pop3, &[b"+OK ready\r\n", capa, b"+OK begin\r\n"]).unwrap();
    assert_eq!((&offered, heard.as_str()), (&offer(&["PLAIN", "CRAM-MD5"], &["USER command"]), "CAPA\r\nSTLS\r\n"));
    assert_eq!(offered.unwrap().passwords(), ["PLAIN", "USER command"]);
    // a server of 1996
    assert_eq!(ask(Talk::Pop3, &[b"+OK\r\n", b"-ERR what\r\n", b"+OK\r\n"]).unwrap().0, None);
    assert!(matches!(refused(Talk::Pop3, &[b"+OK\r\n", b"-ERR what\r\n", b"-ERR what\r\n"]), Fault::NoStartTls));
    assert!(matches!(refused(Talk::Pop3, &[b"+OK\r\n", b"+OK\r\nUSER\r\n.\r\n"]), Fault::NoStartTls));
    assert!(matches!(refused(Talk::Pop3, &[b"+OK\r\n", capa, b"-ERR no\r\n"]), Fault::StartTlsRefused { .. }));
    assert!(matches!(refused(Talk::Pop3, &[b"-ERR busy\r\n"]), Fault::TurnedAway { .. }));
    let (offered, heard) = inner(Talk::Pop3, Start::StartTls, &[b"+OK\r\nUSER\r\n.\r\n"]);
    assert_eq!((offered, heard.as_str()), (offer(&[], &["USER command"]), "CAPA\r\nQUIT\r\n"));
}

#[test]
fn nntp() {
    let caps = b"101 list\r\nVERSION 2\r\nREADER\r\nSTARTTLS\r\nAUTHINFO USER SASL\r\nSASL PLAIN\r\n.\r\n";
    let (offered, heard) = ask(Talk::Nntp, &[b"200 ready\r\n", caps, b"382 go\r\n"]).unwrap();
    assert_eq!((&offered, heard.as_str()), (&offer(&["PLAIN"], &["AUTHINFO USER"]), "CAPABILITIES\r\nSTARTTLS\r\n"));
    // a server that feeds and is read has to be told
    let switch = b"101 list\r\nMODE-READER\r\n.\r\n";
    let (_, heard) = ask(Talk::Nntp, &[b"201 ready\r\n", switch, b"201 reader\r\n", caps, b"382 go\r\n"]).unwrap();
    assert_eq!(heard, "CAPABILITIES\r\nMODE READER\r\nCAPABILITIES\r\nSTARTTLS\r\n");
    assert!(matches!(refused(Talk::Nntp, &[b"200 r\r\n", b"101 l\r\nREADER\r\n.\r\n"]), Fault::NoStartTls));
    assert!(matches!(refused(Talk::Nntp, &[b"200 r\r\n", b"500 what\r\n", b"500 what\r\n"]), Fault::NoStartTls));
    assert!(matches!(refused(Talk::Nntp, &[b"200 r\r\n", caps, b"580 no\r\n"]), Fault::StartTlsRefused { .. }));
    assert!(matches!(refused(Talk::Nntp, &[b"502 go away\r\n"]), Fault::TurnedAway { .. }));
    let (offered, heard) = inner(Talk::Nntp, Start::Implicit, &[b"200 r\r\n", b"101 l\r\nAUTHINFO SASL\r\n.\r\n"]);
    assert_eq!((offered, heard.as_str()), (offer(&[], &[]), "CAPABILITIES\r\nQUIT\r\n"));
}

#[test]
fn sieve() {
    let caps = b"\"IMPLEMENTATION\" \"x y\"\r\n\"SASL\" \"PLAIN LOGIN\"\r\n\"STARTTLS\"\r\nOK \"ready\"\r\n";
    let (offered, heard) = ask(Talk::Sieve, &[caps, b"OK \"begin\"\r\n"]).unwrap();
    assert_eq!((offered, heard.as_str()), (offer(&["PLAIN", "LOGIN"], &[]), "STARTTLS\r\n"));
    assert!(matches!(refused(Talk::Sieve, &[b"\"SASL\" \"\"\r\nOK\r\n"]), Fault::NoStartTls));
    assert!(matches!(refused(Talk::Sieve, &[b"BYE \"full\"\r\n"]), Fault::TurnedAway { .. }));
    assert!(matches!(refused(Talk::Sieve, &[caps, b"NO (TRYLATER) \"no\"\r\n"]), Fault::StartTlsRefused { .. }));
    let (offered, heard) = inner(Talk::Sieve, Start::StartTls, &[b"\"sasl\" \"EXTERNAL\"\r\nok\r\n"]);
    assert_eq!((offered, heard.as_str()), (offer(&["EXTERNAL"], &[]), "LOGOUT\r\n"));
}

#[test]
fn ftp() {
    let (offered, heard) =
        ask(Talk::Ftp, &[b"120 soon\r\n", b"220-hello\r\n free\r\n220 go\r\n", b"234 ok\r\n"]).unwrap();
    assert_eq!((offered, heard.as_str()), (None, "AUTH TLS\r\n"));
    assert!(matches!(refused(Talk::Ftp, &[b"220 r\r\n", b"502 what\r\n"]), Fault::NoStartTls));
    assert!(matches!(refused(Talk::Ftp, &[b"220 r\r\n", b"431 no\r\n"]), Fault::StartTlsRefused { .. }));
    assert!(matches!(refused(Talk::Ftp, &[b"421 full\r\n"]), Fault::TurnedAway { .. }));
    assert_eq!(inner(Talk::Ftp, Start::Implicit, &[]), (None, String::new()));
}

#[test]
fn xmpp() {
    let features = b"<?xml version='1.0'?><stream:stream from='mail.example.com' version='1.0'><stream:features>\
        <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>\
        <mechanisms><mechanism>PLAIN</mechanism><mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>";
    let proceed = b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    let (offered, heard) = ask(Talk::Xmpp, &[&features[..60], &features[60..], proceed]).unwrap();
    assert_eq!(offered, offer(&["PLAIN", "SCRAM-SHA-1"], &[]));
    assert!(heard.contains("xmlns='jabber:client'") && heard.contains(" to='mail.example.com' "), "{heard}");
    assert!(heard.ends_with("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"), "{heard}");
    assert!(matches!(refused(Talk::Xmpp, &[b"<stream:features/>"]), Fault::NoStartTls));
    let failure = b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>";
    assert!(matches!(refused(Talk::Xmpp, &[features, failure]), Fault::StartTlsRefused { .. }));
    let error = b"<stream:stream><stream:error><host-unknown/></stream:error>";
    assert!(matches!(refused(Talk::Xmpp, &[error]), Fault::TurnedAway { .. }));
    let mut script = Script::of(&[b"<stream:features/>"]);
    let _ = start_tls(&Party { port: 5269, ..party(Talk::Xmpp, &host()) }, &mut script);
    assert!(String::from_utf8_lossy(&script.heard).contains("xmlns='jabber:server'"));
}

#[test]
fn postgres() {
    let mut script = Script::of(&[b"S"]);
    assert_eq!(start_tls(&party(Talk::Postgres, &host()), &mut script).unwrap().1, None);
    assert_eq!(script.heard, [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f], "SSLRequest is 80877103");
    assert!(matches!(refused(Talk::Postgres, &[b"N"]), Fault::NoStartTls));
    assert!(matches!(refused(Talk::Postgres, &[b"E\0\0\0"]), Fault::TurnedAway { .. }));
    assert!(matches!(refused(Talk::Postgres, &[b"220 mail"]), Fault::Protocol { .. }));
    // CVE-2021-23222
    assert!(matches!(refused(Talk::Postgres, &[b"SR\0\0\0"]), Fault::Injected { count: 4 }));
}

/// The greeting of a server with these capabilities in the lower half.
fn mysql_greeting(capabilities: [u8; 2]) -> Vec<u8> {
    let packet = [b"\x0a8.0.36\0", &[1, 0, 0, 0][..], b"12345678\0", &capabilities, &[45, 2, 0, 0, 0]].concat();
    [&[u8::try_from(packet.len()).unwrap(), 0, 0, 0][..], &packet].concat()
}

#[test]
fn mysql() {
    let mut script = Script::of(&[&mysql_greeting([0xff, 0xf7 | 0x08])]);
    start_tls(&party(Talk::Mysql, &host()), &mut script).unwrap();
    assert_eq!(script.heard[..4], [32, 0, 0, 1]);
    assert_eq!((script.heard.len(), script.heard[5] & 0x0a), (36, 0x0a), "PROTOCOL_41 and SSL");
    assert!(matches!(refused(Talk::Mysql, &[&mysql_greeting([0xff, 0xf7])]), Fault::NoStartTls));
    let blocked = b"\x15\0\0\0\xff\x69\x04Host is not allowed";
    assert!(matches!(refused(Talk::Mysql, &[&blocked[..25]]), Fault::TurnedAway { .. }));
    assert!(matches!(refused(Talk::Mysql, &[b"\xff\xff\xff\0"]), Fault::Protocol { .. }));
    assert!(matches!(refused(Talk::Mysql, &[b"\x03\0\0\0\x0a8."]), Fault::Protocol { .. }));
}

/// An LDAP message as a server writes it.
fn ldap_message(id: u8, operation: &[u8]) -> Vec<u8> {
    let body = [&[2, 1, id][..], operation].concat();
    // lengths in the long form, which RFC 4511 section 5.1 allows
    [&[0x30, 0x82, 0, u8::try_from(body.len()).unwrap()][..], &body].concat()
}

fn ldap_result(tag: u8, code: u8) -> Vec<u8> {
    vec![tag, 10, 0x0a, 1, code, 4, 0, 4, 3, b'w', b'h', b'y']
}

fn ldap_entry(mechanisms: &[&str]) -> Vec<u8> {
    let element = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
    let values: Vec<u8> = mechanisms.iter().flat_map(|name| element(4, name.as_bytes())).collect();
    let attribute = [element(4, b"supportedSASLMechanisms"), element(0x31, &values)].concat();
    element(0x64, &[element(4, b""), element(0x30, &element(0x30, &attribute))].concat())
}

#[test]
fn ldap() {
    let entry = ldap_message(1, &ldap_entry(&["DIGEST-MD5", "PLAIN"]));
    let done = ldap_message(1, &ldap_result(0x65, 0));
    let ok = ldap_message(2, &ldap_result(0x78, 0));
    let (offered, heard) = ask(Talk::Ldap, &[&entry, &done, &ok]).unwrap();
    assert_eq!(offered, offer(&["DIGEST-MD5", "PLAIN"], &[]));
    assert!(heard.contains("supportedSASLMechanisms") && heard.ends_with("1.3.6.1.4.1.1466.20037"), "{heard:?}");
    // a root DSE that nobody may read in the clear: confidentialityRequired
    let shut = ldap_message(1, &ldap_result(0x65, 13));
    assert_eq!(ask(Talk::Ldap, &[&shut, &ok]).unwrap().0, None);
    let answer = |code| ldap_message(2, &ldap_result(0x78, code));
    assert!(matches!(refused(Talk::Ldap, &[&done, &answer(2)]), Fault::NoStartTls));
    let said = match refused(Talk::Ldap, &[&done, &answer(52)]) {
        Fault::StartTlsRefused { said } => said,
        other => panic!("{other:?}"),
    };
    assert_eq!(said, "\"result 52 why\"");
    // a notice of disconnection
    assert!(matches!(refused(Talk::Ldap, &[&ldap_message(0, &ldap_result(0x78, 52))]), Fault::TurnedAway { .. }));
    assert!(matches!(refused(Talk::Ldap, &[b"0\x84\xff\xff\xff\xff"]), Fault::Protocol { .. }));
    assert!(matches!(refused(Talk::Ldap, &[b"0\x80\0\0"]), Fault::Protocol { .. }));
    let (offered, heard) = inner(Talk::Ldap, Start::Implicit, &[&entry, &done]);
    assert_eq!(offered, offer(&["DIGEST-MD5", "PLAIN"], &[]));
    assert!(heard.ends_with("0\u{5}\u{2}\u{1}\u{4}B\0"), "unbind: {heard:?}");
}

#[test]
fn words_behind_the_consent_are_refused() {
    let ehlo = b"250 STARTTLS\r\n";
    let caps = b"* CAPABILITY STARTTLS\r\na1 OK\r\n";
    let ok = [ldap_message(2, &ldap_result(0x78, 0)), b"x".to_vec()].concat();
    let done = ldap_message(1, &ldap_result(0x65, 0));
    let greeting = [mysql_greeting([0, 8]), b"x".to_vec()].concat();
    let features = b"<stream:features><starttls/></stream:features>";
    for (talk, pieces) in [
        (Talk::Smtp, &[b"220 m\r\n", &ehlo[..], b"220 go\r\n250 injected\r\n"][..]),
        (Talk::Imap, &[b"* OK\r\n", caps, b"a2 OK\r\n* CAPABILITY AUTH=PLAIN\r\n"]),
        (Talk::Pop3, &[b"+OK\r\n", b"+OK\r\nSTLS\r\n.\r\n", b"+OK\r\n+OK\r\n"]),
        (Talk::Nntp, &[b"200 r\r\n", b"101 l\r\nSTARTTLS\r\n.\r\n", b"382 go\r\n101 l\r\n"]),
        (Talk::Sieve, &[b"\"STARTTLS\"\r\nOK\r\n", b"OK\r\n\"SASL\" \"PLAIN\"\r\n"]),
        (Talk::Ftp, &[b"220 r\r\n", b"234 go\r\n230 in\r\n"]),
        (Talk::Xmpp, &[features, b"<proceed/><stream:stream>"]),
        (Talk::Ldap, &[&done, &ok]),
        (Talk::Mysql, &[&greeting]),
    ] {
        let fault = refused(talk, pieces);
        assert!(matches!(fault, Fault::Injected { count: 1.. }), "{talk:?}: {fault:?}");
    }
}

const TALKS: [Talk; 10] = [
    Talk::Smtp,
    Talk::Imap,
    Talk::Pop3,
    Talk::Nntp,
    Talk::Ldap,
    Talk::Sieve,
    Talk::Ftp,
    Talk::Xmpp,
    Talk::Postgres,
    Talk::Mysql,
];

#[test]
fn a_server_without_end_ends() {
    for talk in TALKS {
        for forever in [
            &b"a"[..],
            b"220-a\r\n",
            b"120 a\r\n",
            b"* 1 EXISTS\r\n",
            b"+OK\r\n",
            b"200 a\r\n",
            b"\"a\" \"b\"\r\n",
            b"<a>",
            &[0x30, 0x84, 0, 0, 1, 0],
            &[0; 64],
        ] {
            let mut script = Script { endless: true, ..Script::of(&[forever]) };
            assert!(start_tls(&party(talk, &host()), &mut script).is_err(), "{talk:?}: {forever:?}");
            let mut script = Script { endless: true, ..Script::of(&[forever]) };
            // some know no question to ask inside
            let _ = inside(&party(talk, &host()), Start::Implicit, &mut script);
        }
    }
}

#[test]
fn what_a_server_says_is_fit_for_a_terminal() {
    let said = match refused(Talk::Pop3, &[b"-ERR \x1b[31mred\x07 \xff\r\n"]) {
        Fault::TurnedAway { said, .. } => said,
        other => panic!("{other:?}"),
    };
    assert_eq!(said, "\"-ERR  [31mred  \u{fffd}\"");
    let long = [b"-ERR ".as_slice(), &[b'x'; 1000], b"\r\n"].concat();
    assert!(refused(Talk::Pop3, &[&long]).to_string().len() < 300);
}

fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let words = prop_oneof![
        Just(b"220 a\r\n".to_vec()),
        Just(b"250-STARTTLS\r\n250 AUTH PLAIN\r\n".to_vec()),
        Just(b"* OK\r\n".to_vec()),
        Just(b"* CAPABILITY STARTTLS\r\na1 OK\r\n".to_vec()),
        Just(b"+OK\r\n".to_vec()),
        Just(b"200 a\r\n".to_vec()),
        Just(b"101 a\r\nSTARTTLS\r\n.\r\n".to_vec()),
        Just(b"\"STARTTLS\"\r\nOK\r\n".to_vec()),
        Just(b"<stream:features><starttls/></stream:features>".to_vec()),
        Just(ldap_message(1, &ldap_entry(&["PLAIN"]))),
        Just(ldap_message(1, &ldap_result(0x65, 0))),
        Just(mysql_greeting([0xff, 0xff])),
        proptest::collection::vec(any::<u8>(), 0..40),
    ];
    proptest::collection::vec(words, 0..8)
}

proptest! {
    #[test]
    fn no_server_makes_it_panic(talk in 0..TALKS.len(), pieces in pieces(), implicit: bool, flip in 0usize..64, to: u8) {
        let mut pieces = pieces;
        if let Some(place) = pieces.last_mut().and_then(|piece| piece.get_mut(flip)) {
            *place = to;
        }
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let (talk, start) = (TALKS[talk], if implicit { Start::Implicit } else { Start::StartTls });
        let _ = start_tls(&party(talk, &host()), &mut Script::of(&pieces));
        let _ = inside(&party(talk, &host()), start, &mut Script::of(&pieces));
    }
}
