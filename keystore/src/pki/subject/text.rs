//! Names as text: RFC 4514's syntax, read with the tolerance of RFC 2253 for blanks and quotes.

use std::fmt::{self, Write as _};

use super::value::Value;
use super::{Attribute, AttributeType, Subject, SubjectError};
use crate::digest::{from_digits, from_hexadecimal};
use crate::pki::asn1;

/// Whether the limits of RFC 5280 hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    /// Typed by a person: they do.
    Typed,
    /// Written by ourselves, perhaps from a certificate that breaks them.
    Stored,
}

const SPECIAL: [char; 7] = ['"', '+', ',', ';', '<', '>', '\\'];

pub(super) fn write(subject: &Subject, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, part) in subject.parts.iter().enumerate() {
        if index > 0 {
            f.write_char(',')?;
        }
        for (index, attribute) in part.iter().enumerate() {
            if index > 0 {
                f.write_char('+')?;
            }
            write!(f, "{}=", attribute.kind)?;
            write_value(attribute, f)?;
        }
    }
    Ok(())
}

fn write_value(attribute: &Attribute, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let value = &attribute.value;
    if !value.is_text() || matches!(attribute.kind, AttributeType::Other(_)) {
        return f.write_str(&value.to_hex());
    }
    let last = value.text().chars().count().saturating_sub(1);
    for (index, c) in value.text().chars().enumerate() {
        let edge = (index == 0 || index == last) && c.is_whitespace();
        match c {
            '#' if index == 0 => f.write_str("\\#")?,
            c if SPECIAL.contains(&c) => write!(f, "\\{c}")?,
            ' ' if edge => f.write_str("\\ ")?,
            c if edge || c.is_control() || is_invisible(c) => {
                let mut octets = [0; 4];
                c.encode_utf8(&mut octets).bytes().try_for_each(|octet| write!(f, "\\{octet:02X}"))?;
            }
            c => f.write_char(c)?,
        }
    }
    Ok(())
}

/// What turns a name on a terminal into another one: marks of direction, separators of lines.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

pub(super) fn parse(text: &str, rules: Rules) -> Result<Subject, SubjectError> {
    if text.trim().is_empty() {
        return Ok(Subject::default());
    }
    if text.trim_start().starts_with('/') {
        return Err(SubjectError::SlashForm { text: text.to_owned() });
    }
    let parts = split(text, ',').into_iter().map(|part| {
        split(part, '+').into_iter().map(|attribute| parse_attribute(attribute, rules)).collect::<Result<Vec<_>, _>>()
    });
    Ok(Subject { parts: parts.collect::<Result<_, _>>()? })
}

/// Splits at a separator that is neither escaped nor quoted.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut pieces, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (position, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            c if c == separator && !quoted => {
                pieces.push(&text[start..position]);
                start = position + c.len_utf8();
            }
            _ => {}
        }
    }
    pieces.push(&text[start..]);
    pieces
}

fn parse_attribute(part: &str, rules: Rules) -> Result<Attribute, SubjectError> {
    let (kind, value) = part.split_once('=').ok_or_else(|| SubjectError::NoEquals { part: part.trim().to_owned() })?;
    let kind: AttributeType = kind.trim().parse()?;
    let value = value.trim_start();
    let value = match value.strip_prefix('#') {
        Some(digits) => from_hex(digits.trim_end(), part, &kind, rules)?,
        None => {
            let text = unescape(value, part)?;
            match rules {
                Rules::Typed => Value::checked(&kind, &text)?,
                Rules::Stored => Value::lenient(&kind, &text),
            }
        }
    };
    Ok(Attribute { kind, value })
}

fn from_hex(digits: &str, part: &str, kind: &AttributeType, rules: Rules) -> Result<Value, SubjectError> {
    let fault = || SubjectError::Hex { part: part.trim().to_owned() };
    let der = from_hexadecimal(digits).ok_or_else(fault)?;
    let value = Value::from_element(&asn1::whole(&der).ok_or_else(fault)?);
    match (rules, kind) {
        (Rules::Stored, _) => Ok(value),
        (Rules::Typed, AttributeType::Other(_)) if value.is_text() => Value::checked(kind, value.text()).map(|_| value),
        (Rules::Typed, AttributeType::Other(_)) => Ok(value),
        (Rules::Typed, _) if value.is_text() => Value::checked(kind, value.text()),
        (Rules::Typed, _) => Err(fault()),
    }
}

/// The value without its escapes, its quotes and the blanks around it.
fn unescape(value: &str, part: &str) -> Result<String, SubjectError> {
    let part = || part.trim().to_owned();
    let mut octets = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    let quoted = rest.first() == Some(&b'"');
    // what trailing blanks may be cut back to: an escaped blank stays
    let mut keep = 0;
    if quoted {
        rest = &rest[1..];
    }
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        match octet {
            b'\\' => {
                let (unescaped, after) = escape(rest).ok_or_else(|| SubjectError::Escape { part: part() })?;
                octets.push(unescaped);
                keep = octets.len();
                rest = after;
            }
            b'"' if quoted && rest.trim_ascii().is_empty() => {
                return String::from_utf8(octets).map_err(|_| SubjectError::Utf8 { part: part() });
            }
            b'"' if quoted => return Err(SubjectError::Quotes { part: part() }),
            octet if !quoted && SPECIAL.contains(&char::from(octet)) => {
                return Err(SubjectError::Unescaped { character: char::from(octet), part: part() });
            }
            octet => octets.push(octet),
        }
    }
    if quoted {
        return Err(SubjectError::Quotes { part: part() });
    }
    let text = String::from_utf8(octets).map_err(|_| SubjectError::Utf8 { part: part() })?;
    let trimmed = text.trim_end().len().max(keep);
    Ok(text[..trimmed].to_owned())
}

/// What stands behind a backslash.
fn escape(rest: &[u8]) -> Option<(u8, &[u8])> {
    match rest {
        [c @ (b',' | b'+' | b'"' | b'\\' | b'<' | b'>' | b';' | b'#' | b'=' | b' '), rest @ ..] => Some((*c, rest)),
        [high, low, rest @ ..] => Some((from_digits(*high, *low)?, rest)),
        _ => None,
    }
}
