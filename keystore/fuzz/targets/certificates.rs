//! What an authority sends back: PEM, base64, DER one after the other, PKCS#7 in DER or BER.
#![no_main]

use keystore::pki::{assemble, looks_like, read_certificates};
use keystore_fuzz::material::check_certificate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = looks_like(bytes);
    let Ok(certificates) = read_certificates(bytes) else { return };
    assert!(!certificates.is_empty());
    certificates.iter().for_each(check_certificate);
    let keys: Vec<_> = certificates.iter().map(|certificate| certificate.public_key().hash()).collect();
    let chain = assemble(certificates.clone(), &keys[..1]).expect("there is a leaf");
    assert!(certificates.contains(&chain.leaf));
    assert_eq!(chain.leaf.public_key().hash(), keys[0]);
    assert!(chain.intermediates.iter().chain(&chain.root).chain(&chain.foreign).all(|it| certificates.contains(it)));
    let pem = chain.leaf.to_pem() + &chain.intermediates_pem();
    let read = read_certificates(pem.as_bytes()).expect("what is published can be read");
    assert_eq!(read.len(), 1 + chain.intermediates.len());
});
