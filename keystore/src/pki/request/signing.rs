//! Makes requests: `CertificationRequestInfo` of RFC 2986 with the extensions that are asked for.

use der::asn1::{Any, BitString, Ia5String, ObjectIdentifier, OctetString, SetOfVec};
use der::{Decode, Encode};
use x509_cert::attr::Attribute;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages};
use x509_cert::name::Name;
use x509_cert::request::{CertReq, CertReqInfo, Version};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::{RequestError, RequestTemplate};
use crate::pki::{self, Extensions, PrivateKey, SubjectAltName, oid};

/// The request in DER.
pub(super) fn sign(template: &RequestTemplate, key: &PrivateKey) -> Result<Vec<u8>, RequestError> {
    let info = info(template, key)?;
    let message = info.to_der().map_err(RequestError::Encoding)?;
    let signature = key.sign(&message)?;
    let signature = BitString::from_bytes(&signature).map_err(RequestError::Encoding)?;
    let request = CertReq { info, algorithm: key.signature_algorithm(), signature };
    request.to_der().map_err(RequestError::Encoding)
}

fn info(template: &RequestTemplate, key: &PrivateKey) -> Result<CertReqInfo, RequestError> {
    let names = names(template);
    if template.subject.is_empty() && names.is_empty() {
        return Err(RequestError::Nameless);
    }
    let build = || {
        let extensions = extensions(template, &names, key)?;
        // Extensions has one at least (RFC 5280 section 4.1)
        let attributes = match extensions.as_slice() {
            [] => SetOfVec::new(),
            _ => {
                let values = SetOfVec::from_iter([Any::encode_from(&extensions)?])?;
                SetOfVec::from_iter([Attribute { oid: oid::EXTENSION_REQUEST, values }])?
            }
        };
        Ok(CertReqInfo {
            version: Version::V1,
            subject: Name::from_der(&template.subject.to_der())?,
            public_key: SubjectPublicKeyInfoOwned::from_der(key.public_key().as_der())?,
            attributes,
        })
    };
    build().map_err(RequestError::Encoding)
}

/// The names without repetitions, the host name of the common name first when it was missing.
fn names(template: &RequestTemplate) -> Vec<SubjectAltName> {
    let mut names: Vec<SubjectAltName> = Vec::new();
    let from_common_name = template.subject.common_name().and_then(SubjectAltName::host_name_of_common_name);
    let added = from_common_name.filter(|name| !template.names.contains(name));
    for name in added.iter().chain(&template.names) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

fn extensions(template: &RequestTemplate, names: &[SubjectAltName], key: &PrivateKey) -> der::Result<Vec<Extension>> {
    let mut extensions = Vec::new();
    if !names.is_empty() {
        let names = names.iter().map(general_name).collect::<der::Result<Vec<_>>>()?;
        // RFC 5280 section 4.2.1.6
        let critical = template.subject.is_empty();
        extensions.push(extension(oid::SUBJECT_ALT_NAME, critical, names.to_der()?)?);
    }
    let asked = template.extensions.clone().unwrap_or_else(Extensions::of_tls_server).fit_for(key.algorithm());
    if let Some(usage) = &asked.key_usage {
        extensions.push(extension(oid::KEY_USAGE, usage.critical, key_usage(usage.value).to_der()?)?);
    }
    if let Some(usage) = &asked.extended_key_usage {
        let value = ExtendedKeyUsage(usage.value.oids()).to_der()?;
        extensions.push(extension(oid::EXTENDED_KEY_USAGE, usage.critical, value)?);
    }
    if let Some(constraints) = &asked.basic_constraints {
        let value = BasicConstraints { ca: false, path_len_constraint: None }.to_der()?;
        extensions.push(extension(oid::BASIC_CONSTRAINTS, constraints.critical, value)?);
    }
    if let Some(features) = &asked.tls_features {
        let value = features.value.numbers().to_vec().to_der()?;
        extensions.push(extension(oid::TLS_FEATURE, features.critical, value)?);
    }
    if let Some(name) = &template.certificate_template {
        extensions.push(extension(oid::MS_TEMPLATE_NAME, false, name.to_der())?);
    }
    Ok(extensions)
}

fn extension(extn_id: ObjectIdentifier, critical: bool, value: Vec<u8>) -> der::Result<Extension> {
    Ok(Extension { extn_id, critical, extn_value: OctetString::new(value)? })
}

/// By the numbers of RFC 5280 section 4.2.1.3.
fn key_usage(usage: pki::KeyUsage) -> KeyUsage {
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
    let mut all = KeyUsage(Default::default());
    for number in usage.numbers() {
        all.0 |= IN_ORDER[number];
    }
    all
}

fn general_name(name: &SubjectAltName) -> der::Result<GeneralName> {
    Ok(match name {
        SubjectAltName::Dns(name) => GeneralName::DnsName(Ia5String::new(name.as_str())?),
        SubjectAltName::Ip(ip) => GeneralName::from(*ip),
        SubjectAltName::Email(email) => GeneralName::Rfc822Name(Ia5String::new(email.as_str())?),
        SubjectAltName::Uri(uri) => GeneralName::UniformResourceIdentifier(Ia5String::new(uri.as_str())?),
    })
}
