//! Requests (PKCS#10, RFC 2986), in whatever form.
#![no_main]

use keystore::pki::CertificationRequest;
use keystore_fuzz::material::check_request;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(request) = CertificationRequest::read(bytes) {
        check_request(&request);
    }
    if let Ok(request) = CertificationRequest::from_der(bytes) {
        check_request(&request);
    }
});
