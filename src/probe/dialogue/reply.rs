//! Replies of a three-digit code and text, as SMTP (RFC 5321 section 4.2) and FTP (RFC 959 section 4.2) give them.

use std::io::{Read, Write};

use super::LINES;
use crate::probe::wire::{Trouble, Wire, fit};

/// A reply whole: its code, and what stands behind it in each line.
pub(super) struct Reply {
    pub(super) code: u16,
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// Reads `250-...` up to `250 ...`. Between them FTP allows lines without a code.
    pub(super) fn read<S: Read + Write>(wire: &mut Wire<S>, free_lines: bool) -> Result<Self, Trouble> {
        let first = wire.line()?;
        let garbled = || Trouble::garbled(first.as_bytes());
        let (code, mut more, text) = split(&first).ok_or_else(garbled)?;
        let mut lines = vec![text.to_owned()];
        while more {
            if lines.len() == LINES {
                return Err(garbled());
            }
            let line = wire.line()?;
            match split(&line) {
                Some((same, again, text)) if same == code => {
                    more = again;
                    lines.push(text.to_owned());
                }
                _ if free_lines => lines.push(line),
                _ => return Err(Trouble::garbled(line.as_bytes())),
            }
        }
        Ok(Self { code, lines })
    }

    /// Its first digit, which says whether it went well.
    pub(super) fn kind(&self) -> u16 {
        self.code / 100
    }

    /// The reply for people.
    pub(super) fn said(&self) -> String {
        fit(format!("{} {}", self.code, self.lines.last().map_or("", String::as_str)).as_bytes())
    }
}

/// `250-text`: the code, whether more follows, and the text.
fn split(line: &str) -> Option<(u16, bool, &str)> {
    let (digits, rest) = line.split_at_checked(3)?;
    let code = digits.bytes().all(|octet| octet.is_ascii_digit()).then(|| digits.parse().ok())??;
    match rest.chars().next() {
        None => Some((code, false, "")),
        Some(' ') => Some((code, false, &rest[1..])),
        Some('-') => Some((code, true, &rest[1..])),
        Some(_) => None,
    }
}
