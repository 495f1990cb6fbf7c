//! The TLS server of the demonstration: one thread on 127.0.0.1 that answers each connection with a short
//! HTTP/1.1 response and takes up new files when it is asked to, as a daemon does.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{self, CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, ServerConnection, Stream};
use zeroize::Zeroizing;

use super::DemoError;
use crate::deadline::Deadline;

/// How long one connection may take from start to end.
const CONNECTION_LIMIT: Duration = Duration::from_secs(2);

/// How often the thread looks for a connection while there is none.
const IDLE: Duration = Duration::from_millis(5);

/// How much of a request is read before it is answered.
const REQUEST_LIMIT: usize = 8 * 1024;

const RESPONSE: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\nConnection: close\r\n\r\nkeyring demo\n";

/// Reads one file afresh at every call.
pub(crate) type Reader = Box<dyn Fn() -> io::Result<Vec<u8>> + Send + Sync>;

/// Says whether somebody has asked for the files to be read again, and forgets it.
pub(crate) type Trigger = Box<dyn Fn() -> bool + Send>;

/// Where the server finds its certificate chain and private key.
pub(crate) enum Source {
    /// `fullchain.pem` and `private-key.pem`.
    Pair { chain: Reader, private_key: Reader },
    /// `combined.pem`, which holds both.
    Combined(Reader),
}

/// A running server. It stops, and its thread has ended, when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Reads the files and starts serving them on a free port of 127.0.0.1; anew at the first connection after `asked`
    /// says so. Of files that can't be read it goes on serving what it served before.
    ///
    /// # Errors
    ///
    /// Those of [`Source::load`], and [`DemoError::Start`] when the server cannot listen.
    pub(crate) fn start(source: Source, asked: Trigger) -> Result<Self, DemoError> {
        let current = Arc::new(Current(RwLock::new(Arc::new(source.load()?))));
        let config = Arc::new(config(Arc::clone(&current))?);
        let stop = Arc::new(AtomicBool::new(false));

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(DemoError::Start)?;
        listener.set_nonblocking(true).map_err(DemoError::Start)?;
        let address = listener.local_addr().map_err(DemoError::Start)?;
        let thread = thread::Builder::new()
            .name("demo-server".into())
            .spawn({
                let stop = Arc::clone(&stop);
                let heed = move || {
                    if asked() {
                        // as a daemon: what cannot be read leaves what was read
                        let _ = source.replace(&current);
                    }
                };
                move || serve(&listener, &config, &heed, &stop)
            })
            .map_err(DemoError::Start)?;
        Ok(Self { address, stop, thread: Some(thread) })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // a thread that panicked has ended too
            let _ = thread.join();
        }
    }
}

impl Source {
    fn replace(&self, current: &Current) -> Result<(), DemoError> {
        let new = Arc::new(self.load()?);
        *current.0.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// Reads the files.
    ///
    /// # Errors
    ///
    /// [`DemoError::Read`], [`DemoError::Pem`], [`DemoError::NoCertificate`], [`DemoError::NoPrivateKey`],
    /// [`DemoError::Mismatch`] or [`DemoError::Unservable`], by what is wrong with the files.
    pub(super) fn load(&self) -> Result<CertifiedKey, DemoError> {
        match self {
            Self::Pair { chain, private_key } => {
                let chain = read("fullchain.pem", chain)?;
                let private_key = read("private-key.pem", private_key)?;
                certified_key(("fullchain.pem", &chain), ("private-key.pem", &private_key))
            }
            Self::Combined(combined) => {
                let combined = read("combined.pem", combined)?;
                certified_key(("combined.pem", &combined), ("combined.pem", &combined))
            }
        }
    }
}

fn read(file: &'static str, reader: &Reader) -> Result<Zeroizing<Vec<u8>>, DemoError> {
    reader().map(Zeroizing::new).map_err(|source| DemoError::Read { file, source })
}

/// The pair as `rustls` serves it; it has been checked that the two belong together.
fn certified_key(chain: (&'static str, &[u8]), private_key: (&'static str, &[u8])) -> Result<CertifiedKey, DemoError> {
    let (file, bytes) = chain;
    let chain = CertificateDer::pem_slice_iter(bytes)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| DemoError::Pem { file, source })?;
    if chain.is_empty() {
        return Err(DemoError::NoCertificate { file });
    }
    let (file, bytes) = private_key;
    let private_key = PrivateKeyDer::from_pem_slice(bytes).map_err(|error| match error {
        pki_types::pem::Error::NoItemsFound => DemoError::NoPrivateKey { file },
        source => DemoError::Pem { file, source },
    })?;
    CertifiedKey::from_der(chain, private_key, &aws_lc_rs::default_provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => DemoError::Mismatch,
        other => DemoError::Unservable(other),
    })
}

fn config(current: Arc<Current>) -> Result<ServerConfig, DemoError> {
    let mut config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(DemoError::Tls)?
        .with_no_client_auth()
        .with_cert_resolver(current);
    // every connection shows the certificate that is served now
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// What is served now, whatever name is asked for.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Answers one connection after the other until `stop`. What is wrong with one connection ends only that one.
fn serve(listener: &TcpListener, config: &Arc<ServerConfig>, heed: &dyn Fn(), stop: &AtomicBool) {
    while !stop.load(Ordering::Acquire) {
        match listener.accept() {
            Ok((stream, _)) => {
                heed();
                let _ = answer(stream, Arc::clone(config));
            }
            // nobody is there, or no descriptor is free: `Drop` wakes the thread earlier
            Err(_) => thread::park_timeout(IDLE),
        }
    }
}

/// Reads a request up to its empty line and answers it. A client that only shakes hands is fine.
fn answer(stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<()> {
    let mut stream = Deadline::new(stream, CONNECTION_LIMIT)?;
    let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut tls = Stream::new(&mut connection, &mut stream);
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while request.len() < REQUEST_LIMIT && !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match tls.read(&mut buffer)? {
            0 => return Ok(()),
            count => request.extend_from_slice(&buffer[..count]),
        }
    }
    tls.write_all(RESPONSE)?;
    tls.conn.send_close_notify();
    tls.flush()
}
