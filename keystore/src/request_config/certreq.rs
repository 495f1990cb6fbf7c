//! INF files of Windows' `certreq -new`.

mod extensions;
mod subject;
mod syntax;

use super::notes::Notes;
use super::{Form, RequestConfig, WantedKey, rsa};
use crate::pki::{ExtendedKeyUsage, Extension, Extensions, KeyAlgorithm, KeyUsage, Purpose, Subject};
use syntax::{Entry, Inf};

/// What entries of `[NewRequest]` are for that is done elsewhere here, or not at all; in lower case.
const MEANINGLESS: [(&str, &str); 28] = [
    ("exportable", "is about a store of Windows: export-key does it here"),
    ("exportableencrypted", "is about a store of Windows: export-key does it here"),
    ("keyspec", "is about a provider of Windows"),
    ("keyusageproperty", "is about a provider of Windows"),
    ("providername", "is about a provider of Windows"),
    ("providertype", "is about a provider of Windows"),
    ("keycontainer", "is about a provider of Windows"),
    ("keyprotection", "is about a provider of Windows"),
    ("readername", "is about a provider of Windows"),
    ("machinekeyset", "is about a store of Windows"),
    ("userprotected", "is about a store of Windows"),
    ("securitydescriptor", "is about a store of Windows"),
    ("friendlyname", "is about a store of Windows"),
    ("silent", "is about certreq's windows"),
    ("smime", "asks for S/MIME capabilities, which a TLS server has no use for"),
    ("hashalgorithm", "is not used: the signature's hash follows from the key"),
    ("alternatesignaturealgorithm", "is not used: the signature follows from the key"),
    ("encryptionalgorithm", "is about the archival of private keys"),
    ("encryptionlength", "is about the archival of private keys"),
    ("privatekeyarchive", "is about the archival of private keys"),
    ("useexistingkeyset", "is not used: --reuse-key asks for the private key in use again"),
    ("requestername", "is for another form of request"),
    ("suppressdefaults", "is about extensions that are not made here"),
    ("notbefore", "is about self-signed certificates"),
    ("notafter", "is about self-signed certificates"),
    ("validityperiod", "is about self-signed certificates"),
    ("validityperiodunits", "is about self-signed certificates"),
    ("pop", "is for another form of request"),
];

pub(super) fn read(text: &str, notes: &mut Notes) -> RequestConfig {
    let inf = syntax::parse(text, notes);
    let mut config = RequestConfig {
        form: Form::Certreq,
        subject: Subject::default(),
        names: Vec::new(),
        certificate_template: None,
        // certreq asks for these where nothing else is said
        extensions: Extensions { key_usage: Extensions::of_tls_server().key_usage, ..Extensions::default() },
        key: None,
        notes: Vec::new(),
    };
    new_request(&inf, &mut config, notes);
    for section in inf.sections() {
        match section.name.to_ascii_lowercase().as_str() {
            "newrequest" | "version" | "strings" | "" => {}
            "extensions" => extensions::read(&section.entries, &mut config, notes),
            "enhancedkeyusageextension" => purposes(&section.entries, &mut config, notes),
            "requestattributes" => attributes(&section.entries, &mut config, notes),
            name if name.ends_with("extension") => {
                notes.fault(section.line, format!("the section [{}] is not requested here", section.name));
            }
            _ => notes.remark(section.line, format!("the section [{}] is not used in requests", section.name)),
        }
    }
    if config.extensions.extended_key_usage.is_none() {
        config.extensions.extended_key_usage = Extensions::of_tls_server().extended_key_usage;
    }
    config
}

fn new_request(inf: &Inf, config: &mut RequestConfig, notes: &mut Notes) {
    let section = "NewRequest";
    let no_plus = inf.find(section, "X500NameFlags").and_then(|entry| number(&entry.value));
    let no_plus = no_plus.is_some_and(|flags| flags & 0x2000_0000 != 0);
    config.key = wanted_key(inf.find(section, "KeyAlgorithm"), inf.find(section, "KeyLength"));
    for entry in inf.section(section) {
        let Entry { name, value, line } = entry;
        let known = name.to_ascii_lowercase();
        if let Some((_, why)) = MEANINGLESS.iter().find(|(name, _)| name.eq_ignore_ascii_case(&known)) {
            notes.remark(*line, format!("{name} {why}"));
            continue;
        }
        match known.as_str() {
            "keylength" | "keyalgorithm" | "x500nameflags" => {}
            "subject" => config.subject = subject::read(value, no_plus, *line, notes),
            "keyusage" => {
                let usage = key_usage(value);
                if usage.is_none_or(KeyUsage::is_authoritys) {
                    notes.fault(*line, format!("{value} is no key usage of a server, as 0xa0 is"));
                }
                config.extensions.key_usage = usage.map(|value| Extension { critical: true, value });
            }
            "requesttype" if value.eq_ignore_ascii_case("PKCS10") => {}
            "requesttype" => notes.remark(*line, format!("{value} is not made: the request is PKCS#10")),
            "renewalcert" => notes.fault(*line, "for a renewal, give --from-certificate FILE"),
            _ => notes.fault(*line, format!("{name} is not an entry of [NewRequest] that is known here")),
        }
    }
}

