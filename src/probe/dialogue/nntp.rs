//! NNTP with STARTTLS (RFC 3977, 4642, 4643).

use std::io::{Read, Write};

use super::{Offered, list};
use crate::probe::wire::{Trouble, Wire, fit};

pub(super) fn start_tls<S: Read + Write>(wire: &mut Wire<S>) -> Result<Option<Offered>, Trouble> {
    greeting(wire)?;
    let capabilities = capabilities(wire)?;
    if let Some(capabilities) = &capabilities
        && !has(capabilities, "STARTTLS")
    {
        return Err(Trouble::NoStartTls);
    }
    wire.send("STARTTLS\r\n")?;
    match (status(wire)?, &capabilities) {
        ((382, _), capabilities) => Ok(capabilities.as_deref().map(offered)),
        // a server without CAPABILITIES says only now that it knows no such command
        ((500, _), None) => Err(Trouble::NoStartTls),
        ((_, said), _) => Err(Trouble::StartTlsRefused(said)),
    }
}

pub(super) fn inside<S: Read + Write>(wire: &mut Wire<S>, greets: bool) -> Result<Option<Offered>, Trouble> {
    if greets {
        greeting(wire)?;
    }
    let capabilities = capabilities(wire)?;
    // all is known: nobody waits for an answer
    let _ = wire.send("QUIT\r\n");
    Ok(capabilities.as_deref().map(offered))
}

fn greeting<S: Read + Write>(wire: &mut Wire<S>) -> Result<(), Trouble> {
    match status(wire)? {
        (200 | 201, _) => Ok(()),
        (400 | 502, said) => Err(Trouble::TurnedAway(said)),
        (_, said) => Err(Trouble::Garbled(said)),
    }
}

/// The code of a line, and the line for people.
fn status<S: Read + Write>(wire: &mut Wire<S>) -> Result<(u16, String), Trouble> {
    let line = wire.line()?;
    let code = line.get(..3).filter(|code| code.bytes().all(|octet| octet.is_ascii_digit()));
    let code = code.and_then(|code| code.parse().ok()).ok_or_else(|| Trouble::garbled(line.as_bytes()))?;
    Ok((code, fit(line.as_bytes())))
}

/// Lines of capabilities; none where the server does not know the question. A server that feeds and is read at one
/// port has to be told which it is to be (RFC 3977 section 5.3).
fn capabilities<S: Read + Write>(wire: &mut Wire<S>) -> Result<Option<Vec<String>>, Trouble> {
    let found = listed(wire)?;
    if !found.as_deref().is_some_and(|found| has(found, "MODE-READER") && !has(found, "STARTTLS")) {
        return Ok(found);
    }
    wire.send("MODE READER\r\n")?;
    match status(wire)? {
        (200 | 201, _) => listed(wire),
        (400 | 502, said) => Err(Trouble::TurnedAway(said)),
        (_, said) => Err(Trouble::Garbled(said)),
    }
}

fn listed<S: Read + Write>(wire: &mut Wire<S>) -> Result<Option<Vec<String>>, Trouble> {
    wire.send("CAPABILITIES\r\n")?;
    match status(wire)? {
        (101, _) => {}
        (500, _) => return Ok(None),
        (400, said) => return Err(Trouble::TurnedAway(said)),
        (_, said) => return Err(Trouble::Garbled(said)),
    }
    list(wire).map(Some)
}

fn has(capabilities: &[String], wanted: &str) -> bool {
    capabilities.iter().any(|line| arguments(line, wanted).is_some())
}

/// What stands behind a label.
fn arguments<'l>(line: &'l str, label: &str) -> Option<std::str::SplitAsciiWhitespace<'l>> {
    let mut words = line.split_ascii_whitespace();
    words.next().filter(|word| word.eq_ignore_ascii_case(label)).map(|_| words)
}

/// `AUTHINFO USER SASL` and `SASL PLAIN ...` (RFC 4643 section 2.1).
fn offered(capabilities: &[String]) -> Offered {
    let mut offered = Offered::sasl(capabilities.iter().filter_map(|line| arguments(line, "SASL")).flatten());
    let mut authinfo = capabilities.iter().filter_map(|line| arguments(line, "AUTHINFO")).flatten();
    if authinfo.any(|word| word.eq_ignore_ascii_case("USER")) {
        offered.commands.push("AUTHINFO USER");
    }
    offered
}
