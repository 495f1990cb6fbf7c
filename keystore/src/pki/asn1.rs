//! The little of X.690 that lenient reading needs: tag, length, value, of DER and of BER with indefinite lengths.
//!
//! Strict reading is done by the crates `der` and `x509-cert`.

mod writing;

use der::asn1::ObjectIdentifier;
use zeroize::Zeroizing;

pub(crate) use writing::write;
pub(super) use writing::{NULL, bmp_string, identifier, integer, sequence, unsigned};

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const BMP_STRING: u8 = 0x1e;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// `[0]`, constructed.
pub(super) const CONTEXT_0: u8 = 0xa0;
/// `[1]`, constructed.
pub(super) const CONTEXT_1: u8 = 0xa1;
/// `[3]`, constructed.
pub(super) const CONTEXT_3: u8 = 0xa3;

const OCTET_STRING_IN_PIECES: u8 = OCTET_STRING | CONSTRUCTED;
const CONSTRUCTED: u8 = 0x20;

/// Deeper than any honest structure of this room.
const MAX_DEPTH: usize = 32;

/// One element: its identifier octet, its contents, and all of it.
#[derive(Clone, Copy)]
pub(super) struct Tlv<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    pub(super) raw: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// The elements inside, when the contents are nothing but elements.
    pub(super) fn children(&self) -> Option<Vec<Tlv<'a>>> {
        let mut rest = self.content;
        let mut children = Vec::new();
        while !rest.is_empty() {
            let (child, after) = read(rest)?;
            children.push(child);
            rest = after;
        }
        Some(children)
    }

    /// The contents as an object identifier.
    pub(super) fn oid(&self) -> Option<ObjectIdentifier> {
        if self.tag != OID {
            return None;
        }
        let oid = ObjectIdentifier::from_bytes(self.content).ok()?;
        // X.690 8.19.2: one form for each. A padded one would be another identifier with the same digits.
        (ObjectIdentifier::from_arcs(oid.arcs()) == Ok(oid)).then_some(oid)
    }

    /// The octets of a BIT STRING that is made of whole octets, as keys and signatures are.
    pub(super) fn bits(&self) -> Option<&'a [u8]> {
        match self.tagged(BIT_STRING)?.content {
            [0, octets @ ..] => Some(octets),
            _ => None,
        }
    }

    /// The octets of an OCTET STRING, or of one that is tagged implicitly, which BER may bring in pieces.
    pub(super) fn octets(&self) -> Option<Zeroizing<Vec<u8>>> {
        let mut octets = Zeroizing::new(Vec::with_capacity(self.content.len()));
        self.gather(&mut octets, 0).map(|()| octets)
    }

    fn gather(&self, octets: &mut Vec<u8>, depth: usize) -> Option<()> {
        if self.tag & CONSTRUCTED == 0 {
            octets.extend_from_slice(self.content);
            return Some(());
        }
        if depth > MAX_DEPTH {
            return None;
        }
        let pieces = self.children()?;
        pieces.iter().try_for_each(|piece| {
            let is_piece = matches!(piece.tag, OCTET_STRING | OCTET_STRING_IN_PIECES);
            is_piece.then_some(())?;
            piece.gather(octets, depth + 1)
        })
    }

    /// The contents as a number that is not negative and fits 64 bits.
    pub(super) fn unsigned(&self) -> Option<u64> {
        let octets = self.tagged(INTEGER)?.content;
        let significant = match octets {
            [] => return None,
            [first, ..] if first & 0x80 != 0 => return None,
            [0, rest @ ..] => rest,
            octets => octets,
        };
        if significant.len() > 8 {
            return None;
        }
        Some(significant.iter().fold(0, |number, &octet| number << 8 | u64::from(octet)))
    }

    /// The text of a `BMPString`.
    pub(super) fn bmp(&self) -> Option<String> {
        let (units, []) = self.tagged(BMP_STRING)?.content.as_chunks::<2>() else { return None };
        char::decode_utf16(units.iter().map(|&unit| u16::from_be_bytes(unit))).collect::<Result<_, _>>().ok()
    }

    /// The element when it has this tag.
    pub(super) fn tagged(self, tag: u8) -> Option<Self> {
        (self.tag == tag).then_some(self)
    }
}

/// The first element of some bytes, and what follows it.
pub(super) fn read(bytes: &[u8]) -> Option<(Tlv<'_>, &[u8])> {
    read_at_depth(bytes, 0)
}

/// The only element of some bytes.
pub(super) fn whole(bytes: &[u8]) -> Option<Tlv<'_>> {
    let (element, rest) = read(bytes)?;
    rest.is_empty().then_some(element)
}

