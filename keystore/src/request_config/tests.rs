use proptest::prelude::*;

use super::{Form, RequestConfig, RequestConfigError, read};
use crate::pki::{KeyAlgorithm, SubjectAltName};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../tests/fixtures/request-config/", $name))
    };
}

fn read_well(bytes: &[u8]) -> RequestConfig {
    read(bytes).unwrap_or_else(|error| match error {
        RequestConfigError::Lines { faults } => panic!("{faults:?}"),
        other => panic!("{other}"),
    })
}

fn faults(bytes: &[u8]) -> Vec<String> {
    match read(bytes) {
        Err(RequestConfigError::Lines { faults }) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

fn names(config: &RequestConfig) -> Vec<String> {
    config.names.iter().map(SubjectAltName::to_string).collect()
}

fn extensions(config: &RequestConfig) -> Vec<String> {
    config.extensions.named().map(|(name, value)| format!("{name} = {value}")).collect()
}

fn notes(config: &RequestConfig) -> Vec<String> {
    config.notes.iter().map(ToString::to_string).collect()
}

#[test]
fn an_openssl_config_without_questions() {
    let config = read_well(fixture!("web-server.cnf"));
    assert_eq!(config.form, Form::OpenSsl);
    assert_eq!(
        config.subject.to_string(),
        "C=NL,ST=Noord-Holland,L=Amsterdam,O=Example Trading B.V.,OU=Web,CN=shop.example.com"
    );
    assert_eq!(
        names(&config),
        [
            "dns:shop.example.com",
            "dns:www.shop.example.com",
            "dns:*.cdn.example.com",
            "ip:192.0.2.10",
            "ip:2001:db8::10"
        ]
    );
    assert_eq!(
        extensions(&config),
        ["keyUsage = digitalSignature,keyEncipherment", "extendedKeyUsage = serverAuth", "basicConstraints = CA:FALSE"]
    );
    let key = config.key.clone().unwrap();
    assert_eq!((key.line, key.says.as_str()), (4, "default_bits = 2048"));
    assert_eq!(key.algorithm, Some(KeyAlgorithm::Rsa2048));
    assert_eq!(
        notes(&config),
        [
            "line 7: encrypt_key is about the private key, which create-key encrypts when it is given a passphrase",
            "line 8: default_keyfile says where the private key goes: it stays in the keystore"
        ]
    );
}

#[test]
fn an_openssl_config_with_questions_gives_its_defaults() {
    let config = read_well(fixture!("prompts.cnf"));
    assert_eq!(
        config.subject.to_string(),
        "C=DE,ST=Hessen,O=Beispiel GmbH,O=Beispiel Holding                                   AG,\
         CN=mail.example.com,emailAddress=postmaster@example.com"
    );
    assert_eq!(config.names.len(), 4);
    assert_eq!(extensions(&config), ["keyUsage = critical,digitalSignature,nonRepudiation,keyEncipherment"]);
    assert_eq!(
        notes(&config),
        [
            "line 7: default_keyfile says where the private key goes: it stays in the keystore",
            "line 9: attributes asks for attributes such as a challenge password: none are requested",
            "line 10: x509_extensions is about self-signed certificates",
            "line 21: openssl asks for localityName, and there is no default: it is left out",
            "line 27: openssl asks for organizationalUnitName, and there is no default: it is left out",
            "line 34: the section [req_attributes] is not used in requests",
            "line 41: the section [v3_ca] is not used in requests"
        ]
    );
}

#[test]
fn variables_quotes_and_escapes_are_openssls() {
    let config = read_well(fixture!("variables.cnf"));
    assert_eq!(
        config.subject.to_string(),
        r#"DC=org,DC=example,O=Example\; \"quoted\" # Org,OU=Büro,OU=api.example.org,CN=api.example.org,serialNumber=HRB 4711"#
    );
    assert_eq!(names(&config), ["dns:api.example.org", "ip:192.0.2.20"]);
    assert_eq!(
        extensions(&config),
        [
            "keyUsage = critical,digitalSignature",
            "extendedKeyUsage = critical,serverAuth,clientAuth,ipsecIKE",
            "basicConstraints = critical,CA:FALSE",
            "tlsfeature = status_request"
        ]
    );
    assert_eq!(config.certificate_template.unwrap().as_str(), "WebServer");
    assert_eq!(config.key.unwrap().algorithm, Some(KeyAlgorithm::Rsa3072));
}

#[test]
fn every_line_of_an_openssl_config_that_cannot_be_done_is_named_at_once() {
    let said = faults(fixture!("refused.cnf"));
    let expected = [
        "line 1: .include /etc/ssl/more.cnf is a directive, which is not followed here",
        "line 6: oid_section defines names of object identifiers: write them dotted",
        "line 7: password_file is not an entry of [req] that is known here",
        "line 10: \"Netherlands\" is not a country code: C is two letters of ISO 3166, such as US",
        "line 11: $ENV::HOSTNAME would read the environment, which is not done here: write the value",
        "line 12: \"favouriteDrink\" is not an attribute of a name",
        "line 13: parts of several attributes are not made from a config: give --subject",
        "line 14: it is neither a [section] nor NAME = VALUE",
        "line 17: \"a..example.com\" has an empty label",
        "line 17: \"otherName\" is a kind of name that is not requested here",
        "line 17: email:copy is not done here",
        "line 17: it names the section [missing], which is not there",
        "line 18: certificates of authorities are not requested here",
        "line 19: \"digitalSignatur\" is no key usage",
        "line 20: the extension crlDistributionPoints is not requested here",
        "line 22: the variable undefined has no value so far",
    ];
    for expected in expected {
        assert!(said.iter().any(|fault| fault.starts_with(expected)), "{expected}\nis not among\n{said:#?}");
    }
    assert_eq!(said.len(), expected.len(), "{said:#?}");
}

#[test]
fn an_inf_file_of_certreq() {
    let config = read_well(fixture!("exchange.inf"));
    assert_eq!(config.form, Form::Certreq);
    assert_eq!(
        config.subject.to_string(),
        r"C=US,ST=Washington,L=Redmond,O=Contoso\, Ltd.,OU=IT,CN=mail.contoso.example"
    );
    assert_eq!(
        names(&config),
        [
            "dns:mail.contoso.example",
            "dns:autodiscover.contoso.example",
            "ip:192.0.2.30",
            "email:postmaster@contoso.example",
            "uri:https://mail.contoso.example/owa"
        ]
    );
    assert_eq!(
        extensions(&config),
        [
            "keyUsage = critical,digitalSignature,keyEncipherment",
            "extendedKeyUsage = serverAuth,clientAuth",
            "tlsfeature = status_request"
        ]
    );
    assert_eq!(config.certificate_template.as_ref().unwrap().as_str(), "WebServer");
    assert_eq!(config.key.clone().unwrap().algorithm, Some(KeyAlgorithm::Rsa2048));
    let lines: Vec<usize> = config.notes.iter().map(|note| note.line).collect();
    assert_eq!(lines, [11, 13, 15, 16, 17, 19, 20, 21, 22]);
}

#[test]
fn every_line_of_an_inf_file_that_cannot_be_done_is_named_at_once() {
    let said = faults(fixture!("refused.inf"));
    let expected = [
        "line 2: a + joins attributes",
        "line 3: 0x06 is no key usage of a server",
        "line 4: KeyLenght is not an entry of [NewRequest]",
        "line 5: for a renewal, give --from-certificate FILE",
        "line 7: it is neither a [section] nor NAME = VALUE",
        "line 12: \"upn\" is a kind of name that is not requested here",
        "line 13: \"bad..contoso.example\" has an empty label",
        "line 14: certificates of authorities are not requested here",
        "line 15: the extension 1.2.3.4 is not requested here",
        "line 17: the section [PolicyStatementExtension] is not requested here",
        "line 21: the attribute ValidityPeriod is not requested here",
    ];
    for expected in expected {
        assert!(said.iter().any(|fault| fault.starts_with(expected)), "{expected}\nis not among\n{said:#?}");
    }
    assert_eq!(said.len(), expected.len(), "{said:#?}");
}

#[test]
fn an_inf_file_says_no_more_than_it_says() {
    let config = read_well(b"[NewRequest]\r\nSubject=\"CN=a.example;O=A + B\"\r\nX500NameFlags=0x20000000\r\n");
    assert_eq!(config.subject.to_string(), r"CN=a.example,O=A \+ B");
    assert_eq!(
        extensions(&config),
        ["keyUsage = critical,digitalSignature,keyEncipherment", "extendedKeyUsage = serverAuth"]
    );
    let key = |line: &str| read_well(format!("[NewRequest]\nSubject=\"CN=a\"\n{line}\n").as_bytes()).key.unwrap();
    assert_eq!(key("KeyAlgorithm=ECDSA_P384").algorithm, Some(KeyAlgorithm::EcdsaP384));
    assert_eq!(key("KeyAlgorithm=RSA\nKeyLength=4096").algorithm, Some(KeyAlgorithm::Rsa4096));
    assert_eq!(key("KeyLength=1024").algorithm, None);
    let usage = "KeyUsage = \"CERT_DIGITAL_SIGNATURE_KEY_USAGE | CERT_KEY_AGREEMENT_KEY_USAGE\"";
    let config = read_well(format!("[NewRequest]\nSubject=\"CN=a\"\n{usage}\n").as_bytes());
    assert_eq!(extensions(&config)[0], "keyUsage = critical,digitalSignature,keyAgreement");
}

#[test]
fn editors_of_windows_save_utf_16() {
    let text = String::from_utf8(fixture!("exchange.inf").to_vec()).unwrap();
    let utf16: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read(&utf16), read(text.as_bytes()));
}

#[test]
fn what_is_no_config_is_said() {
    assert_eq!(read(b" \n"), Err(RequestConfigError::Empty));
    assert_eq!(read(b"[ca]\ndefault_ca = x\n"), Err(RequestConfigError::NotAConfig));
    assert_eq!(read(&vec![b'\n'; 20_000]), Err(RequestConfigError::Empty));
    assert_eq!(read("[req]\n".repeat(10_001).as_bytes()), Err(RequestConfigError::TooLarge));
    assert_eq!(read(&vec![b'x'; 2 << 20]), Err(RequestConfigError::TooLarge));
}

#[test]
fn variables_do_not_grow_beyond_all_bounds() {
    let mut text = "a0 = xxxxxxxxxx\n".to_owned();
    for n in 1..40 {
        text += &format!("a{n} = $a{0}$a{0}\n", n - 1);
    }
    let said = faults(format!("{text}[req]\nprompt=no\ndistinguished_name=d\n[d]\nCN=$a39\n").as_bytes());
    assert!(said[0].contains("longer than any value"), "{said:?}");
}

#[test]
fn the_last_of_two_entries_counts_and_the_first_is_named() {
    let config = read_well(b"[req]\nprompt=no\ndistinguished_name=d\n[d]\nOU=a\nOU=b\nCN=c\n");
    assert_eq!(config.subject.to_string(), "OU=b,CN=c");
    assert_eq!(notes(&config), ["line 5: OU is given again in line 6, and the last one counts"]);
}

/// Pieces that configs are made of, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("[req]\n".to_owned()),
        Just("[NewRequest]\n".to_owned()),
        Just("[d]\n".to_owned()),
        Just("[Extensions]\n".to_owned()),
        Just("distinguished_name = d\n".to_owned()),
        Just("req_extensions = d\n".to_owned()),
        Just("prompt = no\n".to_owned()),
        Just("subjectAltName = @d\n".to_owned()),
        Just("2.5.29.17 = \"{text}\"\n_continue_ = \"dns=a&\"\n".to_owned()),
        Just("Subject = \"CN=a;O=\"\"b\"\"\"\n".to_owned()),
        "[a-zA-Z0-9.:_]{1,8} ?= ?[\\PC]{0,12}\n",
        "[a-z]{1,3} = \\$\\{?[a-z]{1,3}\\}?\\\\?\n",
        "\\PC{0,10}",
    ];
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn never_panics(text in pieces()) {
        let lines = text.lines().count().max(1);
        match read(text.as_bytes()) {
            Ok(config) => prop_assert!(config.notes.iter().all(|note| (1..=lines).contains(&note.line))),
            Err(RequestConfigError::Lines { faults }) => {
                prop_assert!(!faults.is_empty());
                prop_assert!(faults.iter().all(|note| (1..=lines).contains(&note.line)), "{faults:?} of {text:?}");
            }
            Err(_) => {}
        }
    }

    #[test]
    fn never_panics_on_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&[b"[req]\n", bytes.as_slice()].concat());
        let _ = read(&[b"[NewRequest]\n", bytes.as_slice()].concat());
    }

    /// What openssl's escapes are for: any text can be a value.
    #[test]
    fn any_text_can_be_quoted(value in "[ -~]{1,40}") {
        prop_assume!(!value.trim().is_empty());
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
        let text = format!("[req]\nprompt = no\ndistinguished_name = d\n[d]\nO = \"{escaped}\"\n");
        let subject = read_well(text.as_bytes()).subject;
        prop_assert_eq!(subject.get(&"O".parse().unwrap()), [value]);
    }
}
