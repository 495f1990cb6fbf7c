//! A request that Key Manager 4.0 made, read by us and by others.

use std::path::Path;

use keystore::pki::CertificationRequest;

use crate::stranger::{certtool, openssl, spki, subject};

#[test]
fn the_genuine_request_is_read_alike_by_openssl_and_us() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/keystore/tests/fixtures/key-manager-4.0.req");
    let ours = CertificationRequest::read(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(ours.subject().to_string(), subject("req", Path::new(file)));
    assert_eq!(ours.public_key().hash().to_string(), spki("request", file));
    assert_eq!(ours.signature_algorithm(), "md5WithRSAEncryption");
    assert!(openssl(&["req", "-in", file, "-noout", "-text"]).contains("md5WithRSAEncryption"));
    let said = certtool(&["--crq-info", "--infile", file]);
    assert!(said.contains(&ours.public_key().hash().to_string()), "{said}");
    // what we write of it, without the header, is the same request
    let again = CertificationRequest::from_pem(openssl(&["req", "-in", file]).as_bytes()).unwrap();
    assert_eq!(ours, again);
}
