//! The client of the demonstration: a real TLS handshake that trusts one root and nothing else.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use keystore::digest::Digest;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, RootCertStore};
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::DemoError;
use crate::deadline::Deadline;

/// How long one handshake may take, from the first packet on.
const LIMIT: Duration = Duration::from_secs(5);

/// What an address serves, as a handshake that succeeded showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Served {
    /// SHA-256 of the leaf certificate (DER).
    pub(crate) fingerprint: Digest,
    /// The leaf's serial number in lower-case hexadecimal, two digits an octet.
    pub(crate) serial: String,
    /// `TLS 1.2` or `TLS 1.3`.
    pub(crate) protocol_version: &'static str,
    /// The cipher suite by its IANA name, `TLS_AES_256_GCM_SHA384`.
    pub(crate) cipher: String,
    /// How many certificates were served, the leaf included.
    pub(crate) chain_length: usize,
}

/// A client that trusts one root, resumes no session and judges certificates at a given time.
pub(crate) struct Client {
    config: Arc<ClientConfig>,
    limit: Duration,
}

impl Client {
    /// A client whose one trust anchor is `root_pem` and for whom it is `now`.
    ///
    /// # Errors
    ///
    /// [`DemoError::RootPem`] or [`DemoError::Root`] for a root that cannot be used, [`DemoError::Tls`] otherwise.
    pub(crate) fn new(root_pem: &str, now: OffsetDateTime) -> Result<Self, DemoError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let root = CertificateDer::from_pem_slice(root_pem.as_bytes()).map_err(DemoError::RootPem)?;
        let mut roots = RootCertStore::empty();
        roots.add(root).map_err(DemoError::Root)?;
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(&provider))
            .build()
            .map_err(|error| DemoError::Root(rustls::Error::General(error.to_string())))?;
        let mut config = ClientConfig::builder_with_details(provider, Arc::new(At(now)))
            .with_safe_default_protocol_versions()
            .map_err(DemoError::Tls)?
            .with_webpki_verifier(verifier)
            .with_no_client_auth();
        // a resumed session would prove the certificate of an earlier handshake
        config.resumption = Resumption::disabled();
        Ok(Self { config: config.into(), limit: LIMIT })
    }

    /// Connects to `address`, asks for `server_name` and tells what is served there.
    ///
    /// # Errors
    ///
    /// [`DemoError::ServerName`] for a name that cannot be asked for; [`DemoError::Refused`],
    /// [`DemoError::TimedOut`], [`DemoError::Closed`] and [`DemoError::Connection`] for the connection;
    /// [`DemoError::Handshake`] with the reason when the certificate is refused or the handshake fails otherwise.
    pub(crate) fn handshake(&self, address: SocketAddr, server_name: &str) -> Result<Served, DemoError> {
        let failed = |error| self.failed(address, server_name, error);
        let name = ServerName::try_from(server_name.to_owned())
            .map_err(|_| DemoError::ServerName { name: server_name.to_owned() })?;
        let mut connection = ClientConnection::new(Arc::clone(&self.config), name).map_err(DemoError::Tls)?;

        let stream = TcpStream::connect_timeout(&address, self.limit).map_err(failed)?;
        let mut stream = Deadline::new(stream, self.limit).map_err(failed)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream).map_err(failed)?;
        }
        let served = served(&connection).ok_or(DemoError::Unreadable { address })?;

        // the proof is complete; whether the farewell arrives does not matter
        connection.send_close_notify();
        let _ = connection.complete_io(&mut stream);
        Ok(served)
    }

    fn failed(&self, address: SocketAddr, name: &str, error: io::Error) -> DemoError {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => DemoError::Refused { address },
            // a socket's own timeout is reported as WouldBlock on Unix
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
                DemoError::TimedOut { address, seconds: self.limit.as_secs() }
            }
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                DemoError::Closed { address }
            }
            _ => match error.downcast::<rustls::Error>() {
                Ok(source) => DemoError::Handshake { address, name: name.to_owned(), source },
                Err(source) => DemoError::Connection { address, source },
            },
        }
    }
}

/// What the handshake showed, if the leaf can be read.
fn served(connection: &ClientConnection) -> Option<Served> {
    let chain = connection.peer_certificates()?;
    let leaf = chain.first()?;
    let (_, parsed) = X509Certificate::from_der(leaf).ok()?;
    let suite = connection.negotiated_cipher_suite()?;
    Some(Served {
        fingerprint: Digest::of(leaf),
        serial: parsed.raw_serial().iter().map(|octet| format!("{octet:02x}")).collect(),
        protocol_version: match connection.protocol_version()? {
            ProtocolVersion::TLSv1_2 => "TLS 1.2",
            ProtocolVersion::TLSv1_3 => "TLS 1.3",
            _ => return None,
        },
        // rustls marks the suites of TLS 1.3, IANA does not
        cipher: suite.suite().as_str()?.replacen("TLS13_", "TLS_", 1),
        chain_length: chain.len(),
    })
}

/// The time at which certificates are judged.
#[derive(Debug)]
struct At(OffsetDateTime);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.unix_timestamp()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

#[cfg(test)]
impl Client {
    /// The same client with less patience.
    pub(super) fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    pub(super) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }
}
