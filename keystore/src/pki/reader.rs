//! Certificates from outside, recognised by what they are and not by how their file is called.

mod looks_like;

pub use looks_like::{LooksLike, looks_like};
pub(super) use looks_like::{Shape, label_looks_like, shape};

use super::{Certificate, CertificateError, PemBlock, PemError, asn1, pem, pkcs7, text};

/// Why a file gave no certificates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Nothing in the file.
    #[error("the file is empty")]
    Empty,
    /// Something else.
    #[error("not a certificate: it looks like {looks_like}")]
    NotACertificate {
        /// What it looks like.
        looks_like: LooksLike,
    },
    /// A character that base64 doesn't have, or characters missing.
    #[error("damaged base64 in line {line}")]
    DamagedBase64 {
        /// The line, counted from 1.
        line: usize,
    },
    /// BEGIN without END.
    #[error("the block BEGIN {label} of line {line} has no END: the file is cut off")]
    UnterminatedBlock {
        /// The words behind BEGIN.
        label: String,
        /// The line of BEGIN, counted from 1.
        line: usize,
    },
    /// A block that is wrong in another way.
    #[error(transparent)]
    DamagedBlock(PemError),
    /// A certificate that cannot be understood.
    #[error("a damaged certificate{}: {reason}", in_line(*.line))]
    DamagedCertificate {
        /// What is wrong.
        reason: String,
        /// The line of its BEGIN, when it has one.
        line: Option<usize>,
    },
    /// A PKCS#7 that cannot be understood.
    #[error("a damaged PKCS#7{}", in_line(*.line))]
    DamagedPkcs7 {
        /// The line of its BEGIN, when it has one.
        line: Option<usize>,
    },
    /// A PKCS#7 without certificates.
    #[error("a PKCS#7 without certificates{}", in_line(*.line))]
    NoCertificates {
        /// The line of its BEGIN, when it has one.
        line: Option<usize>,
    },
}

fn in_line(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(" in line {line}"))
}

impl From<PemError> for ReadError {
    fn from(error: PemError) -> Self {
        match error {
            PemError::DamagedBase64 { line } => Self::DamagedBase64 { line },
            PemError::Unterminated { label, line } => Self::UnterminatedBlock { label, line },
            other => Self::DamagedBlock(other),
        }
    }
}

/// All certificates of a file, in its order: PEM (certificates and PKCS#7, other blocks beside them are
/// ignored), base64 without armour, DER certificates one after the other, PKCS#7 in DER or BER.
///
/// # Errors
///
/// Says what the file is instead, or what of it is damaged and where. A file is taken whole or not at all.
pub fn read_certificates(bytes: &[u8]) -> Result<Vec<Certificate>, ReadError> {
    if bytes.trim_ascii().is_empty() {
        return Err(ReadError::Empty);
    }
    if is_binary(bytes) {
        return read_binary(bytes, None);
    }
    let text = text::decode(bytes);
    let blocks = pem::blocks(&text);
    if !blocks.is_empty() {
        return read_blocks(blocks);
    }
    match pem::decode_unarmoured(&text) {
        Some(der) => read_binary(&der.map_err(|line| ReadError::DamagedBase64 { line })?, None),
        None => Err(ReadError::NotACertificate { looks_like: looks_like(bytes) }),
    }
}

/// A SEQUENCE of more than 127 octets, which no text begins with, or all of a shorter one.
fn is_binary(bytes: &[u8]) -> bool {
    matches!(bytes, [asn1::SEQUENCE, 0x80..=0x84, ..])
        || asn1::whole(bytes).is_some_and(|element| element.tag == asn1::SEQUENCE)
}

/// What is in a block, by its label.
#[derive(PartialEq, Eq)]
enum Content {
    Certificates,
    /// A certificate and OpenSSL's opinions about it.
    Trusted,
    Other,
    /// A label that nobody knows, perhaps a mistyped one.
    Unknown,
}

fn content(label: &str) -> Content {
    match label {
        "CERTIFICATE" | "X509 CERTIFICATE" | "CERTIFICATE CHAIN" | "PKCS7" | "PKCS #7 SIGNED DATA" | "CMS" => {
            Content::Certificates
        }
        "TRUSTED CERTIFICATE" => Content::Trusted,
        label if label_looks_like(label).is_some() => Content::Other,
        _ => Content::Unknown,
    }
}

fn read_blocks(blocks: Vec<PemBlock>) -> Result<Vec<Certificate>, ReadError> {
    let mut certificates = Vec::new();
    let mut fault = None;
    for PemBlock { label, line, body, .. } in blocks {
        match content(&label) {
            Content::Certificates => certificates.extend(read_binary(&body?, Some(line))?),
            Content::Trusted => {
                let body = body?;
                let certificate = asn1::read(&body).map_or(body.as_slice(), |(certificate, _)| certificate.raw);
                certificates.extend(read_binary(certificate, Some(line))?);
            }
            Content::Unknown => match body.map_err(ReadError::from).and_then(|body| read_binary(&body, Some(line))) {
                Ok(found) => certificates.extend(found),
                Err(error) => fault = fault.or(Some(error)),
            },
            Content::Other => match body.map_err(ReadError::from).and_then(|body| read_binary(&body, Some(line))) {
                // the label is wrong
                Ok(found) => certificates.extend(found),
                Err(_) => {
                    let looks_like = label_looks_like(&label).unwrap_or(LooksLike::Text);
                    fault = fault.or(Some(ReadError::NotACertificate { looks_like }));
                }
            },
        }
    }
    match fault {
        Some(fault) if certificates.is_empty() => Err(fault),
        _ => Ok(certificates),
    }
}

/// DER certificates one after the other, or PKCS#7; `line` is where they begin in a text.
fn read_binary(bytes: &[u8], line: Option<usize>) -> Result<Vec<Certificate>, ReadError> {
    let mut certificates = Vec::new();
    let mut rest = bytes;
    while !rest.iter().all(|octet| octet.is_ascii_whitespace() || *octet == 0) {
        let cut_off = || ReadError::DamagedCertificate { reason: "it is cut off or not DER".to_owned(), line };
        let (element, after) = asn1::read(rest).ok_or_else(cut_off)?;
        match shape(&element) {
            Shape::SignedData => certificates.extend(read_pkcs7(element.raw, line)?),
            Shape::Other(looks_like) => return Err(ReadError::NotACertificate { looks_like }),
            Shape::Certificate | Shape::Unknown => certificates.push(read_certificate(element.raw, line)?),
        }
        rest = after;
    }
    if certificates.is_empty() {
        return Err(ReadError::Empty);
    }
    Ok(certificates)
}

fn read_pkcs7(bytes: &[u8], line: Option<usize>) -> Result<Vec<Certificate>, ReadError> {
    let found = pkcs7::certificates(bytes).ok_or(ReadError::DamagedPkcs7 { line })?;
    if found.is_empty() {
        return Err(ReadError::NoCertificates { line });
    }
    found.into_iter().map(|der| read_certificate(der, line)).collect()
}

fn read_certificate(der: &[u8], line: Option<usize>) -> Result<Certificate, ReadError> {
    Certificate::from_der(der).map_err(|error| {
        let reason = match error {
            CertificateError::Damaged { reason } => reason,
            other @ CertificateError::TrailingData { .. } => other.to_string(),
        };
        ReadError::DamagedCertificate { reason, line }
    })
}

#[cfg(test)]
mod tests;
