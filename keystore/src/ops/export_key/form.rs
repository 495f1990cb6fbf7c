//! The forms, written and read back.

use rand::CryptoRng;
use zeroize::Zeroizing;

use crate::pki::{
    BagContent, Budget, Certificate, EncryptedPrivateKey, Passphrase, Pbes2, Pkcs12, Pkcs12Entry, Pkcs12Protection,
    Pkcs12Strength, PrivateKey, PrivateKeyError, PrivateKeyFile, pkcs7_of, pkcs7_to_pem, read_certificates,
};

/// The form of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Form {
    /// The private key, in PEM.
    Pem,
    /// The private key, `PrivateKeyInfo` or `EncryptedPrivateKeyInfo` in DER (RFC 5958).
    Pkcs8Der,
    /// Private key, certificate and chain, PKCS#12.
    Pkcs12(Pfx),
    /// Private key, certificate and chain, one after the other in PEM.
    Combined,
    /// The certificate, in PEM.
    Certificate,
    /// The chain without the certificate, in PEM.
    Chain,
    /// Certificate and chain, in PEM.
    Fullchain,
    /// Certificate and chain, PKCS#7 in PEM.
    Pkcs7,
}

/// What a PKCS#12 file says for its consumer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pfx {
    /// How it is protected.
    pub strength: Pkcs12Strength,
    /// The friendly name: the alias in Java.
    pub friendly_name: String,
    /// The cryptographic provider of Windows; such are for RSA keys.
    pub provider: Option<&'static str>,
}

/// Why a file could not be made, or is not what was to be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The private key could not be encrypted.
    #[error(transparent)]
    PrivateKey(#[from] PrivateKeyError),
    /// A provider of Windows that takes no such key.
    #[error("the Windows provider {provider:?} takes RSA keys, and this one is {algorithm}")]
    Provider {
        /// The provider.
        provider: &'static str,
        /// The key's algorithm.
        algorithm: &'static str,
    },
    /// What was read back is something else.
    #[error("what was written is not what was to be written: {what}")]
    Differs {
        /// In which way.
        what: &'static str,
    },
}

impl Form {
    /// Whether a file of this form holds the private key.
    #[must_use]
    pub fn has_private_key(&self) -> bool {
        matches!(self, Self::Pem | Self::Pkcs8Der | Self::Pkcs12(_) | Self::Combined)
    }

    /// Whether it can't be made without a certificate.
    #[must_use]
    pub fn needs_certificate(&self) -> bool {
        !matches!(self, Self::Pem | Self::Pkcs8Der)
    }

    /// Makes the file. A form with the private key needs it, and encrypts it with the passphrase when there is one.
    ///
    /// # Errors
    /// When the private key can't be encrypted, or its consumer takes no such key.
    pub fn encode(
        &self,
        certificates: &[Certificate],
        secret: Option<(&PrivateKey, Option<&Passphrase>)>,
        rounds: u32,
        random: &mut impl CryptoRng,
    ) -> Result<Zeroizing<Vec<u8>>, ExportError> {
        let Some((private_key, passphrase)) = secret else { return Ok(Zeroizing::new(self.public(certificates))) };
        Ok(match self {
            Self::Pem => private_pem(private_key, passphrase, rounds, random)?,
            Self::Combined => {
                let mut file = private_pem(private_key, passphrase, rounds, random)?;
                file.extend_from_slice(&pem(certificates));
                file
            }
            Self::Pkcs8Der => match passphrase {
                None => private_key.to_pkcs8_der(),
                Some(passphrase) => {
                    Zeroizing::new(private_key.encrypt_der(passphrase, &Pbes2::random(rounds, random))?)
                }
            },
            Self::Pkcs12(pfx) => {
                if let Some(provider) = pfx.provider.filter(|_| !private_key.algorithm().is_rsa()) {
                    return Err(ExportError::Provider { provider, algorithm: private_key.algorithm().as_str() });
                }
                let entry = Pkcs12Entry {
                    private_key,
                    certificates,
                    friendly_name: Some(&pfx.friendly_name),
                    provider: pfx.provider,
                };
                let protection =
                    passphrase.map(|passphrase| Pkcs12Protection::random(pfx.strength, passphrase, rounds, random));
                entry.write(protection.as_ref())?
            }
            _ => Zeroizing::new(self.public(certificates)),
        })
    }

