//! What services really serve: the only room that connects to them. Nobody is ever logged in, no session is resumed,
//! and whatever the other side does or leaves undone, a probe ends in its time.

mod connect;
mod dialogue;
mod fault;
mod tls;
mod wire;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use keystore::name::{Host, ProbeUrl, Start};
use keystore::parallel;

pub(crate) use dialogue::Offered;
pub(crate) use fault::Fault;
use fault::Phase;

/// The most connections at a time: a probe waits more than it works.
const AT_ONCE: usize = 32;

/// What a new connection showed.
#[derive(Debug)]
pub(crate) struct Observed {
    /// Who answered.
    pub(crate) address: SocketAddr,
    /// The certificates as they were sent, DER: the leaf first. The server proved to hold the leaf's private key.
    pub(crate) chain: Vec<Vec<u8>>,
    /// `TLS 1.2` or `TLS 1.3`.
    pub(crate) version: &'static str,
    /// The cipher suite by its IANA name.
    pub(crate) cipher: String,
    /// The protocol that was chosen inside TLS (ALPN), where one was offered.
    pub(crate) alpn: Option<String>,
    /// The OCSP response that was stapled, DER.
    pub(crate) staple: Option<Vec<u8>>,
    /// The authentication that is offered before TLS, where it can be known.
    pub(crate) before: Option<Offered>,
    /// The same inside TLS.
    pub(crate) after: Option<Offered>,
    /// Why the words inside TLS could not be read.
    pub(crate) unread: Option<Fault>,
}

/// Looks at many services, at several at a time. What is seen stands in the order of the targets.
pub(crate) fn each<T: Sync, R: Send>(targets: &[T], look: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let Ok(seen) = parallel::each(AT_ONCE, targets, |target| Ok::<_, Infallible>(look(target)));
    seen
}

/// Connects, shakes hands and reads what authentication is offered, in `within` altogether. `name` is asked for (SNI)
/// in place of the URL's host.
///
/// # Errors
///
/// Why no handshake came about. What goes wrong behind it is told by [`Observed::unread`].
pub(crate) fn observe(url: &ProbeUrl, name: Option<&Host>, within: Duration) -> Result<Observed, Fault> {
    look(url, name, within, true)
}

/// The same up to the handshake: what a service serves, and nothing of what it offers inside.
///
/// # Errors
///
/// Why no handshake came about.
pub(crate) fn handshake(url: &ProbeUrl, name: Option<&Host>, within: Duration) -> Result<Observed, Fault> {
    look(url, name, within, false)
}

fn look(url: &ProbeUrl, name: Option<&Host>, within: Duration, inside: bool) -> Result<Observed, Fault> {
    let end = Instant::now() + within;
    let name = name.unwrap_or(url.host());
    let (stream, ours, address) = connect::connect(url, end)?;
    let party = dialogue::Party { talk: url.talk(), port: url.port(), ours: ours.ip(), name };
    let (stream, before) = match url.start() {
        Start::Implicit => (stream, None),
        Start::StartTls => dialogue::start_tls(&party, stream)?,
    };
    let (mut stream, shaken) = tls::shake_hands(stream, url.talk(), name)?;
    let inside = match inside {
        true => dialogue::inside(&party, url.start(), &mut stream),
        false => Ok(None),
    };
    // the proof is complete; whether the farewell arrives does not matter
    stream.conn.send_close_notify();
    let _ = stream.conn.complete_io(&mut stream.sock);
    let (after, unread) = match inside {
        Ok(after) => (after, None),
        Err(fault) => (None, Some(fault)),
    };
    let tls::Shaken { chain, version, cipher, alpn, staple } = shaken;
    Ok(Observed { address, chain, version, cipher, alpn, staple, before, after, unread })
}
