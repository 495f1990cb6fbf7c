//! Extensions in DER (RFC 5280 section 4.2), for requests and for certificates.

use der::Encode;
use der::asn1::{Ia5String, ObjectIdentifier, OctetString};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{self, KeyUsages};

use super::{ExtendedKeyUsage, KeyUsage};
use crate::pki::{SubjectAltName, oid};

pub(in crate::pki) fn extension(extn_id: ObjectIdentifier, critical: bool, value: Vec<u8>) -> der::Result<Extension> {
    Ok(Extension { extn_id, critical, extn_value: OctetString::new(value)? })
}

/// The names; critical where there is nothing else that says who it is (RFC 5280 section 4.2.1.6).
pub(in crate::pki) fn subject_alt_names(names: &[SubjectAltName], critical: bool) -> der::Result<Extension> {
    let names = names.iter().map(general_name).collect::<der::Result<Vec<_>>>()?;
    extension(oid::SUBJECT_ALT_NAME, critical, names.to_der()?)
}

pub(in crate::pki) fn key_usage(usage: KeyUsage, critical: bool) -> der::Result<Extension> {
    /// By the numbers of RFC 5280 section 4.2.1.3.
    const IN_ORDER: [KeyUsages; 9] = [
        KeyUsages::DigitalSignature,
        KeyUsages::NonRepudiation,
        KeyUsages::KeyEncipherment,
        KeyUsages::DataEncipherment,
        KeyUsages::KeyAgreement,
        KeyUsages::KeyCertSign,
        KeyUsages::CRLSign,
        KeyUsages::EncipherOnly,
        KeyUsages::DecipherOnly,
    ];
    let mut all = pkix::KeyUsage(Default::default());
    for number in usage.numbers() {
        all.0 |= IN_ORDER[number];
    }
    extension(oid::KEY_USAGE, critical, all.to_der()?)
}

pub(in crate::pki) fn extended_key_usage(usage: &ExtendedKeyUsage, critical: bool) -> der::Result<Extension> {
    extension(oid::EXTENDED_KEY_USAGE, critical, pkix::ExtendedKeyUsage(usage.oids()).to_der()?)
}

/// That it is no authority's.
pub(in crate::pki) fn end_entity(critical: bool) -> der::Result<Extension> {
    basic_constraints(false, None, critical)
}

/// That it is an authority's, with at most so many authorities below.
pub(in crate::pki) fn authority(authorities_below: u8) -> der::Result<Extension> {
    basic_constraints(true, Some(authorities_below), true)
}

fn basic_constraints(ca: bool, path_len_constraint: Option<u8>, critical: bool) -> der::Result<Extension> {
    extension(oid::BASIC_CONSTRAINTS, critical, pkix::BasicConstraints { ca, path_len_constraint }.to_der()?)
}

pub(in crate::pki) fn general_name(name: &SubjectAltName) -> der::Result<GeneralName> {
    Ok(match name {
        SubjectAltName::Dns(name) => GeneralName::DnsName(Ia5String::new(name.as_str())?),
        SubjectAltName::Ip(ip) => GeneralName::from(*ip),
        SubjectAltName::Email(email) => GeneralName::Rfc822Name(Ia5String::new(email.as_str())?),
        SubjectAltName::Uri(uri) => GeneralName::UniformResourceIdentifier(Ia5String::new(uri.as_str())?),
    })
}
