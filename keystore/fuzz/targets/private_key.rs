//! Private key files: PKCS#8 (RFC 5958), plain and encrypted, in PEM and DER.
#![no_main]

use keystore::pki::{EncryptedPrivateKey, Passphrase, PrivateKey, PrivateKeyFile, pem_blocks};
use libfuzzer_sys::fuzz_target;
use pkcs8::EncryptedPrivateKeyInfoRef;

/// Opening is made slow on purpose: more rounds than these cost the fuzzer its time.
const FEW_ROUNDS: u32 = 4096;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(PrivateKeyFile::Plain(key)) = PrivateKeyFile::from_pem(bytes) {
        check(&key);
    }
    if let Ok(key) = PrivateKey::from_pkcs8_der(bytes) {
        check(&key);
    }
    open(bytes);
    for block in pem_blocks(bytes) {
        block.body.iter().for_each(|der| open(der));
    }
});

/// A private key that was read signs, unless it is too short for that, and is written and read as the same.
fn check(key: &PrivateKey) {
    let again = PrivateKey::from_pkcs8_der(&key.to_pkcs8_der()).expect("what was written is read");
    assert_eq!(again.public_key().hash(), key.public_key().hash());
    let Ok(PrivateKeyFile::Plain(again)) = PrivateKeyFile::from_pem(key.to_pem().as_bytes()) else {
        panic!("its PEM is not read")
    };
    assert_eq!(again.algorithm(), key.algorithm());
    assert_eq!(again.is_short(), key.is_short());
    assert_eq!(key.sign(b"message").is_err(), key.is_short(), "it signs");
}

fn open(der: &[u8]) {
    let (Ok(key), Ok(info)) = (EncryptedPrivateKey::from_der(der), EncryptedPrivateKeyInfoRef::try_from(der)) else {
        return;
    };
    let kdf = info.encryption_algorithm.pbes2().map(|parameters| &parameters.kdf);
    let is_cheap = kdf.and_then(|kdf| kdf.pbkdf2()).is_some_and(|pbkdf2| pbkdf2.iteration_count <= FEW_ROUNDS);
    let passphrase = Passphrase::new("fixture".to_owned()).expect("a passphrase");
    if is_cheap && let Ok(key) = key.decrypt(&passphrase) {
        check(&key);
    }
}
