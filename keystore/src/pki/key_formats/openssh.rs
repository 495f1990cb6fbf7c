//! Private keys of OpenSSH (`openssh-key-v1`), read by the crate `ssh-key`.

use rsa::pkcs8::EncodePrivateKey as _;
use ssh_key::private::{EcdsaKeypair, KeypairData, RsaKeypair};
use ssh_key::{Cipher, Kdf, PrivateKey};
use zeroize::Zeroizing;

use super::rsa_numbers::number;
use super::{FoundKey, KeyForm, LockedKey, OpenedKey};
use crate::pki::asn1::{self, BIT_STRING, CONTEXT_1, INTEGER, OCTET_STRING, SEQUENCE};
use crate::pki::{OpenError, Passphrase, text};

/// The first octets of the form.
pub(in crate::pki) const MAGIC: &[u8] = b"openssh-key-v1\0";

/// ssh-keygen takes 24 unless asked for more; each is some milliseconds.
const MAX_ROUNDS: u32 = 2_000;

impl FoundKey {
    /// Takes a private key of OpenSSH, encrypted or not.
    pub(in crate::pki) fn from_openssh(bytes: &[u8]) -> Result<Self, OpenError> {
        let key = PrivateKey::from_bytes(bytes).map_err(|error| damaged(&error))?;
        if let Kdf::Bcrypt { rounds, .. } = key.kdf()
            && !(1..=MAX_ROUNDS).contains(rounds)
        {
            return Err(OpenError::excessive((*rounds).into(), MAX_ROUNDS.into(), "rounds of bcrypt"));
        }
        if key.is_encrypted() { Ok(Self::Locked(LockedKey::openssh(key))) } else { opened(&key).map(Self::Opened) }
    }
}

/// What its key derivation costs, in rounds of PBKDF2: one of bcrypt takes as long as this many.
pub(super) fn rounds(key: &PrivateKey) -> u64 {
    const EACH: u64 = 25_000;
    match key.kdf() {
        Kdf::Bcrypt { rounds, .. } => u64::from(*rounds) * EACH,
        _ => 1,
    }
}

/// `OpenSSH (bcrypt, 24 rounds, aes256-ctr)`.
pub(super) fn describe(key: &PrivateKey) -> String {
    let cipher = key.cipher();
    match key.kdf() {
        Kdf::Bcrypt { rounds, .. } => format!("OpenSSH (bcrypt, {rounds} rounds, {})", cipher.as_str()),
        _ => format!("OpenSSH ({})", cipher.as_str()),
    }
}

pub(super) fn is_legacy(key: &PrivateKey) -> bool {
    matches!(key.cipher(), Cipher::TdesCbc)
}

pub(super) fn open(key: &PrivateKey, passphrase: &Passphrase) -> Result<OpenedKey, OpenError> {
    let opened_key = key.decrypt(passphrase.expose()).map_err(|error| match error {
        // the two check numbers differ, or what follows them is noise
        ssh_key::Error::Crypto => OpenError::WrongPassphrase,
        other => damaged(&other),
    })?;
    opened(&opened_key)
}

fn opened(key: &PrivateKey) -> Result<OpenedKey, OpenError> {
    let pkcs8 = match key.key_data() {
        KeypairData::Rsa(pair) => rsa_pkcs8(pair)?,
        KeypairData::Ecdsa(pair) => ecdsa_pkcs8(pair),
        KeypairData::Ed25519(pair) => {
            let seed = Zeroizing::new(pair.private.to_bytes());
            let octets = Zeroizing::new(asn1::write(OCTET_STRING, &*seed));
            pkcs8(&[6, 3, 0x2b, 0x65, 0x70], &octets)
        }
        _ => {
            let name = key.algorithm().as_str().to_owned();
            return Err(OpenError::UnsupportedKey { name });
        }
    };
    let comment = text::printable(key.comment().as_bytes());
    Ok(OpenedKey::from_pkcs8(&pkcs8, KeyForm::OpenSsh)?.with_comment(comment))
}

fn rsa_pkcs8(pair: &RsaKeypair) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let damaged = || OpenError::damaged("its numbers do not belong together");
    let (public, private) = (pair.public(), pair.private());
    let modulus = public.n().as_positive_bytes().ok_or_else(damaged)?;
    // all as wide as the modulus, as the crate wants them
    let wide = |octets: Option<&[u8]>| {
        let octets = octets.filter(|octets| octets.len() <= modulus.len()).ok_or_else(damaged)?;
        let mut padded = Zeroizing::new(vec![0; modulus.len() - octets.len()]);
        padded.extend_from_slice(octets);
        number(&padded).ok_or_else(damaged)
    };
    if modulus.len() > 2048 {
        return Err(OpenError::UnsupportedKey { name: format!("RSA {} bits", modulus.len() * 8) });
    }
    let exponent = public.e().as_positive_bytes().and_then(number).ok_or_else(damaged)?;
    let primes = vec![wide(private.p().as_positive_bytes())?, wide(private.q().as_positive_bytes())?];
    let d = wide(private.d().as_positive_bytes())?;
    let key = rsa::RsaPrivateKey::from_components(wide(Some(modulus))?, exponent, d, primes).map_err(|_| damaged())?;
    let document = key.to_pkcs8_der().map_err(|_| damaged())?;
    Ok(Zeroizing::new(document.as_bytes().to_vec()))
}

/// `ECPrivateKey` (RFC 5915) in PKCS#8.
fn ecdsa_pkcs8(pair: &EcdsaKeypair) -> Zeroizing<Vec<u8>> {
    let curve: &[u8] = match pair {
        EcdsaKeypair::NistP256 { .. } => &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
        EcdsaKeypair::NistP384 { .. } => &[6, 5, 0x2b, 0x81, 4, 0, 0x22],
        EcdsaKeypair::NistP521 { .. } => &[6, 5, 0x2b, 0x81, 4, 0, 0x23],
    };
    let scalar = Zeroizing::new(asn1::write(OCTET_STRING, pair.private_key_bytes()));
    let point = asn1::write(BIT_STRING, &[&[0], pair.public_key_bytes()].concat());
    let fields = Zeroizing::new([&[INTEGER, 1, 1][..], &scalar, &asn1::write(CONTEXT_1, &point)].concat());
    let key = Zeroizing::new(asn1::write(SEQUENCE, &fields));
    pkcs8(&[&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1], curve].concat(), &key)
}

/// `PrivateKeyInfo` of an algorithm with its parameters.
fn pkcs8(algorithm: &[u8], key: &[u8]) -> Zeroizing<Vec<u8>> {
    let key = Zeroizing::new(asn1::write(OCTET_STRING, key));
    let body = Zeroizing::new([&[INTEGER, 1, 0][..], &asn1::write(SEQUENCE, algorithm), &key].concat());
    Zeroizing::new(asn1::write(SEQUENCE, &body))
}

fn damaged(error: &ssh_key::Error) -> OpenError {
    match error {
        ssh_key::Error::AlgorithmUnknown => OpenError::UnsupportedKey { name: "unknown to OpenSSH's form".to_owned() },
        ssh_key::Error::AlgorithmUnsupported { algorithm } => {
            OpenError::UnsupportedKey { name: algorithm.as_str().to_owned() }
        }
        other => OpenError::damaged(other.to_string()),
    }
}
