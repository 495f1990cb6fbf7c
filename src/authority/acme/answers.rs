//! What proves that names are ours: put where the authority looks, and taken away afterwards.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use keystore::model::Proof;
use keystore::name::{AuthorityName, KeyPath};

use super::dns::DnsProgram;
use super::fault::AcmeFault;
use super::listener::{Door, Trade};
use super::{tls_alpn, update};
use crate::interrupt;
use crate::outside;

/// A challenge that is still to be answered.
pub(super) struct Open {
    /// The name, without the asterisk that it may have.
    pub(super) name: String,
    /// The same, where it is an address.
    pub(super) ip: Option<IpAddr>,
    /// The challenge's token.
    pub(super) token: String,
    /// What http-01 answers.
    pub(super) text: String,
    /// What dns-01 answers.
    pub(super) dns_value: String,
    /// What tls-alpn-01 answers.
    pub(super) digest: Vec<u8>,
}

/// Answers to challenges of one authority, of many orders at once.
pub(super) struct Answers {
    authority: AuthorityName,
    proof: Proof,
    door: Door,
}

/// One answer that is up.
enum Up {
    /// Something that is listened for at the door.
    Behind(String),
    /// A file that a web server has.
    File(PathBuf),
    /// A record in DNS: its name and its value.
    Record(String, String),
}

/// Answers that are up, and go when this is dropped.
pub(super) struct Standing<'a> {
    answers: &'a Answers,
    key: &'a KeyPath,
    has_door: bool,
    up: Vec<(String, Up)>,
}

impl Answers {
    pub(super) fn new(authority: AuthorityName, proof: Proof) -> Self {
        Self { authority, proof, door: Door::default() }
    }

    /// Puts up the answers to an order's challenges.
    pub(super) fn put_up<'a>(&'a self, key: &'a KeyPath, open: Vec<Open>) -> Result<Standing<'a>, AcmeFault> {
        let mut standing = Standing { answers: self, key, has_door: false, up: Vec::new() };
        if open.is_empty() {
            return Ok(standing);
        }
        match &self.proof {
            Proof::HttpListener { listen } => standing.open_door(*listen, Trade::Http)?,
            Proof::TlsAlpn { listen } => standing.open_door(*listen, Trade::Tls)?,
            Proof::HttpWebroot { .. } | Proof::DnsCommand { .. } | Proof::DnsUpdate(_) => {}
        }
        for open in open {
            // it becomes the name of a file, and a line in an answer
            let is_token = !open.token.is_empty() && open.token.bytes().all(is_base64url);
            if !is_token {
                return Err(AcmeFault::Token { name: open.name });
            }
            standing.put_one(open)?;
        }
        let wait = match &self.proof {
            Proof::DnsCommand { wait, .. } => *wait,
            Proof::DnsUpdate(update) => update.wait,
            _ => 0,
        };
        let pause = Duration::from_secs(wait.into());
        interrupt::rest(pause, Instant::now() + pause);
        Ok(standing)
    }
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

impl Standing<'_> {
    fn open_door(&mut self, listen: std::net::SocketAddr, trade: Trade) -> Result<(), AcmeFault> {
        self.answers.door.open(listen, trade)?;
        self.has_door = true;
        Ok(())
    }

    fn put_one(&mut self, open: Open) -> Result<(), AcmeFault> {
        let Open { name, ip, token, text, dns_value, digest } = open;
        let door = &self.answers.door;
        let up = match &self.answers.proof {
            Proof::HttpListener { .. } => {
                door.answer_http(&token, text);
                Up::Behind(token)
            }
            Proof::HttpWebroot { webroot } => {
                let path = webroot.as_path().join(".well-known/acme-challenge").join(token);
                outside::put_for_all(webroot.as_path(), &path, text.as_bytes()).map_err(AcmeFault::File)?;
                Up::File(path)
            }
            Proof::TlsAlpn { .. } => {
                let asked = tls_alpn::server_name(&name, ip);
                door.answer_tls(&asked, tls_alpn::certificate(&name, &digest)?)?;
                Up::Behind(asked)
            }
            Proof::DnsCommand { .. } | Proof::DnsUpdate(_) => {
                let record = format!("_acme-challenge.{name}");
                // noted first: what fails half way is taken out too
                self.up.push((name.clone(), Up::Record(record.clone(), dns_value.clone())));
                return self.record(&name, &record, &dns_value, true);
            }
        };
        self.up.push((name, up));
        Ok(())
    }

    fn record(&self, name: &str, record: &str, value: &str, put: bool) -> Result<(), AcmeFault> {
        match &self.answers.proof {
            Proof::DnsCommand { run, .. } => {
                let program = DnsProgram { run, authority: &self.answers.authority, key: self.key };
                program.call(name, record, value, put)
            }
            Proof::DnsUpdate(settings) => update::change(settings, record, value, put),
            _ => Ok(()),
        }
    }

    /// Takes everything down that is up, and says what could not be.
    pub(super) fn take_down(mut self) -> Result<(), AcmeFault> {
        self.clear()
    }

    fn clear(&mut self) -> Result<(), AcmeFault> {
        let mut result = Ok(());
        for (name, up) in std::mem::take(&mut self.up).into_iter().rev() {
            let done = match up {
                Up::Behind(what) => {
                    self.answers.door.forget(&what);
                    Ok(())
                }
                Up::File(path) => outside::remove(&path).map_err(AcmeFault::File),
                Up::Record(record, value) => self.record(&name, &record, &value, false),
            };
            result = result.and(done);
        }
        if std::mem::take(&mut self.has_door) {
            self.answers.door.close();
        }
        result
    }
}

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        // only on the way out of a failure, which is told
        let _ = self.clear();
    }
}
