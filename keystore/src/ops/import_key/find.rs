//! Which private keys are in some files, and which certificates belong to them.

use std::collections::BTreeSet;

use super::ImportError;
use crate::digest::Digest;
use crate::ops::Error;
use crate::ops::inspect::File;
use crate::pki::{
    Certificate, Chain, ChainError, Content, Item, KeyForm, LooksLike, OpenError, OpenedKey, Place, PrivateKey,
    Protection, assemble,
};
use crate::timestamp::Timestamp;

/// More subjects than these are not listed.
const FEW: usize = 5;

/// What can be imported from some files.
pub struct Found {
    files: Vec<String>,
    keys: Vec<Importable>,
    /// Those of the same files.
    beside: Vec<Certificate>,
    /// Those of the files that were given for their certificates.
    given: Vec<Certificate>,
    /// A certificate that cannot be read.
    unreadable: Option<ImportError>,
}

/// A private key that can be imported.
pub struct Importable {
    /// The file it is in.
    pub file: String,
    /// Where in it.
    pub place: Place,
    /// `PKCS#12`, when it is in that.
    pub container: Option<String>,
    /// Its names there: that of its certificate, and its own, which Windows makes up.
    pub friendly_names: Vec<String>,
    /// How it was encrypted.
    pub protection: Option<Protection>,
    key: Box<OpenedKey>,
}

impl Importable {
    /// How it is written.
    #[must_use]
    pub fn form(&self) -> KeyForm {
        self.key.form()
    }

    /// What it is called among others, for people.
    #[must_use]
    pub fn label(&self) -> String {
        let key = self.key.describe();
        match self.friendly_names.first() {
            Some(name) => format!("\"{name}\" ({key})"),
            None => format!("{key} in {}, {}", self.file, self.place),
        }
    }

    /// Takes the names of its certificates over, before its own.
    fn take_names(&mut self, certificates: &[(Option<String>, Certificate)]) {
        let own = std::mem::take(&mut self.friendly_names);
        let is_its = |certificate: &Certificate| Some(certificate.public_key().hash()) == self.spki();
        let its = certificates.iter().filter(|(_, certificate)| is_its(certificate));
        let mut seen = BTreeSet::new();
        let names = its.filter_map(|(name, _)| name.clone()).chain(own);
        self.friendly_names = names.filter(|name| seen.insert(name.clone())).collect();
    }

    fn spki(&self) -> Option<Digest> {
        self.key.public_key().map(crate::pki::PublicKey::hash)
    }
}

/// Looks for private keys and certificates in files that were opened as far as there were passphrases, and for more
/// certificates in others.
///
/// # Errors
/// When there is no private key that can be read; says what stands in its way.
pub fn find(files: Vec<File>, certificates: Vec<File>) -> Result<Found, Error> {
    let names: Vec<String> = files.iter().map(|file| file.name.clone()).collect();
    let refused = |files: &[String], source| Error::Import { files: files.to_vec(), source };
    let mut search = Search::default();
    for File { name, items } in files {
        search.file(&name, items);
    }
    let mut given = Vec::new();
    for File { name, items } in certificates {
        let found: Vec<Certificate> = items.into_iter().filter_map(certificate).collect();
        if found.is_empty() {
            return Err(refused(&names, ImportError::NoCertificate { file: name }));
        }
        given.extend(found);
    }
    let Search { mut keys, certificates, obstacles, others, unreadable } = search;
    keys.iter_mut().for_each(|key| key.take_names(&certificates));
    let beside = certificates.into_iter().map(|(_, certificate)| certificate).collect();
    if keys.is_empty() {
        let nothing = ImportError::NoPrivateKey { found: others.into_iter().collect() };
        return Err(refused(&names, obstacles.into_iter().next().or(unreadable).unwrap_or(nothing)));
    }
    Ok(Found { files: names, keys, beside, given, unreadable })
}

fn certificate(item: Item) -> Option<Certificate> {
    match item.content {
        Content::Certificate(certificate) => Some(*certificate),
        _ => None,
    }
}

#[derive(Default)]
struct Search {
    keys: Vec<Importable>,
    /// With their names in PKCS#12.
    certificates: Vec<(Option<String>, Certificate)>,
    /// What keeps private keys from being read.
    obstacles: Vec<ImportError>,
    others: BTreeSet<&'static str>,
    unreadable: Option<ImportError>,
}

impl Search {
    fn file(&mut self, file: &str, items: Vec<Item>) {
        // of the PKCS#12 file that the items after it are from
        let mut around = None;
        for item in items {
            let Item { place, within, protection, content } = item;
            match content {
                Content::PrivateKey(key) => {
                    let (container, name) = within.map_or((None, None), |within| (Some(within.container), within.name));
                    let protection = protection.or_else(|| container.as_ref().and(around.clone()));
                    let (file, friendly_names) = (file.to_owned(), Vec::from_iter(name));
                    self.key(Importable { file, place, container, friendly_names, protection, key });
                }
                Content::Certificate(certificate) => {
                    self.others.insert("certificates");
                    self.certificates.push((within.and_then(|within| within.name), *certificate));
                }
                Content::LockedKey(_) => {
                    self.obstacles.extend(obstacle(LooksLike::EncryptedPrivateKey, protection.as_ref()));
                }
                Content::Pkcs12(_) => {
                    self.others.insert("a PKCS#12 file");
                    self.obstacles.extend(obstacle(LooksLike::Pkcs12, protection.as_ref()));
                    around = protection;
                }
                Content::JavaKeystore(store) => {
                    self.obstacles.push(ImportError::JavaKeystore { kind: store.kind() });
                }
                Content::Unreadable { what: what @ LooksLike::Certificate, error } => {
                    self.unreadable.get_or_insert(ImportError::Unreadable { what, error });
                }
                Content::Unreadable { what, error } => {
                    self.obstacles.push(ImportError::Unreadable { what, error });
                }
                Content::Request(_) => _ = self.others.insert("a certification request"),
                Content::Crl(_) => _ = self.others.insert("a revocation list"),
                Content::PublicKey(_) => _ = self.others.insert("a public key"),
                Content::Other(_) => _ = self.others.insert("something else"),
            }
        }
    }

