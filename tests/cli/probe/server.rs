//! Servers on this machine that do as a script says: words in the clear, TLS, words inside.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// One thing that a server does.
#[derive(Clone)]
pub(crate) enum Step {
    /// Sends.
    Say(Vec<u8>),
    /// Reads a line.
    Line,
    /// Reads so many octets.
    Octets(usize),
    /// Reads a short element of BER.
    Element,
    /// Reads up to this octet.
    Through(u8),
    /// Starts TLS.
    Tls(Tls),
    /// Sends the same until nobody listens.
    Babble(Vec<u8>),
    /// Does nothing until the other side ends it.
    Wait,
}

/// What TLS is made of.
#[derive(Clone)]
pub(crate) struct Tls {
    config: Arc<ServerConfig>,
}

pub(crate) fn say(words: impl AsRef<[u8]>) -> Step {
    Step::Say(words.as_ref().to_vec())
}

#[derive(Debug)]
struct Only(Arc<CertifiedKey>);

impl ResolvesServerCert for Only {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

impl Tls {
    /// A chain and a private key in PEM, which need not belong together.
    pub(crate) fn new(chain: &str, private_key: &str) -> Self {
        Self::with(chain, private_key, None, &[])
    }

    /// The same with an OCSP response, and protocols to choose from (ALPN).
    pub(crate) fn with(chain: &str, private_key: &str, staple: Option<Vec<u8>>, alpn: &[&str]) -> Self {
        let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<_, _>>().unwrap();
        let private_key = PrivateKeyDer::from_pem_slice(private_key.as_bytes()).unwrap();
        let private_key = aws_lc_rs::sign::any_supported_type(&private_key).unwrap();
        let mut pair = CertifiedKey::new(chain, private_key);
        pair.ocsp = staple;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Only(Arc::new(pair))));
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Self { config: Arc::new(config) }
    }
}

/// A port of 127.0.0.1 that is ours, and where nobody answers yet.
pub(crate) struct Door(TcpListener);

impl Door {
    pub(crate) fn new() -> Self {
        Self(TcpListener::bind(("127.0.0.1", 0)).unwrap())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    /// Does the same for everyone who connects, until the test program ends.
    pub(crate) fn open(self, steps: Vec<Step>) -> SocketAddr {
        let address = self.address();
        thread::spawn(move || {
            for stream in self.0.incoming().flatten() {
                let steps = steps.clone();
                thread::spawn(move || {
                    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
                    // a client that breaks off ends its connection and nothing else
                    let _ = act(stream, &steps);
                });
            }
        });
        address
    }
}

/// A server, at a port of its own.
pub(crate) fn serve(steps: Vec<Step>) -> SocketAddr {
    Door::new().open(steps)
}

fn act(mut clear: TcpStream, steps: &[Step]) -> io::Result<()> {
    let Some(at) = steps.iter().position(|step| matches!(step, Step::Tls(_))) else {
        return play(&mut clear, steps);
    };
    let (before, after) = steps.split_at(at);
    play(&mut clear, before)?;
    let Step::Tls(Tls { config }) = &after[0] else { return Ok(()) };
    let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, clear);
    while stream.conn.is_handshaking() {
        let done = stream.conn.complete_io(&mut stream.sock);
        done?;
    }
    play(&mut stream, &after[1..])?;
    // until the client takes leave
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).map(|_| ())
}

fn play<S: Read + Write>(stream: &mut S, steps: &[Step]) -> io::Result<()> {
    let mut octet = [0];
    for step in steps {
        match step {
            Step::Say(words) => stream.write_all(words).and_then(|()| stream.flush())?,
            Step::Line => while_not(stream, b'\n')?,
            Step::Through(end) => while_not(stream, *end)?,
            Step::Octets(count) => stream.read_exact(&mut vec![0; *count])?,
            Step::Element => {
                let mut head = [0; 2];
                stream.read_exact(&mut head)?;
                stream.read_exact(&mut vec![0; usize::from(head[1])])?;
            }
            Step::Babble(words) => loop {
                stream.write_all(words)?;
            },
            Step::Wait => while stream.read(&mut octet)? > 0 {},
            Step::Tls(_) => {}
        }
    }
    Ok(())
}

fn while_not<S: Read>(stream: &mut S, end: u8) -> io::Result<()> {
    let mut octet = [0];
    while octet[0] != end {
        stream.read_exact(&mut octet)?;
    }
    Ok(())
}
