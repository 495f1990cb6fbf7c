//! Signatures of X.509 (RFC 5280 section 4.1.1.3): made, and whether they hold.

use der::Encode;
use x509_parser::asn1_rs::BitString;
use x509_parser::error::X509Error;
use x509_parser::prelude::FromDer;
use x509_parser::verify::verify_signature;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use super::asn1::{self, BIT_STRING, SEQUENCE};
use super::{PrivateKey, PrivateKeyError, PublicKey, oid};

/// Below this, RSA signatures are not checked by the crypto library.
const RSA_CHECKED: u32 = 2048;

/// What came of checking a signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    Valid,
    Invalid,
    /// An algorithm or a key that is too old or too new to be checked here.
    Unsupported,
}

/// What is to be signed, how, and the signature: the frame of requests, certificates and revocation lists alike.
/// `message` is one element in DER.
pub(super) fn sign(message: &[u8], key: &PrivateKey) -> Result<Vec<u8>, PrivateKeyError> {
    let algorithm = key.signature_algorithm().to_der().map_err(|_| PrivateKeyError::Encoding)?;
    let signature = [&[0], key.sign(message)?.as_slice()].concat();
    Ok(asn1::write(SEQUENCE, &[message, &algorithm, &asn1::write(BIT_STRING, &signature)].concat()))
}

/// Checks a signature. `algorithm` is the DER of its `AlgorithmIdentifier`.
pub(super) fn check(key: &PublicKey, algorithm: &[u8], signature: &[u8], message: &[u8]) -> Verdict {
    let parsed = (SubjectPublicKeyInfo::from_der(key.as_der()), AlgorithmIdentifier::from_der(algorithm));
    let (Ok((_, spki)), Ok((_, identifier))) = parsed else { return Verdict::Unsupported };
    match verify_signature(&spki, &identifier, &BitString::new(0, signature), message) {
        Ok(()) => Verdict::Valid,
        Err(X509Error::SignatureUnsupportedAlgorithm) => Verdict::Unsupported,
        Err(_) => {
            let short = key.rsa_bits().is_some_and(|bits| bits < RSA_CHECKED);
            // a salt of another length than the hash is valid PSS, and refused by the library
            let pss = identifier.algorithm.as_bytes() == oid::RSASSA_PSS.as_bytes();
            if short || pss { Verdict::Unsupported } else { Verdict::Invalid }
        }
    }
}
