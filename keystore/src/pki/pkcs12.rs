//! PKCS#12 files (PFX, RFC 7292): read, DER or BER, with what each bag says of itself, and written for a consumer.

mod bag;
mod mac;
mod writing;

use std::fmt;

use zeroize::Zeroizing;

pub use bag::{Bag, BagContent};
pub use writing::{Pkcs12Entry, Pkcs12Protection, Pkcs12Strength};

use super::asn1::{self, CONTEXT_0, INTEGER, OCTET_STRING, SEQUENCE, Tlv};
use super::scheme::{Budget, Password, Scheme};
use super::{OpenError, Passphrase, oid};
use mac::Mac;

/// More than any honest file holds.
const MAX_BAGS: usize = 10_000;

/// A PKCS#12 file, as far as it can be read without its passphrase. Never shown.
pub struct Pkcs12 {
    /// What the message authentication code is of: `AuthenticatedSafe`.
    content: Zeroizing<Vec<u8>>,
    safes: Vec<Safe>,
    mac: Option<Mac>,
}

/// `SafeContents`, as they stand.
enum Safe {
    Plain(Zeroizing<Vec<u8>>),
    Encrypted { scheme: Scheme, data: Zeroizing<Vec<u8>> },
}

impl Pkcs12 {
    /// Reads a `PFX`.
    ///
    /// # Errors
    ///
    /// [`OpenError::Damaged`], [`OpenError::UnsupportedEncryption`], or [`OpenError::Excessive`] when opening it would
    /// exhaust the machine.
    pub fn read(bytes: &[u8]) -> Result<Self, OpenError> {
        let (safe, mac) = pfx(bytes).ok_or_else(|| damaged("the outermost structure"))?;
        let (kind, content) = content_info(&safe).ok_or_else(|| damaged("its authenticated safe"))?;
        if kind == oid::SIGNED_DATA {
            let name = "a signature with a private key instead of a passphrase (signedData)".to_owned();
            return Err(OpenError::UnsupportedEncryption { name });
        }
        let content = data(kind, content).ok_or_else(|| damaged("its authenticated safe"))?;
        let infos = asn1::whole(&content).and_then(|infos| infos.tagged(SEQUENCE)?.children());
        let infos = infos.ok_or_else(|| damaged("its authenticated safe"))?;
        let safes = infos.iter().map(Safe::read).collect::<Result<_, _>>()?;
        let mac = mac.map(|mac| Mac::read(&mac)).transpose()?;
        Ok(Self { content: Zeroizing::new(content.to_vec()), safes, mac })
    }

    /// How its parts are encrypted, for people; empty when all of it can be read without a passphrase. Private keys inside
    /// an encrypted part may be encrypted once more.
    #[must_use]
    pub fn encryption(&self) -> Vec<String> {
        let schemes = self.schemes().map(ToString::to_string);
        let mut all: Vec<String> = schemes.chain(self.shrouded().iter().map(super::LockedKey::encryption)).collect();
        all.dedup();
        all
    }

    /// How its integrity is protected, for people; `None` when it is not.
    #[must_use]
    pub fn integrity(&self) -> Option<String> {
        self.mac.as_ref().map(ToString::to_string)
    }

    /// Whether something in it is protected in a way that has been replaced by something stronger.
    #[must_use]
    pub fn is_legacy(&self) -> bool {
        let keys = self.shrouded();
        self.schemes().any(Scheme::is_legacy)
            || keys.iter().any(super::LockedKey::is_legacy)
            || self.mac.as_ref().is_some_and(Mac::is_legacy)
    }

    /// Checks its integrity and opens everything in it. Without a passphrase the empty one is tried, and none at all.
    ///
    /// # Errors
    ///
    /// [`OpenError::WrongPassphrase`] or [`OpenError::PassphraseNeeded`] when it does not open. A bag that is damaged by
    /// itself does not keep the others from being read.
    pub fn open(&self, passphrase: Option<&Passphrase>, budget: &mut Budget) -> Result<Vec<Bag>, OpenError> {
        let passwords = match passphrase {
            Some(passphrase) => vec![Password::of(passphrase)],
            None => vec![Password::empty(), Password::absent()],
        };
        for password in &passwords {
            match self.open_with(password, budget) {
                Err(OpenError::WrongPassphrase) => {}
                opened => return opened,
            }
        }
        Err(if passphrase.is_some() { OpenError::WrongPassphrase } else { OpenError::PassphraseNeeded })
    }

