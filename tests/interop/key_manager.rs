//! A request that Key Manager 4.0 made, read by us and by others; its backups.

use std::path::Path;

use keystore::pki::CertificationRequest;

use crate::common::{Keyring, write};
use crate::stranger::{certtool, openssl, spki, subject};

const PASSPHRASE: &str = "Passw0rd";

#[test]
fn the_genuine_request_is_read_alike_by_openssl_and_us() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/keystore/tests/fixtures/key-manager-4.0.req");
    let ours = CertificationRequest::read(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(ours.subject().to_string(), subject("req", Path::new(file)));
    assert_eq!(ours.public_key().hash().to_string(), spki("request", file));
    assert_eq!(ours.signature_algorithm(), "md5WithRSAEncryption");
    assert!(openssl(&["req", "-in", file, "-noout", "-text"]).contains("md5WithRSAEncryption"));
    let said = certtool(&["--crq-info", "--infile", file]);
    assert!(said.contains(&ours.public_key().hash().to_string()), "{said}");
    // what we write of it, without the header, is the same request
    let again = CertificationRequest::from_pem(openssl(&["req", "-in", file]).as_bytes()).unwrap();
    assert_eq!(ours, again);
}

/// A backup as `n_pkey.c` of OpenSSL 1.0.2 wrote it: encrypted by openssl's RC4, and its structure by openssl's encoder,
/// since no program writes it any more. Genuine ones stand in a container that nobody has described.
fn backup(keyring: &Keyring, key: &str, sgc: bool) -> Vec<u8> {
    let (plain, closed) = (keyring.file("plain.der"), keyring.file("closed.der"));
    openssl(&["pkcs8", "-topk8", "-nocrypt", "-in", key, "-outform", "DER", "-out", &plain]);
    let md5 = |octets: &[u8]| {
        write(&keyring.path("hashed"), octets);
        let said = openssl(&["dgst", "-md5", "-r", &keyring.file("hashed")]);
        said.split(' ').next().expect("a hash").to_owned()
    };
    let mut secret = md5(PASSPHRASE.as_bytes());
    if sgc {
        let octets = (0..16).map(|at| u8::from_str_radix(&secret[2 * at..2 * at + 2], 16).unwrap());
        secret = md5(&octets.chain(*b"SGCKEYSALT").collect::<Vec<u8>>());
    }
    let legacy = ["-provider", "legacy", "-provider", "default"];
    openssl(&[&["enc", "-rc4", "-K", &secret, "-in", &plain, "-out", &closed], &legacy[..]].concat());
    let hexadecimal = keystore::digest::hexadecimal(&std::fs::read(&closed).unwrap());
    let structure = format!(
        "asn1 = SEQUENCE:net\n[net]\nmark = FORMAT:ASCII,OCT:private-key\nkey = SEQUENCE:key\n[key]\nhow = SEQUENCE:how\n\
         what = FORMAT:HEX,OCT:{hexadecimal}\n[how]\nalgorithm = OID:1.2.840.113549.3.4\nparameters = NULL\n"
    );
    write(&keyring.path("structure"), structure);
    let out = keyring.file("net.der");
    openssl(&["asn1parse", "-genconf", &keyring.file("structure"), "-noout", "-out", &out]);
    std::fs::read(out).unwrap()
}

#[test]
fn backups_and_keyset_pairs_are_imported() {
    let keyring = Keyring::new();
    write(&keyring.path("passphrase"), PASSPHRASE);
    let (key, certificate) = (keyring.file("key.pem"), keyring.file("reply.cer"));
    openssl(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:1024",
        "-nodes",
        "-keyout",
        &key,
        "-subj",
        "/CN=www.example.com",
        "-outform",
        "DER",
        "-out",
        &certificate,
    ]);
    let der = std::fs::read(&certificate).unwrap();
    for (index, sgc) in [false, true].into_iter().enumerate() {
        let blob = backup(&keyring, &key, sgc);
        let marked = {
            let length = u16::try_from(der.len() + 13).unwrap().to_be_bytes();
            [&[0x30, 0x82][..], &length, b"\x04\x0bcertificate", &der].concat()
        };
        let whole = keyring.file("whole.key");
        write(&keyring.path("whole.key"), [&[7; 32][..], &blob, &marked, &[0; 5]].concat());
        let pair = keyring.file("pair.key");
        write(&keyring.path("pair.key"), &blob);
        for (name, files) in [("backup", &[&*whole][..]), ("keyset", &[&pair, &certificate])] {
            let path = format!("www/https/{name}{index}");
            let options = ["--legacy", "--passphrase-file", &keyring.file("passphrase")];
            let imported = keyring.json(&[&["import-key", &path], files, &options].concat());
            assert_eq!(imported["spki_sha256"], spki("key", &key), "{name} {sgc}");
            assert_eq!(imported["certificate"]["subject"], "CN=www.example.com", "{name} {sgc}");
            let form = imported["from"]["form"].as_str().unwrap();
            assert_eq!(form.contains("SGC"), sgc, "{form}");
            let kept = keyring.kept(&path, 1, "private-key.pem");
            assert_eq!(spki("key", &kept), spki("key", &key), "{name} {sgc}");
        }
    }
}
