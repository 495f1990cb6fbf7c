use proptest::prelude::*;

use super::{Host, HostError, ProbeUrl, ProbeUrlError, SCHEMES, Start, Talk};
use crate::name::{Endpoint, Ipv6Error};

fn shown(text: &str) -> String {
    text.parse::<ProbeUrl>().unwrap().to_string()
}

fn fault(text: &str) -> ProbeUrlError {
    text.parse::<ProbeUrl>().unwrap_err()
}

#[test]
fn urls_are_kept_whole_and_in_one_form() {
    for (given, kept) in [
        ("https://www.example.com", "https://www.example.com:443"),
        ("https://www.example.com/", "https://www.example.com:443"),
        ("HTTPS://WWW.Example.COM.:8443", "https://www.example.com:8443"),
        ("smtp://mx1.example.com", "smtp+starttls://mx1.example.com:25"),
        ("submission://mail.example.com", "smtp+starttls://mail.example.com:587"),
        ("submission+starttls://mail.example.com", "smtp+starttls://mail.example.com:587"),
        ("submissions://mail.example.com", "smtps://mail.example.com:465"),
        ("imap+starttls://127.0.0.1:10143", "imap+starttls://127.0.0.1:10143"),
        ("imap://127.0.0.1", "imap+starttls://127.0.0.1:143"),
        ("imap+starttls://127.0.0.1:993", "imap+starttls://127.0.0.1:993"),
        ("imaps://[2001:DB8::1]", "imaps://[2001:db8::1]:993"),
        ("ldap://[::1]:1389", "ldap+starttls://[::1]:1389"),
        ("sieve://mail01", "sieve+starttls://mail01:4190"),
        ("postgresql://db", "postgres+starttls://db:5432"),
        ("mysql+starttls://db:1", "mysql+starttls://db:1"),
        ("tls://10.1.2.3:7000", "tls://10.1.2.3:7000"),
    ] {
        assert_eq!(shown(given), kept, "{given}");
    }
}

#[test]
fn tells_faults_apart() {
    for text in ["", "mail01/imap/main", "imap:143", "imaps://[::1", "imaps://[::1]993"] {
        assert!(matches!(fault(text), ProbeUrlError::Form { .. }), "{text}");
    }
    assert!(matches!(fault("http://a"), ProbeUrlError::Scheme { .. }));
    assert!(matches!(fault("gopher+starttls://a"), ProbeUrlError::Scheme { .. }));
    assert!(matches!(fault("imaps+starttls://a"), ProbeUrlError::NoStartTls { .. }));
    assert!(matches!(fault("tls+starttls://a:1"), ProbeUrlError::NoStartTls { .. }));
    assert!(matches!(fault("https://a/b"), ProbeUrlError::Path { .. }));
    assert!(matches!(fault("https://a?b"), ProbeUrlError::Path { .. }));
    assert!(matches!(fault("imaps://2001:db8::1"), ProbeUrlError::Brackets { .. }));
    assert!(matches!(fault("tls://a"), ProbeUrlError::NoPort { scheme: "tls" }));
    for text in ["imaps://a:0", "imaps://a:", "imaps://a:65536", "imaps://a:+1", "imaps://a:x"] {
        assert!(matches!(fault(text), ProbeUrlError::Port { .. }), "{text}");
    }
    let at_once = ProbeUrlError::ImplicitPort { port: 993, implicit: "imaps", explicit: "imap+starttls" };
    assert_eq!(fault("imap://a:993"), at_once);
    for text in ["imaps://", "imaps://:993", "imaps://1.2.3", "imaps://10", "imaps://a b", "imaps://[a]", "imaps://-a"]
    {
        assert!(matches!(fault(text), ProbeUrlError::Host(HostError::Form { .. })), "{text}");
    }
    assert!(matches!(fault("imaps://bücher.example"), ProbeUrlError::Host(HostError::NotAscii { .. })));
    assert!(matches!(fault("imaps://[fe80::1%eth0]"), ProbeUrlError::Host(HostError::Ipv6(Ipv6Error::Zone { .. }))));
    assert!(matches!(
        fault("imaps://[::ffff:192.0.2.7]"),
        ProbeUrlError::Host(HostError::Ipv6(Ipv6Error::Mapped { .. }))
    ));
}

