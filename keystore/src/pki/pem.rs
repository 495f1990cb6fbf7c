//! PEM (RFC 7468), read as it arrives after mail programs, web pages and word processors had it.
//!
//! Accepted: any line ends, any character encoding an editor saves, blanks and indentation, mail quotes, text
//! around blocks, dashes of any number and kind, END glued to the last line, blank lines inside, RTF's `\par`, escaped
//! line ends of JSON, markup of HTML. Where the contents are one whole DER structure, nothing is missing of them: then
//! BEGIN or END may be lost or mistyped. A block that is damaged says where; the others are read all the same.
//! docs/damaged-pem.md has the table.

mod base64;
mod marker;
mod markup;

use std::fmt;

use zeroize::Zeroizing;

pub(super) use base64::{decode_bare, decode_unarmoured};
use marker::{Marker, Word, is_dash};

use super::asn1;

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
    /// END without BEGIN, and not all of what stood between them.
    #[error("the block END {label} of line {line} has no BEGIN")]
    NoBegin {
        /// The words behind END.
        label: String,
        /// The line of END.
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
    let text = markup::without(text);
    let mut reader = Reader { blocks: Vec::new(), open: None, loose: None };
    for (number, line) in numbered_lines(&text) {
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
    /// Lines of base64 outside of any block, and where they begin: perhaps their BEGIN was lost.
    loose: Option<(usize, base64::Decoder)>,
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
        let Some(marker) = Marker::at_start(text).or_else(|| Marker::in_quotes(text)) else {
            return self.loose_line(number, text);
        };
        let loose = self.loose.take();
        match (marker.word, loose) {
            (Word::Begin, _) => {
                let body = base64::Decoder::new();
                self.open = Some(Open { label: marker.label, line: number, headers: Vec::new(), body });
            }
            (Word::End, Some((line, body))) => {
                let label = marker.label;
                let body = whole(body).ok_or_else(|| PemError::NoBegin { label: label.clone(), line: number });
                self.blocks.push(PemBlock { label, line, headers: Vec::new(), body });
            }
            (Word::End, None) => {}
        }
        Some(marker.rest)
    }

    /// A line that is outside of any block. Returns the END that is glued to it.
    fn loose_line<'t>(&mut self, number: usize, text: &'t str) -> Option<&'t str> {
        let (contents, tail) = text.split_at(text.find(is_dash).unwrap_or(text.len()));
        if !contents.chars().all(base64::is_digit) || !(tail.is_empty() || Marker::at_start(tail).is_some()) {
            self.loose = None;
            return None;
        }
        if !contents.is_empty() {
            let (_, body) = self.loose.get_or_insert_with(|| (number, base64::Decoder::new()));
            body.push(number, contents);
        }
        Some(tail)
    }

    fn inside<'t>(&mut self, mut open: Open, number: usize, text: &'t str) -> Option<&'t str> {
        if open.body.is_empty()
            && let Some((name, value)) = header(text)
        {
            open.headers.push((name.to_owned(), value.trim().to_owned()));
            self.open = Some(open);
            return None;
        }
        let at = if Marker::at_start(text).is_some() { 0 } else { text.find(is_dash).unwrap_or(text.len()) };
        let (contents, tail) = text.split_at(at);
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
            None if marker::is_broken(tail) => {
                self.unterminated(open);
                None
            }
            None => {
                open.body.push(number, tail);
                self.open = Some(open);
                None
            }
        }
    }

    fn close(&mut self, open: Open, end: String, line: usize) {
        let Open { label, line: begin, headers, body } = open;
        let body = if body.is_empty() {
            Err(PemError::EmptyBlock { label: label.clone(), line: begin })
        } else {
            match body.finish() {
                Err(line) => Err(PemError::DamagedBase64 { line }),
                Ok(octets) if label != end && asn1::whole(&octets).is_none() => {
                    Err(PemError::LabelMismatch { label: label.clone(), end, line })
                }
                Ok(octets) => Ok(octets),
            }
        };
        self.blocks.push(PemBlock { label, line: begin, headers, body });
    }

    fn close_unterminated(&mut self) {
        if let Some(open) = self.open.take() {
            self.unterminated(open);
        }
    }

    /// A block without END. Where its contents are whole, that line alone was lost.
    fn unterminated(&mut self, open: Open) {
        let Open { label, line, headers, body } = open;
        let body = whole(body).ok_or_else(|| PemError::Unterminated { label: label.clone(), line });
        self.blocks.push(PemBlock { label, line, headers, body });
    }
}

/// What is decoded, when it is one structure in DER from its first octet to its last.
fn whole(body: base64::Decoder) -> Option<Zeroizing<Vec<u8>>> {
    body.finish().ok().filter(|octets| asn1::whole(octets).is_some())
}

/// `Name: value` (RFC 1421).
fn header(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once(':')?;
    let name = name.trim_end();
    let proper = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ' ');
    (!name.is_empty() && name.chars().all(proper)).then_some((name, value))
}

/// Lines counted from 1, ended by CRLF, CR or LF; without the NUL and Ctrl-Z at the end of old files.
fn numbered_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = Some(text.trim_end_matches(['\0', '\x1a']));
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

/// Blanks, and what is invisible.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{ad}')
}

/// The line without blanks, invisible characters, mail quotes and RTF's paragraph ends around it.
fn clean(line: &str) -> &str {
    let mut line = line.trim_matches(is_blank);
    while let Some(quoted) = line.strip_prefix('>') {
        line = quoted.trim_start_matches(is_blank);
    }
    while let Some(shorter) = line.strip_suffix("\\par").or_else(|| line.strip_suffix('\\')) {
        line = shorter.trim_end_matches(is_blank);
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
