//! `list-issued`: what a private authority has issued.

use super::Error;
use super::local_ca::{self, certificate_of};
use crate::model::{IssuedCertificate, Revocation};
use crate::name::AuthorityName;
use crate::pki::Certificate;
use crate::store::Snapshot;
use crate::timestamp::Timestamp;
use crate::world::Actor;

/// A certificate on the list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What the list says of it.
    pub entry: IssuedCertificate,
    /// The certificate.
    pub certificate: Certificate,
    /// When it was issued.
    pub time: Timestamp,
    /// Who asked for it.
    pub by: Actor,
    /// Since when it is no longer good, and why.
    pub revoked: Option<Revocation>,
}

/// Everything that it has issued, in its order.
///
/// # Errors
/// When there is no private authority of this name, or its list is damaged.
pub fn list_issued(snapshot: &Snapshot<'_>, name: &AuthorityName) -> Result<Vec<Listed>, Error> {
    local_ca::open(snapshot, name)?;
    let revoked = snapshot.revocations(name)?.revoked;
    let mut listed = Vec::new();
    for batch in snapshot.issued(name)? {
        for entry in batch.certificates {
            listed.push(Listed {
                certificate: certificate_of(name, &entry)?,
                time: batch.time,
                by: batch.by.clone(),
                revoked: revoked.iter().find(|revoked| revoked.serial == entry.serial).cloned(),
                entry,
            });
        }
    }
    Ok(listed)
}
