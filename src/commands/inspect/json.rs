//! What was found, for programs.

use keystore::ops::inspect::{FoundChain, Object};
use keystore::pki::{
    Certificate, CertificationRequest, Content, Crl, DescribedExtension, JavaKeystore, OpenedKey, Place, Protection,
    PublicKey, Within,
};
use keystore::timestamp::Timestamp;
use serde::Serialize;

use crate::output::{CodedJson, coded, days_left};

/// One thing that was found. What its kind has not is left out.
#[derive(Serialize, Default)]
pub(super) struct ObjectJson {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    octet: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    within: Option<WithinJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protection: Option<ProtectionJson>,
    kind: &'static str,
    #[serde(flatten)]
    about: AboutJson,
    belongs_with: Vec<usize>,
    keys: Vec<String>,
    findings: Vec<CodedJson>,
}

#[derive(Serialize, Default)]
struct AboutJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other_names: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    days_left: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authority: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    self_signed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature_algorithm: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    algorithm: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spki_sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spki_pin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<Vec<ExtensionJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    form: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    this_update: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_update: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<Vec<EntryJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    convert_with: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<String>,
}

#[derive(Serialize)]
struct WithinJson {
    container: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
}

#[derive(Serialize)]
struct ProtectionJson {
    schemes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    integrity: Option<String>,
    legacy: bool,
    opened: bool,
}

#[derive(Serialize)]
struct ExtensionJson {
    oid: String,
    name: String,
    critical: bool,
    text: String,
}

#[derive(Serialize)]
struct EntryJson {
    alias: String,
    kind: &'static str,
}

/// A chain, by the places of its certificates in the list of objects.
#[derive(Serialize)]
pub(super) struct ChainJson {
    objects: Vec<usize>,
    ends_in_root: bool,
    missing_issuer: Option<String>,
}

impl ChainJson {
    pub(super) fn of(chain: &FoundChain) -> Self {
        Self {
            objects: chain.members.clone(),
            ends_in_root: chain.ends_in_root,
            missing_issuer: chain.missing_issuer.as_ref().map(ToString::to_string),
        }
    }
}

impl ObjectJson {
    pub(super) fn of(object: &Object, now: Timestamp) -> Self {
        let item = &object.item;
        let (line, octet) = match item.place {
            Place::Line(line) => (Some(line), None),
            Place::Octet(octet) => (None, Some(octet)),
        };
        let (kind, about) = about(&item.content, &object.file, now);
        Self {
            file: object.file.clone(),
            line,
            octet,
            within: item.within.as_ref().map(WithinJson::of),
            protection: item.protection.as_ref().map(ProtectionJson::of),
            kind,
            about,
            belongs_with: object.belongs_with.clone(),
            keys: object.keys.iter().map(ToString::to_string).collect(),
            findings: coded(&object.findings),
        }
    }
}

impl WithinJson {
    fn of(within: &Within) -> Self {
        let Within { container, name, provider } = within.clone();
        Self { container, name, provider }
    }
}

impl ProtectionJson {
    fn of(protection: &Protection) -> Self {
        let Protection { schemes, integrity, legacy, closed } = protection.clone();
        Self { schemes, integrity, legacy, opened: closed.is_none() }
    }
}

fn about(content: &Content, file: &str, now: Timestamp) -> (&'static str, AboutJson) {
    match content {
        Content::Certificate(certificate) => ("certificate", of_certificate(certificate, now)),
        Content::Request(request) => ("request", of_request(request)),
        Content::Crl(crl) => ("crl", of_crl(crl)),
        Content::PublicKey(key) => ("public-key", of_key(Some(key))),
        Content::PrivateKey(key) => ("private-key", of_private_key(key)),
        Content::LockedKey(key) => {
            ("locked-private-key", AboutJson { form: Some(key.form().to_string()), ..AboutJson::default() })
        }
        Content::Pkcs12(_) => ("pkcs12", AboutJson::default()),
        Content::JavaKeystore(store) => ("java-keystore", of_java(store, file)),
        Content::Other(what) => ("other", AboutJson { what: Some(what.clone()), ..AboutJson::default() }),
        Content::Unreadable { what, .. } => {
            ("unreadable", AboutJson { what: Some(what.to_string()), ..AboutJson::default() })
        }
    }
}

fn of_key(key: Option<&PublicKey>) -> AboutJson {
    AboutJson {
        algorithm: key.map(PublicKey::describe),
        spki_sha256: key.map(|key| key.hash().to_string()),
        spki_pin: key.map(PublicKey::pin),
        ..AboutJson::default()
    }
}

fn of_private_key(key: &OpenedKey) -> AboutJson {
    AboutJson {
        algorithm: Some(key.describe().to_owned()),
        form: Some(key.form().to_string()),
        comment: key.comment().map(str::to_owned),
        ..of_key(key.public_key())
    }
}

fn of_certificate(certificate: &Certificate, now: Timestamp) -> AboutJson {
    AboutJson {
        subject: Some(certificate.subject().to_string()),
        names: Some(certificate.names().iter().map(ToString::to_string).collect()),
        other_names: Some(certificate.other_names()),
        issuer: Some(certificate.issuer().to_string()),
        serial: Some(certificate.serial()),
        not_before: Some(certificate.not_before().to_string()),
        not_after: Some(certificate.not_after().to_string()),
        days_left: Some(days_left(certificate.not_after(), now)),
        authority: Some(certificate.is_ca()),
        self_signed: Some(certificate.is_self_signed()),
        signature_algorithm: Some(certificate.signature_algorithm().to_owned()),
        sha256: Some(certificate.fingerprint().to_string()),
        sha1: Some(certificate.sha1_fingerprint()),
        extensions: Some(extensions(certificate.described_extensions())),
        ..of_key(Some(certificate.public_key()))
    }
}

fn of_request(request: &CertificationRequest) -> AboutJson {
    AboutJson {
        subject: Some(request.subject().to_string()),
        names: Some(request.names().iter().map(ToString::to_string).collect()),
        signature_algorithm: Some(request.signature_algorithm().to_owned()),
        extensions: Some(extensions(request.described_extensions())),
        template: request.certificate_template().map(ToString::to_string),
        ..of_key(Some(request.public_key()))
    }
}

fn of_crl(crl: &Crl) -> AboutJson {
    AboutJson {
        issuer: Some(crl.issuer.to_string()),
        this_update: Some(crl.this_update.to_string()),
        next_update: crl.next_update.map(|time| time.to_string()),
        number: crl.number.clone(),
        revoked: Some(crl.revoked),
        signature_algorithm: Some(crl.signature_algorithm.clone()),
        ..AboutJson::default()
    }
}

fn of_java(store: &JavaKeystore, file: &str) -> AboutJson {
    let entries = store.entries.iter().map(|entry| EntryJson { alias: entry.alias.clone(), kind: entry.kind });
    AboutJson {
        store_type: Some(if store.jceks { "JCEKS" } else { "JKS" }),
        entries: Some(entries.collect()),
        convert_with: Some(JavaKeystore::conversion(store.kind(), &shell_words::quote(file))),
        ..AboutJson::default()
    }
}

fn extensions(extensions: Vec<DescribedExtension>) -> Vec<ExtensionJson> {
    let json = |DescribedExtension { oid, name, critical, text }| ExtensionJson { oid, name, critical, text };
    extensions.into_iter().map(json).collect()
}
