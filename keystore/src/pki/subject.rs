//! Distinguished names (RFC 5280 section 4.1.2.4), written as RFC 4514 writes them but in the order given.
//!
//! RFC 4514 writes the last encoded part first. Requests are read by people who expect what they typed to come
//! out in the order they typed it, so here the first part written is the first part encoded.

mod attribute;
mod encoding;
mod error;
mod text;
mod value;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

pub use attribute::{AttributeType, OtherAttribute};
pub use error::SubjectError;
use value::Value;

/// A distinguished name: who a certificate is for, or from. Repeated types and multi-valued parts are kept.
///
/// Names that are typed are held to the limits of RFC 5280 appendix A. Names that are read from certificates or
/// stored text are not: they are what they are. Two names are equal when they say the same (RFC 5280 section 7.1),
/// whatever string types they are encoded with, and in whatever order the attributes of one part stand.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// Relative distinguished names, each with at least one attribute.
    parts: Vec<Vec<Attribute>>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Attribute {
    kind: AttributeType,
    value: Value,
}

impl Subject {
    /// A name of one-valued parts, in this order.
    ///
    /// # Errors
    ///
    /// The first attribute that breaks a limit of RFC 5280 appendix A.
    pub fn from_attributes(attributes: Vec<(AttributeType, String)>) -> Result<Self, SubjectError> {
        attributes.into_iter().try_fold(Self::default(), |subject, (kind, value)| subject.with(kind, &value))
    }

    /// The name with one more part at its end.
    ///
    /// # Errors
    ///
    /// The limit of RFC 5280 appendix A that the value breaks.
    pub fn with(mut self, kind: AttributeType, value: &str) -> Result<Self, SubjectError> {
        self.push(kind, value)?;
        Ok(self)
    }

    /// Adds a part at the end.
    ///
    /// # Errors
    ///
    /// The limit of RFC 5280 appendix A that the value breaks.
    pub fn push(&mut self, kind: AttributeType, value: &str) -> Result<(), SubjectError> {
        let value = Value::checked(&kind, value)?;
        self.parts.push(vec![Attribute { kind, value }]);
        Ok(())
    }

    /// A name as it was stored: any name that [`Display`](fmt::Display) wrote, even of a certificate that breaks
    /// the limits.
    ///
    /// # Errors
    ///
    /// What cannot be understood at all.
    pub fn from_stored(text: &str) -> Result<Self, SubjectError> {
        text::parse(text, text::Rules::Stored)
    }

    /// Reads a `Name` in DER, leniently: whatever the string types, whatever the lengths.
    ///
    /// # Errors
    ///
    /// [`SubjectError::NotAName`] when it has not the structure of a name.
    pub fn from_der(der: &[u8]) -> Result<Self, SubjectError> {
        encoding::read(der).ok_or(SubjectError::NotAName)
    }

    /// The `Name` in DER. What was read is written back as it was; what was typed is `UTF8String`, but
    /// `PrintableString` for countries and serial numbers and `IA5String` for domain components and e-mail.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        encoding::write(self)
    }

    /// All attributes, in their order. A value that is no text is given as `#` and its DER in hexadecimal.
    pub fn attributes(&self) -> impl Iterator<Item = (&AttributeType, &str)> {
        self.parts.iter().flatten().map(|attribute| (&attribute.kind, attribute.value.text()))
    }

    /// The values of one type, in their order.
    #[must_use]
    pub fn get(&self, kind: &AttributeType) -> Vec<&str> {
        self.attributes().filter(|(found, _)| *found == kind).map(|(_, value)| value).collect()
    }

    /// The last common name, which is the most specific.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.get(&AttributeType::CommonName).last().copied()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

/// The attributes of a part, which is a set, in one order for all.
fn in_order(part: &[Attribute]) -> Vec<&Attribute> {
    let mut attributes: Vec<_> = part.iter().collect();
    attributes.sort_by_key(|attribute| (attribute.kind.oid(), attribute.value.text(), attribute.value.is_text()));
    attributes
}

impl PartialEq for Subject {
    fn eq(&self, other: &Self) -> bool {
        let same = |(one, other): (&Vec<_>, &Vec<_>)| in_order(one) == in_order(other);
        self.parts.len() == other.parts.len() && self.parts.iter().zip(&other.parts).all(same)
    }
}

impl Eq for Subject {}

impl Hash for Subject {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts.iter().for_each(|part| in_order(part).hash(state));
    }
}

impl fmt::Display for Subject {
    /// `C=US,ST=Washington,O=Example`: RFC 4514's escapes, in the order of encoding.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::write(self, f)
    }
}

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        text::parse(text, text::Rules::Typed)
    }
}

impl serde::Serialize for Subject {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Subject {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_stored(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
