//! What ssh-keygen writes: OpenSSH's own form, and the others that it knows.

use keystore::digest::Digest;

use super::{PASSPHRASE, World};
use crate::common::{Tool, write};
use crate::stranger::openssl;

const SSH_KEYGEN: Tool = Tool { program: "ssh-keygen", package: "openssh-client" };

/// The types, and how many bits.
const TYPES: [(&str, &str); 4] = [("rsa", "2048"), ("ecdsa", "256"), ("ecdsa", "384"), ("ed25519", "256")];

/// What OpenSSH's own form is encrypted with.
const CIPHERS: [&str; 9] = [
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
    "aes128-cbc",
    "aes192-cbc",
    "aes256-cbc",
    "3des-cbc",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
];

/// Makes a key. Returns its file and the hash of its public key, as ssh-keygen itself tells it.
#[track_caller]
fn generate(world: &World, name: &str, kind: (&str, &str), more: &[&str]) -> (String, String) {
    let file = world.file(name);
    let (kind, bits) = kind;
    SSH_KEYGEN.run(&[&["-q", "-t", kind, "-b", bits, "-C", "me@example", "-f", &file], more].concat());
    let public = format!("{file}.pub");
    let hash = if kind == "ed25519" {
        // it writes that in its own form alone, which ends with the 32 octets (RFC 8709)
        let line = std::fs::read_to_string(&public).unwrap();
        write(&world.keyring.path("blob"), line.split(' ').nth(1).expect("base64"));
        let octets = world.file("octets");
        openssl(&["base64", "-d", "-A", "-in", &world.file("blob"), "-out", &octets]);
        let octets = std::fs::read(octets).unwrap();
        let (_, key) = octets.split_at(octets.len() - 32);
        // the SubjectPublicKeyInfo of RFC 8410
        let header = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
        Digest::of(&[&header[..], key].concat()).to_string()
    } else {
        let pem = SSH_KEYGEN.run(&["-e", "-m", "PKCS8", "-f", &public]);
        let blocks = keystore::pki::pem_blocks(pem.as_bytes());
        Digest::of(blocks[0].body.as_ref().expect("base64")).to_string()
    };
    (file, hash)
}

#[test]
fn keys_in_every_form_are_imported() {
    let world = World::new();
    for (index, kind) in TYPES.into_iter().enumerate() {
        for (form, more) in [("own", &[][..]), ("pem", &["-m", "PEM"]), ("pkcs8", &["-m", "PKCS8"])] {
            for passphrase in ["", PASSPHRASE] {
                let name = format!("{form}-{index}-{}", passphrase.len());
                let (file, public_key) = generate(&world, &name, kind, &[more, &["-N", passphrase]].concat());
                world.read(&format!("{kind:?} {form}"), &[&file], &public_key);
            }
        }
    }
}

#[test]
fn keys_in_every_cipher_are_imported() {
    let world = World::new();
    for cipher in CIPHERS {
        let (file, public_key) =
            generate(&world, cipher, ("ed25519", "256"), &["-N", PASSPHRASE, "-Z", cipher, "-a", "4"]);
        let imported = world.read(cipher, &[&file], &public_key);
        let said = imported["from"]["protection"].to_string();
        assert!(said.contains(cipher.split('@').next().unwrap()), "{cipher}: {said}");
    }
}
