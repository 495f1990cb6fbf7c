//! As much of HTML as there is in these pages: elements by their names, and text without the tags.

/// The most that is kept of what a page says.
const LIMIT: usize = 500;

/// The longest name of a character that is looked for.
const LONGEST: usize = 10;

/// Where a text stands, in capitals or not.
pub(super) fn find(page: &str, wanted: &str) -> Option<usize> {
    let (page, wanted) = (page.as_bytes(), wanted.as_bytes());
    page.windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted))
}

/// What stands behind a text.
pub(super) fn after<'a>(page: &'a str, wanted: &str) -> Option<&'a str> {
    find(page, wanted).map(|at| &page[at + wanted.len()..])
}

/// What stands behind the tag of the element with this name: `<P ID=name>`, `<p id="name" ...>`.
pub(super) fn element<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = page;
    while let Some(behind) = after(rest, "ID=") {
        let value = behind.trim_start_matches(['"', '\'']);
        let is_it = value.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        if is_it && !value[name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            return value.split_once('>').map(|(_, content)| content);
        }
        rest = behind;
    }
    None
}

/// The words of a page's title: of its headline, where it has one as these pages have.
pub(in crate::authority::adcs) fn title(page: &str) -> String {
    if let Some(headline) = element(page, "locPageTitle") {
        return text(&headline[..find(headline, "</").unwrap_or(headline.len())]);
    }
    let title = after(page, "<Title>").map(|rest| &rest[..find(rest, "</").unwrap_or(rest.len())]);
    text(title.unwrap_or(page))
}

/// The number that a text begins with.
pub(super) fn leading_number(text: &str) -> Option<u32> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    text[..digits].parse().ok()
}

/// The first number in a text.
pub(super) fn number(text: &str) -> Option<u32> {
    let digits = text.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty());
    digits.and_then(|digits| digits.parse().ok())
}

/// What a person sees of it, in a line, without control characters, and not all of it where it is long.
pub(super) fn text(html: &str) -> String {
    let mut bare = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        bare.push_str(&rest[..at]);
        let tag = &rest[at..];
        let (mark, length) = if tag.starts_with("<!--") { ("-->", 3) } else { (">", 1) };
        rest = tag.find(mark).map_or("", |end| &tag[end + length..]);
        bare.push(' ');
    }
    bare.push_str(rest);
    let plain = entities(&bare);
    let words = plain.split(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}');
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LIMIT) {
        Some((at, _)) => format!("{}...", &line[..at]),
        None => line,
    }
}

/// With characters in place of what stands for them.
fn entities(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let end = behind.bytes().take(LONGEST + 1).position(|octet| octet == b';');
        let known = end.and_then(|end| Some((character(&behind[..end])?, &behind[end + 1..])));
        match known {
            Some((character, after)) => {
                plain.push(character);
                rest = after;
            }
            None => {
                plain.push('&');
                rest = behind;
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn character(name: &str) -> Option<char> {
    Some(match name {
        "quot" => '"',
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "apos" => '\'',
        "nbsp" => ' ',
        name => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    })
}
