//! The section that `distinguished_name` names, in both of its forms (req(1ssl)).

use super::syntax::Entry;
use crate::pki::{AttributeType, Subject};
use crate::request_config::notes::Notes;

/// What an entry of the prompting form says about another one.
const SUFFIXES: [&str; 4] = ["_min", "_max", "_default", "_value"];

pub(super) fn read(section: &[Entry], prompt: bool, notes: &mut Notes) -> Subject {
    let mut subject = Subject::default();
    for entry in section {
        let name = without_number(&entry.name);
        if prompt && SUFFIXES.iter().any(|suffix| entry.name.ends_with(suffix)) {
            continue;
        }
        if name.starts_with('+') {
            notes.fault(entry.line, "parts of several attributes are not made from a config: give --subject");
            continue;
        }
        let Some(kind) = notes.take(entry.line, name.parse::<AttributeType>()) else { continue };
        let (value, line) = match prompt {
            false => (entry.value.as_str(), entry.line),
            true => match answer(section, &entry.name) {
                Some(answer) => (answer.value.as_str(), answer.line),
                None => {
                    notes.remark(
                        entry.line,
                        format!("openssl asks for {name}, and there is no default: it is left out"),
                    );
                    continue;
                }
            },
        };
        notes.take(line, subject.push(kind, value));
    }
    subject
}

/// `1.organizationName` is another organizationName. A dotted object identifier needs a number too.
fn without_number(name: &str) -> &str {
    let behind = name.find(['.', ':', ',']).map(|at| &name[at + 1..]);
    behind.filter(|behind| !behind.is_empty()).unwrap_or(name)
}

/// What openssl would take without asking, or when the answer is empty.
fn answer<'s>(section: &'s [Entry], name: &str) -> Option<&'s Entry> {
    let find = |suffix| section.iter().find(|entry| entry.name.strip_suffix(suffix) == Some(name));
    find("_value").or_else(|| find("_default")).filter(|entry| !entry.value.is_empty() && entry.value != ".")
}
