//! Configs of `openssl req`, as config(5ssl), req(1ssl) and x509v3_config(5ssl) describe them.

mod extensions;
mod subject;
mod syntax;

use std::collections::BTreeSet;

use super::notes::Notes;
use super::{Form, RequestConfig, WantedKey, rsa};
use crate::pki::{Extensions, Subject};
use syntax::{Conf, Entry};

/// What entries of `[req]` are for that is done elsewhere here, or not at all.
const MEANINGLESS: [(&str, &str); 8] = [
    ("x509_extensions", "is about self-signed certificates"),
    ("default_keyfile", "says where the private key goes: it stays in the keystore"),
    ("encrypt_key", "is about the private key, which create-key encrypts when it is given a passphrase"),
    ("encrypt_rsa_key", "is about the private key, which create-key encrypts when it is given a passphrase"),
    ("input_password", "is not read: passphrases come from --passphrase-file, --passphrase-env or a prompt"),
    ("output_password", "is not read: passphrases come from --passphrase-file, --passphrase-env or a prompt"),
    ("attributes", "asks for attributes such as a challenge password: none are requested"),
    ("RANDFILE", "is about openssl's randomness"),
];

pub(super) fn read(text: &str, notes: &mut Notes) -> RequestConfig {
    let conf = syntax::parse(text, notes);
    let mut used = BTreeSet::from(["req", "default"]);
    let mut config = RequestConfig {
        form: Form::OpenSsl,
        subject: Subject::default(),
        names: Vec::new(),
        certificate_template: None,
        extensions: Extensions::default(),
        key: None,
        notes: Vec::new(),
    };
    config.key = conf.lookup("req", "default_bits").map(wanted_key);
    let prompt = conf.lookup("req", "prompt").is_none_or(|entry| !is_no(&entry.value));
    match conf.lookup("req", "distinguished_name") {
        None => notes.fault(conf.line_of("req"), "[req] has no distinguished_name, and openssl refuses that"),
        Some(entry) => {
            if let Some(section) = section(&conf, entry, &mut used, notes) {
                config.subject = subject::read(section, prompt, notes);
            }
        }
    }
    if let Some(entry) = conf.lookup("req", "req_extensions")
        && let Some(section) = section(&conf, entry, &mut used, notes)
    {
        extensions::read(&conf, section, &mut config, &mut used, notes);
    }
    let utf8 = conf.lookup("req", "utf8").is_some_and(|entry| !is_no(&entry.value));
    if !utf8 && let Some(at) = text.lines().position(|line| !line.is_ascii()) {
        notes.remark(at + 1, "without utf8 = yes, openssl takes this for Latin-1; here it is what it looks like");
    }
    remarks(&conf, &used, notes);
    config
}

fn wanted_key(entry: &Entry) -> WantedKey {
    WantedKey { line: entry.line, says: format!("default_bits = {}", entry.value), algorithm: rsa(&entry.value) }
}

fn is_no(value: &str) -> bool {
    value.eq_ignore_ascii_case("no")
}

/// The section that an entry names, which must be there.
fn section<'c>(
    conf: &'c Conf,
    entry: &'c Entry,
    used: &mut BTreeSet<&'c str>,
    notes: &mut Notes,
) -> Option<&'c [Entry]> {
    used.insert(&entry.value);
    let found = conf.section(&entry.value);
    if found.is_none() {
        notes.fault(entry.line, format!("{} names the section [{}], which is not there", entry.name, entry.value));
    }
    found
}

/// What has no meaning here, and what is not known.
fn remarks(conf: &Conf, used: &BTreeSet<&str>, notes: &mut Notes) {
    for entry in conf.section("req").unwrap_or_default() {
        let Entry { name, value, line } = entry;
        if let Some((_, why)) = MEANINGLESS.iter().find(|(known, _)| known == name) {
            notes.remark(*line, format!("{name} {why}"));
            continue;
        }
        match name.as_str() {
            "oid_section" | "oid_file" | "default_bits" | "prompt" | "distinguished_name" | "req_extensions"
            | "utf8" => {}
            "default_md"
                if ["sha256", "sha384", "sha512", "default"].contains(&value.to_ascii_lowercase().as_str()) => {}
            "default_md" => {
                notes.remark(*line, format!("{value} is not used: the signature's hash follows from the key"));
            }
            "string_mask" if value == "utf8only" => {}
            "string_mask" => {
                notes.remark(*line, format!("string_mask {value} is not used: text is encoded as UTF8String"));
            }
            _ => notes.fault(*line, format!("{name} is not an entry of [req] that is known here")),
        }
    }
    for name in ["oid_section", "oid_file"] {
        if let Some(entry) = conf.lookup("req", name) {
            notes.fault(entry.line, format!("{name} defines names of object identifiers: write them dotted"));
        }
    }
    for (name, line) in conf.unreferenced().filter(|(name, _)| !used.contains(name)) {
        notes.remark(line, format!("the section [{name}] is not used in requests"));
    }
}
