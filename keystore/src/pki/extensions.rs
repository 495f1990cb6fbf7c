//! Extensions (RFC 5280 section 4.1.2.9), as certificates have them and requests ask for them.

use der::asn1::ObjectIdentifier;

use super::asn1::{OCTET_STRING, SEQUENCE, Tlv};

/// The contents of the first extension with this identifier in an `Extensions`.
pub(super) fn find<'a>(extensions: &Tlv<'a>, oid: ObjectIdentifier) -> Option<&'a [u8]> {
    let extensions = extensions.tagged(SEQUENCE)?.children()?;
    extensions.iter().find_map(|extension| {
        let parts = extension.tagged(SEQUENCE)?.children()?;
        let (identifier, rest) = parts.split_first()?;
        // between the two may stand whether it is critical
        let value = rest.last()?.tagged(OCTET_STRING)?;
        (identifier.oid()? == oid).then_some(value.content)
    })
}
