use proptest::prelude::*;

use super::{LooksLike, ReadError, looks_like, read_certificates};
use crate::pki::{Certificate, KeyAlgorithm, PrivateKey, RequestTemplate, pem};

macro_rules! fixture {
    ($name:literal) => {
        &include_bytes!(concat!("../../../tests/fixtures/", $name))[..]
    };
}

fn chain() -> Vec<Certificate> {
    read_certificates(fixture!("chain.pem")).unwrap()
}

fn der(certificates: &[Certificate]) -> Vec<u8> {
    certificates.iter().flat_map(|certificate| certificate.as_der().to_vec()).collect()
}

fn bare(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).map(|line| format!("{line}\n")).collect()
}

#[test]
fn every_form_gives_the_same_certificates_in_their_order() {
    let chain = chain();
    assert_eq!(chain.len(), 3);
    let pem = std::str::from_utf8(fixture!("chain.p7b.pem")).unwrap();
    let utf16: Vec<u8> = pem.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let trusted: String = chain
        .iter()
        .map(|found| {
            // what openssl appends is ignored
            pem::encode("TRUSTED CERTIFICATE", &[found.as_der(), &[0x30, 0]].concat())
        })
        .collect();
    for (form, bytes) in [
        ("PKCS#7 DER", fixture!("chain.p7b").to_vec()),
        ("PKCS#7 PEM", pem.as_bytes().to_vec()),
        ("PKCS#7 in UTF-16", utf16),
        ("PKCS#7 without armour", bare(pem).into_bytes()),
        ("PKCS#7 labelled CERTIFICATE", pem.replace("PKCS7", "CERTIFICATE").into_bytes()),
        ("PKCS#7 labelled CMS", pem.replace("PKCS7", "CMS").into_bytes()),
        ("DER one after the other", der(&chain)),
        ("DER and a line end", [der(&chain), b"\r\n".to_vec()].concat()),
        ("trusted certificates", trusted.into_bytes()),
        (
            "a mistyped label",
            std::str::from_utf8(fixture!("chain.pem")).unwrap().replace("CERTIFICATE", "CERTIFCATE").into_bytes(),
        ),
        ("a certificate chain", pem::encode("CERTIFICATE CHAIN", &der(&chain)).into_bytes()),
    ] {
        assert_eq!(read_certificates(&bytes).unwrap(), chain, "{form}");
    }
}

#[test]
fn ber_with_indefinite_lengths_is_read() {
    let bytes = fixture!("chain-ber.p7b");
    assert_eq!(bytes[1], 0x80, "an indefinite length");
    let found = read_certificates(bytes).unwrap();
    let chain = chain();
    assert_eq!(found.len(), 3);
    // CMS is a SET: whoever makes it may sort it
    assert!(chain.iter().all(|certificate| found.contains(certificate)));
}

#[test]
fn other_blocks_beside_certificates_are_ignored() {
    let chain = chain();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let damaged_key = "-----BEGIN PRIVATE KEY-----\n???\n-----END PRIVATE KEY-----\n";
    let text = format!("Bag Attributes\n{}{damaged_key}{}", *key.to_pem(), chain[0].to_pem());
    assert_eq!(read_certificates(text.as_bytes()).unwrap(), chain[..1]);
}

#[test]
fn certificates_without_armour_are_read_wrapped_or_not() {
    let chain = chain();
    let wrapped = bare(&chain[0].to_pem());
    for text in [wrapped.clone(), wrapped.replace('\n', ""), wrapped.replace('\n', "\r\n"), format!("\n  {wrapped}")] {
        assert_eq!(read_certificates(text.as_bytes()).unwrap(), chain[..1]);
    }
    let damaged = wrapped.replacen('\n', "?\n", 2);
    assert_eq!(read_certificates(damaged.as_bytes()), Err(ReadError::DamagedBase64 { line: 1 }));
}

