//! The handshake of MySQL and MariaDB, version 10, up to the packet that asks for TLS.

use std::io::{Read, Write};

use super::Offered;
use crate::probe::wire::{Trouble, Wire, fit};

const PROTOCOL_41: u32 = 0x0200;
const SSL: u32 = 0x0800;
const SECURE_CONNECTION: u32 = 0x8000;

/// The greeting is of some 80 octets, an error of up to 512.
const PACKET: usize = 4096;

pub(super) fn start_tls<S: Read + Write>(wire: &mut Wire<S>) -> Result<Option<Offered>, Trouble> {
    let header = wire.exactly(4)?;
    let length = header[..3].iter().rev().fold(0, |length, &octet| (length << 8) | usize::from(octet));
    if length == 0 || length > PACKET {
        return Err(Trouble::garbled(&header));
    }
    let packet = wire.exactly(length)?;
    let garbled = || Trouble::garbled(&packet);
    match packet.first() {
        Some(10) => {}
        // its number, and since version 4.1 a state behind `#`
        Some(0xff) => return Err(Trouble::TurnedAway(fit(packet.get(3..).unwrap_or_default()))),
        _ => return Err(garbled()),
    }
    if capabilities(&packet).ok_or_else(garbled)? & SSL == 0 {
        return Err(Trouble::NoStartTls);
    }
    wire.send(ssl_request(header[3].wrapping_add(1)))?;
    Ok(None)
}

/// Behind the version's text: a thread's number (4), random octets (8), zero (1), and the lower half of what the
/// server can, which is where TLS stands.
fn capabilities(packet: &[u8]) -> Option<u32> {
    let text = packet.get(1..)?;
    let end = text.iter().position(|&octet| octet == 0)?;
    let at = end + 1 + 4 + 8 + 1;
    let lower = text.get(at..at + 2)?;
    Some(u32::from(lower[0]) | u32::from(lower[1]) << 8)
}

/// What the client can (4), its largest packet (4), its character set (1), and zeros (23).
fn ssl_request(number: u8) -> Vec<u8> {
    const LENGTH: u8 = 32;
    const UTF8: u8 = 45;
    let mut packet = vec![LENGTH, 0, 0, number];
    packet.extend((PROTOCOL_41 | SSL | SECURE_CONNECTION).to_le_bytes());
    packet.extend((1u32 << 24).to_le_bytes());
    packet.push(UTF8);
    packet.extend([0; 23]);
    packet
}
