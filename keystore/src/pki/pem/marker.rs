//! BEGIN and END, however they arrive.

#[derive(PartialEq, Eq)]
pub(super) enum Word {
    Begin,
    End,
}

/// `-----BEGIN label-----`. The dashes behind it may be lost; what they are and how many does not matter when the label is a
/// usual one.
pub(super) struct Marker<'t> {
    pub(super) word: Word,
    pub(super) label: String,
    pub(super) rest: &'t str,
}

/// The labels that are so usual that few dashes, none, or small letters make no other text of them.
const USUAL: [&str; 16] = [
    "CERTIFICATE",
    "X509 CERTIFICATE",
    "TRUSTED CERTIFICATE",
    "CERTIFICATE CHAIN",
    "CERTIFICATE REQUEST",
    "NEW CERTIFICATE REQUEST",
    "PKCS7",
    "CMS",
    "X509 CRL",
    "PUBLIC KEY",
    "PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
    "DSA PRIVATE KEY",
    "OPENSSH PRIVATE KEY",
];

/// As many dashes as no other text begins with.
const PLENTY: usize = 4;

impl<'t> Marker<'t> {
    pub(super) fn at_start(text: &'t str) -> Option<Self> {
        let undashed = text.trim_start_matches(is_dash);
        let dashes = count(&text[..text.len() - undashed.len()]);
        let undashed = undashed.trim_start();
        let (word, after) = match (strip_word(undashed, "BEGIN "), strip_word(undashed, "END ")) {
            (Some(after), _) => (Word::Begin, after),
            (None, Some(after)) => (Word::End, after),
            (None, None) => return None,
        };
        let (stated, tail) = after.split_at(after.find(is_dash).unwrap_or(after.len()));
        let stated = stated.trim();
        let label = stated.to_ascii_uppercase();
        let small = stated != label || undashed.starts_with(|c: char| c.is_ascii_lowercase());
        let proper = |c: char| matches!(c, 'A'..='Z' | '0'..='9' | ' ' | '#' | '.' | '_');
        let enough = if USUAL.contains(&label.as_str()) {
            dashes > 0 || tail.is_empty() && !small
        } else {
            dashes >= PLENTY && !small && !label.is_empty() && label.chars().all(proper)
        };
        enough.then_some(Self { word, label, rest: tail.trim_start_matches(is_dash).trim_start() })
    }

    /// BEGIN behind a quotation mark, as in JSON and scripts, or behind the commands of RTF. In other text it is talked about.
    pub(super) fn in_quotes(text: &'t str) -> Option<Self> {
        let at = text.find("-----BEGIN ")?;
        let quoted = text[..at].ends_with(['"', '\'']) || text.starts_with(['\\', '{']);
        let marker = Self::at_start(&text[at..]).filter(|_| quoted)?;
        let contents_follow =
            marker.rest.is_empty() || marker.rest.starts_with("\\n") || marker.rest.starts_with("\\r");
        contents_follow.then_some(marker)
    }
}

/// Whether a text begins as END does and goes on otherwise: base64 has no dashes.
pub(super) fn is_broken(text: &str) -> bool {
    let undashed = text.trim_start_matches(is_dash);
    count(&text[..text.len() - undashed.len()]) >= PLENTY
}

/// Hyphens, and what word processors make of them.
pub(super) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// How many hyphens were typed: of two, one long dash is made.
fn count(dashes: &str) -> usize {
    dashes.chars().map(|c| if c == '-' { 1 } else { 2 }).sum()
}

fn strip_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(word.len())?;
    start.eq_ignore_ascii_case(word).then_some(rest)
}
