//! As much of HTTP as the servers of tests need, in the clear or in TLS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

/// What a server was asked.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    fn read(stream: &mut impl BufRead) -> Option<Self> {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let mut words = line.split(' ').map(str::to_owned);
        let (method, path) = (words.next()?, words.next()?);
        let mut headers = Vec::new();
        loop {
            let mut header = String::new();
            stream.read_line(&mut header).ok()?;
            if header.trim().is_empty() {
                break;
            }
            let (name, value) = header.split_once(':')?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut asked = Self { method, path, headers, body: Vec::new() };
        asked.body = vec![0; asked.header("content-length").map_or(Some(0), |length| length.parse().ok())?];
        stream.read_exact(&mut asked.body).ok()?;
        Some(asked)
    }
}

/// What it answers.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn write(&self, stream: &mut impl Write, with_body: bool) -> Option<()> {
        let Self { status, headers, body } = self;
        let mut head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).ok()?;
        stream.write_all(if with_body { body } else { b"" }).ok()?;
        stream.flush().ok()
    }
}

/// TLS of a server on the loopback.
pub(crate) struct Tls {
    config: Arc<ServerConfig>,
    /// The root of it, PEM.
    pub(crate) root: String,
}

impl Tls {
    /// Clients show this certificate, where one is wanted.
    pub(crate) fn new(client: Option<&rcgen::Certificate>) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider.clone());
        let config = config.with_safe_default_protocol_versions().unwrap();
        let config = match client {
            None => config.with_no_client_auth(),
            Some(client) => {
                let mut roots = RootCertStore::empty();
                roots.add(client.der().clone()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                config.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let config = config.with_single_cert(vec![certificate.der().clone()], private).unwrap();
        Self { config: Arc::new(config), root: certificate.pem() }
    }
}

/// Answers at a port of its own until the test's process ends, in TLS where there is one. Without an answer, the
/// connection is cut.
pub(crate) fn serve(
    tls: Option<&Tls>,
    answer: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let config = tls.map(|tls| tls.config.clone());
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (config, answer) = (config.clone(), answer.clone());
            // a client that goes away is no fault
            thread::spawn(move || connection(stream, config, &*answer));
        }
    });
    address
}

fn connection(
    stream: TcpStream,
    config: Option<Arc<ServerConfig>>,
    answer: &dyn Fn(&Asked) -> Option<Answer>,
) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    match config {
        None => talk(stream, answer),
        Some(config) => {
            let mut stream = StreamOwned::new(ServerConnection::new(config).ok()?, stream);
            let talked = talk(&mut stream, answer);
            stream.conn.send_close_notify();
            let _ = stream.flush();
            talked
        }
    }
}

/// One question after the other.
fn talk(stream: impl Read + Write, answer: &dyn Fn(&Asked) -> Option<Answer>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let asked = Asked::read(&mut stream)?;
        answer(&asked)?.write(stream.get_mut(), asked.method != "HEAD")?;
    }
}
