//! Requests of this keystore that are answered by their own private keys.

use zeroize::Zeroizing;

use super::{days, template, validity};
use crate::model::{SelfSignedSettings, VersionFacts};
use crate::name::KeyPath;
use crate::ops::Error;
use crate::ops::desk::Reply;
use crate::ops::install_cert::Input;
use crate::ops::submit::Waiting;
use crate::pki::{PrivateKey, PrivateKeyFile, SelfSignedTemplate, SerialNumber};
use crate::store::{Disclosure, Keystore, Purpose, ReadKey, Snapshot};

/// Answers requests with certificates that their own private keys sign, all together. That these are read is written
/// down first, in one entry; `open` opens them.
///
/// # Errors
/// When the keystore can't be read, or when the readings can't be written down. What is wrong with one request is its
/// own.
pub fn sign_waiting<F: From<Error>>(
    keystore: &Keystore,
    settings: &SelfSignedSettings,
    requests: &[&Waiting],
    open: &dyn Fn(&KeyPath, PrivateKeyFile) -> Result<PrivateKey, F>,
) -> Result<Vec<Result<Reply, F>>, F> {
    let snapshot = keystore.read().map_err(Error::from)?;
    let plans: Vec<_> = requests.iter().map(|waiting| plan(&snapshot, settings, waiting)).collect();
    let keys: Vec<_> = plans
        .iter()
        .zip(requests)
        .filter_map(|(plan, waiting)| plan.as_ref().ok().map(|_| waiting))
        .map(|waiting| ReadKey { key: waiting.key.clone(), version: waiting.version })
        .collect();
    if !keys.is_empty() {
        keystore.note_reading(Disclosure { purpose: Purpose::Sign, keys, to: None }).map_err(Error::from)?;
    }
    let sign = |(plan, waiting): (Result<Plan, Error>, &&Waiting)| {
        let Plan { version, template } = plan?;
        let key = &waiting.key;
        let bytes = snapshot.private_key_file(key, &version).map_err(Error::from)?;
        let damaged = |source| Error::PrivateKey { key: key.clone(), source };
        let private_key = open(key, PrivateKeyFile::from_pem(&bytes).map_err(damaged)?)?;
        Ok(answer(keystore, key, &template, days(settings.profile, settings.days), &private_key)?)
    };
    Ok(plans.into_iter().zip(requests).map(sign).collect())
}

/// What a request is answered with, and by which private key.
struct Plan {
    version: VersionFacts,
    template: SelfSignedTemplate,
}

fn plan(snapshot: &Snapshot<'_>, settings: &SelfSignedSettings, waiting: &Waiting) -> Result<Plan, Error> {
    let Waiting { key, version, spki, request, .. } = waiting;
    let facts = snapshot.facts_of(key)?;
    let version = facts.and_then(|facts| facts.version(*version).cloned()).filter(|version| version.spki == *spki);
    let version = version.ok_or_else(|| Error::KeyChanged { key: key.clone() })?;
    if let Some(mark) = &version.compromised {
        return Err(Error::Compromised { key: key.clone(), version: version.number, reason: mark.reason.clone() });
    }
    let template = template(key, version.algorithm, request.subject(), request.names(), settings.profile)?;
    Ok(Plan { version, template })
}

fn answer(
    keystore: &Keystore,
    key: &KeyPath,
    template: &SelfSignedTemplate,
    days: u32,
    private_key: &PrivateKey,
) -> Result<Reply, Error> {
    let refused = |source| Error::NotIssued { what: key.to_string(), source };
    let validity = validity(keystore.world().now(), days).map_err(refused)?;
    let serial = SerialNumber::from_random(keystore.world().random());
    let certificate = template.sign(private_key, &serial, validity).map_err(refused)?;
    let bytes = Zeroizing::new(certificate.to_pem().into_bytes());
    Ok(Reply::Issued(vec![Input { name: "the certificate that was made".to_owned(), bytes }]))
}
