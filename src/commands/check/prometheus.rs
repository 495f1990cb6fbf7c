//! Metrics in Prometheus' text format, version 0.0.4, as the textfile collector of node_exporter reads it.

use std::fmt::{Display, Write as _};

use keystore::ops::check::{Severity, Source};
use keystore::ops::standing::{FileState, Standing, Validity};

use super::report::Outcome;
use crate::commands::live::Live;
use crate::exit::PluginExit;

/// One metric: its samples, labels and value.
struct Family {
    text: String,
    name: &'static str,
}

impl Family {
    fn new(name: &'static str, help: &str) -> Self {
        Self { text: format!("# HELP {name} {help}\n# TYPE {name} gauge\n"), name }
    }

    fn add(&mut self, labels: &[(&str, &str)], value: impl Display) {
        // writing to a String cannot fail
        self.text.push_str(self.name);
        for (index, (label, value)) in labels.iter().enumerate() {
            let _ = write!(self.text, "{}{label}=\"{}\"", if index == 0 { '{' } else { ',' }, escaped(value));
        }
        let _ = writeln!(self.text, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }
}

/// The value of a label, between quotation marks.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

pub(super) fn text(outcome: &Outcome) -> String {
    let mut families = certificates(outcome);
    families.extend(endpoints(outcome));
    let mut findings = Family::new("keyring_check_findings", "What was found, by how bad it is.");
    for severity in Severity::ALL {
        findings.add(&[("severity", severity.as_str())], outcome.count(severity));
    }
    let mut verdict = Family::new("keyring_check_verdict", "0 ok, 1 warning, 2 critical, 3 unknown, as of plug-ins.");
    verdict.add(&[], PluginExit::of(keystore::ops::check::verdict(&outcome.findings)).code());
    let mut time = Family::new("keyring_check_time_seconds", "When this was looked at, since 1970.");
    time.add(&[], outcome.now.unix());
    families.extend([findings, verdict, time]);
    families.into_iter().map(|family| family.text).collect()
}

/// From when until when each certificate is good, wherever it was found.
fn certificates(outcome: &Outcome) -> Vec<Family> {
    let mut start = Family::new("keyring_certificate_not_before_seconds", "When a certificate begins, since 1970.");
    let mut end = Family::new("keyring_certificate_not_after_seconds", "When a certificate ends, since 1970.");
    let mut add = |key: &str, endpoint: &str, url: &str, source: Source, validity: Validity| {
        let labels = [("key", key), ("endpoint", endpoint), ("url", url), ("source", source.as_str())];
        start.add(&labels, validity.not_before.unix());
        end.add(&labels, validity.not_after.unix());
    };
    for stored in &outcome.stored {
        add(&stored.key.to_string(), "", "", Source::Stored, stored.validity);
    }
    for standing in &outcome.standings {
        let (key, endpoint) = (key_of(standing), standing.endpoint.to_string());
        if let Some(found) = standing.published.as_ref().and_then(|on_disk| on_disk.certificate) {
            add(&key, &endpoint, "", Source::Published, found.validity);
        }
        for live in outcome.live_of(&standing.endpoint).unwrap_or_default() {
            if let Some(found) = live.found() {
                add(&key, &endpoint, &live.door.url.to_string(), Source::Live, found.validity);
            }
        }
    }
    vec![start, end]
}

fn key_of(standing: &Standing) -> String {
    standing.committed.as_ref().map(|committed| committed.pair.key.to_string()).unwrap_or_default()
}

fn endpoints(outcome: &Outcome) -> Vec<Family> {
    let mut committed = Family::new(
        "keyring_endpoint_committed_generation",
        "The generation that an endpoint should be published from.",
    );
    let mut published = Family::new(
        "keyring_endpoint_published_generation",
        "The generation that the files of an endpoint are from; 0 where there are none.",
    );
    let mut same = Family::new(
        "keyring_endpoint_files_committed",
        "Whether the files of an endpoint are the ones that were committed.",
    );
    let mut up = Family::new("keyring_endpoint_live_up", "Whether a handshake with an endpoint came about.");
    let mut current = Family::new(
        "keyring_endpoint_live_committed",
        "Whether an endpoint serves the certificate that was committed.",
    );
    for standing in &outcome.standings {
        let (key, endpoint) = (key_of(standing), standing.endpoint.to_string());
        let labels = [("key", key.as_str()), ("endpoint", endpoint.as_str())];
        let on_disk = standing.published.as_ref();
        if let Some(standing) = &standing.committed {
            committed.add(&labels, standing.generation);
            published.add(&labels, on_disk.map_or(0, |on_disk| on_disk.generation.0));
            same.add(&labels, u8::from(on_disk.is_some_and(|on_disk| on_disk.state == FileState::Same)));
        }
        // of the usual place of a service, where nobody listens, nothing is known
        let known = |live: &&Live| !live.is_nobody();
        for live in outcome.live_of(&standing.endpoint).unwrap_or_default().iter().filter(known) {
            let url = live.door.url.to_string();
            let labels = [("key", key.as_str()), ("endpoint", &endpoint), ("url", &url)];
            up.add(&labels, u8::from(live.seen.is_ok()));
            current.add(&labels, u8::from(live.is_committed()));
        }
    }
    vec![committed, published, same, up, current]
}

#[cfg(test)]
mod tests {
    use super::Family;

    #[test]
    fn the_values_of_labels_are_escaped() {
        let mut family = Family::new("a_b", "Help.");
        family.add(&[("one", "a\"b\\c\nd"), ("two", "")], 1.5);
        family.add(&[], 2);
        assert_eq!(
            family.text,
            "# HELP a_b Help.\n# TYPE a_b gauge\na_b{one=\"a\\\"b\\\\c\\nd\",two=\"\"} 1.5\na_b 2\n"
        );
    }
}
