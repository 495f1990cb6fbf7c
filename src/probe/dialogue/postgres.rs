//! PostgreSQL's SSLRequest: eight octets there, one back.

use std::io::{Read, Write};

use super::Offered;
use crate::probe::wire::{Trouble, Wire, fit};

/// Its length, and the number that stands in place of a protocol version.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

pub(super) fn start_tls<S: Read + Write>(wire: &mut Wire<S>) -> Result<Option<Offered>, Trouble> {
    wire.send(SSL_REQUEST)?;
    match wire.exactly(1)?.as_slice() {
        b"S" => Ok(None),
        b"N" => Err(Trouble::NoStartTls),
        // an ErrorResponse, from a server that knows no such request or has no room
        b"E" => Err(Trouble::TurnedAway(fit(b"an error in place of an answer to SSLRequest"))),
        other => Err(Trouble::garbled(other)),
    }
}
