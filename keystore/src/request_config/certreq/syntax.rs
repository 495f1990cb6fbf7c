//! Sections and entries of INF files: comments, quotes, continued lines, the texts of `[Strings]`.

use std::collections::BTreeMap;

use crate::request_config::notes::Notes;

#[derive(Default)]
pub(super) struct Inf {
    sections: Vec<Section>,
}

pub(super) struct Section {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) line: usize,
}

impl Inf {
    pub(super) fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The entries of all sections of a name.
    pub(super) fn section<'i>(&'i self, name: &'i str) -> impl Iterator<Item = &'i Entry> {
        let is_it = move |section: &&Section| section.name.eq_ignore_ascii_case(name);
        self.sections.iter().filter(is_it).flat_map(|section| &section.entries)
    }

    pub(super) fn find<'i>(&'i self, section: &'i str, name: &str) -> Option<&'i Entry> {
        self.section(section).filter(|entry| entry.name.eq_ignore_ascii_case(name)).last()
    }
}

pub(super) fn parse(text: &str, notes: &mut Notes) -> Inf {
    let mut inf = Inf::default();
    for (line, text) in logical_lines(text) {
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        if let Some(rest) = text.strip_prefix('[') {
            match rest.split_once(']') {
                Some((name, _)) => {
                    inf.sections.push(Section { name: name.trim().to_owned(), line, entries: Vec::new() });
                }
                None => notes.fault(line, "the name of a section has no ]"),
            }
            continue;
        }
        let entry = text.split_once('=').and_then(|(name, value)| {
            let name = unquote(name.trim())?;
            Some(Entry { name, value: unquote(value.trim())?, line })
        });
        match (entry, inf.sections.last_mut()) {
            (Some(entry), Some(section)) => section.entries.push(entry),
            (None, _) => notes.fault(line, "it is neither a [section] nor NAME = VALUE with its quotes closed"),
            (Some(_), None) => notes.fault(line, "it stands before the first [section]"),
        }
    }
    substitute(&mut inf);
    inf
}

/// Lines without their comments, with those that follow a backslash.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        let line = without_comment(line).trim_end();
        let goes_on = line.ends_with('\\') && line.matches('"').count().is_multiple_of(2);
        let content = if goes_on { &line[..line.len() - 1] } else { line };
        match lines.last_mut() {
            Some((_, whole)) if open => whole.push_str(content.trim_start()),
            _ => lines.push((index + 1, content.to_owned())),
        }
        open = goes_on;
    }
    lines
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ';' if !quoted => return &line[..at],
            _ => {}
        }
    }
    line
}

/// Without quotes; two of them in a quoted text are one. `None` when they are not closed.
fn unquote(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => out.extend(chars.next()),
            '"' => quoted = !quoted,
            c => out.push(c),
        }
    }
    (!quoted).then_some(out)
}

/// `%name%` is what `[Strings]` says of it; what that doesn't know stays.
fn substitute(inf: &mut Inf) {
    let strings: BTreeMap<String, String> =
        inf.section("Strings").map(|entry| (entry.name.to_ascii_lowercase(), entry.value.clone())).collect();
    if strings.is_empty() {
        return;
    }
    let replace = |text: &mut String| {
        if !text.contains('%') {
            return;
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('%') {
            out.push_str(before);
            let known = after.split_once('%').and_then(|(name, tail)| {
                Some((strings.get(&name.to_ascii_lowercase()).filter(|value| value.len() < 1024)?, tail))
            });
            match known {
                Some((value, tail)) => {
                    out.push_str(value);
                    rest = tail;
                }
                None => {
                    out.push('%');
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        *text = out;
    };
    for section in inf.sections.iter_mut().filter(|section| !section.name.eq_ignore_ascii_case("Strings")) {
        for entry in &mut section.entries {
            replace(&mut entry.name);
            replace(&mut entry.value);
        }
    }
}
