//! The section that `req_extensions` names (x509v3_config(5ssl)).

use std::collections::BTreeSet;
use std::str::FromStr;

use super::syntax::{Conf, Entry};
use crate::pki::{Extension, ExtensionError};
use crate::request_config::notes::Notes;
use crate::request_config::{RequestConfig, name};

/// What the authority says of its own, or nobody looks at any more.
const MEANINGLESS: [&str; 6] =
    ["subjectKeyIdentifier", "authorityKeyIdentifier", "issuerAltName", "nsComment", "nsCertType", "nsSslServerName"];

pub(super) fn read<'c>(
    conf: &'c Conf,
    section: &'c [Entry],
    config: &mut RequestConfig,
    used: &mut BTreeSet<&'c str>,
    notes: &mut Notes,
) {
    for entry in section {
        let Entry { name, value, line } = entry;
        let asked = &mut config.extensions;
        match name.as_str() {
            "subjectAltName" | "2.5.29.17" => config.names = names(conf, entry, used, notes),
            _ if value.trim_start().starts_with('@') => {
                notes.fault(*line, format!("{name} in a section of its own is not read: write it in one line"));
            }
            "keyUsage" | "2.5.29.15" => {
                asked.key_usage = extension(entry, notes);
                if asked.key_usage.as_ref().is_some_and(|usage| usage.value.is_authoritys()) {
                    notes.fault(*line, ExtensionError::Authority.to_string());
                }
            }
            "extendedKeyUsage" | "2.5.29.37" => asked.extended_key_usage = extension(entry, notes),
            "basicConstraints" | "2.5.29.19" => asked.basic_constraints = extension(entry, notes),
            // how must-staple was written before OpenSSL 1.1.0
            "1.3.6.1.5.5.7.1.24" if value.replace(' ', "").eq_ignore_ascii_case("DER:30:03:02:01:05") => {
                asked.tls_features = "status_request".parse().ok();
            }
            "tlsfeature" | "1.3.6.1.5.5.7.1.24" => asked.tls_features = extension(entry, notes),
            "1.3.6.1.4.1.311.20.2" | "msCertificateTemplateName" => {
                let text = value.split_once(':').and_then(|(form, rest)| match form.trim() {
                    "ASN1" => rest.split_once(':').map(|(_, text)| text.trim()),
                    _ => None,
                });
                match text {
                    Some(text) => config.certificate_template = notes.take(*line, text.parse()),
                    None => notes.fault(*line, "a certificate template is written ASN1:PRINTABLESTRING:NAME"),
                }
            }
            known if MEANINGLESS.contains(&known) => {
                notes.remark(*line, format!("{name} is not requested: the authority decides on it"));
            }
            _ => notes.fault(*line, format!("the extension {name} is not requested here")),
        }
    }
}

fn extension<T: FromStr<Err = ExtensionError>>(entry: &Entry, notes: &mut Notes) -> Option<Extension<T>> {
    notes.take(entry.line, entry.value.parse())
}

/// `DNS:a.example, IP:192.0.2.7` or `@section`.
fn names<'c>(
    conf: &'c Conf,
    entry: &'c Entry,
    used: &mut BTreeSet<&'c str>,
    notes: &mut Notes,
) -> Vec<crate::pki::SubjectAltName> {
    let mut all = Vec::new();
    for word in entry.value.split(',').map(str::trim) {
        if word == "critical" {
            notes.remark(entry.line, "subject alternative names are critical when there is no subject, and only then");
        } else if let Some(section) = word.strip_prefix('@') {
            used.insert(section);
            let Some(entries) = conf.section(section) else {
                notes.fault(entry.line, format!("it names the section [{section}], which is not there"));
                continue;
            };
            for entry in entries {
                let kind = entry.name.split('.').next().unwrap_or_default();
                all.extend(name::name(kind, &entry.value, entry.line, notes));
            }
        } else if let Some((kind, value)) = word.split_once(':') {
            all.extend(name::name(kind.trim(), value.trim(), entry.line, notes));
        } else {
            notes.fault(entry.line, format!("{word:?} is no name: names are written DNS:NAME, IP:ADDRESS, ..."));
        }
    }
    all
}
