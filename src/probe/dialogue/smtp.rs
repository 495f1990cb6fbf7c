//! SMTP with STARTTLS (RFC 5321, 3207) and AUTH (RFC 4954).

use std::io::{Read, Write};
use std::net::IpAddr;

use super::reply::Reply;
use super::{Offered, Party};
use crate::probe::wire::{Trouble, Wire};

pub(super) fn start_tls<S: Read + Write>(wire: &mut Wire<S>, party: &Party<'_>) -> Result<Option<Offered>, Trouble> {
    greeting(wire)?;
    let extensions = ehlo(wire, party)?;
    // a server without extensions has this one neither
    let Some(extensions) = extensions.filter(|found| found.lines.iter().any(|line| is(line, "STARTTLS"))) else {
        return Err(Trouble::NoStartTls);
    };
    wire.send("STARTTLS\r\n")?;
    let reply = Reply::read(wire, false)?;
    match reply.code {
        220 => Ok(Some(offered(&extensions))),
        _ => Err(Trouble::StartTlsRefused(reply.said())),
    }
}

pub(super) fn inside<S: Read + Write>(
    wire: &mut Wire<S>,
    party: &Party<'_>,
    greets: bool,
) -> Result<Option<Offered>, Trouble> {
    if greets {
        greeting(wire)?;
    }
    let extensions = ehlo(wire, party)?;
    // all is known: nobody waits for an answer
    let _ = wire.send("QUIT\r\n");
    Ok(extensions.map(|extensions| offered(&extensions)))
}

fn greeting<S: Read + Write>(wire: &mut Wire<S>) -> Result<(), Trouble> {
    let reply = Reply::read(wire, false)?;
    match reply.kind() {
        2 => Ok(()),
        4 | 5 => Err(Trouble::TurnedAway(reply.said())),
        _ => Err(Trouble::Garbled(reply.said())),
    }
}

/// The extensions, where the server knows any.
fn ehlo<S: Read + Write>(wire: &mut Wire<S>, party: &Party<'_>) -> Result<Option<Reply>, Trouble> {
    // RFC 5321 section 4.1.3: an address literal, for this machine may have no name
    let ours = match party.ours {
        IpAddr::V4(ip) => format!("[{ip}]"),
        IpAddr::V6(ip) => format!("[IPv6:{ip}]"),
    };
    wire.send(format!("EHLO {ours}\r\n"))?;
    let reply = Reply::read(wire, false)?;
    match (reply.kind(), reply.code) {
        (2, _) => Ok(Some(reply)),
        (_, 421) => Err(Trouble::TurnedAway(reply.said())),
        (5, 500 | 502 | 504) => Ok(None),
        (4 | 5, _) => Err(Trouble::TurnedAway(reply.said())),
        _ => Err(Trouble::Garbled(reply.said())),
    }
}

fn is(line: &str, keyword: &str) -> bool {
    line.split_ascii_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case(keyword))
}

/// `AUTH PLAIN LOGIN`, and `AUTH=PLAIN LOGIN` for clients of another age.
fn offered(extensions: &Reply) -> Offered {
    let auth = extensions.lines.iter().flat_map(|line| {
        let head = line.get(..5).filter(|head| matches!(head.to_ascii_uppercase().as_str(), "AUTH " | "AUTH="));
        head.map(|_| line[5..].split_ascii_whitespace()).into_iter().flatten()
    });
    let mut offered = Offered::sasl(auth);
    let mut seen = Vec::new();
    offered.sasl.retain(|name| {
        let new = !seen.contains(name);
        seen.push(name.clone());
        new
    });
    offered
}
