//! PEM (RFC 7468): a block that is read can be written and is read as the same.
#![no_main]

use keystore::pki::pem_blocks;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for block in pem_blocks(bytes) {
        let Ok(body) = &block.body else { continue };
        let text = pem::encode(&pem::Pem::new(block.label.clone(), body.to_vec()));
        let again = pem_blocks(text.as_bytes());
        assert_eq!(again.len(), 1, "{text:?}");
        assert_eq!(again[0].label, block.label);
        assert_eq!(again[0].body.as_ref().expect("it is whole"), body);
    }
});
