//! From a host to a connection, in the time there is.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use keystore::name::{Host, ProbeUrl};

use super::{Fault, Phase};
use crate::deadline::Deadline;

/// The most octets that are read from one server: a chain of certificates and a page of words are a tenth of it.
const LIMIT: usize = 1 << 20;

/// The most addresses of one host that are tried.
const ADDRESSES: usize = 4;

/// A connection that ends at a fixed time and after so many octets.
pub(super) struct Bounded {
    stream: Deadline,
    left: usize,
}

impl Bounded {
    fn new(stream: TcpStream, end: Instant) -> io::Result<Self> {
        Ok(Self { stream: Deadline::until(stream, end)?, left: LIMIT })
    }
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let most = buffer.len().min(self.left);
        let count = self.stream.read(&mut buffer[..most])?;
        self.left -= count;
        Ok(count)
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// A new connection, and both of its ends: ours first.
pub(super) fn connect(url: &ProbeUrl, end: Instant) -> Result<(Bounded, SocketAddr, SocketAddr), Fault> {
    let addresses = resolve(url, end)?;
    let mut fault = Fault::NotResolved { host: url.host().to_string(), reason: "it has no address".to_owned() };
    for (at, address) in addresses.iter().enumerate() {
        // one that swallows packets must not take the time of all
        let share = left(end, Phase::Connect)? / u32::try_from(addresses.len() - at).unwrap_or(1);
        match TcpStream::connect_timeout(address, share.max(Duration::from_millis(1))) {
            Ok(stream) => {
                let failed = |source| Fault::of_io(Phase::Connect, source);
                let ours = stream.local_addr().map_err(failed)?;
                return Ok((Bounded::new(stream, end).map_err(failed)?, ours, *address));
            }
            Err(error) => fault = unreached(*address, error),
        }
    }
    Err(fault)
}

fn unreached(address: SocketAddr, source: io::Error) -> Fault {
    match source.kind() {
        io::ErrorKind::ConnectionRefused => Fault::Refused { address },
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Fault::TimedOut { phase: Phase::Connect },
        _ => Fault::Unreachable { address, reason: source },
    }
}

fn left(end: Instant, phase: Phase) -> Result<Duration, Fault> {
    match end.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(Fault::TimedOut { phase }),
        left => Ok(left),
    }
}

/// The addresses of a host. The system's resolver knows no deadline: it is left behind, in a thread of its own, when
/// the time is over.
fn resolve(url: &ProbeUrl, end: Instant) -> Result<Vec<SocketAddr>, Fault> {
    let port = url.port();
    let name = match url.host() {
        Host::Ip(ip) => return Ok(vec![SocketAddr::new(*ip, port)]),
        Host::Name(name) => name.to_string(),
    };
    let not_resolved = |reason: String| Fault::NotResolved { host: url.host().to_string(), reason };
    let (tell, told) = mpsc::channel();
    let look_up = move || {
        let found = (name.as_str(), port).to_socket_addrs().map(|found| found.take(ADDRESSES).collect::<Vec<_>>());
        // nobody waits any more: then nobody needs to know
        let _ = tell.send(found);
    };
    thread::Builder::new()
        .name("lookup".into())
        .spawn(look_up)
        .map_err(|reason| Fault::Connection { phase: Phase::Lookup, reason })?;
    match told.recv_timeout(left(end, Phase::Lookup)?) {
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) => Err(not_resolved(error.to_string())),
        Err(RecvTimeoutError::Timeout) => Err(Fault::TimedOut { phase: Phase::Lookup }),
        Err(RecvTimeoutError::Disconnected) => Err(not_resolved("the resolver failed".to_owned())),
    }
}
