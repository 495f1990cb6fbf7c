//! `Name` in DER (RFC 5280 section 4.1.2.4).

use super::value::Value;
use super::{Attribute, AttributeType, Subject};
use crate::pki::asn1::{self, SEQUENCE, SET, Tlv};

pub(super) fn read(der: &[u8]) -> Option<Subject> {
    let parts = asn1::whole(der)?.tagged(SEQUENCE)?.children()?;
    let parts = parts.iter().map(read_part).collect::<Option<Vec<_>>>()?;
    Some(Subject { parts })
}

fn read_part(part: &Tlv<'_>) -> Option<Vec<Attribute>> {
    let attributes = part.tagged(SET)?.children()?;
    let attributes = attributes.iter().map(read_attribute).collect::<Option<Vec<_>>>()?;
    (!attributes.is_empty()).then_some(attributes)
}

fn read_attribute(attribute: &Tlv<'_>) -> Option<Attribute> {
    let [kind, value] = attribute.tagged(SEQUENCE)?.children()?.try_into().ok()?;
    Some(Attribute { kind: AttributeType::from_oid(kind.oid()?), value: Value::from_element(&value) })
}

pub(super) fn write(subject: &Subject) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = subject.parts.iter().map(|part| write_part(part)).collect();
    asn1::write(SEQUENCE, &parts.concat())
}

fn write_part(part: &[Attribute]) -> Vec<u8> {
    let mut attributes: Vec<Vec<u8>> = part.iter().map(write_attribute).collect();
    // X.690 section 11.6: the elements of a SET OF stand in the order of their encodings
    attributes.sort();
    asn1::write(SET, &attributes.concat())
}

fn write_attribute(attribute: &Attribute) -> Vec<u8> {
    let kind = asn1::write(asn1::OID, attribute.kind.oid().as_bytes());
    asn1::write(SEQUENCE, &[kind.as_slice(), attribute.value.der()].concat())
}