#[test]
fn damage_is_named_and_placed() {
    let chain = chain();
    let text = chain.iter().map(Certificate::to_pem).collect::<String>();
    let lines: Vec<&str> = text.lines().collect();
    let second = lines.iter().skip(1).position(|line| line.contains("BEGIN")).unwrap() + 2;
    let damage = |index: usize, line: &str| {
        let mut lines = lines.clone();
        lines[index] = line;
        read_certificates(lines.join("\n").as_bytes()).unwrap_err()
    };
    assert_eq!(damage(second + 1, "!!"), ReadError::DamagedBase64 { line: second + 2 });
    let swapped = format!("A{}", &lines[second][1..]);
    assert!(
        matches!(damage(second, &swapped), ReadError::DamagedCertificate { line: Some(line), .. } if line == second)
    );
    let cut = text.rsplit_once("-----END").unwrap().0;
    assert!(matches!(read_certificates(&cut.as_bytes()[..cut.len() - 9]), Err(ReadError::UnterminatedBlock { .. })));
    let without_begin = lines[2..].join("\n");
    assert!(matches!(read_certificates(without_begin.as_bytes()), Err(ReadError::DamagedBlock(_))));
    // where the contents are whole, armour and label do not matter
    for harmless in [
        cut.to_owned(),
        text.replacen("END CERTIFICATE", "END X509 CRL", 1),
        text.replace("CERTIFICATE", "NEW CERTIFICATE REQUEST"),
    ] {
        assert_eq!(read_certificates(harmless.as_bytes()), Ok(chain.clone()), "{harmless}");
    }
    let der = chain[0].as_der();
    assert!(matches!(read_certificates(&der[..der.len() - 9]), Err(ReadError::DamagedCertificate { line: None, .. })));
    let p7b = fixture!("chain.p7b");
    assert!(matches!(read_certificates(&p7b[..p7b.len() - 9]), Err(ReadError::DamagedCertificate { .. })));
    let mut wrong = p7b.to_vec();
    wrong[19] = 0x31; // SignedData
    assert_eq!(read_certificates(&wrong), Err(ReadError::DamagedPkcs7 { line: None }));
    assert_eq!(read_certificates(fixture!("empty.p7b")), Err(ReadError::NoCertificates { line: None }));
    for nothing in [&b""[..], b" \r\n\t"] {
        assert_eq!(read_certificates(nothing), Err(ReadError::Empty));
    }
}

#[test]
fn what_is_something_else_is_recognised() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let request =
        RequestTemplate { subject: "CN=a".parse().unwrap(), ..RequestTemplate::default() }.sign(&key).unwrap();
    let pem = |label| pem::encode(label, b"0").into_bytes();
    for (expected, bytes) in [
        (LooksLike::PrivateKey, key.to_pem().as_bytes().to_vec()),
        (LooksLike::PrivateKey, key.to_pkcs8_der().to_vec()),
        (LooksLike::PrivateKey, fixture!("sec1.key").to_vec()),
        (LooksLike::EncryptedPrivateKey, fixture!("scrypt.key").to_vec()),
        (LooksLike::PublicKey, key.public_key().as_der().to_vec()),
        (LooksLike::PublicKey, pem("PUBLIC KEY")),
        (LooksLike::Request, request.as_der().to_vec()),
        (LooksLike::Request, request.to_pem().into_bytes()),
        (LooksLike::Request, fixture!("key-manager-4.0.req").to_vec()),
        (LooksLike::Request, pem::encode("CERTIFICATE", request.as_der()).into_bytes()),
        (LooksLike::Request, bare(&request.to_pem()).into_bytes()),
        (LooksLike::Crl, fixture!("leaf.crl").to_vec()),
        (LooksLike::Crl, pem::pem_blocks(fixture!("leaf.crl"))[0].body.as_ref().unwrap().to_vec()),
        (LooksLike::Pkcs12, fixture!("leaf.pfx").to_vec()),
        (LooksLike::JavaKeystore, vec![0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]),
        (LooksLike::OpensshKey, b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA me".to_vec()),
        (LooksLike::OpensshKey, pem("OPENSSH PRIVATE KEY")),
        (LooksLike::KeyManagerBackup, b"\x01\x02\x30\x82\x01\x00\x04\x0bprivate-key\x30\x82".to_vec()),
        (LooksLike::Html, b"\xef\xbb\xbf<!DOCTYPE html><html><body>Access denied</body></html>".to_vec()),
        (LooksLike::Text, "Ihre Anfrage wird geprüft.".as_bytes().to_vec()),
        (LooksLike::Binary, vec![0x89, b'P', b'N', b'G', 0, 1, 2, 3]),
    ] {
        let error = read_certificates(&bytes).unwrap_err();
        assert_eq!(error, ReadError::NotACertificate { looks_like: expected });
        assert!(
            error.to_string().contains("it looks like a") || matches!(expected, LooksLike::Text | LooksLike::Binary)
        );
    }
    assert_eq!(looks_like(fixture!("chain.pem")), LooksLike::Certificate);
    assert_eq!(looks_like(fixture!("chain.p7b")), LooksLike::Pkcs7);
}

proptest! {
    #[test]
    fn never_panics(bytes: Vec<u8>, text in "(-----BEGIN CERTIFICATE-----|-----END CERTIFICATE-----|MII|[A-Za-z=]{0,8}|\n|:|é){0,20}") {
        let _ = read_certificates(&bytes);
        let _ = read_certificates(&[&[0x30, 0x82][..], &bytes].concat());
        let _ = read_certificates(text.as_bytes());
        let _ = looks_like(&bytes);
    }

    #[test]
    fn never_panics_on_damaged_pkcs7(position: prop::sample::Index, octet: u8, cut: prop::sample::Index) {
        for fixture in [fixture!("chain.p7b"), fixture!("chain-ber.p7b")] {
            let mut bytes = fixture.to_vec();
            bytes[position.index(fixture.len())] = octet;
            let _ = read_certificates(&bytes);
            let _ = read_certificates(&bytes[..cut.index(fixture.len())]);
        }
    }
}
