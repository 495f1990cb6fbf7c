//! FTP with AUTH TLS (RFC 959, 4217). What authentication is offered, FTP does not tell.

use std::io::{Read, Write};

use super::Offered;
use super::reply::Reply;
use crate::probe::wire::{Trouble, Wire};

pub(super) fn start_tls<S: Read + Write>(wire: &mut Wire<S>) -> Result<Option<Offered>, Trouble> {
    let mut greeting = Reply::read(wire, true)?;
    if greeting.kind() == 1 {
        // 120: in a while, and then another greeting
        greeting = Reply::read(wire, true)?;
    }
    match greeting.kind() {
        2 => {}
        4 | 5 => return Err(Trouble::TurnedAway(greeting.said())),
        _ => return Err(Trouble::Garbled(greeting.said())),
    }
    wire.send("AUTH TLS\r\n")?;
    let reply = Reply::read(wire, true)?;
    match reply.code {
        234 => Ok(None),
        // unknown, not implemented, not for this mechanism
        500 | 502 | 504 => Err(Trouble::NoStartTls),
        _ => Err(Trouble::StartTlsRefused(reply.said())),
    }
}
