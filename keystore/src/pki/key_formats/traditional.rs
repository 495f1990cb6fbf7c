//! Private keys from before PKCS#8, as OpenSSL wrote them: `RSA`, `EC` and `DSA PRIVATE KEY`.

use zeroize::Zeroizing;

use super::rsa_numbers;
use super::{KeyForm, OpenedKey};
use crate::pki::OpenError;
use crate::pki::asn1::{self, CONTEXT_0, INTEGER, OCTET_STRING, SEQUENCE, Tlv};

/// id-ecPublicKey.
const EC_IDENTIFIER: [u8; 9] = [6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];

impl OpenedKey {
    /// Takes a private key in any of the forms that are DER, told apart by their structure.
    pub(in crate::pki) fn from_der(bytes: &[u8]) -> Result<Self, OpenError> {
        let fields = asn1::whole(bytes).and_then(|outer| outer.tagged(SEQUENCE)?.children());
        let fields = fields.ok_or_else(|| OpenError::damaged("it is cut off or not DER"))?;
        let tags: Vec<u8> = fields.iter().map(|field| field.tag).collect();
        match tags.as_slice() {
            [INTEGER, SEQUENCE, ..] => Self::from_pkcs8(bytes, KeyForm::Pkcs8),
            [INTEGER, OCTET_STRING, ..] => Self::from_pkcs8(&sec1_as_pkcs8(bytes, &fields)?, KeyForm::Sec1),
            [INTEGER, INTEGER, INTEGER, INTEGER, INTEGER, INTEGER] => {
                Err(OpenError::UnsupportedKey { name: "DSA".to_owned() })
            }
            [INTEGER, INTEGER, INTEGER, INTEGER, ..] => Self::from_pkcs8(&rsa_numbers::pkcs8(bytes), KeyForm::Pkcs1),
            _ => Err(OpenError::NoPrivateKey),
        }
    }
}

/// `ECPrivateKey ::= SEQUENCE { version, privateKey, [0] parameters OPTIONAL, [1] publicKey OPTIONAL }`
fn sec1_as_pkcs8(sec1: &[u8], fields: &[Tlv<'_>]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let curve = fields.iter().find(|field| field.tag == CONTEXT_0);
    let curve = curve.ok_or_else(|| OpenError::damaged("it does not name its curve"))?;
    let identifier = asn1::write(SEQUENCE, &[&EC_IDENTIFIER, curve.content].concat());
    let key = Zeroizing::new(asn1::write(OCTET_STRING, sec1));
    let body = Zeroizing::new([&[INTEGER, 1, 0][..], &identifier, &key].concat());
    Ok(Zeroizing::new(asn1::write(SEQUENCE, &body)))
}