/// `KeyAlgorithm = RSA` and `KeyLength = 2048`, or `KeyAlgorithm = ECDSA_P256`.
fn wanted_key(algorithm: Option<&Entry>, length: Option<&Entry>) -> Option<WantedKey> {
    let entry = |entry: &Entry| format!("{} = {}", entry.name, entry.value);
    let upper = algorithm.map(|entry| entry.value.to_ascii_uppercase());
    match (algorithm, upper.as_deref(), length) {
        (Some(name), Some(upper), length) if upper != "RSA" => {
            let algorithm = match (upper, length.map(|length| length.value.as_str())) {
                ("ECDSA_P256" | "ECDH_P256", _) | ("ECDSA" | "ECDH", Some("256")) => Some(KeyAlgorithm::EcdsaP256),
                ("ECDSA_P384" | "ECDH_P384", _) | ("ECDSA" | "ECDH", Some("384")) => Some(KeyAlgorithm::EcdsaP384),
                _ => None,
            };
            Some(WantedKey { line: name.line, says: entry(name), algorithm })
        }
        (_, _, Some(length)) => {
            Some(WantedKey { line: length.line, says: entry(length), algorithm: rsa(&length.value) })
        }
        (name, _, None) => {
            name.map(|name| WantedKey { line: name.line, says: entry(name), algorithm: Some(KeyAlgorithm::Rsa2048) })
        }
    }
}

/// `0xa0`, `160`, or `CERT_DIGITAL_SIGNATURE_KEY_USAGE | CERT_KEY_ENCIPHERMENT_KEY_USAGE`.
fn key_usage(value: &str) -> Option<KeyUsage> {
    const NAMES: [(&str, u32); 10] = [
        ("CERT_DIGITAL_SIGNATURE_KEY_USAGE", 0x80),
        ("CERT_NON_REPUDIATION_KEY_USAGE", 0x40),
        ("CERT_KEY_ENCIPHERMENT_KEY_USAGE", 0x20),
        ("CERT_DATA_ENCIPHERMENT_KEY_USAGE", 0x10),
        ("CERT_KEY_AGREEMENT_KEY_USAGE", 0x08),
        ("CERT_KEY_CERT_SIGN_KEY_USAGE", 0x04),
        ("CERT_OFFLINE_CRL_SIGN_KEY_USAGE", 0x02),
        ("CERT_CRL_SIGN_KEY_USAGE", 0x02),
        ("CERT_ENCIPHER_ONLY_KEY_USAGE", 0x01),
        ("CERT_DECIPHER_ONLY_KEY_USAGE", 0x8000),
    ];
    let bits = value.split('|').map(str::trim).try_fold(0, |bits, word| {
        let named = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, bit)| *bit);
        Some(bits | named.or_else(|| number(word))?)
    })?;
    // the bits of the first octet from the left, then the one of the second
    let in_order = [0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01, 0x8000];
    if bits & !in_order.iter().fold(0, |all, bit| all | bit) != 0 {
        return None;
    }
    let is_set = |(_, bit): &(usize, &u32)| bits & **bit != 0;
    KeyUsage::from_numbers(in_order.iter().enumerate().filter(is_set).map(|(number, _)| number))
}

fn number(text: &str) -> Option<u32> {
    let text = text.trim();
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    digits.map_or_else(|| text.parse().ok(), |digits| u32::from_str_radix(digits, 16).ok())
}

fn purposes(entries: &[Entry], config: &mut RequestConfig, notes: &mut Notes) {
    let mut all: Vec<Purpose> = Vec::new();
    for Entry { name, value, line } in entries {
        match name.to_ascii_lowercase().as_str() {
            "oid" => all.extend(value.split(',').filter_map(|oid| notes.take(*line, oid.trim().parse::<Purpose>()))),
            _ => notes.fault(*line, format!("{name} is not an entry of this section: OID is")),
        }
    }
    config.extensions.extended_key_usage = ExtendedKeyUsage::new(all).map(|value| Extension { critical: false, value });
}

fn attributes(entries: &[Entry], config: &mut RequestConfig, notes: &mut Notes) {
    for Entry { name, value, line } in entries {
        match name.to_ascii_lowercase().as_str() {
            "certificatetemplate" => config.certificate_template = notes.take(*line, value.parse()),
            "san" => config.names.extend(extensions::names(value, |_| *line, notes)),
            _ => notes.fault(*line, format!("the attribute {name} is not requested here")),
        }
    }
}