    fn open_with(&self, password: &Password, budget: &mut Budget) -> Result<Vec<Bag>, OpenError> {
        if let Some(mac) = &self.mac {
            budget.take(mac.rounds())?;
            if !mac.verifies(password, &self.content)? {
                return Err(OpenError::WrongPassphrase);
            }
        }
        let mut bags = Vec::new();
        for safe in &self.safes {
            let contents = match safe {
                Safe::Plain(contents) => contents.clone(),
                Safe::Encrypted { scheme, data } => {
                    budget.take(scheme.rounds())?;
                    scheme.decrypt(password, data)?
                }
            };
            let encrypted = matches!(safe, Safe::Encrypted { .. });
            let read = bag::read(&contents, password, budget, &mut bags);
            read.map_err(|error| match error {
                // noise that was padded well: the passphrase was never checked
                OpenError::Damaged { .. } if encrypted && self.mac.is_none() => OpenError::WrongPassphrase,
                other => other,
            })?;
        }
        Ok(bags)
    }

    fn schemes(&self) -> impl Iterator<Item = &Scheme> {
        self.safes.iter().filter_map(|safe| match safe {
            Safe::Encrypted { scheme, .. } => Some(scheme),
            Safe::Plain(_) => None,
        })
    }

    /// The encrypted private keys that can be seen without a passphrase.
    fn shrouded(&self) -> Vec<super::LockedKey> {
        let plain = self.safes.iter().filter_map(|safe| match safe {
            Safe::Plain(contents) => Some(bag::shrouded_keys(contents)),
            Safe::Encrypted { .. } => None,
        });
        plain.flatten().collect()
    }
}

impl Safe {
    fn read(info: &Tlv<'_>) -> Result<Self, OpenError> {
        let (kind, content) = content_info(info).ok_or_else(|| damaged("one of its safes"))?;
        match kind {
            oid::DATA => data(kind, content).map(Self::Plain).ok_or_else(|| damaged("one of its safes")),
            oid::ENCRYPTED_DATA => encrypted(&content),
            other => Err(OpenError::UnsupportedEncryption { name: oid::encryption_name(&other) }),
        }
    }
}

impl fmt::Debug for Pkcs12 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[PKCS#12 elided]")
    }
}

/// `PFX ::= SEQUENCE { version INTEGER {v3(3)}, authSafe ContentInfo, macData MacData OPTIONAL }`
fn pfx(bytes: &[u8]) -> Option<(Tlv<'_>, Option<Tlv<'_>>)> {
    let parts = asn1::read(bytes)?.0.tagged(SEQUENCE)?.children()?;
    let [version, safe, rest @ ..] = parts.as_slice() else { return None };
    (version.tagged(INTEGER)?.unsigned()? == 3).then_some((*safe, rest.first().copied()))
}

/// `ContentInfo`: what kind, and the contents of its `[0]`.
fn content_info<'a>(info: &Tlv<'a>) -> Option<(der::asn1::ObjectIdentifier, Tlv<'a>)> {
    let [kind, content] = info.tagged(SEQUENCE)?.children()?.try_into().ok()?;
    let [content] = content.tagged(CONTEXT_0)?.children()?.try_into().ok()?;
    Some((kind.oid()?, content))
}

/// The octets of `data`.
fn data(kind: der::asn1::ObjectIdentifier, content: Tlv<'_>) -> Option<Zeroizing<Vec<u8>>> {
    (kind == oid::DATA && matches!(content.tag, OCTET_STRING | 0x24)).then(|| content.octets())?
}

/// `EncryptedData ::= SEQUENCE { version, SEQUENCE { contentType, AlgorithmIdentifier, [0] IMPLICIT OCTET STRING } }`
fn encrypted(content: &Tlv<'_>) -> Result<Safe, OpenError> {
    let parts = || {
        let [_version, info, ..] = content.tagged(SEQUENCE)?.children()?[..] else { return None };
        let [_kind, algorithm, data] = info.tagged(SEQUENCE)?.children()?.try_into().ok()?;
        let data = matches!(data.tag, 0x80 | CONTEXT_0).then(|| data.octets())??;
        Some((algorithm, data))
    };
    let (algorithm, data) = parts().ok_or_else(|| damaged("one of its safes"))?;
    Ok(Safe::Encrypted { scheme: Scheme::read(&algorithm)?, data })
}

fn damaged(what: &str) -> OpenError {
    OpenError::damaged(format!("{what}, in the PKCS#12 file"))
}

#[cfg(test)]
mod tests;
