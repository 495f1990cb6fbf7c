//! A strict reader of Prometheus' text format, version 0.0.4, as far as gauges need it: families with HELP and TYPE before their
//! samples and nothing between these, no sample twice, every name and number well formed, a newline at the end.

use std::collections::BTreeSet;

/// A sample: name, labels, value.
type Sample = (String, Vec<(String, String)>, f64);

pub(super) struct Metrics {
    families: Vec<String>,
    samples: Vec<Sample>,
}

impl Metrics {
    /// The families, in the order of the file.
    pub(super) fn names(&self) -> &[String] {
        &self.families
    }

    /// The value of the one sample with exactly these labels.
    pub(super) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let is_it = |(other, theirs, _): &&Sample| {
            let theirs: BTreeSet<_> = theirs.iter().map(|(label, value)| (label.as_str(), value.as_str())).collect();
            other == name && theirs == labels.iter().copied().collect()
        };
        self.samples.iter().find(is_it).map(|(_, _, value)| *value)
    }
}

#[track_caller]
pub(super) fn read(text: &str) -> Metrics {
    assert!(text.ends_with('\n'), "the last line ends");
    let mut metrics = Metrics { families: Vec::new(), samples: Vec::new() };
    let mut seen = BTreeSet::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let (name, help) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')).expect(line);
        assert!(is_name(name, ":") && !help.trim().is_empty() && !help.contains('\\'), "{line}");
        assert_eq!(lines.next(), Some(format!("# TYPE {name} gauge").as_str()));
        assert!(!metrics.families.iter().any(|other| other == name), "{name} twice");
        metrics.families.push(name.to_owned());
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let sample = sample(line);
            assert_eq!(sample.0, name, "{line}");
            let mut labels = sample.1.clone();
            labels.sort();
            let labels: Vec<_> = labels.into_iter().filter(|(_, value)| !value.is_empty()).collect();
            assert!(seen.insert((sample.0.clone(), labels)), "twice: {line}");
            metrics.samples.push(sample);
        }
    }
    metrics
}

fn is_name(text: &str, more: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || more.contains(letter);
    text.chars().all(fits) && text.starts_with(|first: char| !first.is_ascii_digit())
}

fn sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).expect(line);
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name, ":"), "{line}");
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, value) = rest.split_once("=\"").expect(line);
            assert!(is_name(label, "") && !labels.iter().any(|(other, _)| other == label), "{line}");
            let (value, behind) = quoted(value).unwrap_or_else(|| panic!("{line}"));
            labels.push((label.to_owned(), value));
            match behind.strip_prefix(',') {
                Some(next) => rest = next,
                None => {
                    rest = behind.strip_prefix('}').expect(line);
                    break;
                }
            }
        }
    }
    let number = rest.strip_prefix(' ').expect(line);
    assert!(!number.contains(' '), "no time stamps: node_exporter refuses them: {line}");
    (name.to_owned(), labels, number.parse().expect(line))
}

/// A value up to its quotation mark, and what comes behind.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match letters.next()?.1 {
                'n' => '\n',
                escaped @ ('\\' | '"') => escaped,
                _ => return None,
            }),
            letter => value.push(letter),
        }
    }
    None
}

#[test]
fn what_prometheus_refuses_is_refused_here() {
    const GOOD: &str = "# HELP a Help.\n# TYPE a gauge\na{b=\"c\\\"\\\\\\n\"} 1\na 2\n";
    assert_eq!(read(GOOD).value("a", &[("b", "c\"\\\n")]), Some(1.0));
    for (good, bad) in [
        ("# HELP a", "# HELP 1a"),
        ("# TYPE a gauge\n", ""),
        ("a 2\n", "a 2"),
        ("a 2", "a{b=\"c\\\"\\\\\\n\"} 3"),
        ("a 2", "b 2"),
        ("a 2", "a two"),
        ("a 2", "a 2 3"),
        ("{b=", "{1b="),
        ("\\n\"", "\\m\""),
        ("\"} 1", "\" 1"),
    ] {
        let text = GOOD.replace(good, bad);
        assert!(std::panic::catch_unwind(|| read(&text)).is_err(), "{text}");
    }
}
