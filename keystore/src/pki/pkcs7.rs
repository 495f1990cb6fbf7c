//! Certificates in PKCS#7 (RFC 2315) and CMS (RFC 5652): `SignedData` that signs nothing, DER or BER.

use super::asn1::{self, CONTEXT_0, SEQUENCE};
use super::oid;

/// The certificates of a `ContentInfo` with `SignedData`, each in its DER, in their order; none when there are
/// none in it, `None` when it is damaged.
pub(super) fn certificates(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let info = asn1::read(bytes)?.0.tagged(SEQUENCE)?.children()?;
    let [kind, content] = info.as_slice() else { return None };
    if kind.oid()? != oid::SIGNED_DATA {
        return None;
    }
    let signed = content.tagged(CONTEXT_0)?.children()?.first()?.tagged(SEQUENCE)?.children()?;
    // version, digestAlgorithms, encapContentInfo, [0] certificates, [1] crls, signerInfos
    let [_, _, _, rest @ ..] = signed.as_slice() else { return None };
    let Some(certificates) = rest.first().and_then(|first| first.tagged(CONTEXT_0)) else { return Some(Vec::new()) };
    // what is no SEQUENCE is an attribute certificate or the like
    let certificates = certificates.children()?.into_iter().filter(|element| element.tag == SEQUENCE);
    Some(certificates.map(|element| element.raw).collect())
}
