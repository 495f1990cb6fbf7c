//! Subject strings (RFC 4514): what is parsed is written back as text and as DER.
#![no_main]

use keystore::pki::Subject;
use keystore_fuzz::material::check_subject;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(subject) = text.parse::<Subject>() {
        check_subject(&subject);
        assert_eq!(subject.to_string().parse().as_ref(), Ok(&subject));
        let _ = subject.common_name();
    }
    if let Ok(subject) = Subject::from_stored(text) {
        check_subject(&subject);
    }
});
