//! What was found, for people.

use keystore::ops::inspect::{FoundChain, Inspection, Object};
use keystore::pki::{
    Certificate, CertificationRequest, Content, Crl, DescribedExtension, JavaKeystore, OpenedKey, Protection,
    PublicKey, SubjectAltName,
};
use keystore::timestamp::Timestamp;

use crate::output::{Page, or_none, style, until};

pub(super) fn show(page: &mut Page, inspection: &Inspection, now: Timestamp) {
    for (index, object) in inspection.objects.iter().enumerate() {
        page.gap();
        page.styled(style::STRONG, format_args!("{}. {}: {}", index + 1, place(object), kind(&object.item.content)));
        about(page, object, now);
        if let Some(within) = &object.item.within {
            page.field(2, "within", within);
            if let Some(provider) = &within.provider {
                page.field(2, "provider", provider);
            }
        }
        protection(page, object.item.protection.as_ref());
        if !object.belongs_with.is_empty() {
            let others: Vec<String> = object.belongs_with.iter().map(|other| name(inspection, *other)).collect();
            page.field(2, "belongs with", others.join(", "));
        }
        for key in &object.keys {
            page.field(2, "in keystore", key);
        }
        for finding in &object.findings {
            page.tagged(style::WARN, "  finding:", finding);
        }
    }
    for found in inspection.chains.iter().filter(|chain| chain.members.len() > 1 || chain.missing_issuer.is_some()) {
        chain(page, inspection, found);
    }
}

fn place(object: &Object) -> String {
    match object.item.place {
        keystore::pki::Place::Octet(0) => object.file.clone(),
        place => format!("{}, {place}", object.file),
    }
}

fn kind(content: &Content) -> String {
    match content {
        Content::Certificate(found) if found.is_ca() => "certificate of an authority".to_owned(),
        Content::Certificate(_) => "certificate".to_owned(),
        Content::Request(_) => "certification request".to_owned(),
        Content::Crl(_) => "certificate revocation list".to_owned(),
        Content::PublicKey(_) => "public key".to_owned(),
        Content::PrivateKey(_) => "private key".to_owned(),
        Content::LockedKey(_) => "encrypted private key".to_owned(),
        Content::Pkcs12(_) => "PKCS#12 file (PFX)".to_owned(),
        Content::JavaKeystore(store) => store.to_string(),
        Content::Other(what) => what.clone(),
        Content::Unreadable { what, .. } => what.to_string(),
    }
}

/// `2 (private key)`.
fn name(inspection: &Inspection, index: usize) -> String {
    format!("{} ({})", index + 1, kind(&inspection.objects[index].item.content))
}

fn about(page: &mut Page, object: &Object, now: Timestamp) {
    match &object.item.content {
        Content::Certificate(certificate) => show_certificate(page, certificate, now),
        Content::Request(request) => show_request(page, request),
        Content::Crl(crl) => show_crl(page, crl),
        Content::PublicKey(key) => show_key(page, key),
        Content::PrivateKey(key) => show_private_key(page, key),
        Content::LockedKey(key) => {
            page.field(2, "form", key.form());
        }
        Content::JavaKeystore(store) => show_java(page, store, &object.file),
        Content::Pkcs12(_) | Content::Other(_) | Content::Unreadable { .. } => {}
    }
}

fn show_certificate(page: &mut Page, certificate: &Certificate, now: Timestamp) {
    page.field(2, "subject", or_none(&certificate.subject().to_string()));
    page.field(2, "names", or_none(&names(certificate.names(), certificate.other_names())));
    let signed = if certificate.is_self_signed() { " (self-signed)" } else { "" };
    page.field(2, "issuer", format_args!("{}{signed}", certificate.issuer()));
    page.field(2, "serial", certificate.serial());
    let end = until(certificate.not_after(), now);
    page.field(2, "valid", format_args!("from {} {end}", certificate.not_before().date()));
    show_key(page, certificate.public_key());
    page.field(2, "signed with", certificate.signature_algorithm());
    page.field(2, "SHA-256", certificate.fingerprint());
    page.field(2, "SHA-1", certificate.sha1_fingerprint());
    extensions(page, certificate.described_extensions());
}

