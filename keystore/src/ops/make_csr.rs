//! `make-csr`: a certification request (PKCS#10, RFC 2986), kept beside its private key.

mod base;
mod error;
mod names;

use std::path::PathBuf;

use super::{Error, find_lasting_key};
use crate::model::{KeyView, Next, RequestFacts, VersionFacts};
use crate::name::KeyPath;
use crate::pki::{
    AttributeType, CertificationRequest, PrivateKey, PrivateKeyFile, RequestError, RequestTemplate, Subject,
    SubjectAltName, SubjectError, TemplateName,
};
use crate::store::{Disclosure, Keystore, Purpose, ReadKey, Snapshot, SubjectDefaults};
pub use base::{Base, Taken, from_certificate, from_config, from_request};
pub use error::BaseError;
pub(in crate::ops) use names::{certified, server_host};
pub use names::{names_for, not_covered};

/// Single fields of a subject; what is not given stays as it was.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SubjectFields {
    /// `C`
    pub country: Option<String>,
    /// `ST`
    pub state: Option<String>,
    /// `L`
    pub locality: Option<String>,
    /// `O`
    pub organization: Option<String>,
    /// `OU`, any number; empty when not given.
    pub units: Vec<String>,
    /// `CN`
    pub common_name: Option<String>,
}

impl SubjectFields {
    /// The fields in the order in which the Key Manager wrote them: C, ST, L, O, OU, CN.
    fn in_order(&self) -> [(AttributeType, Vec<String>); 6] {
        let one = |field: &Option<String>| field.iter().cloned().collect();
        [
            (AttributeType::Country, one(&self.country)),
            (AttributeType::State, one(&self.state)),
            (AttributeType::Locality, one(&self.locality)),
            (AttributeType::Organization, one(&self.organization)),
            (AttributeType::OrganizationalUnit, self.units.clone()),
            (AttributeType::CommonName, one(&self.common_name)),
        ]
    }
}

impl From<&SubjectDefaults> for SubjectFields {
    fn from(defaults: &SubjectDefaults) -> Self {
        Self {
            country: defaults.country.clone(),
            state: defaults.state.clone(),
            locality: defaults.locality.clone(),
            organization: defaults.organization.clone(),
            units: defaults.unit.clone(),
            common_name: None,
        }
    }
}

/// What the request's subject shall be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SubjectChoice {
    /// This and nothing else.
    Whole(Subject),
    /// That of the last request, or the keystore's defaults, with these fields in place of its own.
    Fields(SubjectFields),
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct MakeCsr {
    /// The key.
    pub key: KeyPath,
    /// The subject.
    pub subject: SubjectChoice,
    /// The names; none given: those of the last request.
    pub names: Vec<SubjectAltName>,
    /// The Microsoft certificate template; none given: that of the last request.
    pub certificate_template: Option<TemplateName>,
    /// What stands in for the last request.
    pub base: Option<Base>,
    /// Whether the current private key is to be certified again.
    pub reuse_key: bool,
}

/// A request that can be made once its private key is open.
#[derive(Debug)]
pub struct RequestPlan {
    /// The key.
    pub key: KeyPath,
    /// The private key to make it with.
    pub version: VersionFacts,
    /// Whether that is the current one.
    pub reused: bool,
    /// What it says.
    pub template: RequestTemplate,
}

/// A request that was made.
#[derive(Debug)]
pub struct Made {
    /// The key.
    pub key: KeyPath,
    /// Its private key, with all its requests.
    pub version: VersionFacts,
    /// What is kept of the request.
    pub facts: RequestFacts,
    /// The request.
    pub request: CertificationRequest,
    /// The folder it is kept in.
    pub folder: PathBuf,
}

/// Says whether a request can be made for a key, before anybody is asked what it shall say.
///
/// # Errors
/// When no private key of the key may make a request.
pub fn check(view: &KeyView, reuse_key: bool) -> Result<(), Error> {
    choose_version(view, reuse_key).map(drop)
}

/// Decides which private key makes the request and what it says. Takes no lock.
///
/// # Errors
/// When there is no such key, when no private key of it may make a request, or when the subject is refused.
pub fn plan(snapshot: &Snapshot<'_>, defaults: &SubjectDefaults, request: &MakeCsr) -> Result<RequestPlan, Error> {
    let view = find_lasting_key(snapshot, &request.key)?;
    let (version, reused) = choose_version(&view, request.reuse_key)?;
    let template = template(Some(&view), defaults, request)?;
    Ok(RequestPlan { key: request.key.clone(), version: version.clone(), reused, template })
}

/// What a request says, on top of the last one of the key when it has one. For a key that is not made yet, too.
///
/// # Errors
/// When the subject is refused, or when there is neither a subject nor a name.
pub fn template(
    view: Option<&KeyView>,
    defaults: &SubjectDefaults,
    request: &MakeCsr,
) -> Result<RequestTemplate, Error> {
    let last = || view?.last_request().map(Base::of_last);
    let base = request.base.clone().or_else(last);
    let subject = match &request.subject {
        SubjectChoice::Whole(subject) => subject.clone(),
        SubjectChoice::Fields(fields) => merge(base.as_ref().map(|base| &base.subject), defaults, fields)?,
    };
    let base = base.unwrap_or_default();
    let names = if request.names.is_empty() { base.names } else { request.names.clone() };
    let certificate_template = request.certificate_template.clone().or(base.certificate_template);
    if subject.is_empty() && names.is_empty() {
        return Err(Error::Request { key: request.key.clone(), source: RequestError::Nameless });
    }
    Ok(RequestTemplate { subject, names, certificate_template, extensions: base.extensions })
}

