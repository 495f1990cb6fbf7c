use der::Decode;
use proptest::prelude::*;
use x509_cert::name::Name;

use super::{AttributeType, Subject, SubjectError};

fn parse(text: &str) -> Subject {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn fault(text: &str) -> SubjectError {
    text.parse::<Subject>().expect_err(text)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[test]
fn the_first_written_is_the_first_encoded() {
    let subject = parse("C=US,O=X");
    assert_eq!(hex(&subject.to_der()), "3019310b3009060355040613025553310a3008060355040a0c0158");
    assert_eq!(subject.to_string(), "C=US,O=X");
    assert_eq!(Subject::from_der(&subject.to_der()).unwrap(), subject);
}

#[test]
fn what_people_type_comes_out_in_one_form() {
    for (typed, kept) in [
        ("c = us , st=Washington,o=Example", "C=US,ST=Washington,O=Example"),
        ("commonName=a,E=b@c.example,S=d,T=e,OID.2.5.4.10=f", "CN=a,emailAddress=b@c.example,ST=d,title=e,O=f"),
        (r#"O="Example, Inc.",CN=a"#, r"O=Example\, Inc.,CN=a"),
        (r"O=Example\2C Inc\2e", r"O=Example\, Inc."),
        (r"O=a\20 ,CN=b", r"O=a\ ,CN=b"),
        (r"O=\#1\+\=\\\;\<\>", r"O=\#1\+=\\\;\<\>"),
        (r"CN=M\C3\BCller", "CN=Müller"),
        ("OU=a,OU=b,DC=example,DC=com", "OU=a,OU=b,DC=example,DC=com"),
        ("CN=a+UID=b,O=c", "CN=a+UID=b,O=c"),
        ("CN=#0c0161", "CN=a"),
        ("1.2.3.4=a", "1.2.3.4=#0c0161"),
        ("1.2.3.4=#0500", "1.2.3.4=#0500"),
        ("", ""),
        ("  ", ""),
    ] {
        assert_eq!(parse(typed).to_string(), kept, "{typed}");
        assert_eq!(parse(kept), parse(typed), "{typed}");
    }
}

#[test]
fn every_fault_is_its_own() {
    use AttributeType::{CommonName, Country, EmailAddress, Organization, SerialNumber};
    let check = |text: &str, expected: &dyn Fn(&SubjectError) -> bool| {
        let error = fault(text);
        assert!(expected(&error), "{text}: {error:?}");
        assert!(!error.to_string().is_empty());
    };
    check("O=Example, Inc.", &|e| *e == SubjectError::NoEquals { part: "Inc.".into() });
    check("/C=US/O=x", &|e| matches!(e, SubjectError::SlashForm { .. }));
    check("XY=a", &|e| e.to_string().contains("CN, SN, serialNumber, C, L, ST"));
    check("CN=", &|e| *e == SubjectError::Empty { kind: CommonName });
    check("C=USA", &|e| *e == SubjectError::Country { value: "USA".into() });
    check("C=U1", &|e| matches!(e, SubjectError::Country { .. }));
    check("C=", &|e| *e == SubjectError::Empty { kind: Country });
    check(&format!("CN={}", "a".repeat(65)), &|e| {
        *e == SubjectError::TooLong { kind: CommonName, length: 65, limit: 64 }
    });
    check("O=a\tb", &|e| *e == SubjectError::ControlCharacter { kind: Organization, character: '\t' });
    check(r"O=a\0Ab", &|e| matches!(e, SubjectError::ControlCharacter { .. }));
    check("serialNumber=a_b", &|e| matches!(e, SubjectError::Character { kind: SerialNumber, character: '_', .. }));
    check("E=ä@b", &|e| matches!(e, SubjectError::Character { kind: EmailAddress, .. }));
    check("O=a;b", &|e| matches!(e, SubjectError::Unescaped { character: ';', .. }));
    check(r"O=a\z", &|e| matches!(e, SubjectError::Escape { .. }));
    check(r"O=a\", &|e| matches!(e, SubjectError::Escape { .. }));
    check(r"O=\FF", &|e| matches!(e, SubjectError::Utf8 { .. }));
    check(r#"O="a"#, &|e| matches!(e, SubjectError::Quotes { .. }));
    check(r#"O="a"b"#, &|e| matches!(e, SubjectError::Quotes { .. }));
    check("CN=#0c", &|e| matches!(e, SubjectError::Hex { .. }));
    check("CN=#0500", &|e| matches!(e, SubjectError::Hex { .. }));
    check(",", &|e| matches!(e, SubjectError::NoEquals { .. }));
}

#[test]
fn limits_count_characters_not_octets() {
    assert!(format!("CN={}", "ä".repeat(64)).parse::<Subject>().is_ok());
}

#[test]
fn single_flags_make_a_subject() {
    let attributes = vec![(AttributeType::Country, "us".to_owned()), (AttributeType::Organization, "a,b".to_owned())];
    let subject = Subject::from_attributes(attributes).unwrap().with(AttributeType::CommonName, "x").unwrap();
    assert_eq!(subject.to_string(), r"C=US,O=a\,b,CN=x");
    assert_eq!(subject.common_name(), Some("x"));
    assert_eq!(subject.get(&AttributeType::Country), ["US"]);
    assert!(Subject::default().is_empty() && Subject::default().common_name().is_none());
}

#[test]
fn every_string_type_is_read_and_kept() {
    // CN as T61 (Latin-1), BMP, Universal, IA5, Printable, Numeric
    for (value, text) in [
        ("1404 4dfc6c6c", "Müll"),
        ("1e06 004d00fc006c", "Mül"),
        ("1c08 0000004d000000fc", "Mü"),
        ("1602 6162", "ab"),
        ("1302 6162", "ab"),
        ("1202 3132", "12"),
        ("0c02 fcfc", "üü"),
    ] {
        let value: Vec<u8> = value
            .replace(' ', "")
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        let attribute = crate::pki::asn1::write(0x30, &[&[6, 3, 0x55, 4, 3][..], &value].concat());
        let der = crate::pki::asn1::write(0x30, &crate::pki::asn1::write(0x31, &attribute));
        let subject = Subject::from_der(&der).unwrap();
        assert_eq!(subject.common_name(), Some(text));
        assert_eq!(subject.to_der(), der);
        assert_eq!(subject, Subject::from_stored(&subject.to_string()).unwrap());
    }
}

#[test]
fn a_name_that_breaks_the_limits_survives_storage() {
    let long = "x".repeat(300);
    let der = {
        let attribute =
            [&[6, 3, 0x55, 4, 6][..], &crate::pki::asn1::write(0x0c, format!("{long}\n").as_bytes())].concat();
        let part = crate::pki::asn1::write(0x31, &crate::pki::asn1::write(0x30, &attribute));
        crate::pki::asn1::write(0x30, &part)
    };
    let subject = Subject::from_der(&der).unwrap();
    assert!(subject.to_string().parse::<Subject>().is_err());
    let stored = serde_json::to_string(&subject).unwrap();
    assert_eq!(serde_json::from_str::<Subject>(&stored).unwrap(), subject);
}

#[test]
fn control_characters_never_reach_a_terminal() {
    let subject = Subject::from_stored("O=a\u{1b}[2J\u{202e}b").unwrap();
    assert_eq!(subject.to_string(), r"O=a\1B[2J\E2\80\AEb");
}

#[test]
fn multi_valued_parts_are_sorted_only_in_der() {
    let subject = parse("UID=b+CN=a");
    assert_eq!(subject.to_string(), "UID=b+CN=a");
    assert!(Name::from_der(&subject.to_der()).is_ok());
    assert_eq!(Subject::from_der(&subject.to_der()).unwrap(), subject, "a part is a set");
    assert_eq!(parse("O=c,CN=a+UID=b"), parse("O=c,UID=b+CN=a"));
    assert_ne!(parse("CN=a,UID=b"), parse("UID=b,CN=a"));
}

fn attribute() -> impl Strategy<Value = String> {
    let kind = prop_oneof!["CN", "O", "OU", "L", "ST", "DC", "STREET", "title", r"1\.2\.840\.1", "UID"];
    (kind, "[ -~]{1,12}|[a-zäöü€\u{a0}\u{202e} ]{1,8}")
        .prop_filter("empty or not for DC", |(kind, value)| {
            !value.trim().is_empty() && (kind != "DC" || value.is_ascii())
        })
        .prop_map(|(kind, value)| {
            let escaped: String = value.bytes().map(|octet| format!("\\{octet:02x}")).collect();
            format!("{kind}={escaped}")
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(parts in proptest::collection::vec(proptest::collection::vec(attribute(), 1..3), 0..5)) {
        let text = parts.iter().map(|part| part.join("+")).collect::<Vec<_>>().join(",");
        let subject: Subject = text.parse().unwrap();
        prop_assert_eq!(&subject.to_string().parse::<Subject>().unwrap(), &subject);
        prop_assert_eq!(&Subject::from_stored(&subject.to_string()).unwrap(), &subject);
        let der = subject.to_der();
        prop_assert!(Name::from_der(&der).is_ok());
        prop_assert_eq!(&Subject::from_der(&der).unwrap(), &subject);
        prop_assert_eq!(Subject::from_der(&der).unwrap().to_der(), der);
    }

    #[test]
    fn never_panics(text in "[A-Z]{1,2}=\\PC{0,20}|\\PC{0,40}|[CNO=,+\\\\\"# ;0-9a-f]{0,30}", bytes: Vec<u8>) {
        if let Ok(subject) = text.parse::<Subject>() {
            prop_assert_eq!(&subject.to_string().parse::<Subject>().unwrap(), &subject);
        }
        if let Ok(subject) = Subject::from_stored(&text) {
            prop_assert_eq!(&Subject::from_stored(&subject.to_string()).unwrap(), &subject);
        }
        let _ = Subject::from_der(&bytes);
    }
}