fn show_request(page: &mut Page, request: &CertificationRequest) {
    page.field(2, "subject", or_none(&request.subject().to_string()));
    page.field(2, "names", or_none(&names(request.names(), 0)));
    show_key(page, request.public_key());
    page.field(2, "signed with", request.signature_algorithm());
    extensions(page, request.described_extensions());
}

fn show_crl(page: &mut Page, crl: &Crl) {
    page.field(2, "issuer", &crl.issuer);
    page.field(2, "made", crl.this_update.date());
    page.field(2, "next due", crl.next_update.map_or_else(|| "(not said)".to_owned(), Timestamp::date));
    if let Some(number) = &crl.number {
        page.field(2, "number", number);
    }
    page.field(2, "revoked", crl.revoked);
    page.field(2, "signed with", &crl.signature_algorithm);
}

fn show_key(page: &mut Page, key: &PublicKey) {
    page.field(2, "key", key.describe());
    page.field(2, "SPKI pin", key.pin());
}

fn show_private_key(page: &mut Page, key: &OpenedKey) {
    page.field(2, "form", key.form());
    match key.public_key() {
        Some(public_key) => show_key(page, public_key),
        None => {
            page.field(2, "key", key.describe());
        }
    }
    if let Some(comment) = key.comment() {
        page.field(2, "comment", comment);
    }
}

fn show_java(page: &mut Page, store: &JavaKeystore, file: &str) {
    for entry in &store.entries {
        page.field(2, "entry", format_args!("\"{}\", {}", entry.alias, entry.kind));
    }
    if let Some(more) =
        store.count.checked_sub(u32::try_from(store.entries.len()).unwrap_or(u32::MAX)).filter(|more| *more > 0)
    {
        page.field(2, "entries", format_args!("{more} more"));
    }
    page.field(2, "convert it", JavaKeystore::conversion(store.kind(), &shell_words::quote(file)));
}

fn protection(page: &mut Page, protection: Option<&Protection>) {
    let Some(Protection { schemes, integrity, closed, .. }) = protection else { return };
    for scheme in schemes {
        page.field(2, "encrypted", scheme);
    }
    if let Some(integrity) = integrity {
        page.field(2, "integrity", integrity);
    }
    if closed.is_some() {
        page.field(2, "closed", "its passphrase opens it: --passphrase-file or --passphrase-env");
    }
}

fn extensions(page: &mut Page, extensions: Vec<DescribedExtension>) {
    for DescribedExtension { name, critical, text, .. } in extensions {
        let critical = if critical { " (critical)" } else { "" };
        page.field(2, "extension", format_args!("{name}{critical}: {text}"));
    }
}

fn names(names: &[SubjectAltName], others: usize) -> String {
    let mut texts: Vec<String> = names.iter().map(ToString::to_string).collect();
    if others > 0 {
        texts.push(format!("{others} of other kinds"));
    }
    texts.join(", ")
}

fn chain(page: &mut Page, inspection: &Inspection, chain: &FoundChain) {
    let members: Vec<String> = chain.members.iter().map(|member| (member + 1).to_string()).collect();
    let end = match (&chain.missing_issuer, chain.ends_in_root) {
        (Some(issuer), _) => format!("; its issuer \"{issuer}\" is not among these files"),
        (None, true) => "; it ends in a root".to_owned(),
        (None, false) => String::new(),
    };
    let whose = chain.members.first().map(|first| &inspection.objects[*first].item.content);
    let whose = match whose {
        Some(Content::Certificate(certificate)) => certificate.subject().to_string(),
        _ => String::new(),
    };
    page.gap().line(format_args!("Chain of \"{whose}\": {}{end}.", members.join(" -> ")));
}
