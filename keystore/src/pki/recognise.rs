//! What is in a file: everything that is recognised, by what it is and never by how the file is called.

mod binary;
mod unlock;

use std::fmt;

use super::reader::label_looks_like;
use super::{
    Certificate, CertificationRequest, Crl, FoundKey, JavaKeystore, LockedKey, LooksLike, OpenError, OpenedKey,
    PemBlock, Pkcs12, PublicKey, asn1, looks_like, pem, text,
};

/// More than any honest file holds.
const MAX_ITEMS: usize = 10_000;

/// One thing in a file.
#[derive(Debug)]
pub struct Item {
    /// Where it was found.
    pub place: Place,
    /// What it was found in: `PKCS#7`, `PKCS#12`, a Java keystore; with its name there.
    pub within: Option<Within>,
    /// How it is, or was, encrypted.
    pub protection: Option<Protection>,
    /// What it is.
    pub content: Content,
}

/// A container that something was found in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Within {
    /// `PKCS#7`, `PKCS#12`, `Java keystore (JKS)`.
    pub container: String,
    /// Its name there: `friendlyName`, an alias.
    pub name: Option<String>,
    /// The provider that Windows shall keep it in.
    pub provider: Option<String>,
}

/// Where something was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// The line of a text, counted from 1.
    Line(usize),
    /// The octet of a binary file, counted from 0.
    Octet(usize),
}

/// How something is encrypted, and whether it was opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Protection {
    /// Schemes, for people.
    pub schemes: Vec<String>,
    /// How its integrity is protected; PKCS#12 only.
    pub integrity: Option<String>,
    /// Whether it has been replaced by something stronger.
    pub legacy: bool,
    /// Why it is not open, unless it is.
    pub closed: Option<OpenError>,
}

/// What something is.
#[derive(Debug)]
pub enum Content {
    /// X.509.
    Certificate(Box<Certificate>),
    /// PKCS#10.
    Request(Box<CertificationRequest>),
    /// A revocation list.
    Crl(Box<Crl>),
    /// A public key.
    PublicKey(PublicKey),
    /// A private key, readable or opened.
    PrivateKey(Box<OpenedKey>),
    /// A private key that is still encrypted.
    LockedKey(Box<LockedKey>),
    /// A PKCS#12 file; what is in it follows once it is opened.
    Pkcs12(Box<Pkcs12>),
    /// A keystore of Java; the certificates in it follow.
    JavaKeystore(Box<JavaKeystore>),
    /// Something that is recognised and not shown: parameters, a secret.
    Other(String),
    /// Something that is damaged or not supported.
    Unreadable {
        /// What it should be.
        what: LooksLike,
        /// Why it cannot be read.
        error: OpenError,
    },
}

/// Why nothing in a file was recognised.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecogniseError {
    /// Nothing in the file.
    #[error("the file is empty")]
    Empty,
    /// Something else.
    #[error("nothing in it is recognised: it looks like {looks_like}")]
    NotRecognised {
        /// What it looks like.
        looks_like: LooksLike,
    },
    /// More than any honest file holds.
    #[error("there are more than {limit} things in it")]
    TooMany {
        /// The limit.
        limit: usize,
    },
}

/// Everything in a file: PEM of any label and any number of blocks, base64 without armour, DER and BER one after the
/// other, PKCS#7, PKCS#12, keystores of Java, keys of OpenSSH, backups of Key Manager. What is damaged is an item too.
///
/// # Errors
///
/// When there is nothing, or nothing that is recognised.
pub fn recognise(bytes: &[u8]) -> Result<Vec<Item>, RecogniseError> {
    if bytes.trim_ascii().is_empty() {
        return Err(RecogniseError::Empty);
    }
    let items = match binary::file(bytes) {
        Some(items) => items,
        None => in_text(&text::decode(bytes)),
    };
    if items.len() > MAX_ITEMS {
        return Err(RecogniseError::TooMany { limit: MAX_ITEMS });
    }
    if items.is_empty() {
        return Err(RecogniseError::NotRecognised { looks_like: looks_like(bytes) });
    }
    Ok(items)
}

