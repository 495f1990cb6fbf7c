//! X.500 strings as Windows writes them: commas or semicolons between parts, quotes around values that hold them.

use crate::pki::{AttributeType, Subject};
use crate::request_config::notes::Notes;

/// The subject, encoded in the order given. With `no_plus`, a plus sign is a character like any other.
pub(super) fn read(text: &str, no_plus: bool, line: usize, notes: &mut Notes) -> Subject {
    let mut subject = Subject::default();
    let separators: &[char] = if no_plus { &[',', ';'] } else { &[',', ';', '+'] };
    for (part, separator) in split(text, separators) {
        if separator == Some('+') {
            let help = "write it in quotes, or set X500NameFlags to 0x20000000, where it is part of a value";
            notes.fault(line, format!("a + joins attributes, which is not done here: {help}"));
            return subject;
        }
        if part.trim().is_empty() {
            continue;
        }
        let Some((kind, value)) = part.split_once('=') else {
            notes.fault(line, format!("{:?} is no part of a subject: parts are written TYPE=VALUE", part.trim()));
            continue;
        };
        let Some(kind) = notes.take(line, kind.trim().parse::<AttributeType>()) else { continue };
        notes.take(line, subject.push(kind, &unquote(value.trim())));
    }
    subject
}

/// The parts, each with the separator behind it.
fn split<'t>(text: &'t str, separators: &[char]) -> Vec<(&'t str, Option<char>)> {
    let (mut parts, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            c if !quoted && separators.contains(&c) => {
                parts.push((&text[start..at], Some(c)));
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push((&text[start..], None));
    parts
}

/// A quoted value without its quotes; two of them in it are one.
fn unquote(value: &str) -> String {
    match value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) {
        Some(inside) => inside.replace("\"\"", "\""),
        None => value.to_owned(),
    }
}
