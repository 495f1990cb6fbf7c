//! Makes requests: `CertificationRequestInfo` of RFC 2986 with the extensions that a TLS server asks for.

use der::asn1::{Any, BitString, Ia5String, ObjectIdentifier, OctetString, SetOfVec};
use der::{Decode, Encode};
use x509_cert::attr::Attribute;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage, KeyUsages};
use x509_cert::name::Name;
use x509_cert::request::{CertReq, CertReqInfo, Version};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::{RequestError, RequestTemplate};
use crate::pki::{PrivateKey, SubjectAltName, oid};

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
        let values = SetOfVec::from_iter([Any::encode_from(&extensions)?])?;
        Ok(CertReqInfo {
            version: Version::V1,
            subject: Name::from_der(&template.subject.to_der())?,
            public_key: SubjectPublicKeyInfoOwned::from_der(key.public_key().as_der())?,
            attributes: SetOfVec::from_iter([Attribute { oid: oid::EXTENSION_REQUEST, values }])?,
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
    let mut usage = KeyUsages::DigitalSignature.into();
    if key.algorithm().is_rsa() {
        usage |= KeyUsages::KeyEncipherment;
    }
    extensions.push(extension(oid::KEY_USAGE, true, KeyUsage(usage).to_der()?)?);
    let server = ExtendedKeyUsage(vec![oid::SERVER_AUTH]);
    extensions.push(extension(oid::EXTENDED_KEY_USAGE, false, server.to_der()?)?);
    if let Some(name) = &template.certificate_template {
        extensions.push(extension(oid::MS_TEMPLATE_NAME, false, name.to_der())?);
    }
    Ok(extensions)
}

fn extension(extn_id: ObjectIdentifier, critical: bool, value: Vec<u8>) -> der::Result<Extension> {
    Ok(Extension { extn_id, critical, extn_value: OctetString::new(value)? })
}

fn general_name(name: &SubjectAltName) -> der::Result<GeneralName> {
    Ok(match name {
        SubjectAltName::Dns(name) => GeneralName::DnsName(Ia5String::new(name.as_str())?),
        SubjectAltName::Ip(ip) => GeneralName::from(*ip),
        SubjectAltName::Email(email) => GeneralName::Rfc822Name(Ia5String::new(email.as_str())?),
        SubjectAltName::Uri(uri) => GeneralName::UniformResourceIdentifier(Ia5String::new(uri.as_str())?),
    })
}