    fn public(&self, certificates: &[Certificate]) -> Vec<u8> {
        match self {
            Self::Certificate => pem(certificates.get(..1).unwrap_or_default()),
            Self::Chain => pem(certificates.get(1..).unwrap_or_default()),
            Self::Pkcs7 => pkcs7_to_pem(&pkcs7_of(certificates)).into_bytes(),
            _ => pem(certificates),
        }
    }

    /// Checks what stands in a file with a private key, as whoever gets it will read it.
    ///
    /// # Errors
    /// [`ExportError::Differs`] when it is not this private key with these certificates, under this passphrase.
    pub fn check(
        &self,
        written: &[u8],
        certificates: &[Certificate],
        private_key: &PrivateKey,
        passphrase: Option<&Passphrase>,
    ) -> Result<(), ExportError> {
        let differs = |what| ExportError::Differs { what };
        let opened = |file: PrivateKeyFile| match (file, passphrase) {
            (PrivateKeyFile::Plain(key), None) => Ok(key),
            (PrivateKeyFile::Encrypted(key), Some(passphrase)) => key.decrypt(passphrase).map_err(Into::into),
            _ => Err(differs("its encryption")),
        };
        let (key, read) = match self {
            Self::Pem => (opened(PrivateKeyFile::from_pem(written)?)?, None),
            Self::Combined => {
                let certificates = read_certificates(written).map_err(|_| differs("its certificates"))?;
                (opened(PrivateKeyFile::from_pem(written)?)?, Some(certificates))
            }
            Self::Pkcs8Der if passphrase.is_some() => {
                (opened(PrivateKeyFile::Encrypted(EncryptedPrivateKey::from_der(written)?))?, None)
            }
            Self::Pkcs8Der => (PrivateKey::from_pkcs8_der(written)?, None),
            Self::Pkcs12(_) => return check_pkcs12(written, certificates, private_key, passphrase),
            _ => return Ok(()),
        };
        if *key.to_pkcs8_der() != *private_key.to_pkcs8_der() {
            return Err(differs("its private key"));
        }
        match read {
            Some(read) if read != certificates => Err(differs("its certificates")),
            _ => Ok(()),
        }
    }
}

fn check_pkcs12(
    written: &[u8],
    certificates: &[Certificate],
    private_key: &PrivateKey,
    passphrase: Option<&Passphrase>,
) -> Result<(), ExportError> {
    let differs = |what| ExportError::Differs { what };
    let file = Pkcs12::read(written).map_err(|_| differs("it is no PKCS#12 file"))?;
    let bags = file.open(passphrase, &mut Budget::default()).map_err(|_| differs("it does not open"))?;
    let (mut keys, mut read) = (0, Vec::new());
    for bag in bags {
        match bag.content {
            BagContent::PrivateKey(Ok(key)) if key.public_key() == Some(private_key.public_key()) => keys += 1,
            BagContent::Certificate(Ok(certificate)) => read.push(*certificate),
            _ => return Err(differs("something else is in it")),
        }
    }
    if keys != 1 {
        return Err(differs("its private key"));
    }
    if read == certificates { Ok(()) } else { Err(differs("its certificates")) }
}

fn private_pem(
    private_key: &PrivateKey,
    passphrase: Option<&Passphrase>,
    rounds: u32,
    random: &mut impl CryptoRng,
) -> Result<Zeroizing<Vec<u8>>, ExportError> {
    Ok(match passphrase {
        None => Zeroizing::new(private_key.to_pem().as_bytes().to_vec()),
        Some(passphrase) => {
            Zeroizing::new(private_key.encrypt(passphrase, &Pbes2::random(rounds, random))?.into_bytes())
        }
    })
}

fn pem(certificates: &[Certificate]) -> Vec<u8> {
    certificates.iter().flat_map(|certificate| certificate.to_pem().into_bytes()).collect()
}
