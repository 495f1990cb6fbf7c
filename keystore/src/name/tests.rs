use proptest::prelude::*;

use super::{
    Address, Endpoint, EndpointError, Ipv6Error, KeyName, KeyPath, NameFault, PathError, Protocol, ServerName,
};

fn server_fault(text: &str) -> NameFault {
    text.parse::<ServerName>().unwrap_err().fault
}

#[test]
fn accepts_the_names_administrators_use() {
    for name in ["mail01", "mx1.example.com", "a", "web-1.dc_2.example", "10"] {
        assert_eq!(name.parse::<ServerName>().unwrap().as_str(), name);
    }
    for name in ["main", "main.2026", "a-b_c"] {
        assert!(name.parse::<KeyName>().is_ok(), "{name}");
    }
}

#[test]
fn refuses_what_could_leave_the_folder_or_hide_in_it() {
    for name in ["", ".", "..", ".hidden", "a/b", "a\\b", "a b", "-a", "a-", "_a", "a..b", "a.", "ä", "a\0", "a\n"] {
        assert!(name.parse::<ServerName>().is_err(), "{name:?}");
        assert!(name.parse::<KeyName>().is_err(), "{name:?}");
        assert!(name.parse::<Protocol>().is_err(), "{name:?}");
    }
    assert!("im.ap".parse::<Protocol>().is_err());
}

#[test]
fn offers_the_lower_case_form_when_that_would_do() {
    assert_eq!(server_fault("Mail01"), NameFault::UpperCase { lower: "mail01".into() });
    assert_eq!(server_fault("Mail 01"), NameFault::Character(' '));
}

#[test]
fn holds_the_limits() {
    let part = "a".repeat(63);
    assert!(part.parse::<KeyName>().is_ok());
    assert_eq!(format!("{part}a").parse::<KeyName>().unwrap_err().fault, NameFault::TooLong { limit: 63 });
    let longest = format!("{part}.{part}.{part}.{}", "a".repeat(61));
    assert_eq!(longest.len(), 253);
    assert!(longest.parse::<ServerName>().is_ok());
    assert_eq!(server_fault(&format!("{longest}a")), NameFault::TooLong { limit: 253 });
}

#[test]
fn a_key_has_three_parts() {
    let key: KeyPath = "mail01/imap/main".parse().unwrap();
    assert_eq!(key.server().as_str(), "mail01");
    for text in ["mail01", "mail01/imap", "mail01/imap/main/1", "/imap/main", "mail01//main", "../../etc"] {
        assert!(text.parse::<KeyPath>().is_err(), "{text}");
    }
    assert!(matches!("mail01/imap".parse::<KeyPath>(), Err(PathError::Form { what: "key", .. })));
}

#[test]
fn addresses_are_kept_in_canonical_form() {
    for (given, kept) in [
        ("a/b@default", "a/b@default"),
        ("a/b@192.0.2.7:993", "a/b@192.0.2.7:993"),
        ("a/b@[2001:DB8:0:0:0:0:0:1]:993", "a/b@[2001:db8::1]:993"),
    ] {
        assert_eq!(given.parse::<Endpoint>().unwrap().to_string(), kept);
    }
}

#[test]
fn tells_address_faults_apart() {
    let fault = |text: &str| text.parse::<Endpoint>().unwrap_err();
    assert!(matches!(fault("a/b"), EndpointError::Form { .. }));
    assert!(matches!(fault("a@default"), EndpointError::Service(_)));
    assert!(matches!(fault("a/b@"), EndpointError::Address { .. }));
    assert!(matches!(fault("a/b@192.0.2.7"), EndpointError::Address { .. }));
    assert!(matches!(fault("a/b@192.0.2.007:1"), EndpointError::Address { .. }));
    assert!(matches!(fault("a/b@192.0.2.7:70000"), EndpointError::Address { .. }));
    assert!(matches!(fault("a/b@2001:db8::1:993"), EndpointError::Address { .. }));
    assert!(matches!(fault("a/b@192.0.2.7:0"), EndpointError::Port { .. }));
    assert!(matches!(fault("a/b@[fe80::1%eth0]:25"), EndpointError::Ipv6(Ipv6Error::Zone { .. })));
    assert!(matches!(fault("a/b@[::ffff:192.0.2.7]:25"), EndpointError::Ipv6(Ipv6Error::Mapped { .. })));
}

#[test]
fn a_doctored_file_cannot_smuggle_a_name_in() {
    assert!(serde_json::from_str::<KeyPath>(r#""mail01/imap/main""#).is_ok());
    assert!(serde_json::from_str::<KeyPath>(r#""../imap/main""#).is_err());
    assert!(serde_json::from_str::<Address>(r#""[::ffff:192.0.2.7]:25""#).is_err());
}

proptest! {
    #[test]
    fn whatever_parses_is_written_back_the_same_and_is_one_file_name(text in "[a-zA-Z0-9._/-]{0,20}|\\PC{0,20}") {
        if let Ok(name) = text.parse::<ServerName>() {
            prop_assert_eq!(name.as_str(), &text);
            prop_assert!(!text.starts_with('.') && !text.contains('/') && !text.contains(".."));
        }
    }

    #[test]
    fn every_socket_address_survives_the_round_trip(ip in any::<std::net::IpAddr>(), port in 1u16..) {
        let text = format!("mail01/imap@{}", std::net::SocketAddr::new(ip, port));
        match text.parse::<Endpoint>() {
            Ok(endpoint) => prop_assert_eq!(endpoint.to_string().parse::<Endpoint>().unwrap(), endpoint),
            Err(error) => prop_assert!(matches!(error, EndpointError::Ipv6(Ipv6Error::Mapped { .. })), "unexpected {}", error),
        }
    }
}
