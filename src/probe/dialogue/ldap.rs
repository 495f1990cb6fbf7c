//! LDAP with the extended operation StartTLS (RFC 4511 section 4.14). The root DSE tells the SASL mechanisms (RFC 4512
//! section 5.1); whether passwords are taken in simple binds, no server tells.
//!
//! Of BER no more is written and read than these few messages need: definite lengths, tags of one octet.

use std::io::{Read, Write};

use super::{LINES, Offered};
use crate::probe::wire::{Trouble, Wire, fit};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
const UNBIND: u8 = 0x42;
const SEARCH: u8 = 0x63;
const ENTRY: u8 = 0x64;
const DONE: u8 = 0x65;
const REFERENCE: u8 = 0x73;
const EXTENDED: u8 = 0x77;
const EXTENDED_ANSWER: u8 = 0x78;
/// `requestName [0]` of an extended request.
const REQUEST_NAME: u8 = 0x80;
/// `present [7]` of a filter.
const PRESENT: u8 = 0x87;

const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
const MECHANISMS: &str = "supportedSASLMechanisms";

const SUCCESS: u8 = 0;
const PROTOCOL_ERROR: u8 = 2;

/// The longest message: a root DSE with every control there is takes a tenth of it.
const MESSAGE: usize = 64 * 1024;

pub(super) fn start_tls<S: Read + Write>(wire: &mut Wire<S>) -> Result<Option<Offered>, Trouble> {
    let offered = mechanisms(wire, 1)?;
    wire.send(message(2, EXTENDED, &ber(REQUEST_NAME, START_TLS)))?;
    let answer = receive(wire)?;
    let result = answer.operation(EXTENDED_ANSWER)?;
    let (code, said) = outcome(result).ok_or_else(|| Trouble::garbled(result))?;
    match code {
        SUCCESS => Ok(offered),
        // RFC 4511 section 4.14.2: an operation that is not known
        PROTOCOL_ERROR => Err(Trouble::NoStartTls),
        _ => Err(Trouble::StartTlsRefused(said)),
    }
}

pub(super) fn inside<S: Read + Write>(wire: &mut Wire<S>) -> Result<Option<Offered>, Trouble> {
    let offered = mechanisms(wire, 3)?;
    // all is known, and this is never answered
    let _ = wire.send(message(4, UNBIND, &[]));
    Ok(offered)
}

/// The SASL mechanisms of the root DSE; none where it may not be read.
fn mechanisms<S: Read + Write>(wire: &mut Wire<S>, id: u8) -> Result<Option<Offered>, Trouble> {
    let base_object = ber(ENUMERATED, &[0]);
    let never_alias = ber(ENUMERATED, &[0]);
    let limits = [ber(INTEGER, &[1]), ber(INTEGER, &[0]), ber(BOOLEAN, &[0])].concat();
    let filter = ber(PRESENT, b"objectClass");
    let wanted = ber(SEQUENCE, &ber(OCTETS, MECHANISMS.as_bytes()));
    let search = [ber(OCTETS, b""), base_object, never_alias, limits, filter, wanted].concat();
    wire.send(message(id, SEARCH, &search))?;
    let mut found = Vec::new();
    for _ in 0..LINES {
        let answer = receive(wire)?;
        match answer.tag {
            ENTRY => found.extend(values(&answer.content).ok_or_else(|| Trouble::garbled(&answer.content))?),
            REFERENCE => {}
            _ => {
                let done = answer.operation(DONE)?;
                let (code, _) = outcome(done).ok_or_else(|| Trouble::garbled(done))?;
                return Ok((code == SUCCESS).then(|| Offered::sasl(found.iter().map(String::as_str))));
            }
        }
    }
    Err(Trouble::Garbled("an endless answer".to_owned()))
}

/// The operation of a message.
struct Message {
    tag: u8,
    content: Vec<u8>,
}

