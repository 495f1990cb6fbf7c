use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
    ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
};
use der::asn1::ObjectIdentifier;
use zeroize::Zeroizing;

use super::rsa_numbers::RsaNumbers;
use crate::pki::asn1::{self, BIT_STRING, CONTEXT_1, INTEGER, OCTET_STRING, SEQUENCE, Tlv};
use crate::pki::{OpenError, PrivateKey, PrivateKeyError, PublicKey, oid};

/// How a private key was written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum KeyForm {
    /// RFC 5208 and 5958.
    Pkcs8,
    /// RFC 8017 appendix A.1.2: `RSA PRIVATE KEY`.
    Pkcs1,
    /// SEC 1 appendix C.4, RFC 5915: `EC PRIVATE KEY`.
    Sec1,
    /// OpenSSL's `DSA PRIVATE KEY`.
    Dsa,
    /// `openssh-key-v1`.
    OpenSsh,
    /// The backup of Key Manager and IIS (NET).
    KeyManager,
    /// The same, of the variant for Server Gated Cryptography.
    KeyManagerSgc,
}

impl fmt::Display for KeyForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pkcs8 => "PKCS#8",
            Self::Pkcs1 => "PKCS#1",
            Self::Sec1 => "SEC 1",
            Self::Dsa => "traditional DSA",
            Self::OpenSsh => "OpenSSH",
            Self::KeyManager => "Key Manager backup",
            Self::KeyManagerSgc => "Key Manager backup, SGC variant",
        })
    }
}

/// A private key of any algorithm, in the clear. Not `Clone`, never shown, wiped from memory when dropped.
pub struct OpenedKey {
    form: KeyForm,
    algorithm: String,
    /// `PrivateKeyInfo` of version 1 (RFC 5208), without attributes.
    pkcs8: Zeroizing<Vec<u8>>,
    public_key: Option<PublicKey>,
    comment: Option<String>,
}

impl OpenedKey {
    /// Takes a `PrivateKeyInfo` (RFC 5208, and RFC 5958's version 2) in DER or BER.
    pub(in crate::pki) fn from_pkcs8(bytes: &[u8], form: KeyForm) -> Result<Self, OpenError> {
        let info = Info::read(bytes).ok_or_else(not_pkcs8)?;
        let parameter = info.parameters.as_ref().and_then(Tlv::oid);
        let algorithm = oid::key_name(&info.algorithm, parameter.as_ref());
        let key = Self::new(form, &info, algorithm);
        match info.algorithm {
            oid::RSA_ENCRYPTION | oid::RSASSA_PSS => {
                let numbers = RsaNumbers::read(&info.key)?;
                numbers.check()?;
                let algorithm = format!("{} {} bits", key.algorithm, numbers.bits());
                Ok(Self { algorithm, public_key: numbers.public_key(), ..key })
            }
            oid::EC_PUBLIC_KEY => key.with_curve(&info, parameter.as_ref()),
            oid::ED25519 => {
                let pair = Ed25519KeyPair::from_pkcs8(&key.pkcs8);
                let pair = pair.map_err(|_| OpenError::damaged("its numbers do not belong together"))?;
                let public_key = spki(info.identifier, pair.public_key().as_ref());
                Ok(Self { public_key, ..key })
            }
            _ => Ok(Self { public_key: info.public_key.and_then(|octets| spki(info.identifier, octets)), ..key }),
        }
    }

    fn new(form: KeyForm, info: &Info<'_>, algorithm: String) -> Self {
        let octets = Zeroizing::new(asn1::write(OCTET_STRING, &info.key));
        let body = Zeroizing::new([&[INTEGER, 1, 0][..], info.identifier, &octets].concat());
        let pkcs8 = Zeroizing::new(asn1::write(SEQUENCE, &body));
        Self { form, algorithm, pkcs8, public_key: None, comment: None }
    }

    fn with_curve(self, info: &Info<'_>, curve: Option<&ObjectIdentifier>) -> Result<Self, OpenError> {
        let Some(curve) = curve else {
            let name = "ECDSA with parameters instead of a named curve".to_owned();
            return Err(OpenError::UnsupportedKey { name });
        };
        let stated = sec1_public_key(&info.key);
        let Some(signing) = signing_algorithm(curve) else {
            let public_key = stated.and_then(|octets| spki(info.identifier, octets));
            return Ok(Self { public_key, ..self });
        };
        let pair = EcdsaKeyPair::from_pkcs8(signing, &self.pkcs8);
        let pair = pair.map_err(|_| OpenError::damaged("its numbers do not belong together"))?;
        Ok(Self { public_key: spki(info.identifier, pair.public_key().as_ref()), ..self })
    }

