use std::fmt;

use crate::pki::asn1::{self, BIT_STRING, CONTEXT_0, INTEGER, OCTET_STRING, SEQUENCE, SET, Tlv};
use crate::pki::{oid, pem, text};

/// What a file is, when it is not what was hoped for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LooksLike {
    /// PKCS#8, PKCS#1 or SEC 1, readable.
    PrivateKey,
    /// Encrypted PKCS#8, or an encrypted traditional key.
    EncryptedPrivateKey,
    /// A `SubjectPublicKeyInfo`.
    PublicKey,
    /// PKCS#10.
    Request,
    /// X.509, after all.
    Certificate,
    /// PKCS#7 or CMS.
    Pkcs7,
    /// A revocation list.
    Crl,
    /// A web page, as an authority sends that wants a login.
    Html,
    /// PFX.
    Pkcs12,
    /// JKS or JCEKS.
    JavaKeystore,
    /// A key of OpenSSH.
    OpensshKey,
    /// A backup of Key Manager (NET).
    KeyManagerBackup,
    /// Text of some sort.
    Text,
    /// Anything else.
    Binary,
}

impl fmt::Display for LooksLike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PrivateKey => "a private key",
            Self::EncryptedPrivateKey => "an encrypted private key",
            Self::PublicKey => "a public key",
            Self::Request => "a certification request",
            Self::Certificate => "a certificate",
            Self::Pkcs7 => "a PKCS#7 file (P7B)",
            Self::Crl => "a certificate revocation list",
            Self::Html => "a web page",
            Self::Pkcs12 => "a PKCS#12 file (PFX)",
            Self::JavaKeystore => "a Java keystore",
            Self::OpensshKey => "an OpenSSH key",
            Self::KeyManagerBackup => "a Key Manager backup file",
            Self::Text => "some other text",
            Self::Binary => "some other binary file",
        })
    }
}

/// Guesses what a file is, by its contents.
#[must_use]
pub fn looks_like(bytes: &[u8]) -> LooksLike {
    if let Some(found) = binary(bytes) {
        return found;
    }
    let text = text::decode(bytes);
    if let Some(block) = pem::blocks(&text).first() {
        let encrypted = block.headers.iter().any(|(name, value)| name == "Proc-Type" && value.contains("ENCRYPTED"));
        return match label_looks_like(&block.label) {
            Some(LooksLike::PrivateKey) if encrypted => LooksLike::EncryptedPrivateKey,
            Some(found) => found,
            None => LooksLike::Text,
        };
    }
    if let Some(Ok(der)) = pem::decode_unarmoured(&text)
        && let Some(found) = binary(&der)
    {
        return found;
    }
    let start = text.trim_start().get(..256).unwrap_or(text.trim_start()).to_ascii_lowercase();
    if start.starts_with("<!doctype html") || start.contains("<html") || start.contains("<head") {
        return LooksLike::Html;
    }
    if start.starts_with("ssh-") || start.starts_with("ecdsa-sha2-") {
        return LooksLike::OpensshKey;
    }
    if text::is_text(&text) { LooksLike::Text } else { LooksLike::Binary }
}

fn binary(bytes: &[u8]) -> Option<LooksLike> {
    if bytes.starts_with(&[0xfe, 0xed, 0xfe, 0xed]) || bytes.starts_with(&[0xce, 0xce, 0xce, 0xce]) {
        return Some(LooksLike::JavaKeystore);
    }
    // the marks of NET stand in a container that nobody has described
    let marked = |mark: &[u8]| bytes.windows(mark.len()).any(|window| window == mark);
    if marked(b"\x04\x0bprivate-key") {
        return Some(LooksLike::KeyManagerBackup);
    }
    match shape(&asn1::read(bytes)?.0) {
        Shape::Certificate => Some(LooksLike::Certificate),
        Shape::SignedData => Some(LooksLike::Pkcs7),
        Shape::Other(found) => Some(found),
        Shape::Unknown => None,
    }
}

