//! `self-sign`: a certificate that is signed by its own private key, staged as an authority's reply is.

mod waiting;

use zeroize::Zeroizing;

use super::install_cert::{self, Input, install_cert};
use super::make_csr::{self, Base, MakeCsr, RequestPlan, SubjectChoice};
use super::verify::Trust;
use super::{Error, find_lasting_key};
use crate::model::SelfSignedProfile;
use crate::name::KeyPath;
use crate::pki::{
    AttributeType, DnsName, EXCHANGE_DAYS, IssueError, KeyAlgorithm, PrivateKey, PrivateKeyFile, RequestError,
    RequestTemplate, SelfSignedTemplate, SerialNumber, Subject, SubjectAltName, Validity, exchange_names,
};
use crate::store::{Keystore, Snapshot, SubjectDefaults};
use crate::timestamp::Timestamp;
pub use waiting::sign_waiting;

/// How much earlier certificates that are made here begin, in seconds: for clocks that are behind.
const BEGUN_EARLIER: i64 = 3600;

/// How long a certificate is valid when nobody says: a year.
const DAYS: u32 = 365;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct SelfSign {
    /// The key, its subject and names: what isn't said is that of its certificate where that signs itself, else of its last
    /// request.
    pub request: MakeCsr,
    /// What kind.
    pub profile: SelfSignedProfile,
    /// For how many days; none given: as long as is usual for its kind.
    pub days: Option<u32>,
}

/// A certificate that can be made once its private key is open.
#[derive(Debug)]
pub struct Plan {
    /// The key, and which private key.
    pub request: RequestPlan,
    /// What it says.
    pub template: SelfSignedTemplate,
    /// For how many days.
    pub days: u32,
}

/// Decides which private key is used and what the certificate says. Takes no lock.
///
/// # Errors
/// When there is no such key, when no private key of it may be certified, when the subject is refused, or when it is no
/// key for Exchange.
pub fn plan(snapshot: &Snapshot<'_>, defaults: &SubjectDefaults, asked: &SelfSign) -> Result<Plan, Error> {
    let mut request = asked.request.clone();
    let view = find_lasting_key(snapshot, &request.key)?;
    let installed = view.upcoming().or(view.current.as_ref().map(|current| &current.installed));
    let summary = installed.map(|installed| &installed.summary);
    // one that signs itself says more than the request that was made before it
    let taken = summary.filter(|summary| summary.issuer == summary.subject || view.last_request().is_none());
    request.base =
        taken.map(|summary| Base { subject: summary.subject.clone(), names: summary.names.clone(), ..Base::default() });
    let says_nothing = request.names.is_empty() && request.base.is_none() && view.last_request().is_none();
    if asked.profile == SelfSignedProfile::Exchange && says_nothing {
        let common_name = match &request.subject {
            SubjectChoice::Whole(subject) => subject.common_name(),
            SubjectChoice::Fields(fields) => fields.common_name.as_deref(),
        };
        request.names = server_names(&request.key, common_name);
    }
    let request = make_csr::plan(snapshot, defaults, &request).map_err(|error| match error {
        Error::Request { key, source: RequestError::Nameless } => {
            Error::NotIssued { what: key.to_string(), source: IssueError::Nameless }
        }
        other => other,
    })?;
    let RequestTemplate { subject, names, .. } = &request.template;
    let template = template(&request.key, request.version.algorithm, subject, names, asked.profile)?;
    Ok(Plan { template, days: days(asked.profile, asked.days), request })
}

/// For how many days: as many as are said, else as many as are usual.
fn days(profile: SelfSignedProfile, said: Option<u32>) -> u32 {
    said.unwrap_or(match profile {
        SelfSignedProfile::Server => DAYS,
        SelfSignedProfile::Exchange => EXCHANGE_DAYS,
    })
}

/// What a certificate says whose request says this.
fn template(
    key: &KeyPath,
    algorithm: KeyAlgorithm,
    subject: &Subject,
    names: &[SubjectAltName],
    profile: SelfSignedProfile,
) -> Result<SelfSignedTemplate, Error> {
    let names = match profile {
        SelfSignedProfile::Server => names.to_vec(),
        SelfSignedProfile::Exchange if !algorithm.is_rsa() => {
            return Err(Error::NotForExchange { key: key.clone(), algorithm });
        }
        SelfSignedProfile::Exchange => {
            let mut all = server_names(key, subject.common_name());
            all.extend(names.iter().filter(|name| !all.contains(name)).cloned().collect::<Vec<_>>());
            all
        }
    };
    Ok(SelfSignedTemplate { subject: named(subject, &names)?, names })
}

