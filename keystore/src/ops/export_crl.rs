//! `export-crl`: the list of what a private authority has revoked, signed anew.

use super::Error;
use super::local_ca::LocalCa;
use crate::pki::{PrivateKey, RevocationList, Revoked};
use crate::store::Keystore;
use crate::timestamp::Timestamp;

const DAY: i64 = 86_400;

/// A revocation list that was made.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The list.
    pub list: RevocationList,
    /// Its number: greater than that of every list before it.
    pub number: u64,
    /// How many certificates it names.
    pub revoked: usize,
    /// When it was made.
    pub this_update: Timestamp,
    /// When it runs out.
    pub next_update: Timestamp,
}

/// Makes a list that runs out after so many days. A certificate that has ended stays on it until a list later than its end
/// has named it, where lists are made at least that often (RFC 5280 section 3.3). The list's number is spent, durably,
/// before it is signed.
///
/// # Errors
/// When the private key is not the authority's, or the disk refuses.
pub fn export_crl(keystore: &Keystore, ca: &LocalCa, key: &PrivateKey, days: u32) -> Result<Outcome, Error> {
    let issuer = ca.issuer(key)?;
    let mut transaction = keystore.write()?;
    let revocations = transaction.next_revocation_list(&ca.name)?;
    transaction.finish()?;
    let this_update = keystore.world().now();
    let span = i64::from(days) * DAY;
    let next_update = Timestamp::from_unix(this_update.unix() + span);
    let is_listed = |not_after: Timestamp| not_after.unix() + span >= this_update.unix();
    let revoked: Vec<Revoked> = revocations
        .revoked
        .into_iter()
        .filter(|revocation| is_listed(revocation.not_after))
        .map(|revocation| Revoked { serial: revocation.serial, at: revocation.at, reason: revocation.reason })
        .collect();
    let list = issuer.revocation_list(&revoked, revocations.list, this_update, next_update);
    let list = list.map_err(|source| Error::NotIssued { what: format!("the list of {}", ca.name), source })?;
    Ok(Outcome { list, number: revocations.list, revoked: revoked.len(), this_update, next_update })
}
