//! Text as a web page shows it.

use zeroize::Zeroizing;

/// The longest tag and character reference that are looked for.
const TAG: usize = 200;
const REFERENCE: usize = 10;

/// The text with tags made blanks, and character references made the characters that they stand for. Lines keep their
/// numbers. Base64 has neither `<` nor `&`.
pub(super) fn without(text: &str) -> Zeroizing<String> {
    // never longer than before, so never moved, and nothing is left behind
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let (instead, after) = tag(from).or_else(|| reference(from)).unwrap_or_else(|| from.split_at(1));
        plain.push_str(instead);
        rest = after;
    }
    plain.push_str(rest);
    plain
}

/// A blank, and what follows the tag.
fn tag(text: &str) -> Option<(&'static str, &str)> {
    let inner = text.strip_prefix('<')?;
    let end = inner.find(['>', '<', '\n', '\r']).filter(|&end| end <= TAG)?;
    let named = inner.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!'));
    let after = inner[end..].strip_prefix('>').filter(|_| named)?;
    Some((" ", after))
}

/// The character, as far as PEM has it, and what follows its reference.
fn reference(text: &str) -> Option<(&'static str, &str)> {
    let (name, after) = text.strip_prefix('&')?.split_once(';').filter(|(name, _)| name.len() <= REFERENCE)?;
    let number = |digits: &str| match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => digits.parse().ok(),
    };
    let character = match name.strip_prefix('#') {
        Some(digits) => char::from_u32(number(digits)?)?,
        None => match name {
            "nbsp" => ' ',
            "gt" => '>',
            "quot" => '"',
            "plus" => '+',
            "sol" => '/',
            "equals" => '=',
            _ => return None,
        },
    };
    let instead = match character {
        '+' => "+",
        '/' => "/",
        '=' => "=",
        '-' => "-",
        '>' => ">",
        '"' => "\"",
        ' ' | '\t' | '\r' | '\n' | '\u{a0}' => " ",
        _ => return None,
    };
    Some((instead, after))
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn only_markup_is_taken_away() {
        for (text, plain) in [
            ("a<br>b<br/>c</p>", "a b c "),
            ("<pre class=\"x\">MII&#43;&#x2f;&#61;&#13;", " MII+/= "),
            ("&gt; &quot;x&quot;&nbsp;", "> \"x\" "),
            ("1 < 2 > 1 & 3 &amp; &#x110000; &#; &", "1 < 2 > 1 & 3 &amp; &#x110000; &#; &"),
            ("<a\nhref>é&é;<", "<a\nhref>é&é;<"),
        ] {
            assert_eq!(*without(text), plain);
        }
    }
}
