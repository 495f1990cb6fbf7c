//! OCSP responses as servers staple them (RFC 6960), read for what they say. Their signature is not checked here: that
//! is for clients, who take no other word for it.

use super::Certificate;
use super::asn1::{self, CONTEXT_0, SEQUENCE, Tlv};
use crate::timestamp::Timestamp;

/// `responseStatus` of a response that is one.
const SUCCESSFUL: &[u8] = &[0];
const ENUMERATED: u8 = 0x0a;
const GENERALIZED_TIME: u8 = 0x18;
/// `certStatus`: `good [0] IMPLICIT NULL`, `revoked [1] IMPLICIT SEQUENCE`, `unknown [2] IMPLICIT NULL`.
const GOOD: u8 = 0x80;
const REVOKED: u8 = 0xa1;
const UNKNOWN: u8 = 0x82;

/// What an authority says of a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RevocationStatus {
    /// It is not revoked.
    Good,
    /// It is.
    Revoked,
    /// The responder does not know it.
    Unknown,
}

impl RevocationStatus {
    /// A short word for people and programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked => "revoked",
            Self::Unknown => "unknown",
        }
    }
}

/// What a stapled response says of one certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stapled {
    /// Its status.
    pub status: RevocationStatus,
    /// When that was known.
    pub this_update: Timestamp,
    /// When there will be newer word, if the responder says so.
    pub next_update: Option<Timestamp>,
}

impl Stapled {
    /// What a response in DER says of a certificate, by its serial number; none when it says nothing of it or can't be
    /// read.
    #[must_use]
    pub fn read(der: &[u8], certificate: &Certificate) -> Option<Self> {
        let serial = certificate.raw_serial();
        responses(der)?.iter().find_map(|response| single(response, &serial))
    }
}

/// `OCSPResponse { responseStatus, [0] { responseType, response OCTET STRING { BasicOCSPResponse } } }`
fn responses(der: &[u8]) -> Option<Vec<Tlv<'_>>> {
    let [status, bytes] = asn1::whole(der)?.tagged(SEQUENCE)?.children()?.try_into().ok()?;
    status.tagged(ENUMERATED).filter(|status| status.content == SUCCESSFUL)?;
    let [bytes] = bytes.tagged(CONTEXT_0)?.children()?.try_into().ok()?;
    let [_, response] = bytes.tagged(SEQUENCE)?.children()?.try_into().ok()?;
    let basic = asn1::whole(response.tagged(asn1::OCTET_STRING)?.content)?;
    let data = *basic.tagged(SEQUENCE)?.children()?.first()?;
    // ResponseData { [0] version DEFAULT v1, responderID, producedAt, responses, [1] extensions }
    data.tagged(SEQUENCE)?.children()?.into_iter().find_map(|part| part.tagged(SEQUENCE))?.children()
}

/// `SingleResponse { certID { .., serialNumber }, certStatus, thisUpdate, [0] nextUpdate OPTIONAL, .. }`
fn single(response: &Tlv<'_>, serial: &[u8]) -> Option<Stapled> {
    let parts = response.tagged(SEQUENCE)?.children()?;
    let [id, status, this_update, rest @ ..] = parts.as_slice() else { return None };
    let number = id.tagged(SEQUENCE)?.children()?.pop()?.tagged(asn1::INTEGER)?;
    if number.content != serial {
        return None;
    }
    let status = match status.tag {
        GOOD => RevocationStatus::Good,
        REVOKED => RevocationStatus::Revoked,
        UNKNOWN => RevocationStatus::Unknown,
        _ => return None,
    };
    let next_update = rest.iter().find_map(|part| part.tagged(CONTEXT_0));
    let next_update = next_update.and_then(|part| time(part.children()?.first()?));
    Some(Stapled { status, this_update: time(this_update)?, next_update })
}

/// `20261122043000Z`: RFC 6960 section 4.2.2.1 has no fractions.
fn time(element: &Tlv<'_>) -> Option<Timestamp> {
    let text = std::str::from_utf8(element.tagged(GENERALIZED_TIME)?.content).ok()?;
    let digits = text.strip_suffix('Z').filter(|digits| digits.len() == 14)?;
    if !digits.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let (date, time) = digits.split_at(8);
    let text = format!("{}-{}-{}T{}:{}:{}Z", &date[..4], &date[4..6], &date[6..], &time[..2], &time[2..4], &time[4..]);
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{GENERALIZED_TIME, RevocationStatus, Stapled};
    use crate::pki::asn1::{CONTEXT_0, INTEGER, OCTET_STRING, OID, SEQUENCE, write};
    use crate::pki::{Certificate, read_certificates};

    fn leaf() -> Certificate {
        read_certificates(include_bytes!("../../tests/fixtures/chain.pem")).unwrap().remove(0)
    }

    /// A response about one certificate; nobody looks at what is left out.
    fn response(serial: &[u8], status: (u8, &[u8]), next_update: Option<&str>) -> Vec<u8> {
        let time = |text: &str| write(GENERALIZED_TIME, text.as_bytes());
        let sequence = |parts: &[Vec<u8>]| write(SEQUENCE, &parts.concat());
        let id =
            sequence(&[sequence(&[]), write(OCTET_STRING, b"n"), write(OCTET_STRING, b"k"), write(INTEGER, serial)]);
        let next = next_update.map(|text| write(CONTEXT_0, &time(text))).unwrap_or_default();
        let single = sequence(&[id, write(status.0, status.1), time("20261122043000Z"), next]);
        // responderID, producedAt, responses
        let data = sequence(&[write(0xa2, &write(OCTET_STRING, b"id")), time("20261122043000Z"), sequence(&[single])]);
        let basic = sequence(&[data, sequence(&[]), write(3, &[0])]);
        let bytes = sequence(&[write(OID, &[0x2b, 6, 1, 5, 5, 7, 48, 1, 1]), write(OCTET_STRING, &basic)]);
        sequence(&[write(0x0a, &[0]), write(CONTEXT_0, &bytes)])
    }

    #[test]
    fn says_what_the_authority_says() {
        let leaf = leaf();
        let serial = leaf.raw_serial();
        let read = |status, next| Stapled::read(&response(&serial, status, next), &leaf);
        let good = read((0x80, &[]), Some("20261129043000Z")).unwrap();
        assert_eq!(good.status, RevocationStatus::Good);
        assert_eq!(good.this_update.to_string(), "2026-11-22T04:30:00Z");
        assert_eq!(good.next_update.unwrap().to_string(), "2026-11-29T04:30:00Z");
        assert_eq!(read((0xa1, &[]), None).unwrap().status, RevocationStatus::Revoked);
        assert_eq!(read((0x82, &[]), None).unwrap().status, RevocationStatus::Unknown);
        assert_eq!(read((0x83, &[]), None), None);
        assert_eq!(Stapled::read(&response(&[0x7f, 1], (0x80, &[]), None), &leaf), None);
        // tryLater
        assert_eq!(Stapled::read(&[0x30, 3, 0x0a, 1, 3], &leaf), None);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..100, octet: u8) {
            let leaf = leaf();
            let _ = Stapled::read(&bytes, &leaf);
            let mut damaged = response(&leaf.raw_serial(), (0x80, &[]), Some("20261129043000Z"));
            if let Some(place) = damaged.get_mut(at) {
                *place = octet;
            }
            let _ = Stapled::read(&damaged, &leaf);
        }
    }
}
