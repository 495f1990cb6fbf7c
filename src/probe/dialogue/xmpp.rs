//! XMPP with STARTTLS (RFC 6120 section 5). Of its XML no more is read than the names of a few elements.

use std::io::{Read, Write};

use keystore::name::Host;

use super::{Offered, Party};
use crate::probe::wire::{Trouble, Wire, fit};

/// The port at which servers talk to servers.
const SERVERS: u16 = 5269;

/// Features take a tenth of it.
const STANZA: usize = 16 * 1024;

pub(super) fn start_tls<S: Read + Write>(wire: &mut Wire<S>, party: &Party<'_>) -> Result<Option<Offered>, Trouble> {
    let features = open(wire, party)?;
    if !features.contains("<starttls") {
        return Err(Trouble::NoStartTls);
    }
    wire.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")?;
    let answer = element(wire, &["proceed", "failure"])?;
    match answer.contains("<proceed") {
        true => Ok(Some(offered(&features))),
        false => Err(Trouble::StartTlsRefused(fit(answer.as_bytes()))),
    }
}

pub(super) fn inside<S: Read + Write>(wire: &mut Wire<S>, party: &Party<'_>) -> Result<Option<Offered>, Trouble> {
    let features = open(wire, party)?;
    // all is known: nobody waits for an answer
    let _ = wire.send("</stream:stream>");
    Ok(Some(offered(&features)))
}

/// Opens a stream; returns the server's features.
fn open<S: Read + Write>(wire: &mut Wire<S>, party: &Party<'_>) -> Result<String, Trouble> {
    let space = if party.port == SERVERS { "jabber:server" } else { "jabber:client" };
    let to = match party.name {
        Host::Name(name) => format!(" to='{name}'"),
        Host::Ip(_) => String::new(),
    };
    wire.send(format!(
        "<?xml version='1.0'?><stream:stream xmlns='{space}' xmlns:stream='http://etherx.jabber.org/streams'{to} \
         version='1.0'>"
    ))?;
    let text = element(wire, &["stream:features", "stream:error"])?;
    match text.find("<stream:error") {
        Some(at) => Err(Trouble::TurnedAway(fit(&text.as_bytes()[at..]))),
        None => Ok(text),
    }
}

/// Everything up to the end of the first of some elements, be it `</name>` or `<name/>`.
fn element<S: Read + Write>(wire: &mut Wire<S>, names: &[&str]) -> Result<String, Trouble> {
    // nothing ends but with `>`: a server may send octet by octet
    let mut seen = 0;
    let end = |held: &[u8]| {
        let from = std::mem::replace(&mut seen, held.len());
        held[from..].contains(&b'>').then(|| names.iter().filter_map(|name| end_of(held, name)).min()).flatten()
    };
    Ok(String::from_utf8_lossy(&wire.through(STANZA, end)?).into_owned())
}

fn end_of(held: &[u8], name: &str) -> Option<usize> {
    let start = find(held, format!("<{name}").as_bytes())?;
    let tag = start + held[start..].iter().position(|&octet| octet == b'>')?;
    if held[tag - 1] == b'/' {
        return Some(tag + 1);
    }
    let close = format!("</{name}>");
    Some(tag + find(&held[tag..], close.as_bytes())? + close.len())
}

fn find(held: &[u8], wanted: &[u8]) -> Option<usize> {
    held.windows(wanted.len()).position(|window| window == wanted)
}

fn offered(features: &str) -> Offered {
    let texts = features.split("<mechanism>").skip(1);
    Offered::sasl(texts.filter_map(|text| text.split_once('<')).map(|(name, _)| name.trim()))
}
