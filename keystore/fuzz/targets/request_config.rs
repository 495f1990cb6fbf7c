//! Configs of `openssl req` and INF files of `certreq`.
#![no_main]

use keystore::pki::FoundExtensions;
use keystore::request_config::{RequestConfigError, read};
use keystore_fuzz::material::{check_extensions, check_names, check_subject};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match read(bytes) {
        Ok(config) => {
            check_subject(&config.subject);
            check_names(&config.names);
            check_extensions(&FoundExtensions { extensions: config.extensions, ..FoundExtensions::default() });
            assert!(config.notes.iter().all(|note| note.line > 0));
        }
        Err(RequestConfigError::Lines { faults }) => assert!(!faults.is_empty()),
        Err(_) => {}
    }
});
