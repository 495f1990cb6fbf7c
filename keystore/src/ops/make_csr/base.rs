//! What a request begins with: the last request, a certificate that is to be renewed, another request, a config.

use super::BaseError;
use crate::model::RequestFacts;
use crate::ops::Error;
use crate::pki::{
    Certificate, CertificationRequest, Extensions, FoundExtensions, Subject, SubjectAltName, TemplateName,
    read_certificates,
};
use crate::request_config::{self, Form, Note, RequestConfig, WantedKey};

/// What stands where nothing else is asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Base {
    /// The subject.
    pub subject: Subject,
    /// The names.
    pub names: Vec<SubjectAltName>,
    /// The Microsoft certificate template.
    pub certificate_template: Option<TemplateName>,
    /// What the certificate shall be used for; none: what a TLS server needs.
    pub extensions: Option<Extensions>,
}

/// What was taken from a file, and what was not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    /// What the request begins with.
    pub base: Base,
    /// `certificate`, `request`, `openssl` or `certreq`.
    pub form: &'static str,
    /// What the file has and the request will not have, in words.
    pub left_out: Vec<String>,
    /// What the authority adds of its own, in words.
    pub authoritys: Vec<String>,
    /// What to look at in a config.
    pub notes: Vec<Note>,
    /// The private key that a config asks for.
    pub key: Option<WantedKey>,
}

impl Base {
    pub(super) fn of_last(last: &RequestFacts) -> Self {
        Self {
            subject: last.subject.clone(),
            names: last.names.clone(),
            certificate_template: last.certificate_template.as_deref().and_then(|name| name.parse().ok()),
            extensions: last.extensions.clone(),
        }
    }
}

/// Takes what a certificate says for its renewal. Of a chain in any order, the certificate at its head counts.
///
/// # Errors
/// When there is no certificate, or more than one that issued none of the others.
pub fn from_certificate(file: &str, bytes: &[u8]) -> Result<Taken, Error> {
    let read = read_certificates(bytes);
    let certificates = read.map_err(|source| BaseError::Certificate { file: file.to_owned(), source })?;
    let leaf = head(file, &certificates)?;
    let base = Base {
        subject: leaf.subject().clone(),
        names: leaf.names().to_vec(),
        certificate_template: leaf.certificate_template(),
        extensions: None,
    };
    Ok(taken("certificate", base, leaf.extensions(), leaf.other_names(), &[]))
}

/// The only certificate that issued none of the others.
fn head<'a>(file: &str, certificates: &'a [Certificate]) -> Result<&'a Certificate, BaseError> {
    let issued = |one: &Certificate| certificates.iter().any(|other| other != one && other.issued_by(one));
    let mut heads: Vec<&Certificate> = certificates.iter().filter(|one| !issued(one)).collect();
    heads.dedup();
    match heads[..] {
        [leaf] => Ok(leaf),
        _ => {
            let subjects = heads.iter().map(|head| head.subject().clone()).collect();
            Err(BaseError::Several { file: file.to_owned(), subjects })
        }
    }
}

/// Takes what a request says, whoever made it. Its signature is not looked at: only what it says is used.
///
/// # Errors
/// When there is no request, or more than one.
pub fn from_request(file: &str, bytes: &[u8]) -> Result<Taken, Error> {
    let request = CertificationRequest::read(bytes);
    let request = request.map_err(|source| BaseError::Request { file: file.to_owned(), source })?;
    let base = Base {
        subject: request.subject().clone(),
        names: request.names().to_vec(),
        certificate_template: request.certificate_template().cloned(),
        extensions: None,
    };
    Ok(taken("request", base, request.extensions().clone(), request.other_names(), request.other_attributes()))
}

fn taken(form: &'static str, base: Base, found: FoundExtensions, other_names: usize, attributes: &[String]) -> Taken {
    let FoundExtensions { extensions, others, authoritys } = found;
    let names = (other_names > 0).then(|| format!("{other_names} name(s) that are no dns, ip, email or uri"));
    Taken {
        base: Base { extensions: Some(extensions), ..base },
        form,
        left_out: names.into_iter().chain(others).chain(attributes.iter().cloned()).collect(),
        authoritys,
        notes: Vec::new(),
        key: None,
    }
}

/// Takes what a request config of OpenSSL or an INF file of certreq says.
///
/// # Errors
/// When it is neither, or names every line that can't be done here.
pub fn from_config(file: &str, bytes: &[u8]) -> Result<Taken, Error> {
    let read = request_config::read(bytes);
    let config = read.map_err(|source| BaseError::Config { file: file.to_owned(), source })?;
    let RequestConfig { form, subject, names, certificate_template, extensions, key, notes } = config;
    Ok(Taken {
        base: Base { subject, names, certificate_template, extensions: Some(extensions) },
        form: match form {
            Form::OpenSsl => "openssl",
            Form::Certreq => "certreq",
        },
        left_out: Vec::new(),
        authoritys: Vec::new(),
        notes,
        key,
    })
}
