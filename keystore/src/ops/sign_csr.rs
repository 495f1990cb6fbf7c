//! `sign-csr`: a private authority certifies a request, wherever it comes from; and many requests of this keystore at once.

use super::Error;
use super::desk::Reply;
use super::install_cert::Input;
use super::local_ca::{Asked, LocalCa, certificate_of, issue, newest_by_request};
use super::submit::Waiting;
use crate::digest::Digest;
use crate::pki::{CertificateProfile, Issued, PrivateKey};
use crate::store::Keystore;

/// Issues one certificate.
///
/// # Errors
/// When it is refused, or the disk refuses.
pub fn sign_csr(keystore: &Keystore, ca: &LocalCa, key: &PrivateKey, asked: &Asked<'_>) -> Result<Issued, Error> {
    issue(keystore, ca, key, std::slice::from_ref(asked))?.swap_remove(0)
}

/// Certifies requests of this keystore, all together. A request that was certified before, whose certificate was lost on
/// its way into a commit, is answered with that one: an authority that is asked twice issues once.
///
/// # Errors
/// When the authority can't issue at all, or the disk refuses.
pub fn sign_waiting(
    keystore: &Keystore,
    ca: &LocalCa,
    key: &PrivateKey,
    requests: &[&Waiting],
) -> Result<Vec<Result<Reply, Error>>, Error> {
    let snapshot = keystore.read()?;
    let (issued, revoked) = (snapshot.issued(&ca.name)?, snapshot.revocations(&ca.name)?.revoked);
    let (newest, now) = (newest_by_request(&issued), keystore.world().now());
    let mut replies: Vec<Option<Result<Reply, Error>>> = Vec::new();
    for waiting in requests {
        let known = newest.get(&Digest::of(waiting.request.as_der()));
        let known = known.filter(|known| !revoked.iter().any(|revoked| revoked.serial == known.serial));
        let certificate = known.map(|known| certificate_of(&ca.name, known)).transpose()?;
        // the one that it runs on is what shall be renewed
        let good = certificate.filter(|it| waiting.current != Some(it.fingerprint()) && now < it.not_after());
        replies.push(good.map(|certificate| Ok(reply(ca, &certificate.to_pem()))));
    }
    let new: Vec<&&Waiting> =
        requests.iter().zip(&replies).filter(|(_, reply)| reply.is_none()).map(|(it, _)| it).collect();
    let asked: Vec<Asked<'_>> = new
        .iter()
        .map(|waiting| Asked {
            request: &waiting.request,
            profile: CertificateProfile::Server,
            days: None,
            key: Some(&waiting.key),
        })
        .collect();
    let mut signed = issue(keystore, ca, key, &asked)?.into_iter();
    let mut next = || signed.next().map(|issued| issued.map(|issued| reply(ca, &issued.certificate.to_pem())));
    Ok(replies.into_iter().filter_map(|known| known.or_else(&mut next)).collect())
}

/// The certificate with its issuer and the root, by which it is known that it leads somewhere.
fn reply(ca: &LocalCa, certificate: &str) -> Reply {
    let chain = [certificate, &ca.issuing.to_pem(), &ca.root.to_pem()].concat();
    Reply::Issued(vec![Input { name: format!("the reply of {}", ca.name), bytes: chain.into_bytes().into() }])
}
