//! What is encrypted, opened.

use super::{Content, Item, Place, Protection, Within};
use crate::pki::{Bag, BagContent, Budget, Crl, LooksLike, OpenError, Passphrase, Pkcs12};

impl Item {
    pub(super) fn pkcs12(place: Place, file: Pkcs12) -> Self {
        let protection = Protection {
            schemes: file.encryption(),
            integrity: file.integrity(),
            legacy: file.is_legacy(),
            closed: Some(OpenError::PassphraseNeeded),
        };
        let item = Self::new(place, Content::Pkcs12(Box::new(file)));
        Self { protection: Some(protection), ..item }
    }

    /// Tries to open it, with the empty passphrase when none is given. What comes out takes its place: an opened key, or
    /// a PKCS#12 file followed by what is in it. What does not open says why. The budget is that of the whole file.
    #[must_use]
    pub fn unlock(self, passphrase: Option<&Passphrase>, budget: &mut Budget) -> Vec<Self> {
        if !self.is_closed() {
            return vec![self];
        }
        let opened = match (&self.content, passphrase) {
            (Content::LockedKey(key), Some(passphrase)) => {
                budget.take(key.rounds()).and_then(|()| key.open(passphrase)).map(|key| {
                    let content = Content::PrivateKey(Box::new(key));
                    vec![Self { content, ..self.shell() }]
                })
            }
            (Content::Pkcs12(file), passphrase) => file
                .open(passphrase, budget)
                .map(|bags| bags.into_iter().map(|bag| from_bag(bag, self.place)).collect()),
            _ => return vec![self],
        };
        let is_pkcs12 = matches!(self.content, Content::Pkcs12(_));
        match opened {
            Ok(items) if is_pkcs12 => [self.with_closed(None)].into_iter().chain(items).collect(),
            Ok(items) => items.into_iter().map(|item| item.with_closed(None)).collect(),
            Err(error) => vec![self.with_closed(Some(error))],
        }
    }

    /// All but the contents.
    fn shell(&self) -> Self {
        let content = Content::Other(String::new());
        Self { place: self.place, within: self.within.clone(), protection: self.protection.clone(), content }
    }

    fn with_closed(self, closed: Option<OpenError>) -> Self {
        Self { protection: self.protection.map(|protection| Protection { closed, ..protection }), ..self }
    }
}

fn from_bag(bag: Bag, place: Place) -> Item {
    let unreadable = |what, error| Content::Unreadable { what, error };
    let content = match bag.content {
        BagContent::PrivateKey(Ok(key)) => Content::PrivateKey(Box::new(key)),
        BagContent::PrivateKey(Err(error)) => unreadable(LooksLike::PrivateKey, error),
        BagContent::Certificate(Ok(certificate)) => Content::Certificate(certificate),
        BagContent::Certificate(Err(error)) => unreadable(LooksLike::Certificate, error),
        BagContent::Crl(der) => match Crl::from_der(&der) {
            Ok(crl) => Content::Crl(Box::new(crl)),
            Err(error) => unreadable(LooksLike::Crl, OpenError::damaged(error.to_string())),
        },
        BagContent::Other(what) => Content::Other(what),
    };
    let within = Within { container: "PKCS#12".to_owned(), name: bag.friendly_name, provider: bag.provider };
    Item { within: Some(within), ..Item::new(place, content) }
}
