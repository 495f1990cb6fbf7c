//! Makes requests: `CertificationRequestInfo` of RFC 2986 with the extensions that are asked for.

use der::asn1::{Any, SetOfVec};
use der::{Decode, Encode};
use x509_cert::attr::Attribute;
use x509_cert::ext::Extension;
use x509_cert::name::Name;
use x509_cert::request::{CertReqInfo, Version};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::{RequestError, RequestTemplate};
use crate::pki::extensions::writing;
use crate::pki::{Extensions, PrivateKey, SubjectAltName, oid, signature};

/// The request in DER.
pub(super) fn sign(template: &RequestTemplate, key: &PrivateKey) -> Result<Vec<u8>, RequestError> {
    let message = info(template, key)?.to_der().map_err(RequestError::Encoding)?;
    signature::sign(&message, key).map_err(RequestError::Key)
}

fn info(template: &RequestTemplate, key: &PrivateKey) -> Result<CertReqInfo, RequestError> {
    let names = SubjectAltName::with_common_name(&template.names, &template.subject);
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

fn extensions(template: &RequestTemplate, names: &[SubjectAltName], key: &PrivateKey) -> der::Result<Vec<Extension>> {
    let mut extensions = Vec::new();
    if !names.is_empty() {
        extensions.push(writing::subject_alt_names(names, template.subject.is_empty())?);
    }
    let asked = template.extensions.clone().unwrap_or_else(Extensions::of_tls_server).fit_for(key.algorithm());
    if let Some(usage) = &asked.key_usage {
        extensions.push(writing::key_usage(usage.value, usage.critical)?);
    }
    if let Some(usage) = &asked.extended_key_usage {
        extensions.push(writing::extended_key_usage(&usage.value, usage.critical)?);
    }
    if let Some(constraints) = &asked.basic_constraints {
        extensions.push(writing::end_entity(constraints.critical)?);
    }
    if let Some(features) = &asked.tls_features {
        let value = features.value.numbers().to_vec().to_der()?;
        extensions.push(writing::extension(oid::TLS_FEATURE, features.critical, value)?);
    }
    if let Some(name) = &template.certificate_template {
        extensions.push(writing::extension(oid::MS_TEMPLATE_NAME, false, name.to_der())?);
    }
    Ok(extensions)
}
