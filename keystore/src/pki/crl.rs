//! Certificate revocation lists (RFC 5280 section 5), as far as they are shown.

use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use super::{Subject, oid};
use crate::timestamp::Timestamp;

/// A revocation list: what it says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Crl {
    /// The authority.
    pub issuer: Subject,
    /// When it was made.
    pub this_update: Timestamp,
    /// When the next one is due.
    pub next_update: Option<Timestamp>,
    /// Its number (RFC 5280 section 5.2.3).
    pub number: Option<String>,
    /// How many certificates it revokes.
    pub revoked: usize,
    /// How it is signed.
    pub signature_algorithm: String,
}

/// Bytes that are no revocation list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a certificate revocation list")]
pub struct CrlError;

impl Crl {
    /// Reads a revocation list in DER.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn from_der(der: &[u8]) -> Result<Self, CrlError> {
        let (_, list) = CertificateRevocationList::from_der(der).map_err(|_| CrlError)?;
        let algorithm = list.signature_algorithm.algorithm.as_bytes();
        let algorithm = der::asn1::ObjectIdentifier::from_bytes(algorithm).map_err(|_| CrlError)?;
        let time = |time: x509_parser::time::ASN1Time| Timestamp::from_unix(time.timestamp());
        Ok(Self {
            issuer: Subject::from_der(list.issuer().as_raw()).map_err(|_| CrlError)?,
            this_update: time(list.last_update()),
            next_update: list.next_update().map(time),
            number: list.crl_number().map(ToString::to_string),
            revoked: list.iter_revoked_certificates().count(),
            signature_algorithm: oid::signature_name(&algorithm),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Crl;
    use crate::pki::pem_blocks;

    fn fixture() -> Vec<u8> {
        pem_blocks(include_bytes!("../../tests/fixtures/leaf.crl")).remove(0).body.unwrap().to_vec()
    }

    #[test]
    fn what_openssl_made_is_read() {
        let crl = Crl::from_der(&fixture()).unwrap();
        assert_eq!(crl.issuer.to_string(), "O=Fixture,CN=Fixture CA");
        assert_eq!((crl.revoked, crl.signature_algorithm.as_str()), (0, "ecdsa-with-SHA256"));
        assert!(crl.next_update.unwrap() > crl.this_update);
        assert!(Crl::from_der(b"hello").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, position: prop::sample::Index, octet: u8) {
            let _ = Crl::from_der(&bytes);
            let mut der = fixture();
            let at = position.index(der.len());
            der[at] = octet;
            let _ = Crl::from_der(&der);
        }
    }
}
