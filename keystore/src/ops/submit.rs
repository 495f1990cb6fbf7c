//! `submit`: a request that waits is handed to an authority. What became of it is a fact.

use super::{Error, find_lasting_key};
use crate::digest::Digest;
use crate::model::{KeyView, Next, RequestNumber, Submission, VersionNumber};
use crate::name::{AuthorityName, KeyPath};
use crate::pki::CertificationRequest;
use crate::store::{Keystore, Snapshot};

/// A request that waits for its certificate.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The key.
    pub key: KeyPath,
    /// The version of its private key.
    pub version: VersionNumber,
    /// SHA-256 of its `SubjectPublicKeyInfo`.
    pub spki: Digest,
    /// The number of the request among those of this private key.
    pub number: RequestNumber,
    /// The request.
    pub request: CertificationRequest,
    /// The authority that it was handed to.
    pub submission: Option<Submission>,
    /// SHA-256 of the certificate that the key runs on, which is no reply to it.
    pub current: Option<Digest>,
}

/// The request of a key that waits for its certificate.
///
/// # Errors
/// When there is no such key, when no request of it waits, or when its file is damaged.
pub fn waiting(snapshot: &Snapshot<'_>, key: &KeyPath) -> Result<Waiting, Error> {
    let view = find_lasting_key(snapshot, key)?;
    waiting_of(snapshot, &view)
}

pub(super) fn waiting_of(snapshot: &Snapshot<'_>, view: &KeyView) -> Result<Waiting, Error> {
    let key = &view.path;
    let Some((version, facts)) = view.pending_request() else {
        return Err(match &view.next {
            Some(Next::New(version)) => {
                Error::NoRequest { key: key.clone(), version: Some(version.number), request: None }
            }
            _ => Error::NoRequestWaits { key: key.clone() },
        });
    };
    let bytes = snapshot.request_file(key, version, facts)?;
    let read = CertificationRequest::from_pem(&bytes);
    Ok(Waiting {
        key: key.clone(),
        version: version.number,
        spki: version.spki,
        number: facts.number,
        request: read.map_err(|source| Error::Request { key: key.clone(), source })?,
        submission: facts.submission.clone(),
        current: view.current.as_ref().map(|current| current.installed.summary.fingerprint),
    })
}

/// Refuses to hand a request to an authority while another one has it.
///
/// # Errors
/// When another authority can still answer.
pub fn check_free(waiting: &Waiting, authority: &AuthorityName) -> Result<(), Error> {
    match &waiting.submission {
        Some(submission) if submission.is_open() && submission.authority != *authority => {
            Err(Error::SubmittedElsewhere { key: waiting.key.clone(), authority: submission.authority.clone() })
        }
        _ => Ok(()),
    }
}

/// Takes note of what became of a request, durably.
///
/// # Errors
/// When the disk refuses.
pub fn take_note(keystore: &Keystore, waiting: &Waiting, submission: &Submission) -> Result<(), Error> {
    let mut transaction = keystore.write()?;
    transaction.submitted(&waiting.key, waiting.version, waiting.number, submission)?;
    Ok(transaction.finish()?)
}
