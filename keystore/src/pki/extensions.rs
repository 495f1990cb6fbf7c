//! Extensions (RFC 5280 section 4.1.2.9), as certificates have them and requests ask for them.

mod words;

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

/// One extension, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Extension {
    /// Its object identifier, dotted.
    pub oid: String,
    /// Its name: `key usage`, `subject alternative names` ...; its object identifier when it is not known here.
    pub name: String,
    /// Whether whoever does not understand it must refuse the certificate.
    pub critical: bool,
    /// What it says.
    pub text: String,
}

impl Extension {
    /// All of an `Extensions`.
    pub(super) fn read_all(extensions: &Tlv<'_>) -> Vec<Self> {
        let elements = extensions.tagged(SEQUENCE).and_then(|extensions| extensions.children()).unwrap_or_default();
        elements.iter().filter_map(Self::read).collect()
    }

    fn read(extension: &Tlv<'_>) -> Option<Self> {
        let parts = extension.tagged(SEQUENCE)?.children()?;
        let (oid, rest) = parts.split_first()?;
        let critical = rest.first().is_some_and(|first| first.tag == 0x01 && first.content != [0]);
        let value = rest.last()?.tagged(OCTET_STRING)?.content;
        let oid = oid.oid()?.to_string();
        let (name, text) = words::describe(&oid, value);
        Some(Self { name: name.map_or_else(|| oid.clone(), str::to_owned), oid, critical, text })
    }
}
