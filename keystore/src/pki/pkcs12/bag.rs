use der::asn1::ObjectIdentifier;

use super::{MAX_BAGS, damaged};
use crate::pki::asn1::{self, BMP_STRING, CONTEXT_0, OCTET_STRING, SEQUENCE, SET, Tlv};
use crate::pki::scheme::{Budget, Password};
use crate::pki::{Certificate, KeyForm, LockedKey, OpenError, OpenedKey, oid, text};

/// Bags in bags, no deeper.
const MAX_DEPTH: usize = 4;

/// One `SafeBag` (RFC 7292 section 4.2) with what it says of itself.
#[derive(Debug)]
pub struct Bag {
    /// What it holds.
    pub content: BagContent,
    /// `friendlyName`: an alias in Java, a nickname in NSS.
    pub friendly_name: Option<String>,
    /// `localKeyId`: the same for a private key and its certificate.
    pub local_key_id: Option<Vec<u8>>,
    /// The cryptographic provider that Windows shall keep the key in.
    pub provider: Option<String>,
}

/// What a bag holds.
#[derive(Debug)]
pub enum BagContent {
    /// A private key, opened; or why it could not be.
    PrivateKey(Result<OpenedKey, OpenError>),
    /// A certificate, or what is wrong with it.
    Certificate(Result<Box<Certificate>, OpenError>),
    /// A revocation list, in DER.
    Crl(Vec<u8>),
    /// Something else, by its name: a secret key, a certificate of another kind.
    Other(String),
}

/// Appends the bags of `SafeContents`.
pub(super) fn read(
    contents: &[u8],
    password: &Password,
    budget: &mut Budget,
    bags: &mut Vec<Bag>,
) -> Result<(), OpenError> {
    read_at_depth(contents, password, budget, bags, 0)
}

fn read_at_depth(
    contents: &[u8],
    password: &Password,
    budget: &mut Budget,
    bags: &mut Vec<Bag>,
    depth: usize,
) -> Result<(), OpenError> {
    let elements = elements(contents).ok_or_else(|| damaged("the contents of one of its safes"))?;
    for element in elements {
        if bags.len() >= MAX_BAGS {
            return Err(OpenError::excessive(bags.len() as u128 + 1, MAX_BAGS as u128, "bags"));
        }
        let parts = Parts::of(&element).ok_or_else(|| damaged("one of its bags"))?;
        if parts.kind == oid::SAFE_CONTENTS_BAG {
            if depth == MAX_DEPTH {
                return Err(OpenError::excessive(depth as u128 + 1, MAX_DEPTH as u128, "safes in each other"));
            }
            read_at_depth(parts.value.raw, password, budget, bags, depth + 1)?;
            continue;
        }
        let content = parts.content(password, budget)?;
        bags.push(Bag {
            content,
            friendly_name: parts.attribute(oid::FRIENDLY_NAME).and_then(|value| bmp(&value)),
            local_key_id: parts.attribute(oid::LOCAL_KEY_ID).map(|value| value.content.to_vec()),
            provider: parts.attribute(oid::MS_PROVIDER).and_then(|value| bmp(&value)),
        });
    }
    Ok(())
}

/// The encrypted private keys among bags that are not encrypted as a whole.
pub(super) fn shrouded_keys(contents: &[u8]) -> Vec<LockedKey> {
    let elements = elements(contents).unwrap_or_default();
    let parts = elements.iter().filter_map(Parts::of).filter(|parts| parts.kind == oid::SHROUDED_KEY_BAG);
    parts.filter_map(|parts| LockedKey::from_pkcs8(parts.value.raw).ok()).take(MAX_BAGS).collect()
}

fn elements(contents: &[u8]) -> Option<Vec<Tlv<'_>>> {
    asn1::whole(contents)?.tagged(SEQUENCE)?.children()
}

/// `SafeBag ::= SEQUENCE { bagId, [0] bagValue, SET OF PKCS12Attribute OPTIONAL }`
struct Parts<'a> {
    kind: ObjectIdentifier,
    value: Tlv<'a>,
    attributes: Vec<Tlv<'a>>,
}

impl<'a> Parts<'a> {
    fn of(bag: &Tlv<'a>) -> Option<Self> {
        let parts = bag.tagged(SEQUENCE)?.children()?;
        let [kind, value, rest @ ..] = parts.as_slice() else { return None };
        let [value] = value.tagged(CONTEXT_0)?.children()?.try_into().ok()?;
        let attributes = rest.first().and_then(|set| set.tagged(SET)?.children()).unwrap_or_default();
        Some(Self { kind: kind.oid()?, value, attributes })
    }

    fn content(&self, password: &Password, budget: &mut Budget) -> Result<BagContent, OpenError> {
        Ok(match self.kind {
            oid::KEY_BAG => BagContent::PrivateKey(OpenedKey::from_pkcs8(self.value.raw, KeyForm::Pkcs8)),
            oid::SHROUDED_KEY_BAG => match LockedKey::from_pkcs8(self.value.raw) {
                Ok(locked) => {
                    budget.take(locked.rounds())?;
                    match locked.open_with(password) {
                        // of a file without MAC whose other parts are not encrypted
                        Err(OpenError::WrongPassphrase) => return Err(OpenError::WrongPassphrase),
                        opened => BagContent::PrivateKey(opened),
                    }
                }
                Err(error) => BagContent::PrivateKey(Err(error)),
            },
            oid::CERTIFICATE_BAG => match self.typed(oid::X509_CERTIFICATE) {
                Ok(der) => BagContent::Certificate(
                    Certificate::from_der(&der).map(Box::new).map_err(|error| OpenError::damaged(error.to_string())),
                ),
                Err(other) => other,
            },
            oid::CRL_BAG => match self.typed(oid::X509_CRL) {
                Ok(der) => BagContent::Crl(der),
                Err(other) => other,
            },
            oid::SECRET_BAG => BagContent::Other("a secret".to_owned()),
            other => BagContent::Other(format!("a bag of kind {other}")),
        })
    }

    /// `SEQUENCE { id, [0] OCTET STRING }`: the octets, when they are of this kind.
    fn typed(&self, wanted: ObjectIdentifier) -> Result<Vec<u8>, BagContent> {
        let read = || {
            let [kind, value] = self.value.tagged(SEQUENCE)?.children()?.try_into().ok()?;
            let [value] = value.tagged(CONTEXT_0)?.children()?.try_into().ok()?;
            Some((kind.oid()?, matches!(value.tag, OCTET_STRING | 0x24).then(|| value.octets())??))
        };
        match read() {
            Some((kind, octets)) if kind == wanted => Ok(octets.to_vec()),
            Some((kind, _)) => Err(BagContent::Other(format!("a bag with contents of kind {kind}"))),
            None => Err(BagContent::Other("a damaged bag".to_owned())),
        }
    }

    /// The first value of an attribute.
    fn attribute(&self, wanted: ObjectIdentifier) -> Option<Tlv<'a>> {
        self.attributes.iter().find_map(|attribute| {
            let [kind, values] = attribute.tagged(SEQUENCE)?.children()?.try_into().ok()?;
            let values = (kind.oid()? == wanted).then(|| values.tagged(SET)?.children())??;
            values.first().copied()
        })
    }
}

/// A `BMPString`.
fn bmp(value: &Tlv<'_>) -> Option<String> {
    let text = text::utf16_big_endian(value.tagged(BMP_STRING)?.content);
    (!text.is_empty()).then_some(text)
}
