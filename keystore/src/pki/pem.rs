//! PEM (RFC 7468), read as it arrives after mail programs, web pages and word processors had it.
//!
//! Accepted: any line ends, any character encoding an editor saves, blanks and indentation, mail quotes, text
//! around blocks, four dashes or more, END glued to the last line, blank lines inside, RTF's `\par`, escaped
//! line ends of JSON. A block that is damaged says where; the others are read all the same.

mod base64;

use std::fmt;

use zeroize::Zeroizing;

pub(super) use base64::{decode_bare, decode_unarmoured};

/// One block between BEGIN and END.
pub struct PemBlock {
    /// The words behind BEGIN: `CERTIFICATE`, `PRIVATE KEY` ...
    pub label: String,
    /// The line of its BEGIN, counted from 1.
    pub line: usize,
    /// `Name: value` lines before the contents (RFC 1421), as encrypted traditional private keys have.
    pub headers: Vec<(String, String)>,
    /// What it holds; wiped when dropped, since it may be a private key.
    pub body: Result<Zeroizing<Vec<u8>>, PemError>,
}

impl fmt::Debug for PemBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = self.body.as_ref().map(|der| der.len());
        f.debug_struct("PemBlock").field("label", &self.label).field("line", &self.line).field("body", &body).finish()
    }
}

/// Why a block cannot be read. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// A character that base64 doesn't have, or characters missing.
    #[error("damaged base64 in line {line}")]
    DamagedBase64 {
        /// The line.
        line: usize,
    },
    /// BEGIN without END.
    #[error("the block BEGIN {label} of line {line} has no END")]
    Unterminated {
        /// The words behind BEGIN.
        label: String,
        /// The line of BEGIN.
        line: usize,
    },
    /// END says something else than BEGIN.
    #[error("the block BEGIN {label} ends with END {end} in line {line}")]
    LabelMismatch {
        /// The words behind BEGIN.
        label: String,
        /// The words behind END.
        end: String,
        /// The line of END.
        line: usize,
    },
    /// Nothing between BEGIN and END.
    #[error("the block BEGIN {label} of line {line} is empty")]
    EmptyBlock {
        /// The words behind BEGIN.
        label: String,
        /// The line of BEGIN.
        line: usize,
    },
}

/// The blocks of some bytes, in their order.
#[must_use]
pub fn pem_blocks(bytes: &[u8]) -> Vec<PemBlock> {
    blocks(&super::text::decode(bytes))
}

/// The blocks of some text, in their order.
pub(super) fn blocks(text: &str) -> Vec<PemBlock> {
    let mut reader = Reader { blocks: Vec::new(), open: None };
    for (number, line) in numbered_lines(text) {
        reader.line(number, clean(line));
    }
    reader.close_unterminated();
    reader.blocks
}

/// The octets of base64 (RFC 4648 section 4) that has no armour.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut decoder = base64::Decoder::new();
    decoder.push(1, text);
    Some(decoder.finish().ok()?.to_vec())
}

/// A block with 64 columns and LF.
pub(super) fn encode(label: &str, der: &[u8]) -> String {
    let config = ::pem::EncodeConfig::new().set_line_ending(::pem::LineEnding::LF);
    ::pem::encode_config(&::pem::Pem::new(label, der), config)
}

struct Open {
    label: String,
    line: usize,
    headers: Vec<(String, String)>,
    body: base64::Decoder,
}

struct Reader {
    blocks: Vec<PemBlock>,
    open: Option<Open>,
}

impl Reader {
    /// One line, which may hold BEGIN, contents and END, several times over.
    fn line(&mut self, number: usize, mut text: &str) {
        loop {
            let rest = match self.open.take() {
                None => self.outside(number, text),
                Some(open) => self.inside(open, number, text),
            };
            match rest {
                Some(rest) if !rest.is_empty() => text = rest,
                _ => return,
            }
        }
    }