fn in_text(text: &str) -> Vec<Item> {
    let blocks = pem::blocks(text);
    if !blocks.is_empty() {
        // one more than is taken shows that there are too many
        return blocks.into_iter().flat_map(block).take(MAX_ITEMS + 1).collect();
    }
    match pem::decode_bare(text) {
        Some(Ok(der)) => binary::file(&der).unwrap_or_default().into_iter().map(|item| at_line(item, 1)).collect(),
        Some(Err(line)) => {
            let error = OpenError::damaged(format!("damaged base64 in line {line}"));
            vec![Item::new(Place::Line(line), Content::Unreadable { what: LooksLike::Text, error })]
        }
        None => Vec::new(),
    }
}

/// What is in one block: its label only tells what its contents do not.
fn block(block: PemBlock) -> Vec<Item> {
    let PemBlock { label, line, headers, body } = block;
    let place = Place::Line(line);
    let body = match body {
        Ok(body) => body,
        Err(error) => {
            let what = label_looks_like(&label).unwrap_or(LooksLike::Text);
            return vec![Item::new(place, Content::Unreadable { what, error: OpenError::damaged(error.to_string()) })];
        }
    };
    let header = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    if header("Proc-Type").is_some_and(|value| value.contains("ENCRYPTED")) {
        let locked = LockedKey::from_traditional(&label, header("DEK-Info").unwrap_or_default(), &body);
        return vec![Item::key(place, locked.map(FoundKey::Locked))];
    }
    if label.ends_with("PARAMETERS") {
        return vec![Item::new(place, Content::Other(label))];
    }
    // what openssl appends to a trusted certificate is its own opinion
    let trusted = (label == "TRUSTED CERTIFICATE").then(|| asn1::read(&body)).flatten();
    let contents = trusted.map_or(body.as_slice(), |(certificate, _)| certificate.raw);
    match binary::file(contents) {
        Some(items) => items.into_iter().map(|item| at_line(item, line)).collect(),
        None => {
            let what = label_looks_like(&label).unwrap_or(LooksLike::Binary);
            let error = OpenError::damaged(format!("the block {label} holds something else, or is cut off"));
            vec![Item::new(place, Content::Unreadable { what, error })]
        }
    }
}

fn at_line(item: Item, line: usize) -> Item {
    Item { place: Place::Line(line), ..item }
}

impl Item {
    fn new(place: Place, content: Content) -> Self {
        Self { place, within: None, protection: None, content }
    }

    fn within(self, container: impl Into<String>, name: Option<String>) -> Self {
        Self { within: Some(Within { container: container.into(), name, provider: None }), ..self }
    }

    fn key(place: Place, found: Result<FoundKey, OpenError>) -> Self {
        match found {
            Ok(FoundKey::Opened(key)) => Self::new(place, Content::PrivateKey(Box::new(key))),
            Ok(FoundKey::Locked(key)) => {
                let protection = Protection {
                    schemes: vec![key.encryption()],
                    integrity: None,
                    legacy: key.is_legacy(),
                    closed: Some(OpenError::PassphraseNeeded),
                };
                let item = Self::new(place, Content::LockedKey(Box::new(key)));
                Self { protection: Some(protection), ..item }
            }
            Err(error) => Self::new(place, Content::Unreadable { what: LooksLike::PrivateKey, error }),
        }
    }

    /// Its public key, when it has one.
    #[must_use]
    pub fn public_key(&self) -> Option<&PublicKey> {
        match &self.content {
            Content::Certificate(certificate) => Some(certificate.public_key()),
            Content::Request(request) => Some(request.public_key()),
            Content::PublicKey(key) => Some(key),
            Content::PrivateKey(key) => key.public_key(),
            _ => None,
        }
    }

    /// Whether a passphrase could open it.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let closed = self.protection.as_ref().and_then(|protection| protection.closed.as_ref());
        matches!(closed, Some(OpenError::PassphraseNeeded | OpenError::WrongPassphrase))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Octet(0) => f.write_str("its beginning"),
            Self::Octet(octet) => write!(f, "octet {octet}"),
        }
    }
}

impl fmt::Display for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} \"{name}\"", self.container),
            None => f.write_str(&self.container),
        }
    }
}

#[cfg(test)]
mod tests;
