//! Binary contents, told apart by their structure.

use super::{Content, Item, MAX_ITEMS, Place};
use crate::pki::asn1::{self, SEQUENCE, Tlv};
use crate::pki::key_formats::{OPENSSH_MAGIC, backups};
use crate::pki::pkcs7;
use crate::pki::reader::{Shape, shape};
use crate::pki::{
    Certificate, CertificationRequest, Crl, FoundKey, JavaEntry, JavaKeystore, LockedKey, LooksLike, OpenError,
    OpenedKey, Pkcs12, PublicKey,
};

/// Everything in some bytes; `None` when they are not binary, or nothing in them is recognised.
pub(super) fn file(bytes: &[u8]) -> Option<Vec<Item>> {
    if let Some(store) = JavaKeystore::read(bytes) {
        return Some(java(store));
    }
    if bytes.starts_with(OPENSSH_MAGIC) {
        return Some(vec![Item::key(Place::Octet(0), FoundKey::from_openssh(bytes))]);
    }
    if let Some(backup) = backups(bytes) {
        let (at, key) = backup.key;
        let mut items = vec![Item::key(Place::Octet(at), key.map(FoundKey::Locked))];
        items.extend(backup.certificate.map(|(at, der)| certificate(Place::Octet(at), der)));
        return Some(items);
    }
    elements(bytes)
}

/// Structures one after the other.
fn elements(bytes: &[u8]) -> Option<Vec<Item>> {
    let mut items = Vec::new();
    let mut rest = bytes;
    while !rest.iter().all(|octet| octet.is_ascii_whitespace() || *octet == 0) && items.len() <= MAX_ITEMS {
        let place = Place::Octet(bytes.len() - rest.len());
        let Some((element, after)) = asn1::read(rest).filter(|(element, _)| element.tag == SEQUENCE) else {
            let begun = matches!(rest, [SEQUENCE, 0x80..=0x84, ..]);
            if items.is_empty() && !begun {
                return None;
            }
            let error = OpenError::damaged("it is cut off or not DER");
            items.push(Item::new(place, Content::Unreadable { what: LooksLike::Binary, error }));
            break;
        };
        let found = self::element(&element, place);
        if found.is_empty() && items.is_empty() {
            return None;
        }
        items.extend(found);
        rest = after;
    }
    Some(items)
}

/// What one structure is; nothing when it is not known.
fn element(element: &Tlv<'_>, place: Place) -> Vec<Item> {
    let raw = element.raw;
    let looks_like = match shape(element) {
        Shape::Certificate => return vec![certificate(place, raw)],
        Shape::SignedData => return pkcs7_items(raw, place),
        Shape::Unknown => return rsa_public_key(raw, place).into_iter().collect(),
        Shape::Other(looks_like) => looks_like,
    };
    let unreadable = |error: OpenError| Content::Unreadable { what: looks_like, error };
    let damaged = |error: &dyn std::fmt::Display| unreadable(OpenError::damaged(error.to_string()));
    vec![match looks_like {
        LooksLike::PrivateKey => Item::key(place, OpenedKey::from_der(raw).map(FoundKey::Opened)),
        LooksLike::EncryptedPrivateKey => Item::key(place, LockedKey::from_pkcs8(raw).map(FoundKey::Locked)),
        LooksLike::Pkcs12 => match Pkcs12::read(raw) {
            Ok(file) => Item::pkcs12(place, file),
            Err(error) => Item::new(place, unreadable(error)),
        },
        LooksLike::Request => {
            let request = CertificationRequest::from_der(raw);
            Item::new(place, request.map_or_else(|error| damaged(&error), |found| Content::Request(Box::new(found))))
        }
        LooksLike::Crl => {
            let crl = Crl::from_der(raw);
            Item::new(place, crl.map_or_else(|error| damaged(&error), |found| Content::Crl(Box::new(found))))
        }
        LooksLike::PublicKey => {
            let key = PublicKey::from_spki_der(raw);
            Item::new(place, key.map_or_else(|error| damaged(&error), Content::PublicKey))
        }
        _ => return Vec::new(),
    }]
}

fn certificate(place: Place, der: &[u8]) -> Item {
    let content = match Certificate::from_der(der) {
        Ok(certificate) => Content::Certificate(Box::new(certificate)),
        Err(error) => {
            Content::Unreadable { what: LooksLike::Certificate, error: OpenError::damaged(error.to_string()) }
        }
    };
    Item::new(place, content)
}

/// `RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }`
fn rsa_public_key(raw: &[u8], place: Place) -> Option<Item> {
    let key = PublicKey::from_pkcs1_der(raw).ok()?;
    Some(Item::new(place, Content::PublicKey(key)))
}

fn pkcs7_items(raw: &[u8], place: Place) -> Vec<Item> {
    let Some(contents) = pkcs7::contents(raw) else {
        let error = OpenError::damaged("it is no SignedData");
        return vec![Item::new(place, Content::Unreadable { what: LooksLike::Pkcs7, error })];
    };
    let certificates = contents.certificates.into_iter().map(|der| certificate(place, der));
    let crls =
        contents.crls.into_iter().flat_map(|der| asn1::whole(der).map_or_else(Vec::new, |crl| element(&crl, place)));
    // one more than is taken shows that there are too many
    let all = certificates.chain(crls).take(MAX_ITEMS + 1);
    let items: Vec<Item> = all.map(|item| item.within("PKCS#7", None)).collect();
    if items.is_empty() {
        return vec![Item::new(place, Content::Other("PKCS#7 without certificates".to_owned()))];
    }
    items
}

/// The keystore, and the certificates that stand in the clear in it.
fn java(store: JavaKeystore) -> Vec<Item> {
    let place = Place::Octet(0);
    let found = store.entries.iter().flat_map(|entry| entry.certificates.iter().map(move |der| (entry, der)));
    let item = |(entry, der): (&JavaEntry, &Vec<u8>)| {
        certificate(place, der).within(store.to_string(), Some(entry.alias.clone()))
    };
    let mut items: Vec<Item> = found.take(MAX_ITEMS + 1).map(item).collect();
    items.insert(0, Item::new(place, Content::JavaKeystore(Box::new(store))));
    items
}
