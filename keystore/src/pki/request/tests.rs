use proptest::prelude::*;

use super::{CertificationRequest, RequestError, RequestTemplate, TemplateName, TemplateNameError};
use crate::pki::{AttributeType, Contact, KeyAlgorithm, LooksLike, PrivateKey, Subject, SubjectAltName};

const KEY_MANAGER: &[u8] = include_bytes!("../../../tests/fixtures/key-manager-4.0.req");

fn template(subject: &str, names: &[&str]) -> RequestTemplate {
    RequestTemplate {
        subject: subject.parse().unwrap(),
        names: names.iter().map(|name| name.parse().unwrap()).collect(),
        certificate_template: None,
        extensions: None,
    }
}

fn key() -> PrivateKey {
    PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap()
}

fn names(request: &CertificationRequest) -> Vec<String> {
    request.names().iter().map(SubjectAltName::to_string).collect()
}

#[test]
fn what_is_asked_for_is_read_back() {
    for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Rsa2048, KeyAlgorithm::Ed25519] {
        let key = PrivateKey::generate(algorithm).unwrap();
        let mut template = template(
            "C=US,O=Example\\, Inc.,OU=a,OU=b,CN=mail.example.com",
            &["dns:*.example.com", "ip:192.0.2.7", "ip:2001:db8::1", "email:a@example.com", "uri:https://example.com/"],
        );
        template.certificate_template = Some("WebServer".parse().unwrap());
        let request = template.sign(&key).unwrap();
        request.verify().unwrap();
        assert_eq!(request.subject(), &template.subject);
        assert_eq!(request.public_key(), key.public_key());
        assert_eq!(request.certificate_template().unwrap().as_str(), "WebServer");
        assert_eq!(request.names()[0].to_string(), "dns:mail.example.com");
        assert_eq!(request.names()[1..], template.names);
        assert_eq!(CertificationRequest::from_pem(request.to_pem().as_bytes()).unwrap(), request);
        assert_eq!(CertificationRequest::read(request.as_der()).unwrap(), request);
    }
}

#[test]
fn the_common_name_joins_the_names_once() {
    let asked = |subject, given: &[&str]| names(&template(subject, given).sign(&key()).unwrap());
    assert_eq!(asked("CN=Mail.Example.com", &[]), ["dns:mail.example.com"]);
    assert_eq!(asked("CN=a.example", &["dns:b.example", "dns:A.example"]), ["dns:b.example", "dns:a.example"]);
    assert_eq!(asked("CN=192.0.2.7", &["dns:b.example"]), ["ip:192.0.2.7", "dns:b.example"]);
    assert_eq!(asked("CN=My Company", &["dns:b.example", "dns:b.example"]), ["dns:b.example"]);
    assert_eq!(asked("", &["dns:b.example"]), ["dns:b.example"]);
    assert!(matches!(template("", &[]).sign(&key()), Err(RequestError::Nameless)));
}

#[test]
fn names_are_critical_only_without_a_subject() {
    // OID 2.5.29.17 followed by BOOLEAN TRUE
    let critical = |request: &CertificationRequest| {
        request.as_der().windows(8).any(|window| window == [0x06, 3, 0x55, 0x1d, 0x11, 1, 1, 0xff])
    };
    assert!(critical(&template("", &["dns:b.example"]).sign(&key()).unwrap()));
    assert!(!critical(&template("O=x", &["dns:b.example"]).sign(&key()).unwrap()));
}

#[test]
fn a_forged_request_is_recognised() {
    let request = template("CN=a.example", &[]).sign(&key()).unwrap();
    let mut forged = request.as_der().to_vec();
    let position = forged.windows(9).position(|window| window == b"a.example").unwrap();
    forged[position] = b'b';
    let forged = CertificationRequest::from_der(&forged).unwrap();
    assert_eq!(forged.verify(), Err(RequestError::SignatureInvalid));
}

#[test]
fn the_request_of_key_manager_4_is_read() {
    let request = CertificationRequest::from_pem(KEY_MANAGER).unwrap();
    assert_eq!(request, CertificationRequest::read(KEY_MANAGER).unwrap());
    assert_eq!(request.subject().to_string(), "C=NL,ST=Noord Holland,L=Naarden,O=USoft,OU=INT,CN=INT");
    let kinds: Vec<String> = request.subject().attributes().map(|(kind, _)| kind.to_string()).collect();
    assert_eq!(kinds, ["C", "ST", "L", "O", "OU", "CN"]);
    let subject = request.subject().to_der();
    assert!(request.as_der().windows(subject.len()).any(|window| window == subject));
    assert_eq!(request.public_key().describe(), "RSA 512 bits");
    assert!(!request.public_key().weaknesses().is_empty());
    assert_eq!(request.signature_algorithm(), "md5WithRSAEncryption");
    assert!(request.names().is_empty());
    assert!(matches!(request.verify(), Err(RequestError::SignatureUnsupported { .. })));
}