fn read_at_depth(bytes: &[u8], depth: usize) -> Option<(Tlv<'_>, &[u8])> {
    let (&tag, after_tag) = bytes.split_first()?;
    // tags above 30 do not occur in what this room reads
    if tag & 0x1f == 0x1f || depth > MAX_DEPTH {
        return None;
    }
    let (&first, after_first) = after_tag.split_first()?;
    if first == 0x80 {
        return if tag & 0x20 == 0 { None } else { read_indefinite(tag, bytes, after_first, depth) };
    }
    let (length, contents) = definite_length(first, after_first)?;
    let (content, rest) = contents.split_at_checked(length)?;
    let raw = bytes.get(..bytes.len() - rest.len())?;
    Some((Tlv { tag, content, raw }, rest))
}

fn definite_length(first: u8, rest: &[u8]) -> Option<(usize, &[u8])> {
    if first < 0x80 {
        return Some((usize::from(first), rest));
    }
    let count = usize::from(first & 0x7f);
    if count > 4 {
        return None;
    }
    let (octets, rest) = rest.split_at_checked(count)?;
    let length = octets.iter().try_fold(0usize, |length, &octet| length.checked_mul(256)?.checked_add(octet.into()))?;
    Some((length, rest))
}

fn read_indefinite<'a>(tag: u8, bytes: &'a [u8], contents: &'a [u8], depth: usize) -> Option<(Tlv<'a>, &'a [u8])> {
    let mut rest = contents;
    loop {
        if let Some(after) = rest.strip_prefix(&[0, 0]) {
            let content = contents.get(..contents.len() - rest.len())?;
            let raw = bytes.get(..bytes.len() - after.len())?;
            return Some((Tlv { tag, content, raw }, after));
        }
        rest = read_at_depth(rest, depth + 1)?.1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{OCTET_STRING, OID, SEQUENCE, read, whole, write};

    #[test]
    fn an_object_identifier_has_one_form() {
        let oid = |content: &[u8]| read(&write(OID, content)).unwrap().0.oid();
        assert_eq!(oid(&[0x55, 0x04, 0x03]).unwrap().to_string(), "2.5.4.3");
        assert_eq!(oid(&[0x00, 0x80, 0x03]), None, "padded");
        assert_eq!(oid(&[0x55, 0x04, 0x83]), None, "cut short");
    }

    #[test]
    fn lengths_are_written_in_their_shortest_form() {
        for (length, header) in [(0, "0400"), (127, "047f"), (128, "048180"), (256, "04820100"), (65536, "0483010000")]
        {
            let element = write(OCTET_STRING, &vec![7; length]);
            let hex: String = element[..element.len() - length].iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(hex, header);
            assert_eq!(whole(&element).unwrap().content.len(), length);
        }
    }

    #[test]
    fn indefinite_lengths_end_at_their_own_end_of_contents() {
        let bytes = [0x30, 0x80, 0x24, 0x80, 0x04, 0x01, 0xaa, 0, 0, 0x02, 0x01, 0x05, 0, 0, 0xff];
        let (sequence, rest) = read(&bytes).unwrap();
        assert_eq!((sequence.tag, rest), (SEQUENCE, &[0xff][..]));
        let children = sequence.children().unwrap();
        assert_eq!(children.len(), 2);
        assert_eq!(children[1].content, [5]);
    }

    #[test]
    fn a_tower_of_indefinite_lengths_is_refused_not_climbed() {
        assert!(read(&[0x30, 0x80].repeat(100_000)).is_none());
    }

    #[test]
    fn octet_strings_in_pieces_are_put_together() {
        let pieces = [0x24, 0x80, 0x04, 0x01, 0xaa, 0x24, 0x80, 0x04, 0x01, 0xbb, 0, 0, 0, 0];
        assert_eq!(**whole(&pieces).unwrap().octets().unwrap(), [0xaa, 0xbb]);
        assert!(whole(&[0x24, 0x80, 0x02, 0x01, 0xaa, 0, 0]).unwrap().octets().is_none());
    }

    #[test]
    fn numbers_are_read_as_far_as_they_go() {
        for (octets, number) in [
            (&[2, 1, 0][..], Some(0)),
            (&[2, 2, 0, 0xff], Some(255)),
            (&[2, 3, 9, 0x27, 0xc0], Some(600_000)),
            (&[2, 9, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Some(u64::MAX)),
            (&[2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0], None),
            (&[2, 1, 0xff], None),
            (&[2, 0], None),
            (&[4, 1, 1], None),
        ] {
            assert_eq!(whole(octets).unwrap().unsigned(), number, "{octets:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some((element, rest)) = read(&bytes) {
                prop_assert_eq!(element.raw.len() + rest.len(), bytes.len());
                let _ = element.children();
                let _ = (element.octets(), element.unsigned());
            }
        }
    }
}