/// A certificate that signs itself is an issuer and must have a subject: its first host, where nothing else is said.
fn named(subject: &Subject, names: &[SubjectAltName]) -> Result<Subject, Error> {
    let host = names.iter().find_map(|name| match name {
        SubjectAltName::Dns(host) => Some(host.to_string()),
        SubjectAltName::Ip(ip) => Some(ip.to_string()),
        SubjectAltName::Email(_) | SubjectAltName::Uri(_) => None,
    });
    match host.filter(|_| subject.is_empty()) {
        Some(host) => Ok(subject.clone().with(AttributeType::CommonName, &host)?),
        None => Ok(subject.clone()),
    }
}

/// The server's short and whole name: by the common name where that is a whole one, else as the key is filed.
fn server_names(key: &KeyPath, common_name: Option<&str>) -> Vec<SubjectAltName> {
    let whole = common_name.filter(|name| name.contains('.')).and_then(|name| name.parse::<DnsName>().ok());
    let host = whole.filter(|name| !name.is_wildcard()).or_else(|| key.server().as_str().parse().ok());
    host.map(|host| exchange_names(&host)).unwrap_or_default()
}

/// The private key file that a plan needs. That it is read to sign is written down first.
///
/// # Errors
/// When that can't be written down, or when the private key can't be read or is damaged.
pub fn private_key_file(keystore: &Keystore, snapshot: &Snapshot<'_>, plan: &Plan) -> Result<PrivateKeyFile, Error> {
    make_csr::private_key_file(keystore, snapshot, &plan.request)
}

/// Makes the certificate and stages it, by way of the checks of `install-cert`.
///
/// # Errors
/// When the certificate can't be made, when the private key is no longer the one to make it with, or when the disk
/// refuses.
pub fn self_sign(keystore: &Keystore, plan: &Plan, private_key: &PrivateKey) -> Result<install_cert::Staged, Error> {
    let (key, world) = (&plan.request.key, keystore.world());
    let refused = |source| Error::NotIssued { what: key.to_string(), source };
    let validity = validity(world.now(), plan.days).map_err(refused)?;
    let serial = SerialNumber::from_random(world.random());
    let certificate = plan.template.sign(private_key, &serial, validity).map_err(refused)?;
    let bytes = Zeroizing::new(certificate.to_pem().into_bytes());
    let input = Input { name: "the certificate that was made".to_owned(), bytes };
    Ok(install_cert(keystore, key, &[input], &Trust::default())?.staged)
}

/// So many days in all, of which the first hour is over.
pub(super) fn validity(now: Timestamp, days: u32) -> Result<Validity, IssueError> {
    Validity::of_days(Timestamp::from_unix(now.unix() - BEGUN_EARLIER), days)
}

#[cfg(test)]
mod tests {
    use super::{named, server_names};

    fn names(key: &str, common_name: Option<&str>) -> Vec<String> {
        server_names(&key.parse().unwrap(), common_name).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn exchange_is_named_short_and_whole() {
        let whole = ["dns:mail01", "dns:mail01.example.com"];
        assert_eq!(names("mail01.example.com/smtp/main", None), whole);
        assert_eq!(names("mail01/smtp/main", Some("mail01.example.com")), whole);
        assert_eq!(names("mail01.example.com/smtp/main", Some("Mail")), whole);
        assert_eq!(names("mail01.example.com/smtp/main", Some("*.example.com")), whole);
        assert_eq!(names("mail01/smtp/main", None), ["dns:mail01"]);
    }

    #[test]
    fn a_host_is_the_subject_where_there_is_none() {
        let of = |subject: &str, names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| name.parse().unwrap()).collect();
            named(&subject.parse().unwrap(), &names).unwrap().to_string()
        };
        assert_eq!(of("", &["email:a@example.com", "dns:a.example", "dns:b.example"]), "CN=a.example");
        assert_eq!(of("", &["ip:192.0.2.7"]), "CN=192.0.2.7");
        assert_eq!(of("O=Lab", &["dns:a.example"]), "O=Lab");
    }
}
