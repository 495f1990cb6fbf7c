//! POP3 with STLS (RFC 1939, 2449, 2595, 5034).

use std::io::{Read, Write};

use super::{Offered, list};
use crate::probe::wire::{Trouble, Wire, fit};

pub(super) fn start_tls<S: Read + Write>(wire: &mut Wire<S>) -> Result<Option<Offered>, Trouble> {
    greeting(wire)?;
    let capabilities = capabilities(wire)?;
    if let Some(capabilities) = &capabilities
        && !has(capabilities, "STLS")
    {
        return Err(Trouble::NoStartTls);
    }
    wire.send("STLS\r\n")?;
    match status(wire)? {
        Ok(()) => Ok(capabilities.as_deref().map(offered)),
        // a server without CAPA says only now that it knows no such command
        Err(_) if capabilities.is_none() => Err(Trouble::NoStartTls),
        Err(said) => Err(Trouble::StartTlsRefused(said)),
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
    status(wire)?.map_err(Trouble::TurnedAway)
}

/// `+OK`, or what else was said.
fn status<S: Read + Write>(wire: &mut Wire<S>) -> Result<Result<(), String>, Trouble> {
    let line = wire.line()?;
    match line.split(' ').next() {
        Some("+OK") => Ok(Ok(())),
        Some("-ERR") => Ok(Err(fit(line.as_bytes()))),
        _ => Err(Trouble::garbled(line.as_bytes())),
    }
}

/// Lines of capabilities; none where the server does not know the question.
fn capabilities<S: Read + Write>(wire: &mut Wire<S>) -> Result<Option<Vec<String>>, Trouble> {
    wire.send("CAPA\r\n")?;
    if status(wire)?.is_err() {
        return Ok(None);
    }
    list(wire).map(Some)
}

fn has(capabilities: &[String], wanted: &str) -> bool {
    capabilities.iter().any(|line| line.split(' ').next().is_some_and(|word| word.eq_ignore_ascii_case(wanted)))
}

fn offered(capabilities: &[String]) -> Offered {
    let sasl = capabilities.iter().flat_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let is_sasl = words.next().is_some_and(|word| word.eq_ignore_ascii_case("SASL"));
        is_sasl.then_some(words).into_iter().flatten()
    });
    let mut offered = Offered::sasl(sasl);
    if has(capabilities, "USER") {
        offered.commands.push("USER command");
    }
    offered
}
