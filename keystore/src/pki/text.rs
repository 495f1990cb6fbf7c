//! Bytes to text, whatever editor saved them.

use zeroize::Zeroizing;

/// How much of a file without a byte order mark is looked at to recognise UTF-16.
const SAMPLE: usize = 64;

/// UTF-8 or UTF-16 with or without byte order mark, else Latin-1. Never fails; a byte order mark is dropped.
pub(crate) fn decode(bytes: &[u8]) -> Zeroizing<String> {
    if let Some(rest) = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]) {
        return utf8_or_latin1(rest);
    }
    if let Some(rest) = bytes.strip_prefix(&[0xff, 0xfe]) {
        return utf16(rest, u16::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(&[0xfe, 0xff]) {
        return utf16(rest, u16::from_be_bytes);
    }
    if looks_like_utf16(bytes, u16::from_le_bytes) {
        return utf16(bytes, u16::from_le_bytes);
    }
    if looks_like_utf16(bytes, u16::from_be_bytes) {
        return utf16(bytes, u16::from_be_bytes);
    }
    utf8_or_latin1(bytes)
}

/// Whether text is what a person would call text: no control characters but the usual ones.
pub(super) fn is_text(text: &str) -> bool {
    text.chars().all(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\u{c}' | '\u{85}'))
}

fn utf8_or_latin1(bytes: &[u8]) -> Zeroizing<String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Zeroizing::new(text.to_owned()),
        Err(_) => {
            let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 2));
            text.extend(bytes.iter().map(|&octet| char::from(octet)));
            text
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Zeroizing<String> {
    // three octets of UTF-8 for one unit of UTF-16 at most: never moved, so nothing is left behind
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() / 2 * 3));
    let units = bytes.as_chunks::<2>().0.iter().map(|&pair| unit(pair));
    text.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    text
}

/// What a `BMPString` says, fit to be shown: unpaired surrogates and controls are replaced.
pub(super) fn utf16_big_endian(bytes: &[u8]) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|&pair| u16::from_be_bytes(pair));
    let chars = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
    chars.map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Text from outside, fit to be shown: UTF-8 or Latin-1, with what controls a terminal replaced.
pub(super) fn printable(bytes: &[u8]) -> String {
    let text = utf8_or_latin1(bytes);
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn looks_like_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> bool {
    let sample = bytes.as_chunks::<2>().0;
    sample.len() > 1
        && sample.iter().take(SAMPLE).all(|&pair| matches!(unit(pair), 0x20..=0x7e | 0x09 | 0x0a | 0x0d | 0xa0..=0xff))
}

#[cfg(test)]
mod tests {
    use super::decode;

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn every_encoding_an_editor_saves_is_read() {
        let text = "-----BEGIN X-----\r\nä€\r\n";
        for bytes in [
            text.as_bytes().to_vec(),
            format!("\u{feff}{text}").into_bytes(),
            utf16(&format!("\u{feff}{text}"), u16::to_le_bytes),
            utf16(&format!("\u{feff}{text}"), u16::to_be_bytes),
        ] {
            assert_eq!(*decode(&bytes), text);
        }
        let plain = "Organization: Müller\r\n-----BEGIN X-----\r\nabc";
        assert_eq!(*decode(&utf16(plain, u16::to_le_bytes)), plain);
        assert_eq!(*decode(&utf16(plain, u16::to_be_bytes)), plain);
        assert_eq!(*decode(b"M\xfcller"), "Müller");
    }

    #[test]
    fn short_text_is_no_utf16() {
        assert_eq!(*decode(b"a"), "a");
        assert_eq!(*decode(b""), "");
        assert_eq!(*decode(b"0123"), "0123");
    }
}
