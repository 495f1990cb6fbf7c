//! IMAP with STARTTLS (RFC 9051, and RFC 3501 before it).

use std::io::{Read, Write};

use super::{LINES, Offered};
use crate::probe::wire::{Trouble, Wire, fit};

pub(super) fn start_tls<S: Read + Write>(wire: &mut Wire<S>) -> Result<Option<Offered>, Trouble> {
    if greeting(wire)? == Greeting::LoggedIn {
        return Err(Trouble::LoggedIn);
    }
    let capabilities = capabilities(wire, "a1")?;
    if !has(&capabilities, "STARTTLS") {
        return Err(Trouble::NoStartTls);
    }
    wire.send("a2 STARTTLS\r\n")?;
    match answer(wire, "a2", |_| ())? {
        Answer::Ok => Ok(Some(offered(&capabilities))),
        Answer::No(said) => Err(Trouble::StartTlsRefused(said)),
    }
}

pub(super) fn inside<S: Read + Write>(wire: &mut Wire<S>, greets: bool) -> Result<Option<Offered>, Trouble> {
    if greets {
        greeting(wire)?;
    }
    let capabilities = capabilities(wire, "b1")?;
    // all is known: nobody waits for an answer
    let _ = wire.send("b2 LOGOUT\r\n");
    Ok(Some(offered(&capabilities)))
}

#[derive(PartialEq, Eq)]
enum Greeting {
    Stranger,
    LoggedIn,
}

enum Answer {
    Ok,
    No(String),
}

fn greeting<S: Read + Write>(wire: &mut Wire<S>) -> Result<Greeting, Trouble> {
    let line = wire.line()?;
    let mut words = line.split(' ');
    match (words.next(), words.next().map(str::to_ascii_uppercase).as_deref()) {
        (Some("*"), Some("OK")) => Ok(Greeting::Stranger),
        (Some("*"), Some("PREAUTH")) => Ok(Greeting::LoggedIn),
        (Some("*"), Some("BYE")) => Err(Trouble::TurnedAway(fit(line.as_bytes()))),
        _ => Err(Trouble::garbled(line.as_bytes())),
    }
}

/// What stands in the untagged `CAPABILITY` responses.
fn capabilities<S: Read + Write>(wire: &mut Wire<S>, tag: &str) -> Result<Vec<String>, Trouble> {
    wire.send(format!("{tag} CAPABILITY\r\n"))?;
    let mut found = Vec::new();
    let answer = answer(wire, tag, |line| {
        let mut words = line.split_ascii_whitespace().skip(1);
        if words.next().is_some_and(|word| word.eq_ignore_ascii_case("CAPABILITY")) {
            found.extend(words.map(str::to_owned));
        }
    })?;
    match answer {
        Answer::Ok => Ok(found),
        Answer::No(said) => Err(Trouble::Garbled(said)),
    }
}

/// Reads up to the line with our tag; `each` sees the untagged ones.
fn answer<S: Read + Write>(wire: &mut Wire<S>, tag: &str, mut each: impl FnMut(&str)) -> Result<Answer, Trouble> {
    for _ in 0..LINES {
        let line = wire.line()?;
        if let Some(rest) = line.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' ')) {
            let verdict = rest.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            return match verdict.as_str() {
                "OK" => Ok(Answer::Ok),
                "NO" | "BAD" => Ok(Answer::No(fit(rest.as_bytes()))),
                _ => Err(Trouble::garbled(line.as_bytes())),
            };
        }
        if !line.starts_with("* ") {
            return Err(Trouble::garbled(line.as_bytes()));
        }
        if line.get(2..5).is_some_and(|word| word.eq_ignore_ascii_case("BYE")) {
            return Err(Trouble::TurnedAway(fit(line.as_bytes())));
        }
        each(&line);
    }
    Err(Trouble::Garbled("an endless answer".to_owned()))
}

fn has(capabilities: &[String], wanted: &str) -> bool {
    capabilities.iter().any(|capability| capability.eq_ignore_ascii_case(wanted))
}

/// The `LOGIN` command is there unless `LOGINDISABLED` says otherwise (RFC 9051 section 6.2.3).
fn offered(capabilities: &[String]) -> Offered {
    let mechanisms = capabilities.iter().filter_map(|capability| {
        let head = capability.get(..5)?;
        head.eq_ignore_ascii_case("AUTH=").then(|| &capability[5..])
    });
    let mut offered = Offered::sasl(mechanisms);
    if !has(capabilities, "LOGINDISABLED") {
        offered.commands.push("LOGIN command");
    }
    offered
}
