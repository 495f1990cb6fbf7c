//! Certificates in PKCS#7 (RFC 2315) and CMS (RFC 5652): `SignedData` that signs nothing, DER or BER.

use der::pem::LineEnding;

use super::asn1::{self, CONTEXT_0, CONTEXT_1, OID, SEQUENCE, SET, integer, sequence};
use super::{Certificate, oid};

/// Certificates in a `SignedData` that signs nothing, in DER (RFC 2315 section 9, as version 1 has it).
#[must_use]
pub fn pkcs7_of(certificates: &[Certificate]) -> Vec<u8> {
    let set: Vec<u8> = certificates.iter().flat_map(|certificate| certificate.as_der().to_vec()).collect();
    let nothing = sequence(&[asn1::write(OID, oid::DATA.as_bytes())]);
    let (no_digests, no_signers) = (asn1::write(SET, &[]), asn1::write(SET, &[]));
    let signed = sequence(&[integer(1), no_digests, nothing, asn1::write(CONTEXT_0, &set), no_signers]);
    sequence(&[asn1::write(OID, oid::SIGNED_DATA.as_bytes()), asn1::write(CONTEXT_0, &signed)])
}

/// A `ContentInfo` in PEM: `PKCS7` (RFC 7468 section 9), the label that all readers know.
#[must_use]
#[expect(clippy::missing_panics_doc, reason = "the label is right, and nothing here is near the limit of PEM")]
pub fn pkcs7_to_pem(der: &[u8]) -> String {
    der::pem::encode_string("PKCS7", LineEnding::LF, der).expect("the label is well-formed")
}

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
