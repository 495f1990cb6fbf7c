//! The request file of Key Manager, which some authorities' people still like to read.

use super::{AttributeType, CertificationRequest, pem};

/// Who to ask about a request.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Contact {
    /// The mailbox of the webmaster.
    pub email: Option<String>,
    /// The phone number.
    pub phone: Option<String>,
}

impl CertificationRequest {
    /// The request as Key Manager wrote it: what it says in words, then `NEW CERTIFICATE REQUEST`; CRLF.
    #[must_use]
    pub fn to_key_manager_text(&self, contact: &Contact) -> String {
        let first = |kind| self.subject().get(&kind).first().map(|value| (*value).to_owned());
        let server = format!("keyring {}", env!("CARGO_PKG_VERSION"));
        let who = [("Webmaster", contact.email.clone()), ("Phone", contact.phone.clone()), ("Server", Some(server))];
        let what = [
            ("Common-name", self.subject().common_name().map(str::to_owned)),
            ("Organization Unit", first(AttributeType::OrganizationalUnit)),
            ("Organization", first(AttributeType::Organization)),
            ("Locality", first(AttributeType::Locality)),
            ("State", first(AttributeType::State)),
            ("Country", first(AttributeType::Country)),
        ];
        let mut text = lines(who);
        text.push('\n');
        let what = lines(what);
        if !what.is_empty() {
            text.push_str(&what);
            text.push('\n');
        }
        text.push_str(&pem::encode("NEW CERTIFICATE REQUEST", self.as_der()));
        text.replace('\n', "\r\n")
    }
}

fn lines<const N: usize>(lines: [(&str, Option<String>); N]) -> String {
    let lines = lines.into_iter().filter_map(|(name, value)| Some((name, one_line(&value?))));
    lines.filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}: {value}\n")).collect()
}

/// A value that stays in its line and begins no block.
fn one_line(value: &str) -> String {
    let separator = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let mut line = value.replace(separator, " ");
    while line.contains("----") {
        line = line.replace("----", "---");
    }
    line.trim().to_owned()
}
