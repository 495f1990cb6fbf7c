//! Sections and entries, with quotes, escapes, continued lines and variables (config(5ssl)).

use std::collections::{BTreeMap, BTreeSet};

use crate::request_config::notes::Notes;

/// As long as OpenSSL lets a value become.
const VALUE_LIMIT: usize = 1 << 16;
/// What variables may make of a whole file.
const TOTAL_LIMIT: usize = 4 << 20;

#[derive(Default)]
pub(super) struct Conf {
    sections: BTreeMap<String, Section>,
    /// The sections that variables are taken from.
    referenced: BTreeSet<String>,
    /// How much all values are together.
    total: usize,
}

#[derive(Default)]
struct Section {
    line: usize,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) line: usize,
}

impl Conf {
    pub(super) fn section(&self, name: &str) -> Option<&[Entry]> {
        self.sections.get(name).map(|section| section.entries.as_slice())
    }

    /// An entry of a section; what it lacks, the default section may have.
    pub(super) fn lookup(&self, section: &str, name: &str) -> Option<&Entry> {
        let find = |section| self.section(section)?.iter().find(|entry| entry.name == name);
        find(section).or_else(|| find("default"))
    }

    pub(super) fn line_of(&self, section: &str) -> usize {
        self.sections.get(section).map_or(1, |section| section.line)
    }

    /// The sections that no variable is taken from, with their lines.
    pub(super) fn unreferenced(&self) -> impl Iterator<Item = (&str, usize)> {
        let sections = self.sections.iter().filter(|(name, _)| !self.referenced.contains(*name));
        sections.map(|(name, section)| (name.as_str(), section.line))
    }

    fn open(&mut self, name: &str, line: usize) {
        self.sections.entry(name.to_owned()).or_insert(Section { line, entries: Vec::new() });
    }

    /// The last one of a name counts.
    fn put(&mut self, section: &str, entry: Entry, notes: &mut Notes) {
        self.total += entry.value.len();
        let entries = &mut self.sections.entry(section.to_owned()).or_default().entries;
        if let Some(at) = entries.iter().position(|other| other.name == entry.name) {
            let before = entries.remove(at);
            if before.value != entry.value {
                let again = format!("{} is given again in line {}, and the last one counts", before.name, entry.line);
                notes.remark(before.line, again);
            }
        }
        entries.push(entry);
    }
}

pub(super) fn parse(text: &str, notes: &mut Notes) -> Conf {
    let mut conf = Conf::default();
    let mut section = "default".to_owned();
    conf.open(&section, 1);
    for (line, text) in logical_lines(text) {
        let text = without_comment(&text).trim();
        if text.is_empty() {
            continue;
        }
        if let Some(rest) = text.strip_prefix('[') {
            match rest.split_once(']') {
                Some((name, _)) => {
                    section = name.trim().to_owned();
                    conf.open(&section, line);
                }
                None => notes.fault(line, "the name of a section has no ]"),
            }
            continue;
        }
        if text.starts_with('.') {
            notes.fault(line, format!("{text} is a directive, which is not followed here"));
            continue;
        }
        let name_ends = |(name, value): (&str, &str)| (name.trim().to_owned(), value.trim().to_owned());
        match text.split_once('=').map(name_ends) {
            Some((name, _)) if name.is_empty() || name.contains(char::is_whitespace) => {
                notes.fault(line, format!("{name:?} is no name of an entry"));
            }
            Some((name, value)) => {
                let (place, name) = name.split_once("::").unwrap_or((&section, &name));
                let (place, name) = (place.to_owned(), name.to_owned());
                match expand(&value, &place, &mut conf) {
                    Ok(value) => conf.put(&place, Entry { name, value, line }, notes),
                    Err(fault) => notes.fault(line, fault),
                }
            }
            None => notes.fault(line, "it is neither a [section] nor NAME = VALUE"),
        }
    }
    conf
}

/// Lines with those that follow a backslash, each with the number of its first.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        let backslashes = line.len() - line.trim_end_matches('\\').len();
        let goes_on = backslashes % 2 == 1;
        let content = if goes_on { &line[..line.len() - 1] } else { line };
        match lines.last_mut() {
            Some((_, whole)) if open => whole.push_str(content),
            _ => lines.push((index + 1, content.to_owned())),
        }
        open = goes_on;
    }
    lines
}

/// A comment begins with # wherever it is neither quoted nor escaped.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match (c, quote) {
            _ if escaped => escaped = false,
            ('\\', _) => escaped = true,
            (c, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'' | '`', None) => quote = Some(c),
            ('#', None) => return &line[..at],
            _ => {}
        }
    }
    line
}

/// A value without its quotes and escapes, with its variables.
fn expand(value: &str, section: &str, conf: &mut Conf) -> Result<String, String> {
    let mut out = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' | '\'' | '`' => loop {
                match chars.next() {
                    Some('\\') => out.extend(chars.next()),
                    Some(inside) if inside != c => out.push(inside),
                    _ => break,
                }
            },
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('t') => out.push('\t'),
                Some('b') => out.push('\u{8}'),
                other => out.extend(other),
            },
            '$' => {
                let (name, rest) = variable(chars.as_str())?;
                out.push_str(value_of(name, section, conf)?);
                chars = rest.chars();
            }
            c => out.push(c),
        }
        if out.len() > VALUE_LIMIT || conf.total + out.len() > TOTAL_LIMIT {
            return Err("its variables make it longer than any value is".to_owned());
        }
    }
    Ok(out)
}

/// The name of a variable, and what follows it.
fn variable(text: &str) -> Result<(&str, &str), String> {
    for (open, close) in [('{', '}'), ('(', ')')] {
        if let Some(rest) = text.strip_prefix(open) {
            return rest.split_once(close).ok_or_else(|| format!("a variable has no {close}"));
        }
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end_of = |text: &str| text.find(|c| !is_name(c)).unwrap_or(text.len());
    let mut end = end_of(text);
    if let Some(rest) = text[end..].strip_prefix("::") {
        end += 2 + end_of(rest);
    }
    match text.split_at(end) {
        ("", _) => Err("a $ stands without the name of a variable: a $ that is meant is written \\$".to_owned()),
        found => Ok(found),
    }
}

fn value_of<'c>(name: &str, section: &str, conf: &'c mut Conf) -> Result<&'c str, String> {
    let (place, name) = match name.split_once("::") {
        Some((place, name)) => {
            conf.referenced.insert(place.to_owned());
            (place, name)
        }
        None => (section, name),
    };
    if place == "ENV" {
        return Err(format!("$ENV::{name} would read the environment, which is not done here: write the value"));
    }
    let found = conf.lookup(place, name).map(|entry| entry.value.as_str());
    found.ok_or_else(|| format!("the variable {name} has no value so far"))
}
