//! What python's `cryptography` writes.

use super::{ED25519, P_384, PASSPHRASE, RSA, World};
use crate::stranger::{python_writes, spki};

#[test]
fn every_form_of_every_algorithm_is_imported() {
    for algorithm in [&RSA[..], &P_384, &ED25519] {
        let world = World::new();
        let (key, certificate) = world.pair(algorithm);
        for form in ["pkcs12", "pkcs12-3des", "pkcs8", "traditional", "openssh"] {
            if form == "traditional" && algorithm == ED25519 {
                // there is no traditional form of it
                continue;
            }
            let file = world.file("file");
            python_writes(form, &key, &certificate, &file, PASSPHRASE);
            let imported = world.read(form, &[&file], &spki("key", &key));
            assert_eq!(imported["certificate"].is_null(), !form.starts_with("pkcs12"), "{form}");
            let protected = imported["from"]["protection"].as_array().is_some_and(|all| !all.is_empty());
            assert!(protected, "{form}: {imported}");
        }
    }
}
