use super::AttributeType;

/// Why a distinguished name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// A part without `=`, as an unescaped comma in a value leaves one.
    #[error("{part:?} is no part of a name: parts are written TYPE=VALUE, and a comma inside a value \\,")]
    NoEquals {
        /// The part.
        part: String,
    },
    /// The form of OpenSSL, `/C=US/O=Example`.
    #[error("{text:?} starts with '/': a name is written C=US,O=Example")]
    SlashForm {
        /// What was given.
        text: String,
    },
    /// A type that has no name here.
    #[error(
        "{text:?} is not an attribute of a name: there are {} and dotted object identifiers",
        AttributeType::known_names()
    )]
    UnknownType {
        /// What was given.
        text: String,
    },
    /// A value without anything in it.
    #[error("{kind} is empty")]
    Empty {
        /// The type.
        kind: AttributeType,
    },
    /// More characters than certificates may have.
    #[error("{kind} has {length} characters: certificates have at most {limit}")]
    TooLong {
        /// The type.
        kind: AttributeType,
        /// Its characters.
        length: usize,
        /// The most characters.
        limit: usize,
    },
    /// A country that is not two letters.
    #[error("{value:?} is not a country code: C is two letters of ISO 3166, such as US")]
    Country {
        /// What was given.
        value: String,
    },
    /// A line end, a tab or the like.
    #[error("{kind} has a control character, U+{:04X}", u32::from(*.character))]
    ControlCharacter {
        /// The type.
        kind: AttributeType,
        /// The character.
        character: char,
    },
    /// A character that the string type of this attribute doesn't have.
    #[error("{kind} has the character {character:?}: {allowed} are allowed")]
    Character {
        /// The type.
        kind: AttributeType,
        /// The character.
        character: char,
        /// Which are.
        allowed: &'static str,
    },
    /// A character that has to be escaped.
    #[error("{character:?} in {part:?} has to be written \\{character}")]
    Unescaped {
        /// The character.
        character: char,
        /// Where.
        part: String,
    },
    /// A backslash before something that is never escaped, or at the end.
    #[error("a backslash in {part:?} is not followed by two hexadecimal digits or one of , + \" \\ < > ; # = or space")]
    Escape {
        /// Where.
        part: String,
    },
    /// Escaped octets that are not UTF-8.
    #[error("the escaped octets in {part:?} are not UTF-8")]
    Utf8 {
        /// Where.
        part: String,
    },
    /// A quoted value that does not end, or goes on behind its end.
    #[error("the quotes in {part:?} do not enclose the whole value")]
    Quotes {
        /// Where.
        part: String,
    },
    /// `#` without the DER of a value in hexadecimal.
    #[error("{part:?} has no DER value in hexadecimal behind '#'")]
    Hex {
        /// Where.
        part: String,
    },
    /// Bytes that are no `Name`.
    #[error("not a distinguished name in DER")]
    NotAName,
}
