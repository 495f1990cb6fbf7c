//! What was requested and what was issued, side by side.

use crate::model::VersionFacts;
use crate::pki::{Certificate, Extensions, SubjectAltName};

/// One line of the table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// What it is about.
    pub what: &'static str,
    /// What was requested; none where a request does not say it.
    pub requested: Option<String>,
    /// What was issued; none where it is not in the certificate.
    pub issued: Option<String>,
    /// How they compare.
    pub state: State,
}

/// How what was requested and what was issued compare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// As requested.
    Same,
    /// Issued without being requested.
    Added,
    /// Requested and not issued.
    Missing,
    /// Otherwise than requested.
    Changed,
}

impl State {
    /// A short word for people and programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Added => "added",
            Self::Missing => "missing",
            Self::Changed => "changed",
        }
    }
}

/// The table for the last request of a private key; empty when it made none, as for one that was imported.
pub(in crate::ops) fn differences(version: &VersionFacts, leaf: &Certificate) -> Vec<Difference> {
    let Some(request) = version.requests.last() else { return Vec::new() };
    let usual = || Extensions::of_tls_server().fit_for(version.algorithm);
    let asked = request.extensions.clone().unwrap_or_else(usual);
    let issued = leaf.extensions().extensions;
    let days = leaf.not_after().since(leaf.not_before()).whole_days();
    let validity = format!("from {} to {}, {days} days", leaf.not_before().date(), leaf.not_after().date());
    let template = leaf.certificate_template().map(|name| name.to_string());
    let key = leaf.public_key();
    let same_key = (key.hash() == version.spki).then(|| key.describe());
    let some = |text: String| (!text.is_empty()).then_some(text);
    let mut table = vec![
        row("subject", some(request.subject.to_string()), some(leaf.subject().to_string())),
        names(&request.names, leaf.names()),
        row("public key", same_key.or_else(|| Some(version.algorithm.to_string())), Some(key.describe())),
        Difference { what: "lifetime", requested: None, issued: Some(validity), state: State::Same },
        row("key usage", text(&asked.key_usage), text(&issued.key_usage)),
        row("extended key usage", text(&asked.extended_key_usage), text(&issued.extended_key_usage)),
        row("basic constraints", text(&asked.basic_constraints), text(&issued.basic_constraints)),
        row("TLS features", text(&asked.tls_features), text(&issued.tls_features)),
        row("template", request.certificate_template.clone(), template),
    ];
    table.retain(|row| row.requested.is_some() || row.issued.is_some());
    table
}

fn text<T: std::fmt::Display>(extension: &Option<crate::pki::Extension<T>>) -> Option<String> {
    extension.as_ref().map(ToString::to_string)
}

fn row(what: &'static str, requested: Option<String>, issued: Option<String>) -> Difference {
    let state = match (&requested, &issued) {
        (Some(_), None) => State::Missing,
        (None, Some(_)) => State::Added,
        (requested, issued) if requested == issued => State::Same,
        _ => State::Changed,
    };
    Difference { what, requested, issued, state }
}

/// Names are a set: their order says nothing.
fn names(requested: &[SubjectAltName], issued: &[SubjectAltName]) -> Difference {
    let text = |names: &[SubjectAltName]| {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let missing = requested.iter().any(|name| !issued.contains(name));
    let added = issued.iter().any(|name| !requested.contains(name));
    let state = match (missing, added) {
        (false, false) => State::Same,
        (false, true) => State::Added,
        (true, false) => State::Missing,
        (true, true) => State::Changed,
    };
    Difference { what: "names", requested: text(requested), issued: text(issued), state }
}