    pub(super) fn with_comment(self, comment: String) -> Self {
        Self { comment: Some(comment).filter(|comment| !comment.is_empty()), ..self }
    }

    /// How it was written.
    #[must_use]
    pub fn form(&self) -> KeyForm {
        self.form
    }

    /// For people: `RSA 2048 bits`, `ECDSA P-521`, `Ed25519`, `DSA`.
    #[must_use]
    pub fn describe(&self) -> &str {
        &self.algorithm
    }

    /// Its public half; `None` when the algorithm is not known here and it does not stand beside the private one.
    #[must_use]
    pub fn public_key(&self) -> Option<&PublicKey> {
        self.public_key.as_ref()
    }

    /// What its owner wrote beside it; only OpenSSH's form has that.
    #[must_use]
    pub fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }

    /// The key as keyring keeps and uses it.
    ///
    /// # Errors
    ///
    /// [`PrivateKeyError::UnsupportedAlgorithm`] when it is of an algorithm or size that keyring does not use, and
    /// what [`PrivateKey::from_pkcs8_der`] has to say besides.
    pub fn to_private_key(&self) -> Result<PrivateKey, PrivateKeyError> {
        PrivateKey::from_pkcs8_der(&self.pkcs8)
    }

    /// The unencrypted key, `PrivateKeyInfo` of version 1 (RFC 5208).
    #[must_use]
    pub fn as_pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }
}

impl fmt::Debug for OpenedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private key elided]")
    }
}

/// `PrivateKeyInfo` in its pieces.
struct Info<'a> {
    algorithm: ObjectIdentifier,
    parameters: Option<Tlv<'a>>,
    /// The `AlgorithmIdentifier` as it stands.
    identifier: &'a [u8],
    key: Zeroizing<Vec<u8>>,
    /// `[1]`, of version 2.
    public_key: Option<&'a [u8]>,
}

impl<'a> Info<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let parts = asn1::whole(bytes)?.tagged(SEQUENCE)?.children()?;
        let [version, identifier, key, rest @ ..] = parts.as_slice() else { return None };
        version.tagged(INTEGER)?;
        let fields = identifier.tagged(SEQUENCE)?.children()?;
        let (algorithm, parameters) = fields.split_first()?;
        // an OCTET STRING, whole or, in BER, in pieces
        let key = Some(key).filter(|key| matches!(key.tag, OCTET_STRING | 0x24))?.octets()?;
        // [1] IMPLICIT BIT STRING: how many bits are unused, then the octets
        let public_key = rest.iter().find(|field| field.tag == 0x81).and_then(|field| field.content.strip_prefix(&[0]));
        let (algorithm, parameters) = (algorithm.oid()?, parameters.first().copied());
        Some(Self { algorithm, parameters, identifier: identifier.raw, key, public_key })
    }
}

fn not_pkcs8() -> OpenError {
    OpenError::damaged("it is no PKCS#8 PrivateKeyInfo")
}

/// What `ECPrivateKey` (RFC 5915) says of its public key.
fn sec1_public_key(key: &[u8]) -> Option<&[u8]> {
    let fields = asn1::whole(key)?.tagged(SEQUENCE)?.children()?;
    let field = fields.into_iter().find(|field| field.tag == CONTEXT_1)?;
    asn1::whole(field.content)?.bits()
}

/// `SubjectPublicKeyInfo` of the same `AlgorithmIdentifier`.
fn spki(identifier: &[u8], key: &[u8]) -> Option<PublicKey> {
    let bits = asn1::write(BIT_STRING, &[&[0], key].concat());
    PublicKey::from_spki_der(&asn1::write(SEQUENCE, &[identifier, &bits].concat())).ok()
}

fn signing_algorithm(curve: &ObjectIdentifier) -> Option<&'static EcdsaSigningAlgorithm> {
    match *curve {
        oid::P_256 => Some(&ECDSA_P256_SHA256_ASN1_SIGNING),
        oid::P_384 => Some(&ECDSA_P384_SHA384_ASN1_SIGNING),
        oid::P_521 => Some(&ECDSA_P521_SHA512_ASN1_SIGNING),
        oid::SECP256K1 => Some(&ECDSA_P256K1_SHA256_ASN1_SIGNING),
        _ => None,
    }
}