fn choose_version(view: &KeyView, reuse_key: bool) -> Result<(&VersionFacts, bool), Error> {
    let (version, reused) = working_version(view, reuse_key)?;
    if let Some(mark) = &version.compromised {
        return Err(Error::compromised(view, version, mark));
    }
    if !version.weaknesses.is_empty() {
        let what = version.weaknesses.clone();
        return Err(Error::WeakKey { key: view.path.clone(), version: version.number, what });
    }
    Ok((version, reused))
}

fn working_version(view: &KeyView, reuse_key: bool) -> Result<(&VersionFacts, bool), Error> {
    let key = view.path.clone();
    let current = view.current.as_ref().and_then(|current| view.facts.version(current.installed.version));
    match (&view.next, reuse_key) {
        (None | Some(Next::Pending { reused: true, .. }), true) => {
            Ok((current.ok_or(Error::NothingToReuse { key })?, true))
        }
        (_, true) => Err(Error::NothingToReuse { key }),
        (Some(Next::Pending { reused, .. }), false) => {
            let reused = *reused;
            Ok((view.working_version().ok_or(Error::KeyNotFound { key })?, reused))
        }
        (Some(_), false) => Ok((view.working_version().ok_or(Error::KeyNotFound { key })?, false)),
        (None, false) => Err(Error::NothingToRequest { key }),
    }
}

/// The fields given, else those of the last request, else the keystore's defaults. A field takes the place of
/// its like; one without its like goes where the Key Manager wrote it.
pub(super) fn merge(
    last: Option<&Subject>,
    defaults: &SubjectDefaults,
    fields: &SubjectFields,
) -> Result<Subject, SubjectError> {
    let base: Vec<(AttributeType, String)> = match last {
        Some(subject) => subject.attributes().map(|(kind, value)| (kind.clone(), value.to_owned())).collect(),
        None => flatten(&SubjectFields::from(defaults)),
    };
    let given: Vec<_> = fields.in_order().into_iter().filter(|(_, values)| !values.is_empty()).collect();
    if given.is_empty() && last.is_some() {
        return Ok(last.cloned().unwrap_or_default());
    }
    let mut merged = base;
    for (kind, values) in given {
        let at = place_of(&merged, &kind);
        merged.retain(|(other, _)| *other != kind);
        let at = at.min(merged.len());
        merged.splice(at..at, values.into_iter().map(|value| (kind.clone(), value)));
    }
    Subject::from_attributes(merged)
}

fn flatten(fields: &SubjectFields) -> Vec<(AttributeType, String)> {
    let of_kind = |(kind, values): (AttributeType, Vec<String>)| values.into_iter().map(move |v| (kind.clone(), v));
    fields.in_order().into_iter().flat_map(of_kind).collect()
}

/// Where a field belongs: at its like, else before the first field that the Key Manager wrote after it.
fn place_of(attributes: &[(AttributeType, String)], kind: &AttributeType) -> usize {
    let order = SubjectFields::default().in_order().map(|(kind, _)| kind);
    let rank = |kind: &AttributeType| order.iter().position(|other| other == kind);
    attributes
        .iter()
        .position(|(other, _)| other == kind)
        .or_else(|| attributes.iter().position(|(other, _)| rank(other) > rank(kind)))
        .unwrap_or(attributes.len())
}

/// The private key file that a plan needs. That it is read to sign is written down first.
///
/// # Errors
/// When that can't be written down, or when the private key can't be read or is damaged.
pub fn private_key_file(
    keystore: &Keystore,
    snapshot: &Snapshot<'_>,
    plan: &RequestPlan,
) -> Result<PrivateKeyFile, Error> {
    note_signing(keystore, &[plan])?;
    noted_key_file(snapshot, plan)
}

/// Writes down that the private keys of these plans are read to sign: one entry for all of them.
///
/// # Errors
/// When it can't be written down.
pub(super) fn note_signing(keystore: &Keystore, plans: &[&RequestPlan]) -> Result<(), Error> {
    if plans.is_empty() {
        return Ok(());
    }
    let key = |plan: &&RequestPlan| ReadKey { key: plan.key.clone(), version: plan.version.number };
    let keys = plans.iter().map(key).collect();
    Ok(keystore.note_reading(Disclosure { purpose: Purpose::Sign, keys, to: None })?)
}

/// The private key file that a plan needs, once it is written down that it is read.
pub(super) fn noted_key_file(snapshot: &Snapshot<'_>, plan: &RequestPlan) -> Result<PrivateKeyFile, Error> {
    let bytes = snapshot.private_key_file(&plan.key, &plan.version)?;
    PrivateKeyFile::from_pem(&bytes).map_err(|source| Error::PrivateKey { key: plan.key.clone(), source })
}

/// Signs the request and keeps it.
///
/// # Errors
/// When the request can't be signed, when the private key is no longer the one to make it with, or when the disk
/// refuses.
pub fn make_csr(keystore: &Keystore, plan: &RequestPlan, private_key: &PrivateKey) -> Result<Made, Error> {
    let key = plan.key.clone();
    let request = match plan.template.sign(private_key) {
        Ok(request) => request,
        Err(source) => return Err(Error::Request { key, source }),
    };
    let mut transaction = keystore.write()?;
    let view = transaction.key(&key)?.ok_or_else(|| Error::KeyNotFound { key: key.clone() })?;
    let version = view.facts.version(plan.version.number).filter(|version| version.spki == plan.version.spki);
    let version = version.ok_or_else(|| Error::KeyChanged { key: key.clone() })?;
    let facts = transaction.add_request(&key, version, &request)?;
    transaction.finish()?;
    let mut version = version.clone();
    version.requests.push(facts.clone());
    Ok(Made { folder: keystore.version_folder(&key, version.number), key, version, facts, request })
}

#[cfg(test)]
mod tests;
