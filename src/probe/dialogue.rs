//! What is said around TLS, one protocol a file: up to the consent to start TLS, and then inside until it is known what
//! authentication is offered. The parsers see whatever a stranger sends: everything they read is bounded.

mod ftp;
mod imap;
mod ldap;
mod mysql;
mod nntp;
mod pop3;
mod postgres;
mod reply;
mod sieve;
mod smtp;
mod xmpp;

use std::io::{Read, Write};
use std::net::IpAddr;

use keystore::name::{Host, Start, Talk};

use super::wire::{Trouble, Wire};
use super::{Fault, Phase};

/// The most lines of one answer.
const LINES: usize = 256;

/// Who talks, and about what.
pub(super) struct Party<'a> {
    pub(super) talk: Talk,
    /// The port of the server.
    pub(super) port: u16,
    /// Our address, which some protocols want to hear.
    pub(super) ours: IpAddr,
    /// The server's name.
    pub(super) name: &'a Host,
}

/// The authentication that a server offers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Offered {
    /// SASL mechanisms (RFC 4422), in the server's order.
    pub(crate) sasl: Vec<String>,
    /// The protocol's own commands that take a password, such as `USER`.
    pub(crate) commands: Vec<&'static str>,
}

impl Offered {
    /// SASL mechanisms from a list, without what no mechanism is called, and not endlessly many.
    fn sasl<'t>(names: impl IntoIterator<Item = &'t str>) -> Self {
        let is_name = |name: &&str| {
            let of_name = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
            // RFC 4422 section 3.1 has 20; some vendors are longer
            !name.is_empty() && name.len() <= 32 && name.bytes().all(of_name)
        };
        let sasl = names.into_iter().filter(is_name).take(32).map(str::to_ascii_uppercase).collect();
        Self { sasl, commands: Vec::new() }
    }

    /// What of it sends the password itself, for everyone on the way to read where there is no TLS.
    pub(crate) fn passwords(&self) -> Vec<&str> {
        let plain = self.sasl.iter().map(String::as_str).filter(|name| matches!(*name, "PLAIN" | "LOGIN"));
        plain.chain(self.commands.iter().copied()).collect()
    }
}

/// Asks for TLS in the clear. Returns the connection as it stands when TLS is to start, and what was offered before.
pub(super) fn start_tls<S: Read + Write>(party: &Party<'_>, stream: S) -> Result<(S, Option<Offered>), Fault> {
    let mut wire = Wire::new(stream);
    let offered = match party.talk {
        Talk::Tls | Talk::Https => Err(Trouble::NoStartTls),
        Talk::Smtp => smtp::start_tls(&mut wire, party),
        Talk::Imap => imap::start_tls(&mut wire),
        Talk::Pop3 => pop3::start_tls(&mut wire),
        Talk::Nntp => nntp::start_tls(&mut wire),
        Talk::Ldap => ldap::start_tls(&mut wire),
        Talk::Sieve => sieve::start_tls(&mut wire),
        Talk::Ftp => ftp::start_tls(&mut wire),
        Talk::Xmpp => xmpp::start_tls(&mut wire, party),
        Talk::Postgres => postgres::start_tls(&mut wire),
        Talk::Mysql => mysql::start_tls(&mut wire),
    };
    let offered = offered.map_err(|trouble| fault(party.talk, Phase::Clear, trouble))?;
    // the client speaks first in TLS: whatever is here already was not protected
    match wire.held() {
        0 => Ok((wire.into_stream(), offered)),
        count => Err(Fault::Injected { count }),
    }
}

/// Reads inside TLS what authentication is offered, where the protocol tells, and takes leave.
pub(super) fn inside<S: Read + Write>(party: &Party<'_>, start: Start, stream: S) -> Result<Option<Offered>, Fault> {
    let mut wire = Wire::new(stream);
    let greets = start == Start::Implicit;
    let offered = match party.talk {
        Talk::Smtp => smtp::inside(&mut wire, party, greets),
        Talk::Imap => imap::inside(&mut wire, greets),
        Talk::Pop3 => pop3::inside(&mut wire, greets),
        Talk::Nntp => nntp::inside(&mut wire, greets),
        Talk::Ldap => ldap::inside(&mut wire),
        Talk::Sieve => sieve::inside(&mut wire),
        Talk::Xmpp => xmpp::inside(&mut wire, party),
        // nothing is offered there before somebody logs in
        Talk::Tls | Talk::Https | Talk::Ftp | Talk::Postgres | Talk::Mysql => Ok(None),
    };
    offered.map_err(|trouble| fault(party.talk, Phase::Inside, trouble))
}

/// The lines of a list that ends with a dot (RFC 1939 section 3, RFC 3977 section 3.1.1).
fn list<S: Read + Write>(wire: &mut Wire<S>) -> Result<Vec<String>, Trouble> {
    let mut lines = Vec::new();
    for _ in 0..LINES {
        let line = wire.line()?;
        if line == "." {
            return Ok(lines);
        }
        lines.push(line);
    }
    Err(Trouble::Garbled("an endless answer".to_owned()))
}

fn fault(talk: Talk, phase: Phase, trouble: Trouble) -> Fault {
    match trouble {
        Trouble::Io(error) => Fault::of_io(phase, error),
        Trouble::Garbled(said) => Fault::Protocol { phase, protocol: protocol(talk), said },
        Trouble::TurnedAway(said) => Fault::TurnedAway { phase, said },
        Trouble::NoStartTls => Fault::NoStartTls,
        Trouble::StartTlsRefused(said) => Fault::StartTlsRefused { said },
        Trouble::LoggedIn => Fault::LoggedIn,
    }
}

fn protocol(talk: Talk) -> &'static str {
    match talk {
        Talk::Tls => "TLS",
        Talk::Https => "HTTP",
        Talk::Smtp => "SMTP",
        Talk::Imap => "IMAP",
        Talk::Pop3 => "POP3",
        Talk::Nntp => "NNTP",
        Talk::Ldap => "LDAP",
        Talk::Sieve => "ManageSieve",
        Talk::Ftp => "FTP",
        Talk::Xmpp => "XMPP",
        Talk::Postgres => "PostgreSQL",
        Talk::Mysql => "MySQL",
    }
}

#[cfg(test)]
mod tests;