impl Message {
    /// The content of the operation that is due. A server that hangs up says so with an answer to nothing (RFC 4511
    /// section 4.4.1).
    fn operation(&self, due: u8) -> Result<&[u8], Trouble> {
        match (self.tag == due, outcome(&self.content)) {
            (true, _) => Ok(&self.content),
            (false, Some((_, said))) if self.tag == EXTENDED_ANSWER => Err(Trouble::TurnedAway(said)),
            _ => Err(Trouble::garbled(&self.content)),
        }
    }
}

/// `SEQUENCE { messageID, protocolOp, ... }`
fn receive<S: Read + Write>(wire: &mut Wire<S>) -> Result<Message, Trouble> {
    let head = wire.exactly(2)?;
    let more = match (head[0], head[1]) {
        (SEQUENCE, length) if length < 0x80 => Vec::new(),
        (SEQUENCE, length @ 0x81..=0x84) => wire.exactly(usize::from(length & 0x7f))?,
        _ => return Err(Trouble::garbled(&head)),
    };
    let length = match more.is_empty() {
        true => usize::from(head[1]),
        false => more.iter().fold(0, |length, &octet| (length << 8) | usize::from(octet)),
    };
    if length > MESSAGE {
        return Err(Trouble::Garbled(format!("a message of {length} octets")));
    }
    let body = wire.exactly(length)?;
    let operation = || {
        let (_, rest) = tagged(&body, INTEGER)?;
        let (tag, content, _) = element(rest)?;
        Some(Message { tag, content: content.to_vec() })
    };
    operation().ok_or_else(|| Trouble::garbled(&body))
}

/// `resultCode ENUMERATED, matchedDN, diagnosticMessage, ...` of an LDAPResult.
fn outcome(result: &[u8]) -> Option<(u8, String)> {
    let (code, rest) = tagged(result, ENUMERATED)?;
    let [code] = code.try_into().ok()?;
    let (_, rest) = tagged(rest, OCTETS)?;
    let (words, _) = tagged(rest, OCTETS)?;
    Some((code, fit(format!("result {code} {}", String::from_utf8_lossy(words)).as_bytes())))
}

/// The values of the attributes of an entry: `objectName, SEQUENCE OF { type, SET OF value }`. Nothing but the
/// mechanisms was asked for.
fn values(entry: &[u8]) -> Option<Vec<String>> {
    let (_, rest) = tagged(entry, OCTETS)?;
    let (mut attributes, _) = tagged(rest, SEQUENCE)?;
    let mut found = Vec::new();
    while !attributes.is_empty() {
        let (attribute, more) = tagged(attributes, SEQUENCE)?;
        attributes = more;
        let (name, rest) = tagged(attribute, OCTETS)?;
        let (mut set, _) = tagged(rest, SET)?;
        while !set.is_empty() {
            let (value, more) = tagged(set, OCTETS)?;
            set = more;
            if name.eq_ignore_ascii_case(MECHANISMS.as_bytes()) {
                found.push(String::from_utf8_lossy(value).into_owned());
            }
        }
    }
    Some(found)
}

/// The content of the first element, which has this tag, and what follows it.
fn tagged(octets: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(octets)?;
    (found == tag).then_some((content, rest))
}

/// The first element: its tag, its content and what follows it.
fn element(octets: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = octets.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (length.iter().fold(0, |length, &octet| (length << 8) | usize::from(octet)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

fn message(id: u8, tag: u8, operation: &[u8]) -> Vec<u8> {
    ber(SEQUENCE, &[ber(INTEGER, &[id]), ber(tag, operation)].concat())
}

/// An element. Everything sent here is shorter than 256 octets.
fn ber(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut octets = vec![tag];
    match u8::try_from(content.len()).unwrap_or(u8::MAX) {
        length @ 0..=0x7f => octets.push(length),
        length => octets.extend([0x81, length]),
    }
    octets.extend_from_slice(content);
    octets
}
