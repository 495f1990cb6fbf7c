//! Revocation lists, in PEM and DER, and stapled OCSP responses.
#![no_main]

use keystore::pki::{Certificate, Stapled, read_revocation_lists};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let certificate = include_bytes!("../../tests/fixtures/chain.pem");
    let certificates = keystore::pki::read_certificates(certificate).expect("a fixture");
    let _ = Stapled::read(bytes, &certificates[0]);
    let Ok(lists) = read_revocation_lists(bytes) else { return };
    assert!(!lists.is_empty());
    for list in &lists {
        let look = |certificate: &Certificate| (list.speaks_of(certificate), list.names(certificate));
        assert!(certificates.iter().map(look).all(|(speaks, names)| speaks || !names));
    }
});
