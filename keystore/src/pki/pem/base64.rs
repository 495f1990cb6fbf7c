//! Base64 (RFC 4648 section 4) that knows in which line it is damaged, and leaves no copy behind.

use zeroize::Zeroizing;

/// More than the digits of any private key: a buffer that is never moved leaves nothing behind.
const CAPACITY: usize = 8192;

/// Takes lines, gives octets.
pub(super) struct Decoder {
    digits: Zeroizing<Vec<u8>>,
    padding: usize,
    /// Line number and digits (with padding) of every line that has some.
    lines: Vec<(usize, usize)>,
    damaged: Option<usize>,
}

impl Decoder {
    pub(super) fn new() -> Self {
        Self { digits: Zeroizing::new(Vec::with_capacity(CAPACITY)), padding: 0, lines: Vec::new(), damaged: None }
    }

    /// Whether there was nothing yet.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.damaged.is_none()
    }

    pub(super) fn push(&mut self, line: usize, text: &str) {
        let before = self.digits.len() + self.padding;
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match value(c) {
                Some(digit) if self.padding == 0 => self.digits.push(digit),
                None if c == '=' => {
                    self.padding += 1;
                    // quoted-printable writes =3D, and no digit follows padding
                    rest = rest.strip_prefix("3D").unwrap_or(rest);
                }
                None if super::is_blank(c) => {}
                None if c == '\\' && skip_escape(&mut rest) => {}
                _ => {
                    self.damaged.get_or_insert(line);
                }
            }
        }
        let count = self.digits.len() + self.padding - before;
        match self.lines.last_mut() {
            _ if count == 0 => {}
            Some((last, so_far)) if *last == line => *so_far += count,
            _ => self.lines.push((line, count)),
        }
    }

    /// The octets, or the line that is damaged.
    pub(super) fn finish(self) -> Result<Zeroizing<Vec<u8>>, usize> {
        if let Some(line) = self.damaged {
            return Err(line);
        }
        if self.padding > 2 || !(self.digits.len() + self.padding).is_multiple_of(4) {
            return Err(self.odd_line());
        }
        let mut octets = Zeroizing::new(Vec::with_capacity(self.digits.len() / 4 * 3 + 3));
        for group in self.digits.chunks(4) {
            let bits = group.iter().fold(0u32, |bits, &digit| bits << 6 | u32::from(digit));
            let [_, a, b, c] = (bits << (6 * (4 - group.len()))).to_be_bytes();
            octets.extend_from_slice(&[a, b, c][..group.len() - 1]);
        }
        Ok(octets)
    }

    /// Where digits are missing: the first line that is not as long as most, else the last one.
    fn odd_line(&self) -> usize {
        let Some((&(last, _), others)) = self.lines.split_last() else { return 1 };
        let usual = others.iter().map(|&(_, count)| count).max().unwrap_or(0);
        others.iter().find(|&&(_, count)| count != usual).map_or(last, |&(line, _)| line)
    }
}

/// Base64 without armour, possibly wrapped; `None` when the text is something else altogether.
pub(in crate::pki) fn decode_unarmoured(text: &str) -> Option<Result<Zeroizing<Vec<u8>>, usize>> {
    let mut decoder = Decoder::new();
    for (number, line) in super::numbered_lines(text) {
        decoder.push(number, super::clean(line));
    }
    // a SEQUENCE of 256 octets or more begins with these digits
    let der = matches!(decoder.digits.get(..2), Some([12, 8]));
    let damaged_text = decoder.damaged.is_some() && decoder.digits.len() * 10 < text.chars().count() * 9;
    if !der || damaged_text {
        return None;
    }
    Some(decoder.finish())
}

/// Text that is nothing but base64, of whatever; `None` when it is something else. Damage is only told of what begins
/// as a long structure in DER.
pub(in crate::pki) fn decode_bare(text: &str) -> Option<Result<Zeroizing<Vec<u8>>, usize>> {
    if let Some(decoded) = decode_unarmoured(text) {
        return Some(decoded);
    }
    let mut decoder = Decoder::new();
    for (number, line) in super::numbered_lines(text) {
        decoder.push(number, super::clean(line));
    }
    decoder.finish().ok().filter(|octets| !octets.is_empty()).map(Ok)
}

/// Whether base64 is written with it.
pub(super) fn is_digit(c: char) -> bool {
    c == '=' || value(c).is_some()
}

fn value(c: char) -> Option<u8> {
    let octet = u8::try_from(c).ok()?;
    match octet {
        b'A'..=b'Z' => Some(octet - b'A'),
        b'a'..=b'z' => Some(octet - b'a' + 26),
        b'0'..=b'9' => Some(octet - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// `\n`, `\r` and `\par` between digits.
fn skip_escape(rest: &mut &str) -> bool {
    let after = rest.strip_prefix("par").or_else(|| rest.strip_prefix(['n', 'r']));
    after.inspect(|after| *rest = after).is_some()
}
