//! Certificates in PKCS#7 (RFC 2315) and CMS (RFC 5652): `SignedData` that signs nothing, DER or BER.

use super::asn1::{self, CONTEXT_0, CONTEXT_1, SEQUENCE};
use super::oid;

/// What a `SignedData` carries besides its signatures, each in its DER, in their order.
pub(super) struct Contents<'a> {
    pub(super) certificates: Vec<&'a [u8]>,
    pub(super) crls: Vec<&'a [u8]>,
}

/// The certificates of a `ContentInfo` with `SignedData`; none when there are none in it, `None` when it is damaged.
pub(super) fn certificates(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    Some(contents(bytes)?.certificates)
}

/// The certificates and revocation lists of a `ContentInfo` with `SignedData`; `None` when it is damaged.
pub(super) fn contents(bytes: &[u8]) -> Option<Contents<'_>> {
    let info = asn1::read(bytes)?.0.tagged(SEQUENCE)?.children()?;
    let [kind, content] = info.as_slice() else { return None };
    if kind.oid()? != oid::SIGNED_DATA {
        return None;
    }
    let signed = content.tagged(CONTEXT_0)?.children()?.first()?.tagged(SEQUENCE)?.children()?;
    // version, digestAlgorithms, encapContentInfo, [0] certificates, [1] crls, signerInfos
    let [_, _, _, rest @ ..] = signed.as_slice() else { return None };
    let inside = |tag| -> Option<Vec<&[u8]>> {
        let Some(set) = rest.iter().take(2).find(|field| field.tag == tag) else { return Some(Vec::new()) };
        // what is no SEQUENCE is an attribute certificate or the like
        let elements = set.children()?.into_iter().filter(|element| element.tag == SEQUENCE);
        Some(elements.map(|element| element.raw).collect())
    };
    Some(Contents { certificates: inside(CONTEXT_0)?, crls: inside(CONTEXT_1)? })
}
