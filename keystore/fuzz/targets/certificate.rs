//! Certificates (RFC 5280) in DER.
#![no_main]

use keystore::pki::{Certificate, Subject};
use keystore_fuzz::material::{check_certificate, check_subject};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|der: &[u8]| {
    if let Ok(certificate) = Certificate::from_der(der) {
        check_certificate(&certificate);
    }
    if let Ok(subject) = Subject::from_der(der) {
        check_subject(&subject);
    }
});
