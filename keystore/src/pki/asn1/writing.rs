//! The little of DER that is written without the crate `der`: structures that hold what is DER already.

use der::asn1::ObjectIdentifier;
use zeroize::Zeroizing;

use super::{BMP_STRING, INTEGER, OID, SEQUENCE};

pub(in crate::pki) const NULL: [u8; 2] = [0x05, 0x00];

/// An element in DER.
pub(crate) fn write(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut element = vec![tag];
    match u8::try_from(content.len()) {
        Ok(length) if length < 0x80 => element.push(length),
        _ => {
            let octets = content.len().to_be_bytes();
            let significant: Vec<u8> = octets.into_iter().skip_while(|&octet| octet == 0).collect();
            element.push(0x80 | u8::try_from(significant.len()).expect("a usize has at most eight octets"));
            element.extend(significant);
        }
    }
    element.extend_from_slice(content);
    element
}

pub(in crate::pki) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    write(SEQUENCE, &Zeroizing::new(parts.concat()))
}

pub(in crate::pki) fn integer(number: u32) -> Vec<u8> {
    unsigned(&number.to_be_bytes())
}

/// An INTEGER that is not negative, from its octets, the first one first.
pub(in crate::pki) fn unsigned(octets: &[u8]) -> Vec<u8> {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let significant = octets.get(zeros..).unwrap_or_default();
    // a first bit that is set would be a sign
    let sign: &[u8] = if significant.first().is_none_or(|first| first & 0x80 != 0) { &[0] } else { &[] };
    write(INTEGER, &[sign, significant].concat())
}

/// `AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY }`
pub(in crate::pki) fn identifier(oid: &str, parameters: &[u8]) -> Option<Vec<u8>> {
    let oid = ObjectIdentifier::new(oid).ok()?;
    Some(sequence(&[write(OID, oid.as_bytes()), parameters.to_vec()]))
}

pub(in crate::pki) fn bmp_string(text: &str) -> Vec<u8> {
    let octets: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    write(BMP_STRING, &octets)
}