#[test]
fn no_message_repeats_a_password() {
    for text in ["imaps://joe:hunter2@a", "gopher://joe:hunter2@a/x?y", "joe:hunter2@a", "imaps://a/joe:hunter2@b"] {
        let error = fault(text);
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn an_endpoint_says_how_it_is_reached() {
    for (endpoint, url) in [
        ("mail01/imap@default", Some("imaps://mail01:993")),
        ("mail01/imap@192.0.2.7:993", Some("imaps://192.0.2.7:993")),
        ("mail01/imap@192.0.2.7:143", Some("imap+starttls://192.0.2.7:143")),
        ("mail01/imap@192.0.2.7:10993", Some("imaps://192.0.2.7:10993")),
        ("mail01/imaps@192.0.2.7:10993", Some("imaps://192.0.2.7:10993")),
        ("mail01/pop3@[2001:db8::1]:110", Some("pop3+starttls://[2001:db8::1]:110")),
        ("mail01/smtp@default", Some("smtp+starttls://mail01:25")),
        ("mail01/smtp@192.0.2.7:465", Some("smtps://192.0.2.7:465")),
        ("mail01/smtp@192.0.2.7:587", Some("smtp+starttls://192.0.2.7:587")),
        ("mail01/smtp@192.0.2.7:2525", Some("smtp+starttls://192.0.2.7:2525")),
        ("mail01/submission@default", Some("smtp+starttls://mail01:587")),
        ("mail01/submissions@default", Some("smtps://mail01:465")),
        ("news/nntp@192.0.2.7:119", Some("nntp+starttls://192.0.2.7:119")),
        ("news/nntp@0.0.0.0:563", Some("nntps://127.0.0.1:563")),
        ("dir/ldap@[::]:389", Some("ldap+starttls://[::1]:389")),
        ("dir/ldap@default", Some("ldaps://dir:636")),
        ("db/postgres@default", Some("postgres+starttls://db:5432")),
        ("chat/xmpp@192.0.2.7:5269", Some("xmpp+starttls://192.0.2.7:5269")),
        ("web01/https@default", Some("https://web01:443")),
        ("any/thing@192.0.2.7:7000", Some("tls://192.0.2.7:7000")),
        ("any/thing@default", None),
        ("10/https@default", None),
    ] {
        let found = ProbeUrl::of_endpoint(&endpoint.parse::<Endpoint>().unwrap());
        assert_eq!(found.map(|url| url.to_string()).as_deref(), url, "{endpoint}");
    }
}

#[test]
fn each_pair_of_talk_and_start_has_one_scheme() {
    let pairs: std::collections::BTreeSet<_> = SCHEMES.iter().map(|scheme| (scheme.talk, scheme.start)).collect();
    assert_eq!(pairs.len(), SCHEMES.len());
    let url: ProbeUrl = "sieve://a".parse().unwrap();
    assert_eq!((url.talk(), url.start(), url.port()), (Talk::Sieve, Start::StartTls, 4190));
}

proptest! {
    #[test]
    fn what_parses_survives_the_round_trip(
        scheme in 0..SCHEMES.len(),
        host in "[a-zA-Z0-9.:\\[\\]-]{1,24}|[a-z]{1,5}(\\.[a-z]{2,5}){0,3}",
        ip in any::<std::net::IpAddr>(),
        by_name in any::<bool>(),
        port in "|:[0-9]{1,5}",
    ) {
        let host = match ip {
            _ if by_name => host,
            std::net::IpAddr::V4(ip) => ip.to_string(),
            std::net::IpAddr::V6(ip) => format!("[{ip}]"),
        };
        if let Ok(url) = format!("{}://{host}{port}", SCHEMES[scheme].text).parse::<ProbeUrl>() {
            prop_assert_eq!(&url.to_string().parse::<ProbeUrl>().unwrap(), &url);
            let json = serde_json::to_string(&url).unwrap();
            prop_assert_eq!(&serde_json::from_str::<ProbeUrl>(&json).unwrap(), &url);
            prop_assert_eq!(&url.host().to_string().parse::<Host>().unwrap(), url.host());
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}|[a-z+]{0,8}://\\PC{0,20}") {
        let _ = text.parse::<ProbeUrl>();
    }
}
