use proptest::prelude::*;

use super::{DnsName, DnsNameError, EmailError, SubjectAltName, SubjectAltNameError, UriError};

fn parse(text: &str) -> SubjectAltName {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn dns_fault(text: &str) -> DnsNameError {
    text.parse::<DnsName>().expect_err(text)
}

#[test]
fn names_are_kept_in_one_form() {
    for (given, kept) in [
        ("dns:Mail.Example.COM.", "dns:mail.example.com"),
        ("DNS:*.example.com", "dns:*.example.com"),
        ("dns:müller.example", "dns:xn--mller-kva.example"),
        ("dns:MÜLLER.example", "dns:xn--mller-kva.example"),
        ("dns:*.bücher.example", "dns:*.xn--bcher-kva.example"),
        ("dns:my_server.corp", "dns:my_server.corp"),
        ("dns:r3---sn-x.example", "dns:r3---sn-x.example"),
        ("dns:mail01", "dns:mail01"),
        ("ip:192.0.2.7", "ip:192.0.2.7"),
        ("ip:2001:DB8:0::1", "ip:2001:db8::1"),
        ("ip:::ffff:192.0.2.7", "ip:192.0.2.7"),
        ("email:Jo.Doe+x@Bücher.example", "email:Jo.Doe+x@xn--bcher-kva.example"),
        ("uri:https://example.com/a?b#c", "uri:https://example.com/a?b#c"),
        ("uri:urn:uuid:1", "uri:urn:uuid:1"),
    ] {
        assert_eq!(parse(given).to_string(), kept);
        assert_eq!(parse(kept), parse(given));
    }
}

#[test]
fn every_fault_of_a_host_name_is_its_own() {
    assert_eq!(dns_fault(""), DnsNameError::Empty);
    assert_eq!(dns_fault("."), DnsNameError::Empty);
    assert_eq!(dns_fault("192.0.2.7"), DnsNameError::IpAddress { ip: "192.0.2.7".parse().unwrap() });
    assert_eq!(
        dns_fault("2001:db8::1").to_string(),
        "2001:db8::1 is an IP address, not a host name: write ip:2001:db8::1"
    );
    assert!(matches!(dns_fault("192.0.2.300"), DnsNameError::NumericEnd { .. }));
    assert!(matches!(dns_fault("a..b"), DnsNameError::EmptyLabel { .. }));
    assert!(matches!(dns_fault(".a"), DnsNameError::EmptyLabel { .. }));
    assert!(matches!(dns_fault("*."), DnsNameError::Wildcard { .. } | DnsNameError::EmptyLabel { .. }));
    assert!(matches!(dns_fault("a b"), DnsNameError::Character { character: ' ', .. }));
    assert!(matches!(dns_fault("a/b.example"), DnsNameError::Character { character: '/', .. }));
    assert!(matches!(dns_fault("-a.example"), DnsNameError::Hyphen { .. }));
    for wildcard in ["*", "a.*.example", "f*.example", "*.*.example", "**.example"] {
        assert!(matches!(dns_fault(wildcard), DnsNameError::Wildcard { .. }), "{wildcard}");
    }
    assert!(matches!(dns_fault("xn--a\u{308}.example"), DnsNameError::Idna { .. }));
    assert!(matches!(dns_fault(&"a".repeat(64)), DnsNameError::LabelTooLong { .. }));
    assert_eq!(["a"; 127].join(".").parse::<DnsName>().unwrap().as_str().len(), 253);
    assert_eq!(dns_fault(&["a"; 128].join(".")), DnsNameError::TooLong { length: 255 });
    assert!(matches!(dns_fault(&"a".repeat(100_000)), DnsNameError::TooLong { .. }));
}

#[test]
fn every_other_fault_is_its_own() {
    let fault = |text: &str| text.parse::<SubjectAltName>().expect_err(text);
    assert!(matches!(fault("example.com"), SubjectAltNameError::NoKind { .. }));
    assert!(matches!(fault("example.com:443"), SubjectAltNameError::NoKind { .. }));
    assert!(matches!(fault("2001:db8::1"), SubjectAltNameError::NoKind { .. }));
    assert!(matches!(fault("host:example.com"), SubjectAltNameError::UnknownKind { .. }));
    assert!(matches!(fault("ip:example.com"), SubjectAltNameError::Ip { .. }));
    assert!(matches!(fault("ip:fe80::1%eth0"), SubjectAltNameError::Ip { .. }));
    assert!(matches!(fault("email:a"), SubjectAltNameError::Email(EmailError::NoAt { .. })));
    assert!(matches!(fault("email:@b"), SubjectAltNameError::Email(EmailError::Local { .. })));
    assert!(matches!(fault("email:ä@b"), SubjectAltNameError::Email(EmailError::Character { .. })));
    assert!(matches!(fault("email:a@b c"), SubjectAltNameError::Email(EmailError::Domain { .. })));
    assert!(matches!(fault("email:a@*.b"), SubjectAltNameError::Email(EmailError::Domain { .. })));
    assert!(matches!(fault("uri:example"), SubjectAltNameError::Uri(UriError::NotAbsolute { .. })));
    assert!(matches!(fault("uri:https://"), SubjectAltNameError::Uri(UriError::NotAbsolute { .. })));
    assert!(matches!(fault("uri:http://ä/"), SubjectAltNameError::Uri(UriError::Character { .. })));
    assert!(matches!(
        fault(&format!("uri:a:{}", "b".repeat(2048))),
        SubjectAltNameError::Uri(UriError::TooLong { .. })
    ));
}

#[test]
fn a_wildcard_stands_for_exactly_one_label() {
    for (name, host, matches) in [
        ("dns:a.example", "A.EXAMPLE.", true),
        ("dns:a.example", "b.a.example", false),
        ("dns:*.a.example", "b.a.example", true),
        ("dns:*.a.example", "a.example", false),
        ("dns:*.a.example", "c.b.a.example", false),
        ("dns:*.a.example", "*.a.example", true),
        ("dns:bücher.example", "xn--bcher-kva.example", true),
        ("dns:xn--bcher-kva.example", "bücher.example", true),
        ("ip:192.0.2.7", "192.0.2.7", true),
        ("ip:192.0.2.7", "::ffff:192.0.2.7", true),
        ("ip:2001:db8::1", "[2001:DB8::1]", true),
        ("ip:192.0.2.7", "192.0.2.8", false),
        ("dns:a.example", "192.0.2.7", false),
        ("email:a@a.example", "a.example", false),
        ("dns:a.example", "", false),
    ] {
        assert_eq!(parse(name).matches_host(host), matches, "{name} {host}");
    }
}

#[test]
fn a_common_name_that_is_a_host_adds_its_name() {
    let added = |cn| SubjectAltName::host_name_of_common_name(cn).map(|name| name.to_string());
    assert_eq!(added("mail.example.com").unwrap(), "dns:mail.example.com");
    assert_eq!(added("*.example.com").unwrap(), "dns:*.example.com");
    assert_eq!(added("localhost").unwrap(), "dns:localhost");
    assert_eq!(added("mail01").unwrap(), "dns:mail01");
    assert_eq!(added("192.0.2.7").unwrap(), "ip:192.0.2.7");
    assert_eq!(added("2001:db8::1").unwrap(), "ip:2001:db8::1");
    for none in ["My Company", "Example Ltd", "Example, Inc.", "a@example.com", "Müller", ""] {
        assert_eq!(added(none), None, "{none}");
    }
}

#[test]
fn stored_names_are_read_back() {
    let names = vec![parse("dns:a.example"), parse("ip:::1")];
    let stored = serde_json::to_string(&names).unwrap();
    assert_eq!(stored, r#"["dns:a.example","ip:::1"]"#);
    assert_eq!(serde_json::from_str::<Vec<SubjectAltName>>(&stored).unwrap(), names);
}

proptest! {
    #[test]
    fn whatever_parses_is_written_back_the_same(
        text in "(dns|ip|email|uri):[a-zA-Z0-9.*@:/_-]{0,30}|(dns|email):\\PC{0,20}|\\PC{0,30}"
    ) {
        if let Ok(name) = text.parse::<SubjectAltName>() {
            prop_assert_eq!(name.to_string().parse::<SubjectAltName>().unwrap(), name);
        }
        let _ = SubjectAltName::host_name_of_common_name(&text);
        let _ = SubjectAltName::read_all(text.as_bytes());
    }
}
