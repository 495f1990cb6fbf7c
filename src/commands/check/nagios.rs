//! What a plug-in of Nagios or Icinga prints: a line with performance data, and longer lines below it.

use keystore::ops::check::{Finding, Severity, verdict};

use super::report::Outcome;
use crate::exit::PluginExit;
use crate::output::Page;

/// So many findings are printed: monitoring keeps a few kilobytes of what a plug-in says.
const MOST: usize = 20;
/// So long is a line at most, in characters.
const LONGEST: usize = 300;

pub(super) fn page(outcome: &Outcome) -> Page {
    let word = PluginExit::of(verdict(&outcome.findings)).word();
    let told: Vec<&Finding> = outcome.findings.iter().filter(|finding| finding.severity > Severity::Note).collect();
    let said = match told.as_slice() {
        [] => outcome.summary(),
        [one] => one.to_string(),
        [first, others @ ..] => format!("{first} (and {} more)", others.len()),
    };
    let mut page = Page::default();
    page.line(format_args!("KEYRING {word} - {}|{}", plain(&said), numbers(outcome)));
    for finding in outcome.findings.iter().take(MOST) {
        page.line(plain(&format!("{}: {finding}", finding.severity.as_str())));
    }
    if outcome.findings.len() > MOST {
        page.line(format_args!("and {} more: see `keyring check`", outcome.findings.len() - MOST));
    }
    if !told.is_empty() {
        page.line(plain(&outcome.summary()));
    }
    page
}

/// That nothing could be looked at.
pub(super) fn failed(message: &str, hint: Option<&str>) -> Page {
    let mut page = Page::default();
    page.line(format_args!("KEYRING UNKNOWN - {}", plain(message)));
    if let Some(hint) = hint {
        page.line(plain(hint));
    }
    page
}

/// Performance data: how much of everything there is, and the seconds until the first certificate expires.
fn numbers(outcome: &Outcome) -> String {
    let first =
        outcome.first().map(|first| format!("first_expiry={}s", first.not_after.since(outcome.now).whole_seconds()));
    let counts = [
        ("critical", outcome.count(Severity::Critical)),
        ("unknown", outcome.count(Severity::Unknown)),
        ("warning", outcome.count(Severity::Warning)),
        ("notes", outcome.count(Severity::Note)),
        ("endpoints", outcome.standings.len()),
        ("certificates", outcome.stored.len()),
    ];
    let counts = counts.into_iter().map(|(name, count)| format!("{name}={count};;;0"));
    first.into_iter().chain(counts).collect::<Vec<_>>().join(" ")
}

/// One line without the character that begins performance data.
fn plain(text: &str) -> String {
    let fit = |letter: char| match letter {
        '|' => '/',
        letter if letter.is_control() => ' ',
        letter => letter,
    };
    let mut line: String = text.chars().map(fit).take(LONGEST).collect();
    if text.chars().nth(LONGEST).is_some() {
        line.push_str("...");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, plain};

    #[test]
    fn a_line_stays_one_line_without_performance_data() {
        assert_eq!(plain("a|b\nc\u{1b}d"), "a/b c d");
        assert_eq!(plain(&"ä".repeat(LONGEST)), "ä".repeat(LONGEST));
        assert_eq!(plain(&"ä".repeat(LONGEST + 1)), format!("{}...", "ä".repeat(LONGEST)));
    }
}
