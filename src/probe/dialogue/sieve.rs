//! ManageSieve (RFC 5804), which has no port of its own for TLS.

use std::io::{Read, Write};

use super::{LINES, Offered};
use crate::probe::wire::{Trouble, Wire, fit};

pub(super) fn start_tls<S: Read + Write>(wire: &mut Wire<S>) -> Result<Option<Offered>, Trouble> {
    let capabilities = capabilities(wire)?;
    if !capabilities.iter().any(|(name, _)| name == "STARTTLS") {
        return Err(Trouble::NoStartTls);
    }
    wire.send("STARTTLS\r\n")?;
    let line = wire.line()?;
    match verdict(&line) {
        Some("OK") => Ok(Some(offered(&capabilities))),
        Some(_) => Err(Trouble::StartTlsRefused(fit(line.as_bytes()))),
        None => Err(Trouble::garbled(line.as_bytes())),
    }
}

/// The server lists its capabilities again when TLS stands (RFC 5804 section 2.2).
pub(super) fn inside<S: Read + Write>(wire: &mut Wire<S>) -> Result<Option<Offered>, Trouble> {
    let capabilities = capabilities(wire)?;
    // all is known: nobody waits for an answer
    let _ = wire.send("LOGOUT\r\n");
    Ok(Some(offered(&capabilities)))
}

/// `"SASL" "PLAIN LOGIN"` and so on, up to `OK`.
fn capabilities<S: Read + Write>(wire: &mut Wire<S>) -> Result<Vec<(String, String)>, Trouble> {
    let mut found = Vec::new();
    for _ in 0..LINES {
        let line = wire.line()?;
        match verdict(&line) {
            Some("OK") => return Ok(found),
            Some(_) => return Err(Trouble::TurnedAway(fit(line.as_bytes()))),
            None => {
                let mut parts = line.split('"').skip(1).step_by(2);
                let Some(name) = parts.next() else { return Err(Trouble::garbled(line.as_bytes())) };
                found.push((name.to_ascii_uppercase(), parts.next().unwrap_or_default().to_owned()));
            }
        }
    }
    Err(Trouble::Garbled("an endless answer".to_owned()))
}

/// `OK`, `NO` or `BYE`, with a code or words behind it.
fn verdict(line: &str) -> Option<&'static str> {
    let word = line.split([' ', '(']).next()?;
    ["OK", "NO", "BYE"].into_iter().find(|known| word.eq_ignore_ascii_case(known))
}

fn offered(capabilities: &[(String, String)]) -> Offered {
    let sasl = capabilities.iter().filter(|(name, _)| name == "SASL");
    Offered::sasl(sasl.flat_map(|(_, mechanisms)| mechanisms.split_ascii_whitespace()))
}
