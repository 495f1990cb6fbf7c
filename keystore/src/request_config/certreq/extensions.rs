//! The section `[Extensions]`: `2.5.29.17 = "{text}"`, with `_continue_` lines behind it.

use std::collections::BTreeSet;

use der::asn1::ObjectIdentifier;

use super::syntax::Entry;
use crate::digest::from_hexadecimal;
use crate::pki::{EndEntity, ExtendedKeyUsage, Extension, ExtensionError, Purpose, SubjectAltName, decode_base64};
use crate::request_config::notes::Notes;
use crate::request_config::{RequestConfig, name};

/// One extension with the lines that belong to it.
struct Given<'e> {
    oid: &'e str,
    line: usize,
    value: String,
    /// Where each line begins in the value.
    lines: Vec<(usize, usize)>,
}

impl Given<'_> {
    fn line_at(&self, offset: usize) -> usize {
        self.lines.iter().take_while(|(start, _)| *start <= offset).last().map_or(self.line, |(_, line)| *line)
    }
}

pub(super) fn read(entries: &[Entry], config: &mut RequestConfig, notes: &mut Notes) {
    let is_critical = |entry: &&Entry| entry.name.eq_ignore_ascii_case("critical");
    let critical = entries.iter().filter(is_critical).flat_map(|entry| entry.value.split(',').map(str::trim));
    let critical: BTreeSet<&str> = critical.collect();
    for given in given(entries, notes) {
        let is_critical = critical.contains(given.oid);
        match given.value.strip_prefix("{text}") {
            Some(text) => as_text(&given, text, is_critical, config, notes),
            None => as_der(&given, is_critical, config, notes),
        }
    }
}

fn given<'e>(entries: &'e [Entry], notes: &mut Notes) -> Vec<Given<'e>> {
    let mut all: Vec<Given<'e>> = Vec::new();
    for Entry { name, value, line } in entries {
        match (name.to_ascii_lowercase().as_str(), all.last_mut()) {
            ("critical", _) => {}
            ("_continue_", Some(last)) => {
                last.lines.push((last.value.len(), *line));
                last.value.push_str(value);
            }
            ("_continue_", None) => notes.fault(*line, "_continue_ stands without an extension before it"),
            _ => all.push(Given { oid: name, line: *line, value: value.clone(), lines: Vec::new() }),
        }
    }
    all
}

fn as_text(given: &Given<'_>, text: &str, critical: bool, config: &mut RequestConfig, notes: &mut Notes) {
    let line = given.line;
    match given.oid {
        "2.5.29.17" => {
            let offset = given.value.len() - text.len();
            config.names.extend(names(text, |at| given.line_at(offset + at), notes));
        }
        "2.5.29.37" => {
            let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
            let purposes: Vec<Purpose> = words.filter_map(|word| notes.take(line, word.parse())).collect();
            config.extensions.extended_key_usage =
                ExtendedKeyUsage::new(purposes).map(|value| Extension { critical, value });
        }
        "2.5.29.19" => match text.replace(' ', "").to_ascii_lowercase().split('&').next() {
            Some("ca=0" | "ca=false") => {
                config.extensions.basic_constraints = Some(Extension { critical, value: EndEntity });
            }
            _ => notes.fault(line, ExtensionError::Authority.to_string()),
        },
        oid => notes.fault(line, format!("the extension {oid} is not requested here")),
    }
}

/// Hexadecimal digits or base64 of the extension's DER.
fn as_der(given: &Given<'_>, critical: bool, config: &mut RequestConfig, notes: &mut Notes) {
    let value = given.value.trim();
    let der = match value.strip_prefix("{hex}") {
        Some(digits) => from_hexadecimal(&digits.split_whitespace().collect::<String>()),
        None => decode_base64(value.strip_prefix("{base64}").unwrap_or(value)),
    };
    let oid = ObjectIdentifier::new(given.oid).ok();
    let taken = oid.zip(der).and_then(|(oid, der)| config.extensions.set(oid, critical, &der));
    if taken.is_none() {
        notes.fault(given.line, format!("the extension {} is not requested here, or its value is damaged", given.oid));
    }
}

/// `dns=a.example&ipaddress=192.0.2.7&`; the line of each is told by its offset.
pub(super) fn names(text: &str, line_at: impl Fn(usize) -> usize, notes: &mut Notes) -> Vec<SubjectAltName> {
    let mut all = Vec::new();
    let mut offset = 0;
    for word in text.split('&') {
        let line = line_at(offset);
        offset += word.len() + 1;
        match word.trim().split_once('=') {
            _ if word.trim().is_empty() => {}
            Some((kind, value)) => all.extend(name::name(kind.trim(), value.trim(), line, notes)),
            None => notes.fault(line, format!("{:?} is no name: names are written dns=NAME&", word.trim())),
        }
    }
    all
}
