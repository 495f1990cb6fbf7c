//! Loads what is to be published into a TLS library, before anybody reads it.

use keystore::pki::PrivateKeyFile;
use keystore::store::Publication;
use rustls::InconsistentKeys;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::error::Failure;

/// Loads a pair as a TLS server would. That they belong together was checked before, by their public keys; what
/// rustls does not parse at all, such as an X.509 version 1 certificate, other servers take, so that it is no fault.
pub(super) fn load(publication: &Publication) -> Result<(), Failure> {
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