    fn outside<'t>(&mut self, number: usize, text: &'t str) -> Option<&'t str> {
        let text = skip_escapes(text.trim_start_matches(['"', '\'']));
        let marker = Marker::at_start(text)?;
        if marker.word == Word::Begin {
            let body = base64::Decoder::new();
            self.open = Some(Open { label: marker.label.to_owned(), line: number, headers: Vec::new(), body });
        }
        Some(marker.rest)
    }

    fn inside<'t>(&mut self, mut open: Open, number: usize, text: &'t str) -> Option<&'t str> {
        if open.body.is_empty()
            && let Some((name, value)) = text.split_once(':')
        {
            open.headers.push((name.trim().to_owned(), value.trim().to_owned()));
            self.open = Some(open);
            return None;
        }
        let dash = text.find('-').unwrap_or(text.len());
        let (contents, tail) = text.split_at(dash);
        open.body.push(number, contents);
        match Marker::at_start(tail) {
            Some(Marker { word: Word::End, label, rest }) => {
                self.close(open, label, number);
                Some(rest)
            }
            Some(Marker { word: Word::Begin, .. }) => {
                self.unterminated(open);
                Some(tail)
            }
            None => {
                open.body.push(number, tail);
                self.open = Some(open);
                None
            }
        }
    }

    fn close(&mut self, open: Open, end: &str, line: usize) {
        let Open { label, line: begin, headers, body } = open;
        let body = if label != end {
            Err(PemError::LabelMismatch { label: label.clone(), end: end.to_owned(), line })
        } else if body.is_empty() {
            Err(PemError::EmptyBlock { label: label.clone(), line: begin })
        } else {
            body.finish().map_err(|line| PemError::DamagedBase64 { line })
        };
        self.blocks.push(PemBlock { label, line: begin, headers, body });
    }

    fn close_unterminated(&mut self) {
        if let Some(open) = self.open.take() {
            self.unterminated(open);
        }
    }

    fn unterminated(&mut self, open: Open) {
        let Open { label, line, headers, .. } = open;
        let body = Err(PemError::Unterminated { label: label.clone(), line });
        self.blocks.push(PemBlock { label, line, headers, body });
    }
}

#[derive(PartialEq, Eq)]
enum Word {
    Begin,
    End,
}

/// `-----BEGIN label-----`, with four dashes or more; at the very end of a line the last dashes may be lost.
struct Marker<'t> {
    word: Word,
    label: &'t str,
    rest: &'t str,
}

impl<'t> Marker<'t> {
    fn at_start(text: &'t str) -> Option<Self> {
        let undashed = text.trim_start_matches('-');
        if text.len() - undashed.len() < 4 {
            return None;
        }
        let undashed = undashed.trim_start();
        let (word, after) = match (undashed.strip_prefix("BEGIN "), undashed.strip_prefix("END ")) {
            (Some(after), _) => (Word::Begin, after),
            (None, Some(after)) => (Word::End, after),
            (None, None) => return None,
        };
        let (label, tail) = after.split_at(after.find('-').unwrap_or(after.len()));
        let label = label.trim();
        let proper = |c: char| matches!(c, 'A'..='Z' | '0'..='9' | ' ' | '#' | '.' | '_');
        if label.is_empty() || !label.chars().all(proper) {
            return None;
        }
        Some(Self { word, label, rest: tail.trim_start_matches('-').trim_start() })
    }
}

/// Lines counted from 1, ended by CRLF, CR or LF.
fn numbered_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = Some(text);
    let lines = std::iter::from_fn(move || {
        let text = rest?;
        match text.find(['\r', '\n']) {
            None => {
                rest = None;
                Some(text)
            }
            Some(end) => {
                let (line, after) = text.split_at(end);
                rest = after.strip_prefix("\r\n").or_else(|| after.get(1..));
                Some(line)
            }
        }
    });
    lines.enumerate().map(|(index, line)| (index + 1, line))
}

/// The line without blanks, invisible characters, mail quotes and RTF's paragraph ends around it.
fn clean(line: &str) -> &str {
    let blank = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{ad}');
    let mut line = line.trim_matches(blank);
    while let Some(quoted) = line.strip_prefix('>') {
        line = quoted.trim_start_matches(blank);
    }
    while let Some(shorter) = line.strip_suffix("\\par").or_else(|| line.strip_suffix('\\')) {
        line = shorter.trim_end_matches(blank);
    }
    line
}

fn skip_escapes(mut text: &str) -> &str {
    while let Some(rest) = text.strip_prefix("\\n").or_else(|| text.strip_prefix("\\r")) {
        text = rest.trim_start();
    }
    text
}

#[cfg(test)]
mod tests;
