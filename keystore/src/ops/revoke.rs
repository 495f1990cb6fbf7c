//! `revoke`: a certificate of a private authority is no longer good. A fact; who asks for the list learns of it.

use super::local_ca::{self, certificate_of};
use super::{Error, find_key};
use crate::model::Revocation;
use crate::name::{AuthorityName, KeyPath};
use crate::pki::{Certificate, RevocationReason, SerialNumber, Subject};
use crate::store::Keystore;

/// Which certificate.
#[derive(Clone, Debug)]
pub enum Which {
    /// The one with this number.
    Serial(SerialNumber),
    /// This one.
    Certificate(Box<Certificate>),
    /// The one that a key runs on; of a key that runs on none, the one that is staged.
    Key(KeyPath),
}

/// A certificate that is revoked.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Whom it is for.
    pub subject: Subject,
    /// What is known of it from now on.
    pub revocation: Revocation,
    /// Whether it was revoked before.
    pub unchanged: bool,
}

/// Revokes a certificate. One that is revoked already stays so since when, and why, it was.
///
/// # Errors
/// When the authority has not issued it, or the disk refuses.
pub fn revoke(
    keystore: &Keystore,
    name: &AuthorityName,
    which: &Which,
    reason: RevocationReason,
) -> Result<Outcome, Error> {
    let mut transaction = keystore.write()?;
    let snapshot = transaction.snapshot();
    let ca = local_ca::open(snapshot, name)?;
    let not_on_list = |what: String| Error::NotOnList { name: name.clone(), what };
    let serial = match which {
        Which::Serial(serial) => serial.clone(),
        Which::Certificate(certificate) if certificate.issued_by(&ca.issuing) => serial_of(&certificate.serial())
            .ok_or_else(|| not_on_list(format!("the certificate {}", certificate.serial())))?,
        Which::Certificate(certificate) => {
            return Err(not_on_list(format!("the certificate of \"{}\"", certificate.subject())));
        }
        Which::Key(key) => {
            let view = find_key(snapshot, key)?;
            let installed = view.current.as_ref().map(|current| &current.installed).or(view.upcoming());
            let installed = installed.ok_or_else(|| Error::NoCertificate { key: key.clone() })?;
            let ours = installed.summary.issuer == *ca.issuing.subject();
            let serial = serial_of(&installed.summary.serial).filter(|_| ours);
            serial.ok_or_else(|| not_on_list(format!("the certificate of {key}")))?
        }
    };
    let issued = snapshot.issued(name)?;
    let entry = issued.iter().flat_map(|batch| &batch.certificates).find(|entry| entry.serial == serial);
    let entry = entry.ok_or_else(|| not_on_list(format!("a certificate with the number {serial}")))?;
    let certificate = certificate_of(name, entry)?;
    let world = keystore.world();
    let new =
        Revocation { serial, at: world.now(), reason, by: world.actor.clone(), not_after: certificate.not_after() };
    let known = snapshot.revocations(name)?.revoked.into_iter().find(|known| known.serial == new.serial);
    let unchanged = known.is_some();
    transaction.revoke(name, vec![new.clone()])?;
    transaction.finish()?;
    Ok(Outcome { subject: certificate.subject().clone(), revocation: known.unwrap_or(new), unchanged })
}

fn serial_of(text: &str) -> Option<SerialNumber> {
    text.parse().ok()
}
