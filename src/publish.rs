//! Two-phase publishing: what happens between the preparation of a commit and its record.
//!
//! The library writes and switches files; here the services come in. A pair is loaded into a TLS library before
//! anything is switched. Testing, reloading and proving the services belong between `switch` and `record`.

use keystore::model::Generation;
use keystore::pki::PrivateKeyFile;
use keystore::store::{CommitError, Committing, Proposal, Publication, Recorded};
use rustls::InconsistentKeys;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::error::Failure;
use crate::interrupt;

/// Publishes and records, or takes everything back.
pub(crate) fn commit(committing: Committing<'_>, proposal: &Proposal) -> Result<Recorded, Failure> {
    proposal.publications.iter().try_for_each(load)?;
    // From the first switched link to the record, Ctrl-C waits: there is nothing in between to leave behind.
    interrupt::critical(|| -> Result<Recorded, CommitError> { committing.prepare(proposal)?.switch()?.record() })
        .map_err(Failure::from)
}

/// Publishes what was committed before, or takes everything back.
pub(crate) fn publish(
    committing: Committing<'_>,
    generation: Generation,
    publications: &[Publication],
) -> Result<(), Failure> {
    publications.iter().try_for_each(load)?;
    interrupt::critical(|| committing.prepare_publication(generation, publications)?.switch()?.keep())
        .map_err(Failure::from)
}

/// Loads a pair as a TLS server would. That they belong together was checked before, by their public keys; what
/// rustls does not parse at all, such as an X.509 version 1 certificate, other servers take, so that it is no fault.
fn load(publication: &Publication) -> Result<(), Failure> {
    let wrong = |source| Failure::Pair { endpoint: publication.endpoint.to_string(), source };
    let unreadable = |error: pem::Error| wrong(rustls::Error::General(error.to_string()));
    let chain = [&publication.certificate[..], &publication.chain[..]].concat();
    let certificates = CertificateDer::pem_slice_iter(&chain).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    let private_key = PrivateKeyDer::from_pem_slice(&publication.private_key).map_err(unreadable)?;
    let loader = aws_lc_rs::default_provider().key_provider;
    let private_key = match loader.load_private_key(private_key) {
        Ok(private_key) => private_key,
        // rustls takes no RSA key under 2048 bits; what still runs on one does
        Err(_) if is_short(&publication.private_key) => return Ok(()),
        Err(error) => return Err(wrong(error)),
    };
    match CertifiedKey::new(certificates, private_key).keys_match() {
        Err(error @ rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(wrong(error)),
        _ => Ok(()),
    }
}

fn is_short(private_key: &[u8]) -> bool {
    PrivateKeyFile::from_pem(private_key).is_ok_and(|file| matches!(file, PrivateKeyFile::Plain(key) if key.is_short()))
}
