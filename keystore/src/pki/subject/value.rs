//! The value of an attribute: its text, and the DER it came in or will go out in.

use std::hash::{Hash, Hasher};

use super::{AttributeType, SubjectError};
use crate::digest::hexadecimal;
use crate::pki::asn1::{self, Tlv};

const UTF8_STRING: u8 = 0x0c;
const NUMERIC_STRING: u8 = 0x12;
const PRINTABLE_STRING: u8 = 0x13;
const T61_STRING: u8 = 0x14;
const IA5_STRING: u8 = 0x16;
const VISIBLE_STRING: u8 = 0x1a;
const UNIVERSAL_STRING: u8 = 0x1c;

/// Equal when the texts are: the string type is no part of what a name says.
#[derive(Clone, Debug)]
pub(super) struct Value {
    text: String,
    is_text: bool,
    der: Vec<u8>,
}

impl Value {
    /// A typed value, held to the limits of RFC 5280 appendix A.
    pub(super) fn checked(kind: &AttributeType, text: &str) -> Result<Self, SubjectError> {
        let upper = match kind {
            AttributeType::Country => text.to_ascii_uppercase(),
            _ => text.to_owned(),
        };
        check(kind, &upper).map_err(|error| match error {
            SubjectError::Country { .. } => SubjectError::Country { value: text.to_owned() },
            other => other,
        })?;
        Ok(Self::lenient(kind, &upper))
    }

    /// A value whatever its length, in the string type of its attribute if that can hold it.
    pub(super) fn lenient(kind: &AttributeType, text: &str) -> Self {
        let tag = match kind {
            AttributeType::Country | AttributeType::SerialNumber if text.chars().all(is_printable) => PRINTABLE_STRING,
            AttributeType::DomainComponent | AttributeType::EmailAddress if text.is_ascii() => IA5_STRING,
            _ => UTF8_STRING,
        };
        Self { text: text.to_owned(), is_text: true, der: asn1::write(tag, text.as_bytes()) }
    }

    /// A value in DER, of any type.
    pub(super) fn from_element(element: &Tlv<'_>) -> Self {
        let der = element.raw.to_vec();
        match decode(element) {
            Some(text) => Self { text, is_text: true, der },
            None => Self { text: hex(&der), is_text: false, der },
        }
    }

    /// The text, or `#` and the DER in hexadecimal when it is no text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn is_text(&self) -> bool {
        self.is_text
    }

    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    /// `#` and the DER in hexadecimal (RFC 4514 section 2.4).
    pub(super) fn to_hex(&self) -> String {
        hex(&self.der)
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        (self.is_text, &self.text) == (other.is_text, &other.text)
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

fn check(kind: &AttributeType, text: &str) -> Result<(), SubjectError> {
    let kind_owned = || kind.clone();
    if text.trim().is_empty() {
        return Err(SubjectError::Empty { kind: kind_owned() });
    }
    if let Some(character) = text.chars().find(|c| c.is_control()) {
        return Err(SubjectError::ControlCharacter { kind: kind_owned(), character });
    }
    if *kind == AttributeType::Country && !(text.len() == 2 && text.bytes().all(|octet| octet.is_ascii_uppercase())) {
        return Err(SubjectError::Country { value: text.to_owned() });
    }
    let (length, limit) = (text.chars().count(), kind.limit());
    if length > limit {
        return Err(SubjectError::TooLong { kind: kind_owned(), length, limit });
    }
    let (unfit, allowed) = match kind {
        AttributeType::SerialNumber => {
            (text.chars().find(|&c| !is_printable(c)), "letters, digits, space and ' ( ) + , - . / : = ?")
        }
        AttributeType::DomainComponent | AttributeType::EmailAddress => {
            (text.chars().find(|c| !c.is_ascii()), "ASCII characters")
        }
        _ => (None, ""),
    };
    match unfit {
        Some(character) => Err(SubjectError::Character { kind: kind_owned(), character, allowed }),
        None => Ok(()),
    }
}

/// The characters of `PrintableString` (X.680 section 41.4).
fn is_printable(c: char) -> bool {
    c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c)
}

/// Any of ASN.1's strings, each as its type says but T61 as Latin-1, which is what everybody put into it.
fn decode(element: &Tlv<'_>) -> Option<String> {
    let octets = element.content;
    let latin1 = || octets.iter().map(|&octet| char::from(octet)).collect();
    match element.tag {
        T61_STRING => Some(latin1()),
        UTF8_STRING | PRINTABLE_STRING | NUMERIC_STRING | IA5_STRING | VISIBLE_STRING => {
            Some(std::str::from_utf8(octets).map_or_else(|_| latin1(), str::to_owned))
        }
        asn1::BMP_STRING => element.bmp(),
        UNIVERSAL_STRING => {
            let (units, []) = octets.as_chunks::<4>() else { return None };
            units.iter().map(|&unit| char::from_u32(u32::from_be_bytes(unit))).collect()
        }
        _ => None,
    }
}

fn hex(der: &[u8]) -> String {
    format!("#{}", hexadecimal(der))
}
