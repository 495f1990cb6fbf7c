use std::fmt;
use std::str::FromStr;

use crate::name::serde_as_text;
use crate::pki::asn1;

const LIMIT: usize = 64;

/// The name of a certificate template of Active Directory Certificate Services: its `cn`, such as `WebServer`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TemplateName(String);

/// Why the name of a template was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateNameError {
    /// Nothing was given.
    #[error("the name of the certificate template is empty")]
    Empty,
    /// More than 64 characters.
    #[error("the name of the certificate template has {length} characters: there are at most 64")]
    TooLong {
        /// Its characters.
        length: usize,
    },
    /// A control character, or one beyond `BMPString`.
    #[error("the name of the certificate template has the character {character:?}, which BMPString cannot hold")]
    Character {
        /// The character.
        character: char,
    },
}

impl TemplateName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value of Microsoft's extension: a bare `BMPString`.
    pub(super) fn to_der(&self) -> Vec<u8> {
        asn1::bmp_string(&self.0)
    }

    /// Reads a bare string or, as MS-WCCE has it, one in a SEQUENCE.
    pub(in crate::pki) fn read(der: &[u8]) -> Option<Self> {
        let element = asn1::whole(der)?;
        let element = match element.tag {
            asn1::SEQUENCE => *element.children()?.first()?,
            _ => element,
        };
        let text = match element.tag {
            asn1::BMP_STRING => element.bmp()?,
            0x0c | 0x13 | 0x16 => String::from_utf8(element.content.to_vec()).ok()?,
            _ => return None,
        };
        text.parse().ok()
    }
}

impl fmt::Display for TemplateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TemplateName {
    type Err = TemplateNameError;

    fn from_str(text: &str) -> Result<Self, TemplateNameError> {
        if text.trim().is_empty() {
            return Err(TemplateNameError::Empty);
        }
        let unfit = |&c: &char| c.is_control() || u32::from(c) > 0xffff;
        if let Some(character) = text.chars().find(unfit) {
            return Err(TemplateNameError::Character { character });
        }
        let length = text.chars().count();
        if length > LIMIT {
            return Err(TemplateNameError::TooLong { length });
        }
        Ok(Self(text.to_owned()))
    }
}

serde_as_text!(TemplateName);
