use proptest::prelude::*;

use super::{EndEntity, ExtendedKeyUsage, Extension, ExtensionError, Extensions, KeyUsage, TlsFeatures};
use crate::pki::{KeyAlgorithm, asn1};

fn all() -> Extensions {
    Extensions {
        key_usage: Some("critical,digitalSignature,keyEncipherment".parse().unwrap()),
        extended_key_usage: Some("serverAuth,clientAuth,1.2.3.4".parse().unwrap()),
        basic_constraints: Some("critical,CA:FALSE".parse().unwrap()),
        tls_features: Some("status_request".parse().unwrap()),
    }
}

#[test]
fn they_are_stored_as_their_text() {
    let text = serde_json::to_string(&all()).unwrap();
    assert_eq!(
        text,
        "{\"key_usage\":\"critical,digitalSignature,keyEncipherment\",\
         \"extended_key_usage\":\"serverAuth,clientAuth,1.2.3.4\",\
         \"basic_constraints\":\"critical,CA:FALSE\",\"tls_features\":\"status_request\"}"
    );
    assert_eq!(serde_json::from_str::<Extensions>(&text).unwrap(), all());
    assert_eq!(serde_json::from_str::<Extensions>("{}").unwrap(), Extensions::default());
}

#[test]
fn openssls_spellings_are_read() {
    let usage: Extension<KeyUsage> = "critical, Digital Signature , contentCommitment".parse().unwrap();
    assert_eq!(usage.to_string(), "critical,digitalSignature,nonRepudiation");
    assert_eq!("CA:false".parse(), Ok(EndEntity));
    assert_eq!("CA:TRUE".parse::<EndEntity>(), Err(ExtensionError::Authority));
    assert!("CA:FALSE,pathlen:0".parse::<EndEntity>().is_err());
    assert_eq!("5, 17".parse::<TlsFeatures>().unwrap().to_string(), "status_request,status_request_v2");
    assert!("70000".parse::<TlsFeatures>().is_err());
    assert!("digitalSignatur".parse::<KeyUsage>().unwrap_err().to_string().contains("digitalSignature"));
    assert!("webServer".parse::<ExtendedKeyUsage>().is_err());
    assert_eq!("serverAuth,serverAuth".parse::<ExtendedKeyUsage>().unwrap().to_string(), "serverAuth");
}

#[test]
fn only_rsa_encrypts() {
    let usage = |algorithm| Extensions::of_tls_server().fit_for(algorithm).key_usage.unwrap().to_string();
    assert_eq!(usage(KeyAlgorithm::Rsa2048), "critical,digitalSignature,keyEncipherment");
    assert_eq!(usage(KeyAlgorithm::EcdsaP256), "critical,digitalSignature");
    let only: KeyUsage = "keyEncipherment".parse().unwrap();
    assert_eq!(only.without_encipherment(), KeyUsage::SIGNATURE);
}

#[test]
fn authorities_extensions_are_told_from_what_could_be_asked_for() {
    // basicConstraints CA:TRUE, subjectKeyIdentifier, nameConstraints
    let extension = |oid: &[u8], value: &[u8]| {
        let parts = [asn1::write(asn1::OID, oid), asn1::write(asn1::OCTET_STRING, value)].concat();
        asn1::write(asn1::SEQUENCE, &parts)
    };
    let all = [
        extension(&[0x55, 0x1d, 0x13], &[0x30, 3, 1, 1, 0xff]),
        extension(&[0x55, 0x1d, 0x0e], &[4, 1, 7]),
        extension(&[0x55, 0x1d, 0x1e], &[0x30, 0]),
        extension(&[0x55, 0x1d, 0x0f], &[3, 2, 2, 0x84]),
        extension(&[0x55, 0x1d, 0x25], &[5, 0]),
        vec![5, 0],
    ];
    let found = Extensions::read(&asn1::whole(&asn1::write(asn1::SEQUENCE, &all.concat())).unwrap());
    assert_eq!(found.extensions, Extensions::default());
    assert_eq!(found.authoritys, ["subjectKeyIdentifier"]);
    assert_eq!(
        found.others,
        [
            "basicConstraints CA:TRUE",
            "nameConstraints",
            "keyUsage digitalSignature,keyCertSign",
            "extendedKeyUsage, which is damaged",
            "an extension that cannot be read"
        ]
    );
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(numbers in proptest::collection::vec(0usize..9, 1..9)) {
        let usage = KeyUsage::from_numbers(numbers).unwrap();
        prop_assert_eq!(usage.to_string().parse::<KeyUsage>(), Ok(usage));
    }

    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..40), text in "\\PC*") {
        let _ = (KeyUsage::read(&bytes), ExtendedKeyUsage::read(&bytes), TlsFeatures::read(&bytes));
        let _ = (EndEntity::read(&bytes), text.parse::<Extension<KeyUsage>>(), text.parse::<ExtendedKeyUsage>());
        if let Some(extensions) = asn1::whole(&bytes) {
            let _ = Extensions::read(&extensions);
        }
    }
}
