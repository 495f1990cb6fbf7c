use proptest::prelude::*;

use super::{Asked, AskedFault, read};
use crate::pki::KeyAlgorithm;
use crate::store::Defaults;

fn asked(list: &str) -> Vec<Asked> {
    read(list.as_bytes(), KeyAlgorithm::EcdsaP256, &Defaults::default()).unwrap()
}

fn faults(list: &str) -> Vec<String> {
    let faults = read(list.as_bytes(), KeyAlgorithm::EcdsaP256, &Defaults::default()).unwrap_err();
    faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_line_is_a_key_or_its_json() {
    let list = "\u{feff}# keys of the mail servers\r\n\r\n mail01/imap/main \r\n\
        {\"key\":\"mail02/imap/main\",\"algorithm\":\"rsa-2048\"}\n\
        {\"key\":\"mail03/imap/main\",\"subject\":\"CN=mail03.example.com\",\"san\":[\"dns:imap.example.com\"]}";
    let asked = asked(list);
    let seen: Vec<_> = asked.iter().map(|one| (one.line, one.key.to_string(), one.algorithm)).collect();
    assert_eq!(
        seen,
        [
            (3, "mail01/imap/main".to_owned(), KeyAlgorithm::EcdsaP256),
            (4, "mail02/imap/main".to_owned(), KeyAlgorithm::Rsa2048),
            (5, "mail03/imap/main".to_owned(), KeyAlgorithm::EcdsaP256),
        ]
    );
    assert_eq!((asked[0].request.clone(), asked[1].request.clone()), (None, None));
    let request = asked[2].request.as_ref().unwrap();
    assert_eq!((request.subject.to_string().as_str(), request.names.len()), ("CN=mail03.example.com", 1));
}

#[test]
fn names_alone_get_the_subject_of_the_keystore() {
    let mut defaults = Defaults::default();
    defaults.subject.organization = Some("Example Corp".to_owned());
    let line = r#"{"key":"mail01/imap/main","san":["dns:mail01.example.com"]}"#;
    let asked = read(line.as_bytes(), KeyAlgorithm::Ed25519, &defaults).unwrap();
    assert_eq!(asked[0].request.as_ref().unwrap().subject.to_string(), "O=Example Corp");
    assert_eq!(asked[0].algorithm, KeyAlgorithm::Ed25519);
}

#[test]
fn every_fault_is_named_with_its_line() {
    let list = "mail01/imap/main\nMail02/imap/main\n{\"key\":\"a/b/c\",\"subject\":\"C=Germany\"}\n\
        {\"key\":\"a/b/d\",\"san\":[\"mail\"]}\n{\"key\":\"a/b/e\",\"algorithm\":\"dsa\"}\n{\"key\":\"a/b/f\",\n\
        {\"key\":\"a/b/g\",\"days\":90}\nmail01/imap/main\n{\"key\":\"a/b/h\",\"san\":[]}\n{\"name\":\"a/b/i\"}";
    assert_eq!(
        faults(list),
        [
            "line 2: \"Mail02\" is not a server name: names are lower case",
            "line 3: the subject is refused: \"Germany\" is not a country code: C is two letters of ISO 3166, such as US",
            "line 4: a name is refused: \"mail\" does not say what it is: names are written dns:NAME, ip:ADDRESS, email:MAILBOX or uri:URI",
            "line 5: \"dsa\" is not a key algorithm: there are ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096, ed25519",
            "line 6: it is not the JSON object of a key: EOF while parsing a value, at character 15",
            "line 7: it is not the JSON object of a key: unknown field `days`, expected one of `key`, `algorithm`, `subject`, `san`, at character 21",
            "line 8: mail01/imap/main stands in line 1 already",
            "line 9: the request for a/b/h would have neither a subject nor a name",
            "line 10: it is not the JSON object of a key: unknown field `name`, expected one of `key`, `algorithm`, `subject`, `san`, at character 7",
        ]
    );
    let not_text = read(b"a/b/c\n\xff", KeyAlgorithm::EcdsaP256, &Defaults::default()).unwrap_err();
    assert_eq!((not_text[0].line, &not_text[0].fault), (2, &AskedFault::NotText));
}

proptest! {
    #[test]
    fn whatever_is_read_is_a_list_or_faults_in_order(list in any::<Vec<u8>>()) {
        if let Err(faults) = read(&list, KeyAlgorithm::EcdsaP256, &Defaults::default()) {
            prop_assert!(!faults.is_empty() && faults.is_sorted_by(|a, b| a.line < b.line));
        }
    }
}