    /// The same private key in two files, or twice in one, is one.
    fn key(&mut self, key: Importable) {
        if key.spki().is_none_or(|spki| self.keys.iter().all(|other| other.spki() != Some(spki))) {
            self.keys.push(key);
        }
    }
}

/// Why something encrypted did not open; none when it did.
fn obstacle(what: LooksLike, protection: Option<&Protection>) -> Option<ImportError> {
    Some(match protection?.closed.clone()? {
        OpenError::PassphraseNeeded => ImportError::PassphraseNeeded { what },
        OpenError::WrongPassphrase => ImportError::WrongPassphrase { what },
        error => ImportError::Unreadable { what, error },
    })
}

impl Found {
    /// Everything that can be imported, by its number.
    #[must_use]
    pub fn keys(&self) -> &[Importable] {
        &self.keys
    }

    /// The one that is meant: the only one, the one of this name, or the one that a certificate was given for.
    ///
    /// # Errors
    /// [`ImportError::Several`], and [`ImportError::NoSuchName`].
    pub fn choose(&self, friendly_name: Option<&str>) -> Result<usize, Error> {
        let labels = || self.keys.iter().map(Importable::label).collect();
        let certified = |key: &Importable| self.given.iter().any(|given| Some(given.public_key().hash()) == key.spki());
        let all = || self.keys.iter().enumerate();
        let chosen: Vec<usize> = match friendly_name {
            Some(name) => {
                let is_meant = |key: &Importable| key.friendly_names.iter().any(|known| known == name);
                all().filter(|(_, key)| is_meant(key)).map(|(index, _)| index).collect()
            }
            None => all().map(|(index, _)| index).collect(),
        };
        let meant: Vec<usize> = chosen.iter().copied().filter(|&index| certified(&self.keys[index])).collect();
        match (chosen.as_slice(), meant.as_slice(), friendly_name) {
            ([only], ..) | (_, [only], _) => Ok(*only),
            ([], _, Some(name)) => Err(self.refused(ImportError::NoSuchName { name: name.to_owned(), keys: labels() })),
            _ => Err(self.refused(ImportError::Several { keys: labels() })),
        }
    }

    /// The private key, as keyring uses it.
    ///
    /// # Errors
    /// When it is of an algorithm or a size that is not used here, or damaged, or weak and `weak` is false.
    pub fn private_key(&self, index: usize, weak: bool) -> Result<PrivateKey, Error> {
        let key = self.keys[index].key.to_private_key();
        let key = key.map_err(|source| self.refused(ImportError::PrivateKey(source)))?;
        let weaknesses = key.public_key().weaknesses();
        if weaknesses.is_empty() || weak {
            return Ok(key);
        }
        Err(self.refused(ImportError::Weak { what: weaknesses.iter().map(ToString::to_string).collect() }))
    }

    /// The certificate of a private key with its chain, and none where there is none.
    ///
    /// # Errors
    /// When there are certificates, and none is for this private key; when one cannot be read, or is not valid now.
    pub fn chain(&self, index: usize, now: Timestamp) -> Result<Option<Chain>, Error> {
        if let Some(unreadable) = &self.unreadable {
            return Err(self.refused(unreadable.clone()));
        }
        let Some(spki) = self.keys[index].spki() else { return Ok(None) };
        let is_its = |given: &Certificate| given.public_key().hash() == spki;
        if self.given.iter().any(|given| !given.is_ca()) && !self.given.iter().any(is_its) {
            return Err(self.mismatch(self.given.iter()));
        }
        let certificates: Vec<Certificate> = self.given.iter().chain(&self.beside).cloned().collect();
        match assemble(certificates, &[spki]) {
            Ok(chain) => self.check_validity(&chain.leaf, now).map(|()| Some(chain)),
            Err(ChainError::Empty) => Ok(None),
            Err(ChainError::NoLeaf { .. }) => self.without_certificate(),
        }
    }

    fn check_validity(&self, leaf: &Certificate, now: Timestamp) -> Result<(), Error> {
        let (not_before, not_after) = (leaf.not_before(), leaf.not_after());
        if not_after < now {
            return Err(self.refused(ImportError::Expired { not_after }));
        }
        if not_before > now {
            return Err(self.refused(ImportError::NotYetValid { not_before }));
        }
        Ok(())
    }

    /// Whether there is no harm in having certificates and none for this private key: those of authorities, and those
    /// of the other private keys, that stand beside it.
    fn without_certificate(&self) -> Result<Option<Chain>, Error> {
        let is_anothers = |certificate: &&Certificate| {
            let hash = certificate.public_key().hash();
            certificate.is_ca() || self.keys.iter().any(|key| key.spki() == Some(hash))
        };
        let mut strangers =
            self.given.iter().chain(self.beside.iter().filter(|beside| !is_anothers(beside))).peekable();
        if strangers.peek().is_none() { Ok(None) } else { Err(self.mismatch(strangers)) }
    }

    fn mismatch<'a>(&self, certificates: impl Iterator<Item = &'a Certificate>) -> Error {
        let subjects = certificates.map(|certificate| certificate.subject().clone()).take(FEW).collect();
        self.refused(ImportError::Mismatch { subjects })
    }

    fn refused(&self, source: ImportError) -> Error {
        Error::Import { files: self.files.clone(), source }
    }
}

#[cfg(test)]
mod tests;