#[test]
fn key_managers_text_says_what_is_there_and_nothing_more() {
    let request = template("C=NL,ST=Noord Holland,O=My Company,OU=INT,CN=www.example.nl", &[]).sign(&key()).unwrap();
    let contact = Contact { email: Some("a@example.nl\r\n-----BEGIN X-----".to_owned()), phone: None };
    let text = request.to_key_manager_text(&contact);
    let (head, _) = text.split_once("-----BEGIN NEW").unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        head,
        format!(
            "Webmaster: a@example.nl  ---BEGIN X---\r\nServer: keyring {version}\r\n\r\n\
             Common-name: www.example.nl\r\nOrganization Unit: INT\r\nOrganization: My Company\r\n\
             State: Noord Holland\r\nCountry: NL\r\n\r\n"
        )
    );
    assert!(text.lines().all(|line| line.len() <= 64) && !text.replace("\r\n", "").contains(['\r', '\n']));
    assert_eq!(CertificationRequest::from_pem(text.as_bytes()).unwrap(), request);
}

#[test]
fn what_is_no_request_is_named() {
    let looks_like = |bytes: &[u8]| match CertificationRequest::read(bytes) {
        Err(RequestError::NotARequest { looks_like }) => looks_like,
        other => panic!("unexpected {other:?}"),
    };
    assert_eq!(looks_like(b"hello"), LooksLike::Text);
    assert_eq!(looks_like(key().to_pem().as_bytes()), LooksLike::PrivateKey);
    assert!(matches!(CertificationRequest::read(b" \n"), Err(RequestError::Empty)));
    let pem = template("CN=a", &[]).sign(&key()).unwrap().to_pem();
    assert!(matches!(
        CertificationRequest::from_pem(pem.repeat(2).as_bytes()),
        Err(RequestError::Several { count: 2 })
    ));
}

#[test]
fn base64_without_armour_is_a_request_too() {
    let request = template("CN=a", &[]).sign(&key()).unwrap();
    let bare: String =
        request.to_pem().lines().filter(|line| !line.starts_with('-')).map(|l| format!("{l}\n")).collect();
    assert_eq!(CertificationRequest::read(bare.as_bytes()).unwrap(), request);
}

#[test]
fn template_names_are_what_bmp_strings_hold() {
    assert_eq!("".parse::<TemplateName>(), Err(TemplateNameError::Empty));
    assert_eq!("a\u{1f511}".parse::<TemplateName>(), Err(TemplateNameError::Character { character: '\u{1f511}' }));
    assert_eq!("a".repeat(65).parse::<TemplateName>(), Err(TemplateNameError::TooLong { length: 65 }));
    let name: TemplateName = "User".parse().unwrap();
    assert_eq!(name.to_der(), b"\x1e\x08\0U\0s\0e\0r");
    for read in [&b"\x1e\x08\0U\0s\0e\0r"[..], b"\x0c\x04User", b"\x30\x06\x0c\x04User", b"\x13\x04User"] {
        assert_eq!(TemplateName::read(read).unwrap(), name);
    }
}

#[test]
fn subjects_are_what_the_last_request_said() {
    let request = CertificationRequest::from_pem(KEY_MANAGER).unwrap();
    let template = RequestTemplate { subject: request.subject().clone(), ..RequestTemplate::default() };
    let again = template.sign(&key()).unwrap();
    assert_eq!(again.subject(), request.subject());
    assert_eq!(again.subject().get(&AttributeType::Locality), ["Naarden"]);
    assert_ne!(again.subject(), &Subject::default());
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = CertificationRequest::from_der(&bytes);
        let _ = CertificationRequest::read(&bytes);
    }

    #[test]
    fn never_panics_on_damage(position in 0usize..287, octet: u8) {
        let mut der = CertificationRequest::from_pem(KEY_MANAGER).unwrap().as_der().to_vec();
        der[position] = octet;
        if let Ok(request) = CertificationRequest::from_der(&der) {
            let _ = (request.verify(), request.public_key().describe(), request.public_key().weaknesses());
        }
    }
}
