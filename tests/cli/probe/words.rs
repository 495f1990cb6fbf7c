//! The words of each protocol around TLS.

use serde_json::{Value, json};

use super::server::{Step, say, serve};
use super::{codes, committed, imap_inside, one, plain, world};

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