/// What a block holds, by its label; `None` for a label that nobody knows.
pub(in crate::pki) fn label_looks_like(label: &str) -> Option<LooksLike> {
    match label {
        "OPENSSH PRIVATE KEY" | "SSH2 PUBLIC KEY" => Some(LooksLike::OpensshKey),
        "ENCRYPTED PRIVATE KEY" => Some(LooksLike::EncryptedPrivateKey),
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => Some(LooksLike::Certificate),
        "PKCS7" | "PKCS #7 SIGNED DATA" | "CMS" | "CERTIFICATE CHAIN" => Some(LooksLike::Pkcs7),
        "PKCS12" => Some(LooksLike::Pkcs12),
        "X509 CRL" => Some(LooksLike::Crl),
        label if label.ends_with("PRIVATE KEY") => Some(LooksLike::PrivateKey),
        label if label.ends_with("PUBLIC KEY") => Some(LooksLike::PublicKey),
        label if label.ends_with("CERTIFICATE REQUEST") => Some(LooksLike::Request),
        label if label.ends_with("PARAMETERS") => Some(LooksLike::Text),
        _ => None,
    }
}

/// What a DER structure is.
pub(in crate::pki) enum Shape {
    Certificate,
    SignedData,
    Other(LooksLike),
    Unknown,
}

pub(in crate::pki) fn shape(element: &Tlv<'_>) -> Shape {
    let children = element.tagged(SEQUENCE).and_then(|sequence| sequence.children()).unwrap_or_default();
    let tags: Vec<u8> = children.iter().map(|child| child.tag).collect();
    match (tags.as_slice(), children.as_slice()) {
        ([asn1::OID, CONTEXT_0], [kind, ..]) if kind.oid() == Some(oid::SIGNED_DATA) => Shape::SignedData,
        ([SEQUENCE, SEQUENCE, BIT_STRING], [signed, ..]) => signed_shape(signed),
        ([SEQUENCE, BIT_STRING], _) => Shape::Other(LooksLike::PublicKey),
        ([SEQUENCE, OCTET_STRING], _) => Shape::Other(LooksLike::EncryptedPrivateKey),
        ([INTEGER, SEQUENCE, OCTET_STRING, ..], _) => Shape::Other(LooksLike::PrivateKey),
        ([INTEGER, OCTET_STRING, ..], _) => Shape::Other(LooksLike::PrivateKey),
        ([INTEGER, INTEGER, INTEGER, INTEGER, ..], _) => Shape::Other(LooksLike::PrivateKey),
        ([INTEGER, SEQUENCE, ..], [_, safe, ..]) if is_safe(safe) => Shape::Other(LooksLike::Pkcs12),
        _ => Shape::Unknown,
    }
}

/// A certificate, a request or a revocation list: by what is signed.
fn signed_shape(signed: &Tlv<'_>) -> Shape {
    let children = signed.children().unwrap_or_default();
    let tags: Vec<u8> = children.iter().map(|child| child.tag).collect();
    let is_name = |element: &Tlv<'_>| element.children().is_some_and(|parts| parts.iter().all(|part| part.tag == SET));
    match (tags.as_slice(), children.as_slice()) {
        ([INTEGER, SEQUENCE, SEQUENCE] | [INTEGER, SEQUENCE, SEQUENCE, CONTEXT_0], [_, name, ..]) if is_name(name) => {
            Shape::Other(LooksLike::Request)
        }
        ([INTEGER, SEQUENCE, SEQUENCE, 0x17 | 0x18, ..] | [SEQUENCE, SEQUENCE, 0x17 | 0x18, ..], _) => {
            Shape::Other(LooksLike::Crl)
        }
        _ => Shape::Certificate,
    }
}

/// `authSafe` of PFX (RFC 7292 section 4): a `ContentInfo`.
fn is_safe(element: &Tlv<'_>) -> bool {
    let kind = element.children().and_then(|parts| parts.first()?.oid());
    matches!(kind, Some(oid::DATA | oid::SIGNED_DATA))
}
